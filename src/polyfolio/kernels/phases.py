"""The three phases of a row for one lane: open, intrabar, close. Cash from a later phase never pays for an earlier one.

Open: corporate actions, carry, stops gapped through, market orders. Intrabar: stops before targets and limits, since
the adverse one comes first where one bar could hit both. Close: close orders, then the mark.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Event, FillAt, Guard, Level, Moment, OrderType, Reason, Status, TimeInForce
from polyfolio.core.flags import SPLIT
from polyfolio.core.types import Floats
from polyfolio.kernels.accounting import split
from polyfolio.kernels.carry import accrue
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.costs import has_simple_costs
from polyfolio.kernels.exits import (
    STOPS,
    TARGETS,
    bar_sleeve,
    follow,
    reached,
    reached_by_average,
    stop_price,
    stop_reached,
    stop_reason,
    target_price,
    target_reached,
    watch,
)
from polyfolio.kernels.fills import all_or_none, expire, fill_all, fillable, spell_out, start_volume, why_not
from polyfolio.kernels.gather import (
    any_resting,
    cross_group,
    cross_sleeves,
    fill_directly,
    fund,
    gather,
    match_resting,
    waits_for_later,
)
from polyfolio.kernels.impact import decay_pressure
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.matching import RESTS, TAKES, typical_price
from polyfolio.kernels.note import note
from polyfolio.kernels.target import target_at_fill

_AVERAGE = int(Guard.AVERAGE)
_OWN = int(Guard.OWN)
_OPEN = int(Moment.OPEN)
_INTRABAR = int(Moment.INTRABAR)
_CLOSE = int(Moment.CLOSE)
_MARKET = int(OrderType.MARKET)
_FULL = int(Level.FULL)
_GTC = int(TimeInForce.GTC)
_NEXT_OPEN = int(FillAt.NEXT_OPEN)
_NEXT_TYPICAL = int(FillAt.NEXT_TYPICAL)
_NEXT_CLOSE = int(FillAt.NEXT_CLOSE)
_LIQUIDATING = int(Status.LIQUIDATING)
_LIVE = int(Status.LIVE)
_RUINED = int(Status.RUINED)
_LIQUIDATION = int(Reason.LIQUIDATION)
_RUIN = int(Reason.RUINED)
_TERMINATED = int(Status.TERMINATED)
_RETIRED = int(Status.RETIRED)
_RETIRED_REASON = int(Reason.RETIRED)
_MAX_DRAWDOWN = int(Reason.MAX_DRAWDOWN)
_TAKE_PROFIT = int(Reason.TAKE_PROFIT)
_END_OF_RUN = int(Reason.END_OF_RUN)
_BUYING_POWER = int(Reason.BUYING_POWER)
_PROTECTED = int(Reason.PROTECTED)
_REFUSED = int(Event.REFUSED)


@kernel
def order_out(lane: Any, bar: Any, sleeve: int, reason: int) -> None:
    """Replace the sleeve's working order by a market order that closes its position and carries until it has."""
    if lane.account.plain:
        spell_out(lane.at, lane.index, bar.row)
    order = lane.orders[sleeve]
    order.type = _MARKET
    order.life = _GTC
    order.reason = reason
    order.row = bar.row
    lane.order_filled[sleeve] = 0.0
    lane.order_price[sleeve] = 0.0
    lane.order_quantity[sleeve] = -lane.quantity[sleeve]
    lane.account.working = 1


@kernel
def open_row(lane: Any, bar: Any, opened: bool) -> None:
    """Everything of the open phase before the market orders.

    An account opened in this row owes nothing for the days before it.
    """
    if bar.flags & SPLIT:
        split(lane.at, lane.index, bar.row)
    if not opened:
        accrue(lane, bar)
    account = lane.account
    rules = lane.rules
    if rules.participation_rate_limit < math.inf:
        start_volume(lane, bar)
    if rules.propagate:
        for i in range(lane.pressure.size):
            lane.pressure[i] = decay_pressure(lane.pressure[i], rules)
    if account.status >= _LIQUIDATING:
        reason = _LIQUIDATION if account.status == _LIQUIDATING else _RUIN
        if account.status == _TERMINATED:
            reason = _MAX_DRAWDOWN
        elif account.status == _RETIRED:
            reason = _RETIRED_REASON
        for k in range(lane.quantity.size):
            if (lane.quantity[k] != 0.0 or lane.order_quantity[k] != 0.0) and not leaving(lane, k):
                order_out(lane, bar, k, reason)
    if account.guarded and in_reach(lane, bar, bar.open, bar.open):
        gap_exits(lane, bar)


