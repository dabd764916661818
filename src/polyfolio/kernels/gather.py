"""What trades at one moment: the orders that meet the price, crossed inside the account, cut to what can be paid.

Gathered orders stand in scratch: `asked` the whole orders and `own` the part that fills, per sleeve; `trade` the same
by slot.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import FillAt, Moment, OrderType, Reason
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.accounting import round_to_lot, settle
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.costs import has_simple_costs
from polyfolio.kernels.fills import all_or_none, fillable, note_entries, some_enter, why_not
from polyfolio.kernels.funding import largest_factor, opening_part, pays_for_all, scaled
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.matching import NO, TAKES, match_bar, match_open
from polyfolio.kernels.pricing import price_simply
from polyfolio.kernels.schedule import scheduled

_OPEN = int(Moment.OPEN)
_MARKET = int(OrderType.MARKET)
_NEXT_OPEN = int(FillAt.NEXT_OPEN)
_BUYING_POWER = int(Reason.BUYING_POWER)
_SCHEDULE = int(Reason.SCHEDULE)
_ROUNDING = 1e-12
_SOME = 1
_SHORT = 2


@kernel
def gathered(lane: Any, s: Any, sleeve: int, slot: int) -> float:
    """What the earlier sleeves of the slot take of its volume at this moment."""
    total = 0.0
    for j in range(sleeve):
        total += abs(s.own[j]) if lane.slot_of[j] == slot else 0.0
    return total


@routine
def gather(at: Any, index: int, row: int, moment: int, reference: Any) -> bool:
    """What trades at market now: `s.asked` the orders, `s.own` what volume lets through, `s.trade` the same by slot.

    Resting orders are left to `work_resting`. Returns whether anything is asked.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    if lane.account.plain and not lane.netted and volume_is_free(lane):
        found = ask_all(lane.order_quantity, bar.tradable, bar.volume, s.asked, s.own, s.trade, lane.crossed, s.why)
        if found & _SHORT:
            refuse_rest(lane, bar, s, at.log)
        return found != 0
    any_order = False
    for i in range(s.trade.size):
        s.trade[i] = 0.0
    for k in range(lane.order_quantity.size):
        quantity = lane.order_quantity[k]
        slot = lane.slot_of[k]
        takes = quantity != 0.0 and (lane.account.plain != 0 or takes_now(lane, k, quantity, reference[slot], moment))
        s.asked[k] = quantity if takes else 0.0
        taken = gathered(lane, s, k, slot) if lane.netted else 0.0
        s.own[k] = fillable(lane, bar, slot, quantity, moment, taken) if takes else 0.0
        lane.crossed[k] = 0.0
        s.why[k] = 0
        if s.own[k] != s.asked[k]:
            s.why[k] = why_not(bar, slot)
            all_or_none(lane, bar, s, at.log, k)
        if lane.rules.schedule and s.own[k] != 0.0:
            keep_to_schedule(at, index, row, k)
        s.trade[slot] += s.own[k]
        any_order = any_order or takes
    return any_order


@routine
def keep_to_schedule(at: Any, index: int, row: int, sleeve: int) -> None:
    """Cut what an order fills now to the part its schedule lets through."""
    s = at.s
    part = scheduled(at, index, row, sleeve, s.own[sleeve])
    if part != s.own[sleeve]:
        s.own[sleeve] = part
        s.why[sleeve] = _SCHEDULE


@kernel
def volume_is_free(lane: Any) -> bool:
    """Whether orders fill whole wherever there is any volume."""
    return lane.rules.participation_rate_limit == math.inf and lane.rules.auction_share == math.inf


