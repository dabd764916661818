"""What a set of fills costs and the prices it is done at.

price = reference * (1 + pressure + side * (slippage + half spread + temporary + permanent / 2))

Commission, slippage and impact are booked apart; a resting order pays commission only, and so does the part of an
order that meets another one inside the group or the lane (`crossed`), which pays nothing at all.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import Impact
from polyfolio.core.types import Floats
from polyfolio.kernels.commission import commission_of_fill
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.costs import (
    add_commission,
    add_impact,
    add_slippage,
    has_simple_costs,
    notional_of,
    simple_fee,
    simple_slippage,
    simple_terms,
)
from polyfolio.kernels.impact import permanent_impact
from polyfolio.kernels.lanes import lane_at
from polyfolio.kernels.matching import RESTS

_NO_IMPACT = int(Impact.NONE)


@kernel
def price_fills(
    lane: Any, bar: Any, s: Any, reference: Any, unit: Any, spread: Any, base: Any, sigma: Any, matched: int
) -> None:
    """Cost and price of the fills in `s.own`; all arrays are per sleeve. `s.money` is used as scratch.

    price = reference + side * (slippage + impact) / abs(quantity), the costs being money per unit here.
    """
    rules = lane.rules
    if matched != RESTS and has_simple_costs(rules):
        price_simply(lane, s, reference, unit, spread)
        return
    for k in range(s.own.size):
        s.slip[k] = 0.0
        s.push[k] = 0.0
        s.money[k] = s.own[k] * (1.0 - lane.crossed[k])
    if matched != RESTS:
        add_slippage(s.money, reference, unit, spread, base, rules, s.slip)
        if rules.impact_model != _NO_IMPACT:
            add_impact(s.money, reference, unit, base, sigma, rules, s.push)
            if rules.propagate:
                push_price(lane.at, lane.index, bar.row, reference, unit, base, sigma)
    for k in range(s.own.size):
        quantity = s.own[k]
        size = quantity * unit[k] if quantity != 0.0 else 1.0
        s.paid[k] = reference[k] + (s.slip[k] + s.push[k]) / size
    for k in range(s.own.size):
        s.fee[k] = 0.0
    add_commission(s.money, s.paid, unit, rules, lane.tiers, lane.account.period_volume, s.fee)
    for k in range(s.own.size):
        if lane.order_filled[k] != 0.0 and s.money[k] != 0.0:
            s.fee[k] = fee_of_rest(lane.at, lane.index, lane.account.row, k, s.money[k], s.paid[k], unit[k])


@kernel
def price_simply(lane: Any, s: Any, reference: Any, unit: Any, spread: Any) -> None:
    """`price_fills` for lanes with simple costs."""
    terms = simple_terms(lane.rules)
    price_sleeves(s.own, lane.crossed, reference, unit, spread, terms, s.money, s.slip, s.push, s.paid, s.fee)
    for k in range(s.own.size):
        if lane.order_filled[k] != 0.0 and s.money[k] != 0.0:
            s.fee[k] = fee_of_rest(lane.at, lane.index, lane.account.row, k, s.money[k], s.paid[k], unit[k])


@loop
def price_sleeves(
    own: Floats,
    crossed: Floats,
    reference: Floats,
    unit: Floats,
    spread: Floats,
    terms: Any,
    trade: Floats,
    slip: Floats,
    push: Floats,
    paid: Floats,
    fee: Floats,
) -> None:
    """The part of each fill that pays, its slippage, its price and its fee."""
    for k in range(own.size):
        trade[k] = own[k] * (1.0 - crossed[k])
        slip[k] = simple_slippage(trade[k], reference[k], unit[k], spread[k], terms)
        push[k] = 0.0
        paid[k] = reference[k] + slip[k] / (own[k] * unit[k] if own[k] != 0.0 else 1.0)
        fee[k] = simple_fee(trade[k], notional_of(trade[k], paid[k], unit[k]), terms)


@routine
def fee_of_rest(at: Any, index: int, row: int, sleeve: int, quantity: float, price: float, unit: float) -> float:
    """The fee of a further fill of an order that has filled in part."""
    lane = lane_at(at, index, row)
    return commission_of_fill(
        lane.order_filled[sleeve], quantity, price, unit, lane.rules, lane.tiers, lane.account.period_volume
    )


@routine
def push_price(at: Any, index: int, row: int, reference: Any, unit: Any, base: Any, sigma: Any) -> None:
    """The own earlier impact that is still in the price, and what these fills add to it."""
    lane = lane_at(at, index, row)
    s = at.s
    for k in range(s.money.size):
        if s.money[k] != 0.0:
            i = lane.slot_of[k]
            side = 1.0 if s.money[k] > 0.0 else -1.0
            # Never in its favour, or pushing a price and selling into it would earn.
            s.push[k] += max(s.money[k] * reference[k] * unit[k] * lane.pressure[i], 0.0)
            lane.pressure[i] += side * permanent_impact(s.money[k], base[k], sigma[k], lane.rules)