@kernel
def in_reach(lane: Any, bar: Any, low: Any, high: Any) -> int:
    """Which kinds of exits these prices may reach. Nearly always none, and finding out is one pass."""
    if lane.netted:
        return STOPS | TARGETS
    if lane.account.guarded == _AVERAGE:
        rules = lane.rules
        return reached_by_average(
            lane.quantity, bar.tradable, low, high, lane.average_price, rules.stop_loss, rules.take_profit
        )
    s = lane.at.s
    watch(lane, s.stop, s.target)
    return reached(lane.quantity, bar.tradable, low, high, s.stop, s.target)


@kernel
def gap_exits(lane: Any, bar: Any) -> None:
    """Stops and targets the open has jumped over: they fill at the open."""
    for k in range(lane.quantity.size):
        slot = lane.slot_of[k]
        if lane.quantity[k] == 0.0 or bar.tradable[slot] == 0 or leaving(lane, k):
            continue
        long = lane.quantity[k] > 0.0
        price = bar.open[slot]
        stop = stop_price(lane, k)
        target = target_price(lane, k)
        if stop_reached(long, price, stop):
            leave_position(lane.at, lane.index, bar.row, k, price, TAKES, _OPEN, stop_reason(lane, k, stop))
        elif target_reached(long, price, target):
            leave_position(lane.at, lane.index, bar.row, k, price, RESTS, _OPEN, _TAKE_PROFIT)


@routine
def leave_position(
    at: Any, index: int, row: int, sleeve: int, price: float, matched: int, moment: int, reason: int
) -> None:
    """Close a sleeve at its stop or target and bar it; the unfilled rest carries to the next open."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    if lane.order_quantity[sleeve] != 0.0:
        note(lane, row, at.log, lane.slot_of[sleeve], _REFUSED, _PROTECTED, 0, lane.order_quantity[sleeve], 0.0)
    order_out(lane, bar, sleeve, reason)
    bar_sleeve(lane, sleeve, row)
    fill_one(lane, bar, s, at.log, sleeve, lane.order_quantity[sleeve], price, matched, moment)


@kernel
def fill_one(
    lane: Any, bar: Any, s: Any, log: Any, sleeve: int, quantity: float, price: float, matched: int, moment: int
) -> None:
    """Fill one sleeve's order at a price of its own, as far as volume allows; the other sleeves trade nothing."""
    slot = lane.slot_of[sleeve]
    for i in range(s.a.size):
        s.a[i] = 1.0
    for k in range(s.own.size):
        s.own[k] = 0.0
        s.asked[k] = 0.0
    s.a[slot] = price
    s.asked[sleeve] = lane.order_quantity[sleeve]
    s.own[sleeve] = fillable(lane, bar, slot, quantity, moment, 0.0)
    if quantity != lane.order_quantity[sleeve]:
        s.why[sleeve] = _BUYING_POWER
    elif s.own[sleeve] != quantity:
        s.why[sleeve] = why_not(bar, slot)
    lane.crossed[sleeve] = 0.0
    all_or_none(lane, bar, s, log, sleeve)
    fill_all(lane.at, lane.index, bar.row, s.a, bar.unit_open if moment == _OPEN else bar.unit, matched, moment, 0)


@routine
def fill_at(at: Any, index: int, row: int, reference: Any, unit: Any, moment: int) -> None:
    """Market orders at one moment: gather, fund, fill."""
    if gather(at, index, row, moment, reference):
        if at.book.netted[0]:
            cross_sleeves(at, index, row)
        priced = fund(at, index, row, reference, unit)
        fill_all(at, index, row, reference, unit, TAKES, moment, priced)


@kernel
def open_phase(lane: Any, bar: Any, s: Any, meets: int) -> None:
    """Market orders at the open, then resting ones that the open reaches.

    With `sizing: fill` the target is solved anew at the open's prices. `meets` says that the lane's group nets its
    orders (`barrier`).
    """
    if lane.account.pending and lane.rules.fill == _NEXT_OPEN:
        target_at_fill(lane.at, lane.index, bar.row, bar.open, bar.unit_open)
    alone = lane.account.plain != 0 and not (meets or lane.netted)
    silent = lane.rules.level < _FULL  # a desk raises the level after the rules were compiled
    if alone and silent and lane.rules.fill == _NEXT_OPEN and lane.rules.direct and has_simple_costs(lane.rules):
        if fill_directly(lane.at, lane.index, bar.row, bar.open, bar.unit_open):
            lane.account.working = 0
            return
    if not waits_for_later(lane, _OPEN) and gather(lane.at, lane.index, bar.row, _OPEN, bar.open):
        if lane.netted:
            cross_sleeves(lane.at, lane.index, bar.row)
        priced = fund(lane.at, lane.index, bar.row, bar.open, bar.unit_open)
        if meets:
            cross_group(lane, s)
            priced = 0
        fill_all(lane.at, lane.index, bar.row, bar.open, bar.unit_open, TAKES, _OPEN, priced)
    if any_resting(lane):
        work_resting(lane.at, lane.index, bar.row, _OPEN)
    lane.account.working = still_working(lane.order_quantity)


