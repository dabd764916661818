"""What a set of trades costs in all: commission, slippage, spread and impact, one number per slot and their sum.

The formulas are those of `commission`, `slippage` and `impact`; here stand the loops, one per model, so that no
branch on a model is taken inside them. A slot without a trade costs exactly 0, whatever its price (NaN included).

Most lanes have simple costs: an affine fee, slippage linear in the quantity, the spread. Their terms fit into
registers, so that whoever loops over orders takes the costs in the same loop.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Commission, Impact, Slippage
from polyfolio.core.types import Floats
from polyfolio.kernels.commission import affine_fee, bound_fee, commission, fixed_part, rate_part, unit_part
from polyfolio.kernels.compile import kernel, loop
from polyfolio.kernels.impact import combined_impact, impact_rate, known_sigma, participation
from polyfolio.kernels.slippage import (
    base_part,
    half_spread_rate,
    linear_part,
    linear_slippage,
    slippage_rate,
    spread_part,
    square_root_slippage,
    volume_share_slippage,
)

_NO_FEE = int(Commission.NONE)
_TIERED = int(Commission.TIERED)
_SLIPPAGE_ROOT = int(Slippage.SQUARE_ROOT)
_SLIPPAGE_SHARE = int(Slippage.VOLUME_SHARE)
_NO_IMPACT = int(Impact.NONE)
_IMPACT_ROOT = int(Impact.SQUARE_ROOT)
_IMPACT_POWER = int(Impact.PERMANENT_TEMPORARY)


@kernel
def fill_price(reference: float, side: float, rate: float) -> float:
    """The price reference * (1 + side * rate), side +1 to buy and -1 to sell, rate the sum of what the fill pays."""
    return reference * (1.0 + side * rate)


@kernel
def fill_rate(quantity: float, price: float, spread: float, volume: float, sigma: float, rules: Any) -> float:
    """The sum slippage + half spread + temporary impact + permanent impact / 2, as a share of the price."""
    quoted = slippage_rate(quantity, volume, rules) + half_spread_rate(spread, price, rules)
    return quoted + impact_rate(quantity, volume, sigma, rules)


@kernel
def notional_of(quantity: float, price: float, unit: float) -> float:
    """abs(quantity) * price * unit; 0 for no quantity, whatever the price."""
    trades = quantity != 0.0
    return abs(quantity) * (price if trades else 0.0) * (unit if trades else 0.0)


@loop
def add_commission(
    trade: Floats, price: Floats, unit: Floats, rules: Any, tiers: Floats, period_volume: float, out: Floats
) -> None:
    """out_i += the commission of order i at its fill price, which lies out_i of money beyond the reference.

    With a cumulative basis every order starts at the same `period_volume`.
    """
    if rules.commission_model == _TIERED:
        for i in range(trade.size):
            if trade[i] != 0.0:
                paid = price[i] + out[i] / (trade[i] * unit[i])
                out[i] += commission(trade[i], paid, unit[i], rules, tiers, period_volume)
        return
    fixed = fixed_part(rules)
    rate = rate_part(rules)
    per_unit = unit_part(rules)
    lowest = 0.0 if rules.commission_model == _NO_FEE else rules.min_fee
    highest = rules.max_fee
    for i in range(trade.size):
        beyond = out[i] if trade[i] > 0.0 else -out[i]
        notional = notional_of(trade[i], price[i], unit[i]) + beyond
        fee = bound_fee(affine_fee(abs(trade[i]), notional, fixed, rate, per_unit), lowest, highest)
        out[i] += fee if trade[i] != 0.0 else 0.0


@loop
def add_slippage(
    trade: Floats, price: Floats, unit: Floats, spread: Floats, volume: Floats, rules: Any, out: Floats
) -> None:
    """out_i += (slippage + half spread) * notional."""
    model = rules.slippage_model
    base = base_part(rules)
    paid = rules.half_spread
    slope = rules.volume_impact
    if model == _SLIPPAGE_ROOT:
        for i in range(trade.size):
            rate = square_root_slippage(abs(trade[i]), base, slope) + spread_part(spread[i], price[i], paid)
            out[i] += notional_of(trade[i], price[i], unit[i]) * rate
    elif model == _SLIPPAGE_SHARE:
        for i in range(trade.size):
            rate = volume_share_slippage(abs(trade[i]), volume[i], base, slope)
            rate += spread_part(spread[i], price[i], paid)
            out[i] += notional_of(trade[i], price[i], unit[i]) * rate
    else:
        slope = linear_part(rules)
        for i in range(trade.size):
            rate = linear_slippage(abs(trade[i]), base, slope) + spread_part(spread[i], price[i], paid)
            out[i] += notional_of(trade[i], price[i], unit[i]) * rate


@loop
def add_impact(
    trade: Floats, price: Floats, unit: Floats, volume: Floats, sigma: Floats, rules: Any, out: Floats
) -> None:
    """out_i += (temporary + permanent / 2) * notional."""
    model = rules.impact_model
    temporary = rules.temporary_impact
    permanent = rules.permanent_impact
    exponent = rules.impact_exponent
    if model == _IMPACT_ROOT:
        for i in range(trade.size):
            share = participation(trade[i], volume[i])
            rate = combined_impact(math.sqrt(share), share, known_sigma(sigma[i]), temporary, permanent)
            out[i] += notional_of(trade[i], price[i], unit[i]) * rate
    elif model == _IMPACT_POWER:
        for i in range(trade.size):
            share = participation(trade[i], volume[i])
            rate = combined_impact(math.pow(share, exponent), share, known_sigma(sigma[i]), temporary, permanent)
            out[i] += notional_of(trade[i], price[i], unit[i]) * rate
    else:
        for i in range(trade.size):
            share = participation(trade[i], volume[i])
            rate = combined_impact(share, share, known_sigma(sigma[i]), temporary, permanent)
            out[i] += notional_of(trade[i], price[i], unit[i]) * rate


@loop
def add_pressure(trade: Floats, price: Floats, unit: Floats, pressure: Floats, out: Floats) -> None:
    """out_i += what the own earlier impact left in the price costs this trade; it never pays, or pushing would."""
    for i in range(trade.size):
        if trade[i] != 0.0:
            out[i] += max(trade[i] * price[i] * unit[i] * pressure[i], 0.0)


@kernel
def has_simple_costs(rules: Any) -> bool:
    """Whether an order's costs are an affine fee, linear slippage and the spread, and nothing else."""
    model = rules.slippage_model
    linear = model != _SLIPPAGE_ROOT and model != _SLIPPAGE_SHARE
    return linear and rules.impact_model == _NO_IMPACT and rules.commission_model != _TIERED


