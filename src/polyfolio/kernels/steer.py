"""Lanes that agents steer: an episode's beginning, one step, its end.

The rows themselves are walked by the routines of `walk`, so an action that a backtest hears leaves the same book.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Act, Ended, Event, FillAt, Level, Phase, Sizing, Status
from polyfolio.core.types import Floats
from polyfolio.kernels.actions import is_valid, say
from polyfolio.kernels.compile import entry, kernel, loop
from polyfolio.kernels.episodes import MARKET, begin, settle_in, write_levels
from polyfolio.kernels.lanes import lane_at, seat_at
from polyfolio.kernels.observe import OTHERS, observe
from polyfolio.kernels.random import uniform
from polyfolio.kernels.rewards import pay
from polyfolio.kernels.walk import close_lane, decide_lane, start_lane, trade_lane

_DECIDE = int(Phase.DECIDE) | int(Phase.CLOSE)
_MARK = int(Phase.MARK)
_NOT = int(Ended.NOT)
_END_OF_TAPE = int(Ended.END_OF_TAPE)
_LENGTH = int(Ended.LENGTH)
_RUIN = int(Ended.RUINED)
_DRAWDOWN = int(Ended.DRAWDOWN)
_RUINED = int(Status.RUINED)
_TERMINATED = int(Status.TERMINATED)
_CUT = int(Event.CUT)
_REFUSED = int(Event.REFUSED)
_FULL = int(Level.FULL)
_SAME_CLOSE = int(FillAt.SAME_CLOSE)
_SIGNALS = int(Act.SIGNALS)
_ORDERS = int(Sizing.ORDERS)


@kernel
def take_terms(account: Any, step: Any, sign: float) -> None:
    """The terms of the row at hand, into or out of the step."""
    step.gain += sign * account.gain
    step.commission += sign * account.commission
    step.slippage += sign * account.slippage
    step.impact += sign * account.impact
    step.borrow += sign * account.borrow
    step.funding += sign * account.funding
    step.dividends += sign * account.dividends
    step.interest += sign * account.interest


@kernel
def start_terms(lane: Any, seat: Any) -> None:
    """Before the decision: the step's terms from here on, without what the row had already."""
    account, step = lane.account, seat.step
    step.equity_before = account.equity
    step.gain = 0.0
    step.commission = 0.0
    step.slippage = 0.0
    step.impact = 0.0
    step.borrow = 0.0
    step.funding = 0.0
    step.dividends = 0.0
    step.interest = 0.0
    step.turnover = 0.0
    step.fills = account.fills
    if lane.rules.fill == _SAME_CLOSE:
        step.turnover = -account.turnover / account.equity_before if account.equity_before > 0.0 else 0.0
        take_terms(account, step, -1.0)


@loop
def report_projected(want: Floats, held: Floats, out: Floats) -> None:
    """The wants after the stages; what is frozen goes on as it is held."""
    for i in range(want.size):
        out[i] = want[i] if want[i] == want[i] else held[i]


@kernel
def report_asked(seat: Any, signal: Floats) -> None:
    """What the action asked for: weights, or -1 sell, 0 hold, 1 buy, 2 hold nothing."""
    if seat.agent.kind == _SIGNALS:
        for i in range(signal.size):
            said = signal[i] if signal[i] == signal[i] else 0.0
            seat.asked[i] = 2.0 if signal[i] == 0.0 else said
    else:
        report_projected(signal, seat.held, seat.asked)


@kernel
def advance(here: Any, world: Any, index: int, stages: Any) -> int:
    """One step of one lane: its action, the decision at its row, the next row's fills and mark. Returns that row."""
    row = world.episodes[index].row
    lane = lane_at(here, index, row)
    seat = seat_at(world, index, row)
    leverage = lane.rules.max_leverage if lane.rules.max_leverage < math.inf else 1.0
    say(seat.agent, seat.action, seat.held, leverage, lane.signal)
    report_asked(seat, lane.signal)
    start_terms(lane, seat)
    decide_lane(here, index, row, _DECIDE, stages)
    if lane.account.decided == row and here.s.codes[3] == 0 and lane.rules.method != _ORDERS:
        report_projected(lane.want, seat.held, seat.projected)
    else:  # nobody decided, or a rule held the decision back
        report_projected(seat.held, seat.held, seat.projected)
    close_lane(here, index, row, _DECIDE)
    if lane.rules.fill == _SAME_CLOSE:
        # The books of the row have closed, so its turnover is a share by now.
        take_terms(lane.account, seat.step, 1.0)
        seat.step.turnover += lane.account.turnover
    row += 1
    if start_lane(here, index, row):
        trade_lane(here, index, row, 0)
    decide_lane(here, index, row, _MARK, stages)
    finish_step(here, world, index, row)
    return row