@loop
def ask_all(
    quantity: Floats,
    tradable: Flags,
    volume: Floats,
    asked: Floats,
    own: Floats,
    trade: Floats,
    crossed: Floats,
    why: Ints,
) -> int:
    """All orders are asked, and fill whole where there is a price and some volume; returns SOME and SHORT bits."""
    found = 0
    for k in range(quantity.size):
        fills = tradable[k] != 0 and volume[k] != 0.0
        asked[k] = quantity[k]
        own[k] = quantity[k] if fills else 0.0
        trade[k] = own[k]
        crossed[k] = 0.0
        why[k] = 0
        found |= (_SOME if asked[k] != 0.0 else 0) | (_SHORT if own[k] != asked[k] else 0)
    return found


@kernel
def refuse_rest(lane: Any, bar: Any, s: Any, log: Any) -> None:
    """The reasons behind what `ask_all` left out."""
    for k in range(s.own.size):
        if s.own[k] != s.asked[k]:
            s.why[k] = why_not(bar, k)
            all_or_none(lane, bar, s, log, k)


@kernel
def takes_now(lane: Any, sleeve: int, quantity: float, price: float, moment: int) -> bool:
    """Whether the order trades at market at this moment. A carried exit does not wait for a later one."""
    if moment == _OPEN:
        if lane.orders[sleeve].type == _MARKET:
            return lane.rules.fill == _NEXT_OPEN or lane.order_price[sleeve] == 0.0
        return match_open(lane.orders[sleeve], quantity, price, lane.rules.touch) == TAKES
    return lane.orders[sleeve].type == _MARKET


@kernel
def waits_for_later(lane: Any, moment: int) -> bool:
    """Whether plain orders trade at a later moment than this one."""
    return lane.account.plain != 0 and moment == _OPEN and lane.rules.fill != _NEXT_OPEN


@routine
def cross_sleeves(at: Any, index: int, row: int) -> None:
    """Sleeves of one slot that pull against each other meet inside the lane and pay no cost on that part.

    `crossed` = share of the sleeve's order that meets another's: the smaller side wholly, the larger side pro rata.
    """
    lane = lane_at(at, index, row)
    s = at.s
    for k in range(s.own.size):
        if s.own[k] == 0.0:
            continue
        with_it = 0.0
        against = 0.0
        for j in range(s.own.size):
            if lane.slot_of[j] == lane.slot_of[k] and s.own[j] != 0.0:
                if (s.own[j] > 0.0) == (s.own[k] > 0.0):
                    with_it += abs(s.own[j])
                else:
                    against += abs(s.own[j])
        # Equal sides meet wholly: a rest of rounding size would pay a whole fee.
        lane.crossed[k] = against / with_it if against < with_it * (1.0 - _ROUNDING) else 1.0


@kernel
def cross_group(lane: Any, s: Any) -> None:
    """Share of each order that meets another lane's: the smaller side wholly, the larger side pro rata."""
    for k in range(s.own.size):
        if s.own[k] != 0.0:
            slot = lane.slot_of[k]
            own = s.bought[slot] if s.own[k] > 0.0 else s.sold[slot]
            other = s.sold[slot] if s.own[k] > 0.0 else s.bought[slot]
            whole = 1.0 if own > 0.0 else 0.0
            lane.crossed[k] = other / own if other < own * (1.0 - _ROUNDING) else whole


@routine
def fund(at: Any, index: int, row: int, reference: Any, unit: Any) -> int:
    """Cut what opens positions by one common factor where buying power asks for it; what reduces passes whole.

    Returns whether the fills stand in scratch with their prices and costs, as market orders that meet no other.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    if not lane.netted and has_simple_costs(lane.rules):
        price_simply(lane, at.s, reference, unit, bar.spread)
        if pays_for_all(lane, at.s, reference, unit):
            return 1
    factor = largest_factor(at, index, row, reference, unit)
    if factor < 1.0:
        cut_openings(at, index, row, factor)
    return 0


@routine
def fill_directly(at: Any, index: int, row: int, reference: Any, unit: Any) -> int:
    """Gather, fund and fill in one go where all orders are plain, all fill whole and all can be paid, as most do.

    Returns 0, with nothing changed, where that is not so.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    if ask_all(lane.order_quantity, bar.tradable, bar.volume, s.asked, s.own, s.trade, lane.crossed, s.why) != _SOME:
        return 0
    price_simply(lane, s, reference, unit, bar.spread)
    if not pays_for_all(lane, s, reference, unit):
        return 0
    if lane.account.guarded and some_enter(s.own, lane.quantity):
        note_entries(at, index, row, _OPEN)
    settle(lane, s, reference, unit)
    end_all(lane.order_quantity, lane.order_filled)
    return 1


