"""What trading a share of equity costs, as the terms of a convex function: for callers that plan trades.

    cost(z) / E = linear |z| + root |z|^(3/2) + square z^2 + power |z|^(1 + e) + cube |z|^3,   q = |z| E / (p u)

with the formulas of `commission`, `slippage` and `impact`. Not convex, and left out: fees per order, their bounds,
tiers beyond the first. Rebates count as 0.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Commission, Impact, Slippage
from polyfolio.core.types import Floats
from polyfolio.kernels.bounds import gross_bound, net_bound
from polyfolio.kernels.commission import rate_part, tier_rate, unit_part
from polyfolio.kernels.compile import entry
from polyfolio.kernels.impact import known_sigma
from polyfolio.kernels.slippage import base_part, linear_part, spread_part

LINEAR, ROOT, SQUARE, POWER, CUBE = 0, 1, 2, 3, 4
TERMS = 5

_TIERED = int(Commission.TIERED)
_SLIPPAGE_ROOT = int(Slippage.SQUARE_ROOT)
_SLIPPAGE_SHARE = int(Slippage.VOLUME_SHARE)
_NO_IMPACT = int(Impact.NONE)
_IMPACT_LINEAR = int(Impact.LINEAR)
_IMPACT_ROOT = int(Impact.SQUARE_ROOT)


@entry
def cost_terms(
    equity: float,
    price: Floats,
    unit: Floats,
    spread: Floats,
    volume: Floats,
    sigma: Floats,
    lanes: Any,
    tiers: Floats,
    out: Floats,
) -> None:
    """Write the terms of every slot; 0 where the price is unknown.

    Args:
        equity: what shares are taken of.
        price: float64[slots].
        unit: contract multiplier times the rate of exchange.
        spread: in price units; NaN = unknown.
        volume: trailing mean volume; NaN or 0: no impact.
        sigma: trailing volatility of bar returns.
        lanes: RULES[1], the lane's.
        tiers: the lane's table.
        out: float64[TERMS, slots].
    """
    rules = lanes[0]
    rate = rate_part(rules) + base_part(rules)
    if rules.commission_model == _TIERED:
        rate += tier_rate(0.0, tiers)
    for i in range(price.size):
        for term in range(TERMS):
            out[term, i] = 0.0
        worth = price[i] * unit[i]
        if not worth > 0.0:
            continue
        units = equity / worth  # for the whole equity
        paid = rate + spread_part(spread[i], price[i], rules.half_spread) + unit_part(rules) / worth
        out[LINEAR, i] = max(paid, 0.0)
        out[SQUARE, i] = linear_part(rules) * units
        share = units / volume[i] if volume[i] > 0.0 else 0.0
        if rules.slippage_model == _SLIPPAGE_ROOT:
            out[ROOT, i] = rules.volume_impact * math.sqrt(units)
        elif rules.slippage_model == _SLIPPAGE_SHARE:
            out[CUBE, i] = rules.volume_impact * share * share
        if rules.impact_model != _NO_IMPACT:
            moved = known_sigma(sigma[i])
            out[SQUARE, i] += rules.permanent_impact * moved * share / 2.0
            temporary = rules.temporary_impact * moved
            if rules.impact_model == _IMPACT_LINEAR:
                out[SQUARE, i] += temporary * share
            elif rules.impact_model == _IMPACT_ROOT:
                out[ROOT, i] += temporary * math.sqrt(share)
            else:
                out[POWER, i] = temporary * math.pow(share, rules.impact_exponent)


@entry
def exposure_bounds(lanes: Any, out: Floats) -> None:
    """Write the bounds on sum abs(w) and on sum w, from above and below, that a lane's limits set."""
    rules = lanes[0]
    out[0], _ = gross_bound(rules)
    out[1], _ = net_bound(rules)
    out[2] = rules.min_net
