"""What a lane can pay for. Reductions always pass; openings share one factor.

Buying power = max_leverage * equity - gross exposure, both after the trades and their costs: the proceeds of a
short are collateral, not spending money. With max_leverage 1 and no shorts this is cash >= 0.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import ParticipationBase
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.costs import ordered_sum, trade_costs
from polyfolio.kernels.lanes import bar_at, lane_at

_ROUNDS = 60
_SLACK = 1e-12  # of equity, the rounding of the sums
_BAR_BASE = int(ParticipationBase.BAR)


@kernel
def opening_part(held: float, quantity: float) -> float:
    """The part of an order that moves the position away from zero; the rest of it reduces."""
    after = held + quantity
    if held * after <= 0.0:
        return after
    return quantity if abs(after) > abs(held) else 0.0


@kernel
def scaled(held: float, quantity: float, factor: float) -> float:
    """An order with its opening part scaled and its reducing part whole."""
    opening = opening_part(held, quantity)
    if opening == 0.0:
        return quantity
    reducing = -held if opening != quantity else 0.0
    return reducing + factor * opening


@kernel
def spare_power(lane: Any, bar: Any, s: Any, factor: float, reference: Any, unit: Any, worth: float) -> float:
    """Buying power left when the openings of `s.trade` are scaled by `factor`.

    `worth` is the equity at the reference prices before the trades.
    """
    for i in range(s.trade.size):
        s.trial[i] = scaled(lane.held[i], s.trade[i], factor)
    rules = lane.rules
    base = bar.volume if rules.participation_base == _BAR_BASE else bar.base_volume_before
    cost = trade_costs(
        s.trial,
        reference,
        unit,
        bar.spread,
        base,
        bar.sigma_before,
        rules,
        lane.tiers,
        lane.account.period_volume,
        lane.pressure,
        s.costs,
    )
    gross = 0.0
    for i in range(s.trial.size):
        after = lane.held[i] + s.trial[i]
        gross += abs(after) * reference[i] * unit[i] if after != 0.0 else 0.0
    return rules.max_leverage * (worth - cost) - gross


@kernel
def pays_for_all(lane: Any, s: Any, reference: Any, unit: Any) -> bool:
    """Whether buying power takes `s.trade` whole at the costs in `s.slip` and `s.fee`."""
    exposures(lane.held, s.trade, reference, unit, s.worth, s.before)
    worth = lane.account.cash + ordered_sum(s.worth)
    cost = ordered_sum(s.slip) + ordered_sum(s.fee)
    return lane.rules.max_leverage * (worth - cost) - ordered_sum(s.before) >= -_SLACK * abs(worth)


@loop
def exposures(held: Floats, trade: Floats, reference: Floats, unit: Floats, before: Floats, after: Floats) -> None:
    """Value held before the trades, and its size after them, per slot; 0 for nothing, whatever the price."""
    for i in range(held.size):
        last = held[i] + trade[i]
        before[i] = held[i] * (reference[i] if held[i] != 0.0 else 0.0) * (unit[i] if held[i] != 0.0 else 0.0)
        after[i] = abs(last) * (reference[i] if last != 0.0 else 0.0) * (unit[i] if last != 0.0 else 0.0)


@kernel
def worth_at(lane: Any, reference: Any, unit: Any) -> float:
    """Equity at the reference prices."""
    total = 0.0
    for i in range(lane.held.size):
        total += lane.held[i] * reference[i] * unit[i] if lane.held[i] != 0.0 else 0.0
    return lane.account.cash + total


@routine
def largest_factor(at: Any, index: int, row: int, reference: Any, unit: Any) -> float:
    """The largest factor on the openings of `s.trade` that buying power allows, to 1e-9 of equity.

    The spare power is nearly linear in the factor (costs bend it), so regula falsi on [0, 1] needs two or three
    rounds; the end that is returned is always the affordable one.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    worth = worth_at(lane, reference, unit)
    high = spare_power(lane, bar, s, 1.0, reference, unit, worth)
    close = 1e-9 * abs(worth)
    if high >= -_SLACK * abs(worth):
        return 1.0
    low = spare_power(lane, bar, s, 0.0, reference, unit, worth)
    if not (low > close):
        return 0.0  # less than the tolerance would fill as dust
    left = 0.0
    right = 1.0
    for _ in range(_ROUNDS):
        # Aim a hair inside, so that the affordable end moves too.
        middle = left + (right - left) * (low - 0.5 * close) / (low - high)
        if not (left < middle < right):
            middle = 0.5 * (left + right)
        spare = spare_power(lane, bar, s, middle, reference, unit, worth)
        if spare >= 0.0:
            left = middle
            low = spare
            if spare <= close:
                break
        else:
            right = middle
            high = spare
    return left
