"""From orders to fills at one moment of a bar: what is tradable, how much volume there is, what it costs.

price = reference * (1 + pressure + side * (slippage + half spread + temporary + permanent / 2))

Commission, slippage and impact are booked apart; a resting order pays commission only.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Moment, ParticipationBase, Reason, TimeInForce
from polyfolio.core.flags import DAY_END
from polyfolio.kernels.accounting import round_to_lot, settle
from polyfolio.kernels.commission import commission_of_fill
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.impact import impact_rate, permanent_impact
from polyfolio.kernels.matching import RESTS
from polyfolio.kernels.note import note, note_fill
from polyfolio.kernels.slippage import half_spread_rate, slippage_rate

_OPEN = int(Moment.OPEN)
_BAR_BASE = int(ParticipationBase.BAR)
_GTC = int(TimeInForce.GTC)
_DAY = int(TimeInForce.DAY)
_FOK = int(TimeInForce.FOK)
_REFUSED = 4
_NO_VOLUME = int(Reason.NO_VOLUME)
_UNTRADABLE = int(Reason.UNTRADABLE)
_PARTICIPATION = int(Reason.PARTICIPATION)
_MAX_SLIPPAGE = int(Reason.MAX_SLIPPAGE)
_EXPIRED = int(Reason.EXPIRED)
_FILL_OR_KILL = int(Reason.FILL_OR_KILL)


@kernel
def start_volume(lane: Any, bar: Any) -> None:
    """The volume a lane may take in this bar, over all its phases; inf where the cap is off or volume unknown."""
    rules = lane.rules
    for i in range(lane.volume_left.size):
        volume = bar.volume[i]
        known = volume == volume and rules.participation_rate_limit < math.inf
        lane.volume_left[i] = rules.participation_rate_limit * volume if known else math.inf


@kernel
def fillable(lane: Any, bar: Any, slot: int, wanted: float, moment: int) -> float:
    """The signed part of `wanted` that the bar's volume lets through; nothing where there is no price or no volume."""
    if bar.tradable[slot] == 0 or bar.volume[slot] == 0.0:
        return 0.0
    left = lane.volume_left[slot]
    if moment == _OPEN and lane.rules.auction_share < math.inf and bar.volume[slot] == bar.volume[slot]:
        left = min(left, lane.rules.auction_share * bar.volume[slot])
    if abs(wanted) <= left:
        return wanted
    return round_to_lot(math.copysign(max(left, 0.0), wanted), lane.instruments[slot].lot)


@kernel
def why_not(bar: Any, slot: int) -> int:
    """The reason behind a fill that `fillable` cut."""
    if bar.tradable[slot] == 0:
        return _UNTRADABLE
    return _NO_VOLUME if bar.volume[slot] == 0.0 else _PARTICIPATION


@kernel
def cost_base(lane: Any, bar: Any, slot: int) -> float:
    """The volume that costs are judged against: trailing by default, so that they are known when sizing."""
    return bar.volume[slot] if lane.rules.participation_base == _BAR_BASE else bar.base_volume_before[slot]


@kernel
def fill(
    lane: Any, bar: Any, log: Any, sleeve: int, quantity: float, reference: float, unit: float,
    matched: int, moment: int, reason: int,
) -> float:
    """Price one fill, settle it and write it down. Returns the quantity filled: all or, beyond max_slippage, none."""
    rules = lane.rules
    slot = lane.slot_of[sleeve]
    order = lane.orders[sleeve]
    side = 1.0 if quantity > 0.0 else -1.0
    paying = quantity * (1.0 - lane.crossed[sleeve])
    slip = 0.0
    push = 0.0
    if matched != RESTS and paying != 0.0:
        base = cost_base(lane, bar, slot)
        slip = slippage_rate(paying, base, rules) + half_spread_rate(bar.spread[slot], reference, rules)
        push = side * impact_rate(paying, base, bar.sigma_before[slot], rules) + lane.pressure[slot]
        if rules.max_slippage < math.inf and side * (reference * (1.0 + side * slip + push) - worst_price(order, side, rules)) > 0.0:
            note(lane, bar.row, log, slot, _REFUSED, _MAX_SLIPPAGE, 0, quantity, 0.0)
            return 0.0
        if rules.propagate:
            lane.pressure[slot] += side * permanent_impact(paying, base, bar.sigma_before[slot], rules)
    share = paying / quantity
    price = reference * (1.0 + (side * slip + push) * share)
    commission = commission_of_fill(order.filled, paying, price, unit, rules, lane.tiers, lane.account.period_volume)
    money = abs(paying) * reference * unit
    slippage = money * slip
    impact = money * side * push
    if lane.account.guarded and lane.quantity[sleeve] * (lane.quantity[sleeve] + quantity) <= 0.0:
        lane.exits[sleeve].extreme = 0.0
        lane.exits[sleeve].entry_row = bar.row
        lane.exits[sleeve].entry_moment = moment
    realised = settle(lane, sleeve, quantity, price, reference, unit, commission, slippage, impact)
    lane.account.total_timing += quantity * (reference - order.decision_price) * unit if order.decision_price > 0.0 else 0.0
    lane.account.period_volume += abs(paying) if rules.volume_unit == 0 else money
    order.filled += paying
    lane.volume_left[slot] -= abs(quantity)
    note_fill(lane, bar, log, sleeve, moment, reason, quantity, price, reference, commission, slippage, impact, realised)
    return quantity


