"""From target weights to orders: the self-financing equation, lots, minimum sizes.

    V' = V - cost(w V' - x)

V is equity before the trades, x the value held per slot, w the target weights of equity after the trades. It is
solved to 1e-9 V before lots; then each target quantity is rounded towards zero, which keeps it within one lot.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Event, Level, OrderType, Reason
from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.accounting import round_to_lot
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.costs import has_simple_costs, ordered_sum, simple_cost, simple_terms, trade_costs
from polyfolio.kernels.fills import spell_out
from polyfolio.kernels.impact import impact_quantity_cap
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.matching import round_to_tick
from polyfolio.kernels.note import note

_FULL = int(Level.FULL)
_MARKET = int(OrderType.MARKET)
_ORDER = int(Event.ORDER)
_REFUSED = int(Event.REFUSED)
_SIGNAL = int(Reason.SIGNAL)
_MIN_NOTIONAL = int(Reason.MIN_NOTIONAL)
_MARKET_IMPACT = int(Reason.MARKET_IMPACT)
_LOT = int(Reason.LOT)
_UNTRADABLE = int(Reason.UNTRADABLE)
_REPLACED = int(Reason.REPLACED)

_ROUNDS = 40
_TOLERANCE = 1e-10  # of equity; the law asks for 1e-9
_DUST = 1e-12  # of equity: a trade this small is rounding, and no fee is due on it
_FLAT = 0.1  # a slope below it is no guide: the plain fixed-point step is taken


@kernel
def cost_to_reach(
    lane: Any, s: Any, after: float, reference: Any, unit: Any, spread: Any, volume: Any, sigma: Any
) -> float:
    """cost(w V' - x): what it costs to hold the weights `s.want` of an equity of `after`.

    `s.worth` is x. Frozen slots trade nothing. `s.trade` is left with the signed quantities.
    """
    dust = _DUST * abs(after)
    for i in range(s.trade.size):
        money = s.want[i] * after - s.worth[i]
        trades = s.frozen[i] == 0 and abs(money) > dust
        s.trade[i] = money / (reference[i] * unit[i]) if trades else 0.0
    return trade_costs(
        s.trade,
        reference,
        unit,
        spread,
        volume,
        sigma,
        lane.rules,
        lane.tiers,
        lane.account.period_volume,
        lane.pressure,
        s.costs,
    )


@kernel
def slope_of_cost(weight: float, cost: float, money: float) -> float:
    """w c / (w V' - x): what a cost of c adds to dg/dV' where costs are proportional to trades, as they nearly are."""
    return weight * cost / (money if cost != 0.0 else 1.0)


@kernel
def first_slope(s: Any, after: float) -> float:
    """dg/dV' = 1 + sum of `slope_of_cost`, so that the second round ends the search: the secant alone took a third."""
    slope = 1.0
    for i in range(s.want.size):
        if s.frozen[i] == 0:
            slope += slope_of_cost(s.want[i], s.costs[i], s.want[i] * after - s.worth[i])
    return slope


@loop
def reach_simply(
    want: Floats,
    worth: Floats,
    frozen: Flags,
    after: float,
    price: Floats,
    unit: Floats,
    spread: Floats,
    terms: Any,
    costs: Floats,
    slopes: Floats,
) -> None:
    """What it costs per slot to hold the weights of an equity of `after`, and the slope of that cost."""
    dust = _DUST * abs(after)
    for i in range(want.size):
        money = want[i] * after - worth[i]
        quantity = money / (price[i] * unit[i])
        cost = simple_cost(quantity, price[i], unit[i], spread[i], terms)
        trades = frozen[i] == 0 and abs(money) > dust
        costs[i] = cost if trades else 0.0
        slopes[i] = slope_of_cost(want[i], costs[i], money) if trades else 0.0


@kernel
def equity_after(
    lane: Any, bar: Any, s: Any, equity: float, reference: Any, unit: Any, volume: Any, sigma: Any
) -> float:
    """Solve V' = V - cost(w V' - x) for V'.

    g(V') = V' - V + cost(w V' - x) has its root in [0, V] when costs are positive. Simple costs are piecewise linear,
    so Newton's method ends after two rounds unless a trade turns its side.
    """
    if not has_simple_costs(lane.rules):
        return search_equity(lane.at, lane.index, bar.row, equity, reference, unit, volume, sigma)
    terms = simple_terms(lane.rules)
    close = _TOLERANCE * abs(equity)
    guess = equity
    last_guess = equity
    last_rest = 0.0
    for turn in range(_ROUNDS):
        reach_simply(s.want, s.worth, s.frozen, guess, reference, unit, bar.spread, terms, s.costs, s.trial)
        rest = guess - equity + ordered_sum(s.costs)
        if abs(rest) <= close:
            # One plain step more: what is left of the tolerance would be refused when it comes to paying.
            return guess - rest
        slope = 1.0 + ordered_sum(s.trial)
        if turn > 0 and guess != last_guess:
            slope = (rest - last_rest) / (guess - last_guess)
        last_guess = guess
        last_rest = rest
        guess -= rest / slope if slope > _FLAT else rest
        if not (0.0 <= guess <= 2.0 * equity):
            break
    return search_equity(lane.at, lane.index, bar.row, equity, reference, unit, volume, sigma)


@routine
def search_equity(
    at: Any, index: int, row: int, equity: float, reference: Any, unit: Any, volume: Any, sigma: Any
) -> float:
    """The same root whatever the costs are.

    The secant converges in two or three rounds because costs are a small share of what is traded; a step that leaves
    the bracket is halved.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    close = _TOLERANCE * abs(equity)
    guess = equity
    last_guess = equity
    last_rest = 0.0
    for turn in range(_ROUNDS):
        rest = guess - equity + cost_to_reach(lane, s, guess, reference, unit, bar.spread, volume, sigma)
        if abs(rest) <= close:
            return guess
        slope = (rest - last_rest) / (guess - last_guess) if turn > 0 and guess != last_guess else first_slope(s, guess)
        last_guess = guess
        last_rest = rest
        guess -= rest / slope if slope > _FLAT else rest
        if not (0.0 <= guess <= 2.0 * equity):
            break
    return bisect_equity(at, index, row, equity, reference, unit, volume, sigma)


@routine
def bisect_equity(
    at: Any, index: int, row: int, equity: float, reference: Any, unit: Any, volume: Any, sigma: Any
) -> float:
    """The same root by halving, for schedules that jump (brackets, fixed fees), from the side that can pay."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    spread = bar.spread
    low = 0.0
    high = equity
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not (low < middle < high):
            break
        if middle - equity + cost_to_reach(lane, s, middle, reference, unit, spread, volume, sigma) <= 0.0:
            low = middle
        else:
            high = middle
    cost_to_reach(lane, s, low, reference, unit, spread, volume, sigma)
    return low


@loop
def value_held(held: Floats, price: Floats, unit: Floats, out: Floats) -> None:
    """held * price * unit; 0 for nothing, whatever the price."""
    for i in range(held.size):
        out[i] = held[i] * (price[i] if held[i] != 0.0 else 0.0) * (unit[i] if held[i] != 0.0 else 0.0)


@kernel
def value_holdings(lane: Any, s: Any, reference: Any, unit: Any) -> float:
    """x, the value held per slot at the reference prices, into `s.worth`; returns V."""
    total = 0.0
    value_held(lane.held, reference, unit, s.worth)
    for i in range(s.worth.size):
        total += s.worth[i]
    return lane.account.cash + total


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
    smallest = _DUST * abs(equity)
    if lane.rules.uncut and lane.account.working == 0 and not lane.netted and lane.rules.order_type == _MARKET:
        lane.account.plain = 1
        lane.account.working = write_orders(
            s.want,
            s.frozen,
            after,
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
            exact = weight * after / price
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
        write_terms(lane.at, lane.index, bar.row, sleeve, quantity, price)
    note(lane, bar.row, log, slot, _ORDER, _SIGNAL, 0, lane.quantity[sleeve], quantity)


@routine
def write_terms(at: Any, index: int, row: int, sleeve: int, quantity: float, price: float) -> None:
    """The terms of an order that is not plain: type, life, limit or stop at price * (1 +- price_threshold)."""
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


@kernel
def start_orders(lane: Any, s: Any) -> None:
    """A decision that leaves nothing but market orders of its own makes the lane's orders plain."""
    kept = False
    if lane.account.working:
        for k in range(lane.order_quantity.size):
            if lane.order_quantity[k] != 0.0 and (s.frozen[lane.slot_of[k]] != 0 or lane.order_price[k] == 0.0):
                kept = True
    if lane.rules.order_type != _MARKET or (kept and not lane.account.plain):
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