@kernel
def simple_terms(rules: Any) -> tuple[float, float, float, float, float, float, float, float]:
    """The terms of `simple_slippage` (0 to 2) and `simple_fee` (3 to 7)."""
    lowest = 0.0 if rules.commission_model == _NO_FEE else rules.min_fee
    return (
        base_part(rules),
        linear_part(rules),
        rules.half_spread,
        fixed_part(rules),
        rate_part(rules),
        unit_part(rules),
        lowest,
        rules.max_fee,
    )


@kernel
def simple_slippage(quantity: float, price: float, unit: float, spread: float, terms: Any) -> float:
    """(slippage + half spread) * notional of one order, in money."""
    rate = linear_slippage(abs(quantity), terms[0], terms[1]) + spread_part(spread, price, terms[2])
    return notional_of(quantity, price, unit) * rate


@kernel
def simple_fee(quantity: float, notional: float, terms: Any) -> float:
    """The fee of one order whose notional at its fill price is given; 0 for no order."""
    fee = bound_fee(affine_fee(abs(quantity), notional, terms[3], terms[4], terms[5]), terms[6], terms[7])
    return fee if quantity != 0.0 else 0.0


@kernel
def simple_cost(quantity: float, price: float, unit: float, spread: float, terms: Any) -> float:
    """Slippage, spread and fee of one order, in money."""
    slip = simple_slippage(quantity, price, unit, spread, terms)
    beyond = slip if quantity > 0.0 else -slip
    return slip + simple_fee(quantity, notional_of(quantity, price, unit) + beyond, terms)


@loop
def simple_costs(trade: Floats, price: Floats, unit: Floats, spread: Floats, terms: Any, out: Floats) -> None:
    """`simple_cost` of every order."""
    for i in range(trade.size):
        out[i] = simple_cost(trade[i], price[i], unit[i], spread[i], terms)


@kernel
def ordered_sum(values: Floats) -> float:
    """Sum in four accumulators of fixed order: in one, each addition would wait for the one before."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = values.size - values.size % 4
    for i in range(0, whole, 4):
        first += values[i]
        second += values[i + 1]
        third += values[i + 2]
        fourth += values[i + 3]
    total = (first + second) + (third + fourth)
    for i in range(whole, values.size):
        total += values[i]
    return total


@kernel
def trade_costs(
    trade: Floats,
    price: Floats,
    unit: Floats,
    spread: Floats,
    volume: Floats,
    sigma: Floats,
    rules: Any,
    tiers: Floats,
    period_volume: float,
    pressure: Floats,
    out: Floats,
) -> float:
    """Costs of the signed trades, in base currency: out_i per slot, and their sum in a fixed order."""
    if has_simple_costs(rules):
        terms = simple_terms(rules)
        simple_costs(trade, price, unit, spread, terms, out)
        return ordered_sum(out)
    for i in range(trade.size):
        out[i] = 0.0
    add_slippage(trade, price, unit, spread, volume, rules, out)
    if rules.impact_model != _NO_IMPACT:
        add_impact(trade, price, unit, volume, sigma, rules, out)
        if rules.propagate:
            add_pressure(trade, price, unit, pressure, out)
    add_commission(trade, price, unit, rules, tiers, period_volume, out)
    return ordered_sum(out)