@routine
def work_resting(at: Any, index: int, row: int, moment: int) -> None:
    """Limit and stop orders against the open (at the open's price) or against the bar's extremes.

    All that match share one funding at their own prices, the other slots at the row's open: which slot stands first
    decides nothing. Stops, which pay all costs, fill before limits.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    if not match_resting(lane, bar, s, at.log, moment):
        return
    fund(lane.at, lane.index, bar.row, s.resting, bar.unit_open)
    for k in range(s.own.size):
        s.kept[k] = s.own[k]
        s.kept_asked[k] = s.asked[k]
    for matched in (TAKES, RESTS):
        some = False
        for k in range(s.own.size):
            mine = s.matched[k] == matched
            s.own[k] = s.kept[k] if mine else 0.0
            s.asked[k] = s.kept_asked[k] if mine else 0.0
            some = some or s.asked[k] != 0.0
        if some:
            fill_all(lane.at, lane.index, bar.row, s.resting, bar.unit_open, matched, moment, 0)


@kernel
def intrabar_phase(lane: Any, bar: Any) -> None:
    """Stops of positions, then limit and stop orders, then stops of what they opened, then targets."""
    guarded = lane.account.guarded
    exits = 0
    if any_resting(lane):
        exits = STOPS | TARGETS
        if guarded:
            stop_exits(lane, bar)
        work_resting(lane.at, lane.index, bar.row, _INTRABAR)
    elif guarded:
        exits = in_reach(lane, bar, bar.low, bar.high)
    if guarded:
        if exits & STOPS:
            stop_exits(lane, bar)
        if exits & TARGETS:
            target_exits(lane, bar)
        if guarded == _OWN:
            for k in range(lane.quantity.size):
                slot = lane.slot_of[k]
                if bar.tradable[slot] != 0 or lane.quantity[k] == 0.0:
                    follow(lane, k, bar.high[slot], bar.low[slot])


@kernel
def stop_exits(lane: Any, bar: Any) -> None:
    """Stops inside the bar fill at the stop, with all costs."""
    for k in range(lane.quantity.size):
        slot = lane.slot_of[k]
        if lane.quantity[k] == 0.0 or bar.tradable[slot] == 0 or leaving(lane, k):
            continue
        long = lane.quantity[k] > 0.0
        stop = stop_price(lane, k)
        if stop_reached(long, bar.low[slot] if long else bar.high[slot], stop):
            # A position opened in this bar beyond its own stop leaves at the worst the bar still showed.
            price = min(stop, bar.high[slot]) if long else max(stop, bar.low[slot])
            leave_position(lane.at, lane.index, bar.row, k, price, TAKES, _INTRABAR, stop_reason(lane, k, stop))


@kernel
def target_exits(lane: Any, bar: Any) -> None:
    """Targets inside the bar fill at the target, passively."""
    for k in range(lane.quantity.size):
        slot = lane.slot_of[k]
        if lane.quantity[k] == 0.0 or bar.tradable[slot] == 0 or leaving(lane, k):
            continue
        if lane.exits[k].entry_row == bar.row and lane.exits[k].entry_moment == _INTRABAR:
            continue
        long = lane.quantity[k] > 0.0
        target = target_price(lane, k)
        best = bar.high[slot] if long else bar.low[slot]
        if best != target and target_reached(long, best, target):
            leave_position(lane.at, lane.index, bar.row, k, target, RESTS, _INTRABAR, _TAKE_PROFIT)


@kernel
def leaving(lane: Any, sleeve: int) -> bool:
    """Whether an exit of the sleeve already works."""
    return lane.order_quantity[sleeve] != 0.0 and lane.order_price[sleeve] == 0.0


@kernel
def close_phase(lane: Any, bar: Any, s: Any, log: Any) -> None:
    """Close orders at the close or the typical price, then the end of day orders."""
    when = lane.rules.fill
    if when == _NEXT_CLOSE or when == _NEXT_TYPICAL:
        for i in range(s.b.size):
            s.b[i] = bar.mark[i]
            if when == _NEXT_TYPICAL and bar.tradable[i] != 0:
                s.b[i] = typical_price(bar, i)
        if lane.account.pending:
            target_at_fill(lane.at, lane.index, bar.row, s.b, bar.unit)
        fill_at(lane.at, lane.index, bar.row, s.b, bar.unit, _CLOSE)
    if bar.last and lane.rules.sell_out:
        for k in range(lane.quantity.size):
            order_out(lane, bar, k, _END_OF_RUN)
        fill_at(lane.at, lane.index, bar.row, bar.mark, bar.unit, _CLOSE)
    expire(lane, bar, log)
    lane.account.working = still_working(lane.order_quantity)


@loop
def still_working(quantity: Floats) -> int:
    """1 when some order carries to the next row."""
    found = 0
    for k in range(quantity.size):
        found |= 1 if quantity[k] != 0.0 else 0
    return found