@kernel
def finish_step(here: Any, world: Any, index: int, row: int) -> None:
    """Terms, levels, reward and end of the step that has reached this row."""
    lane = lane_at(here, index, row)
    seat = seat_at(world, index, row)
    account, episode, step = lane.account, seat.episode, seat.step
    take_terms(account, step, 1.0)
    before = step.equity_before
    step.turnover += account.turnover / before if before > 0.0 else 0.0
    step.fills = account.fills - step.fills
    step.row = row
    write_levels(lane, seat)
    episode.row = row
    episode.decisions += 1
    step.decisions = episode.decisions
    step.reward = pay(here, world, index, row)
    episode.total_reward += step.reward
    episode.equity = step.equity
    episode.drawdown = step.drawdown
    ended = _NOT
    if account.status == _RUINED:
        ended = _RUIN
    elif account.status == _TERMINATED:
        ended = _DRAWDOWN
    elif row >= episode.end:
        ended = _LENGTH if seat.agent.length > 0 and episode.decisions >= seat.agent.length else _END_OF_TAPE
    episode.ended = ended
    step.ended = ended
    world.rewards[index] = step.reward


@kernel
def clear_log(log: Any) -> None:
    """Forget what the step before wrote down."""
    log.cursor[0] = 0
    log.cursor[1] = 0
    log.cursor[2] = 0


@kernel
def find_cuts(world: Any, log: Any) -> None:
    """Why each want was cut last, from the events of the step."""
    for k in range(log.cursor[0]):
        event = log.events[k]
        if event.slot >= 0 and (event.event == _CUT or event.event == _REFUSED):
            world.cut[event.lane, event.slot] = event.reason


@kernel
def sum_exposure(here: Any, world: Any, lanes: Any) -> None:
    """What these lanes hold together, a share of their equity."""
    whole = 0.0
    for i in range(world.exposure.size):
        world.exposure[i] = 0.0
    for k in range(lanes.size):
        lane = lane_at(here, lanes[k], 0)
        whole += max(lane.account.equity, 0.0)
        for i in range(world.exposure.size):
            world.exposure[i] += lane.value[i]
    for i in range(world.exposure.size):
        world.exposure[i] = world.exposure[i] / whole if whole > 0.0 else 0.0


@kernel
def some_invalid(world: Any, lanes: Any) -> int:
    """0, or 1 + the first of these lanes whose action is invalid."""
    for k in range(lanes.size):
        seat = seat_at(world, lanes[k], 0)
        if not is_valid(seat.agent, seat.action, seat.asked.size):
            return 1 + lanes[k]
    return 0


@entry
def first_invalid(world: Any, lanes: Any) -> int:
    """0, or 1 + the first of these lanes whose action is invalid."""
    return some_invalid(world, lanes)


@kernel
def step_lanes(here: Any, world: Any, lanes: Any, stages: Any) -> None:
    """One step of those of these lanes that have not ended."""
    shared = world.seen[OTHERS] != 0
    for k in range(lanes.size):
        index = lanes[k]
        if world.episodes[index].ended == _NOT:
            row = advance(here, world, index, stages)
            if not shared:
                observe(here, world, index, row, 0)
    if here.book.rules[lanes[0]].level >= _FULL:
        for k in range(lanes.size):
            for i in range(world.exposure.size):
                world.cut[lanes[k], i] = 0
        find_cuts(world, here.log)


@kernel
def reset_lanes(here: Any, world: Any, lanes: Any, rows: Any, stages: Any) -> None:
    """New episodes for these lanes, at these rows (-1 = drawn)."""
    for k in range(lanes.size):
        row = begin(here, world, lanes[k], rows[k])
        settle_in(here, world, lanes[k], row, stages)
        world.rewards[lanes[k]] = 0.0
        if world.seen[OTHERS] == 0:
            observe(here, world, lanes[k], row, 1)


@entry
def steer_lanes(here: Any, world: Any, lanes: Any, rows: Any, stages: Any) -> int:
    """One step of these lanes, or their next episodes where `rows` says where each begins.

    One entry for both, since each would compile the whole walk. Actions in; observations, rewards and steps out.

    Returns:
        0, or 1 + the first lane whose action is invalid; then nothing has changed.
    """
    anew = rows.size
    if anew == 0:
        bad = some_invalid(world, lanes)
        if bad:
            return bad
    clear_log(here.log)
    if anew:
        reset_lanes(here, world, lanes, rows, stages)
    else:
        step_lanes(here, world, lanes, stages)
    if world.seen[OTHERS] != 0:
        sum_exposure(here, world, lanes)
        for k in range(lanes.size):
            observe(here, world, lanes[k], world.episodes[lanes[k]].row, anew)
    return 0


@entry
def draw_markets(episodes: Any, lanes: Any, markets: int, out: Any) -> None:
    """The market of each of these lanes' next episodes."""
    for k in range(lanes.size):
        episode = episodes[lanes[k]]
        out[k] = int(uniform(episode.seed, episode.number + 1, MARKET, 0) * markets)
