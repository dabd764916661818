"""From target weights to orders: what `equation` solves, in whole lots, of the smallest size that may be traded.

Each target quantity is rounded towards zero, which keeps it within one lot.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Event, Level, OrderType, Reason, Schedule, Sizing
from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.accounting import round_to_lot
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.equation import DUST, equity_after, value_holdings
from polyfolio.kernels.fills import spell_out
from polyfolio.kernels.impact import impact_quantity_cap
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.matching import round_to_tick
from polyfolio.kernels.note import note
from polyfolio.kernels.schedule import urgency_of

_FULL = int(Level.FULL)
_MARKET = int(OrderType.MARKET)
_ALMGREN_CHRISS = int(Schedule.ALMGREN_CHRISS)
_UNITS = int(Sizing.UNITS)
_MONEY = int(Sizing.MONEY)
_ORDER = int(Event.ORDER)
_REFUSED = int(Event.REFUSED)
_SIGNAL = int(Reason.SIGNAL)
_MIN_NOTIONAL = int(Reason.MIN_NOTIONAL)
_MARKET_IMPACT = int(Reason.MARKET_IMPACT)
_LOT = int(Reason.LOT)
_UNTRADABLE = int(Reason.UNTRADABLE)
_REPLACED = int(Reason.REPLACED)


@routine
def order_to_target(at: Any, index: int, row: int, reference: Any, unit: Any, volume: Any, sigma: Any) -> float:
    """Replace every sleeve's working order by the one that reaches `s.want`. Returns V'.

    `s.frozen[i]` != 0 leaves a slot alone. `s.own[k]` is the sleeve's part of its slot's weight where sleeves share
    slots; else the slot's weight is the sleeve's.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    log = at.log
    equity = value_holdings(lane, s, reference, unit)
    after = equity_after(lane, bar, s, equity, reference, unit, volume, sigma)
    smallest = DUST * abs(equity)
    # Units and money are asked for as they are: their costs come out of the cash beside them.
    whole = equity if lane.rules.method == _UNITS or lane.rules.method == _MONEY else after
    if lane.rules.uncut and lane.account.working == 0 and not lane.netted and lane.rules.order_type == _MARKET:
        lane.account.plain = 1
        lane.account.working = write_orders(
            s.want,
            s.frozen,
            whole,
            smallest,
            reference,
            unit,
            lane.quantity,
            lane.order_quantity,
            lane.order_price,
            lane.order_filled,
        )
        note_orders(lane, bar, log)
        return after
    working = 0
    start_orders(lane, s)
    for k in range(lane.order_quantity.size):
        i = lane.slot_of[k]
        if s.frozen[i] != 0:
            hold_order(lane, bar, log, k)
        else:
            price = reference[i] * unit[i]
            weight = s.own[k] if lane.netted else s.want[i]
            exact = weight * whole / price
            target = round_to_lot(exact, lane.instruments[i].lot)
            quantity = target - lane.quantity[k]
            if abs(quantity) * price <= smallest:
                if abs(exact - lane.quantity[k]) * price > smallest:
                    note(lane, bar.row, log, i, _REFUSED, _LOT, 0, exact - lane.quantity[k], 0.0)
                quantity = 0.0
            if target == 0.0 and lane.order_quantity[k] != 0.0 and lane.order_price[k] == 0.0:
                working = 1  # an exit that is under way does the same
                continue
            place(lane, bar, log, k, quantity, reference[i], unit[i], volume[i], sigma[i], target)
        if lane.order_quantity[k] != 0.0:
            working = 1
    lane.account.working = working
    return after


@loop
def write_orders(
    want: Floats,
    frozen: Flags,
    equity: float,
    smallest: float,
    price: Floats,
    unit: Floats,
    held: Floats,
    quantity: Floats,
    decided: Floats,
    filled: Floats,
) -> int:
    """Orders to the target where none works yet and nothing cuts them; returns whether there are any."""
    working = 0
    for i in range(want.size):
        worth = price[i] * unit[i]
        wanted = want[i] * equity / worth - held[i]
        trades = frozen[i] == 0 and abs(wanted) * worth > smallest
        quantity[i] = wanted if trades else 0.0
        decided[i] = price[i] if trades else 0.0
        filled[i] = 0.0
        working |= 1 if trades else 0
    return working


@kernel
def note_orders(lane: Any, bar: Any, log: Any) -> None:
    """One ORDER row for each new order."""
    if lane.rules.level < _FULL:
        return
    for k in range(lane.order_quantity.size):
        if lane.order_quantity[k] != 0.0:
            note(lane, bar.row, log, lane.slot_of[k], _ORDER, _SIGNAL, 0, lane.quantity[k], lane.order_quantity[k])


