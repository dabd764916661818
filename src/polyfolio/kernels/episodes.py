"""The beginning of an episode: a lane as a new book has it, what the episode draws, its first row."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Ended, Moment, Phase, Start
from polyfolio.core.types import Floats
from polyfolio.kernels.accounting import round_to_lot, settle
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.fills import note_entries
from polyfolio.kernels.lanes import bar_at, lane_at, seat_at
from polyfolio.kernels.random import between, uniform
from polyfolio.kernels.rewards import start_running
from polyfolio.kernels.walk import decide_lane, start_lane, trade_lane

_MARK = int(Phase.MARK)
_RANDOM = int(Start.RANDOM)
_NOT = int(Ended.NOT)
_CLOSE = int(Moment.CLOSE)
# What an episode draws; each purpose has numbers of its own.
_ROW, _COSTS, _CAPITAL, _GROSS, _NAMES, _SIDES, MARKET = range(7)
_TIERS, _RATE = 8, 2


@kernel
def write_levels(lane: Any, seat: Any) -> None:
    """What the lane stands at, into the step; the weights held."""
    account, step = lane.account, seat.step
    step.equity = account.equity
    step.cash = account.cash
    step.gross = account.gross
    step.net = account.net
    step.drawdown = account.drawdown
    size = 1.0 / account.equity if account.equity > 0.0 else 0.0
    for i in range(seat.held.size):
        seat.held[i] = lane.value[i] * size


@loop
def blank_record(blank: Any, out: Any) -> None:
    """A record as nobody has touched it, byte by byte."""
    for i in range(blank.size):
        out[i] = blank[i]


@loop
def blank_numbers(out: Floats, value: float) -> None:
    """The same number everywhere."""
    for i in range(out.size):
        out[i] = value


@kernel
def clear_lane(lane: Any, world: Any, index: int) -> None:
    """The lane as a new book has it."""
    blank_record(world.blank, world.accounts[index])
    blank_record(world.blank_orders, world.orders[index])
    blank_record(world.blank_exits, world.exits[index])
    for array in (
        lane.quantity,
        lane.average_price,
        lane.order_quantity,
        lane.order_price,
        lane.order_filled,
        lane.crossed,
        lane.heard,
        lane.held,
        lane.value,
        lane.traded,
        lane.pressure,
        lane.gain,
        lane.cost,
        lane.carry,
        lane.want,
        lane.sleeve_want,
    ):
        blank_numbers(array, 0.0)
    blank_numbers(lane.volume_left, math.inf)


@kernel
def draw_costs(lane: Any, seat: Any, world: Any, index: int) -> None:
    """Fees, slippage and impact of the plan, times a factor of this episode."""
    agent, episode = seat.agent, seat.episode
    drawn = uniform(episode.seed, episode.number, _COSTS, 0)
    factor = between(agent.costs_low, agent.costs_high, drawn)
    episode.cost_factor = factor
    rules, base = lane.rules, world.rules[index]
    rules.fixed_fee = base.fixed_fee * factor
    rules.percentage_fee = base.percentage_fee * factor
    rules.per_unit_fee = base.per_unit_fee * factor
    rules.min_fee = base.min_fee * factor
    rules.max_fee = base.max_fee * factor if base.max_fee < math.inf else base.max_fee
    rules.base_slippage = base.base_slippage * factor
    rules.volume_impact = base.volume_impact * factor
    rules.half_spread = base.half_spread * factor
    rules.permanent_impact = base.permanent_impact * factor
    rules.temporary_impact = base.temporary_impact * factor
    for tier in range(_TIERS):
        lane.tiers[tier, _RATE] = world.tiers[rules.tier_table, tier, _RATE] * factor


@kernel
def draw_capital(lane: Any, seat: Any, world: Any, index: int) -> None:
    """The plan's capital, times a factor of this episode."""
    agent, episode = seat.agent, seat.episode
    drawn = uniform(episode.seed, episode.number, _CAPITAL, 0)
    lane.rules.initial_capital = world.rules[index].initial_capital * between(
        agent.capital_low, agent.capital_high, drawn
    )