@kernel
def worst_price(order: Any, side: float, rules: Any) -> float:
    """The worst price max_slippage allows: decision price * (1 + side * max_slippage). Exits have none."""
    decided = order.decision_price
    return decided * (1.0 + side * rules.max_slippage) if decided > 0.0 else side * math.inf


@kernel
def leave(lane: Any, bar: Any, log: Any, sleeve: int, rest: float, reason: int) -> None:
    """What did not fill: `gtc` waits, `day` waits until its day ends, `ioc` and `fok` end. Ends have a reason."""
    order = lane.orders[sleeve]
    if rest == 0.0:
        lane.order_quantity[sleeve] = 0.0
        return
    if order.life == _GTC or order.life == _DAY:
        lane.order_quantity[sleeve] = rest
        if reason != 0:
            note(lane, bar.row, log, lane.slot_of[sleeve], _REFUSED, reason, 0, rest, rest)
        return
    note(lane, bar.row, log, lane.slot_of[sleeve], _REFUSED, reason if reason != 0 else _EXPIRED, 0, rest, 0.0)
    lane.order_quantity[sleeve] = 0.0


@kernel
def work_order(
    lane: Any, bar: Any, log: Any, sleeve: int, wanted: float, reference: float, unit: float,
    matched: int, moment: int, cut: int,
) -> float:
    """Fill what can be filled of an order at this moment; the rest waits or ends. Returns the quantity filled.

    `wanted` is what funding allows of the order and `cut` the reason where that is less.
    """
    order = lane.orders[sleeve]
    whole = lane.order_quantity[sleeve]
    slot = lane.slot_of[sleeve]
    possible = fillable(lane, bar, slot, wanted, moment)
    reason = cut if wanted != whole else 0
    if possible != wanted:
        reason = why_not(bar, slot)
    if order.life == _FOK and possible != whole:
        note(lane, bar.row, log, slot, _REFUSED, _FILL_OR_KILL, 0, whole, 0.0)
        lane.order_quantity[sleeve] = 0.0
        return 0.0
    done = 0.0
    if possible != 0.0:
        done = fill(lane, bar, log, sleeve, possible, reference, unit, matched, moment, order.reason)
        if done == 0.0:
            lane.order_quantity[sleeve] = 0.0
            return 0.0
    leave(lane, bar, log, sleeve, rest_of(whole, done), reason)
    return done


@kernel
def rest_of(whole: float, done: float) -> float:
    """What is left of an order; a rest of rounding size is nothing."""
    rest = whole - done
    return 0.0 if abs(rest) <= 1e-12 * abs(whole) else rest


@kernel
def expire(lane: Any, bar: Any, log: Any) -> None:
    """Day orders end with the session day they could first fill in."""
    if not bar.flags & DAY_END:
        return
    for k in range(lane.order_quantity.size):
        if lane.order_quantity[k] != 0.0 and lane.orders[k].life == _DAY:
            note(lane, bar.row, log, lane.slot_of[k], _REFUSED, _EXPIRED, 0, lane.order_quantity[k], 0.0)
            lane.order_quantity[k] = 0.0