@loop
def end_all(quantity: Floats, filled: Floats) -> None:
    """No order works any more."""
    for k in range(quantity.size):
        quantity[k] = 0.0
        filled[k] = 0.0


@routine
def cut_openings(at: Any, index: int, row: int, factor: float) -> None:
    """Scale the opening part of every slot's order, in whole lots, and say why."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    for k in range(s.own.size):
        i = lane.slot_of[k]
        if s.own[k] == 0.0:
            continue
        left = scaled(lane.held[i], s.trade[i], factor) / s.trade[i] if s.trade[i] != 0.0 else 1.0
        if left < 1.0:
            # Only what opens is rounded: less than a lot may be held, and closing it pays for the rest.
            lot = lane.instruments[i].lot
            opening = opening_part(lane.held[i], s.trade[i])
            reducing = -lane.held[i] if opening != s.trade[i] else 0.0
            alone = reducing + round_to_lot(factor * opening, lot)
            s.own[k] = round_to_lot(s.own[k] * left, lot) if lane.netted else alone
            s.why[k] = _BUYING_POWER
            all_or_none(lane, bar, s, at.log, k)


@kernel
def any_resting(lane: Any) -> bool:
    """Whether some order waits for a price."""
    if lane.account.plain:
        return False
    for k in range(lane.order_quantity.size):
        if lane.order_quantity[k] != 0.0 and lane.orders[k].type != _MARKET:
            return True
    return False


@kernel
def match_resting(lane: Any, bar: Any, s: Any, log: Any, moment: int) -> bool:
    """Which resting orders meet the bar now; returns whether any does.

    `s.asked` the orders, `s.own` what volume lets through, `s.matched` how, `s.resting` their prices by slot. Where
    sleeves share a slot, the first that matches at a price of its own sets the slot's; one at another price waits for
    the next row.
    """
    for i in range(s.trade.size):
        s.trade[i] = 0.0
        s.resting[i] = bar.open[i]
    any_match = False
    for k in range(lane.order_quantity.size):
        s.own[k] = 0.0
        s.asked[k] = 0.0
        s.why[k] = 0
        s.matched[k] = NO
        quantity = lane.order_quantity[k]
        slot = lane.slot_of[k]
        if quantity == 0.0 or lane.orders[k].type == _MARKET or bar.tradable[slot] == 0:
            continue
        s.out[0] = bar.open[slot]
        if moment == _OPEN:
            matched = match_open(lane.orders[k], quantity, bar.open[slot], lane.rules.touch)
        else:
            matched = match_bar(lane.orders[k], quantity, bar, slot, lane.rules.touch, s.out)
        if matched == NO or (s.trade[slot] != 0.0 and s.resting[slot] != s.out[0]):
            continue
        lane.crossed[k] = 0.0
        taken = gathered(lane, s, k, slot) if lane.netted else 0.0
        s.matched[k] = matched
        s.asked[k] = quantity
        s.own[k] = fillable(lane, bar, slot, quantity, moment, taken)
        if s.own[k] != quantity:
            s.why[k] = why_not(bar, slot)
            all_or_none(lane, bar, s, log, k)
        if lane.rules.schedule and s.own[k] != 0.0:
            keep_to_schedule(lane.at, lane.index, bar.row, k)
        s.resting[slot] = s.out[0]
        s.trade[slot] += s.own[k]
        any_match = True
    return any_match