@routine
def draw_positions(here: Any, world: Any, index: int, row: int) -> None:
    """Positions held at the start, bought at the mark without costs before the episode begins.

    Shares are uniform draws over their sum, the gross a uniform draw up to `positions`; with shorts each side is a
    coin. What cannot trade is not held.
    """
    lane = lane_at(here, index, row)
    bar = bar_at(here, row)
    seat = seat_at(world, index, row)
    s = here.s
    seed, number = seat.episode.seed, seat.episode.number
    gross = seat.agent.positions * uniform(seed, number, _GROSS, 0)
    total = 0.0
    for i in range(s.own.size):
        s.own[i] = uniform(seed, number, _NAMES, i) if bar.tradable[i] != 0 else 0.0
        total += s.own[i]
    for i in range(s.own.size):
        worth = bar.mark[i] * bar.unit[i]
        side = -1.0 if seat.agent.allow_short and uniform(seed, number, _SIDES, i) < 0.5 else 1.0
        share = gross * s.own[i] / total if total > 0.0 and worth > 0.0 else 0.0
        quantity = side * share * lane.account.equity / worth if share > 0.0 else 0.0
        s.own[i] = round_to_lot(quantity, lane.instruments[i].lot)
        s.paid[i] = bar.mark[i]
        s.fee[i] = 0.0
        s.slip[i] = 0.0
        s.push[i] = 0.0
    settle(lane, s, bar.mark, bar.unit)
    if lane.account.guarded:
        note_entries(here, index, row, _CLOSE)
    lane.account.fills = 0
    lane.account.turnover = 0.0


@kernel
def begin(here: Any, world: Any, index: int, wanted: int) -> int:
    """A new episode of a lane, its first row walked; returns that row. `wanted` is the first row, or -1 to draw it."""
    seat = seat_at(world, index, 0)
    agent, episode = seat.agent, seat.episode
    episode.number += 1
    first, last = agent.first, agent.last
    row = first
    if wanted >= 0:
        row = wanted
    elif agent.start == _RANDOM:
        latest = max(last - max(agent.length, 1), first)
        row = first + int(uniform(episode.seed, episode.number, _ROW, 0) * (latest - first + 1))
    end = last if agent.length == 0 else min(last, row + agent.length)
    lane = lane_at(here, index, row)
    clear_lane(lane, world, index)
    episode.row, episode.start, episode.end = row, row, end
    episode.ended = _NOT
    episode.decisions = 0
    episode.variance = 0.0
    episode.first_moment = 0.0
    episode.second_moment = 0.0
    episode.running = 0.0
    episode.total_reward = 0.0
    start_running(seat.running)
    blank_numbers(seat.returns, 0.0)
    episode.cost_factor = 1.0
    if agent.costs_low < agent.costs_high or agent.costs_low != 1.0:
        draw_costs(lane, seat, world, index)
    if agent.capital_low < agent.capital_high or agent.capital_low != 1.0:
        draw_capital(lane, seat, world, index)
    return row


@kernel
def settle_in(here: Any, world: Any, index: int, row: int, stages: Any) -> None:
    """Walk the first row of an episode and say what it starts from."""
    lane = lane_at(here, index, row)
    seat = seat_at(world, index, row)
    if start_lane(here, index, row):
        trade_lane(here, index, row, 0)
    if seat.agent.positions > 0.0:
        draw_positions(here, world, index, row)
    decide_lane(here, index, row, _MARK, stages)
    account, episode, step = lane.account, seat.episode, seat.step
    episode.capital = account.equity
    episode.equity = account.equity
    episode.drawdown = account.drawdown
    step.row = row
    step.equity_before = account.equity
    step.ended = _NOT
    step.decisions = 0
    step.gain = 0.0
    step.commission = 0.0
    step.slippage = 0.0
    step.impact = 0.0
    step.borrow = 0.0
    step.funding = 0.0
    step.dividends = 0.0
    step.interest = 0.0
    step.turnover = 0.0
    step.reward = 0.0
    step.fills = 0
    write_levels(lane, seat)
    for i in range(seat.asked.size):
        seat.asked[i] = 0.0
        seat.projected[i] = seat.held[i]
        seat.cut[i] = 0