@kernel
def hold_order(lane: Any, bar: Any, log: Any, sleeve: int) -> None:
    """A frozen slot gets no new order.

    Without an opinion its working order goes on, and so does an exit; an order on a slot that cannot trade ends.
    """
    quantity = lane.order_quantity[sleeve]
    slot = lane.slot_of[sleeve]
    if quantity != 0.0 and bar.tradable[slot] == 0 and lane.order_price[sleeve] != 0.0:
        note(lane, bar.row, log, slot, _REFUSED, _UNTRADABLE, 0, quantity, 0.0)
        lane.order_quantity[sleeve] = 0.0


@kernel
def place(
    lane: Any,
    bar: Any,
    log: Any,
    sleeve: int,
    quantity: float,
    price: float,
    unit: float,
    volume: float,
    sigma: float,
    target: float,
) -> None:
    """Write one working order: minimum notional, impact cap, type, limit price."""
    rules = lane.rules
    slot = lane.slot_of[sleeve]
    if quantity != 0.0:
        smallest = max(rules.min_notional, lane.instruments[slot].min_notional * unit)
        if abs(quantity) * price * unit < smallest and target != 0.0:
            note(lane, bar.row, log, slot, _REFUSED, _MIN_NOTIONAL, 0, quantity, 0.0)
            quantity = 0.0
        elif rules.market_impact_limit < math.inf:
            cap = impact_quantity_cap(rules.market_impact_limit, volume, sigma, rules)
            if abs(quantity) > cap:
                cut = round_to_lot(math.copysign(cap, quantity), lane.instruments[slot].lot)
                note(lane, bar.row, log, slot, _REFUSED, _MARKET_IMPACT, 0, quantity, cut)
                quantity = cut
    if lane.order_quantity[sleeve] != 0.0:
        note(lane, bar.row, log, slot, _REFUSED, _REPLACED, 0, lane.order_quantity[sleeve], quantity)
    lane.order_quantity[sleeve] = quantity
    lane.order_filled[sleeve] = 0.0
    lane.order_price[sleeve] = price
    if quantity == 0.0:
        return
    if not lane.account.plain:
        write_terms(lane.at, lane.index, bar.row, sleeve, quantity, price, price * unit * volume, sigma)
    note(lane, bar.row, log, slot, _ORDER, _SIGNAL, 0, lane.quantity[sleeve], quantity)


@routine
def write_terms(
    at: Any, index: int, row: int, sleeve: int, quantity: float, price: float, turnover: float, sigma: float
) -> None:
    """The terms of an order that is not plain: type, life, limit or stop at price * (1 +- price_threshold), urgency."""
    lane = lane_at(at, index, row)
    rules = lane.rules
    order = lane.orders[sleeve]
    order.type = rules.order_type
    order.life = rules.time_in_force
    order.reason = _SIGNAL
    order.row = row
    buy = quantity > 0.0
    away = rules.price_threshold if buy else -rules.price_threshold
    edge = round_to_tick(price * (1.0 + away), lane.instruments[lane.slot_of[sleeve]].tick, buy)
    order.limit = edge
    order.stop = edge
    if rules.schedule == _ALMGREN_CHRISS:
        order.urgency = urgency_of(rules.schedule_risk_aversion, sigma, turnover, rules.temporary_impact)


@kernel
def start_orders(lane: Any, s: Any) -> None:
    """A decision that leaves nothing but market orders of its own makes the lane's orders plain."""
    kept = False
    if lane.account.working:
        for k in range(lane.order_quantity.size):
            if lane.order_quantity[k] != 0.0 and (s.frozen[lane.slot_of[k]] != 0 or lane.order_price[k] == 0.0):
                kept = True
    if lane.rules.order_type != _MARKET or lane.rules.schedule or (kept and not lane.account.plain):
        if kept and lane.account.plain:
            spell_out(lane.at, lane.index, 0)
        lane.account.plain = 0
    else:
        lane.account.plain = 1


@routine
def target_at_fill(at: Any, index: int, row: int, reference: Any, unit: Any) -> None:
    """`sizing: fill`: solve the last decision's weights at the fill's own prices (simulation only)."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    for i in range(s.want.size):
        s.want[i] = lane.want[i]
        s.frozen[i] = 1 if bar.tradable[i] == 0 or s.want[i] != s.want[i] else 0
    if lane.netted:
        for k in range(s.own.size):
            s.own[k] = lane.sleeve_want[k]
    order_to_target(at, index, row, reference, unit, bar.base_volume_before, bar.sigma_before)
    lane.account.pending = 0
