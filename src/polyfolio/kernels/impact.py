"""Market impact as rates of the price, by participation rho = abs(quantity) / volume and volatility sigma per bar.

    model                 temporary, paid by this fill     permanent, half paid by this fill
    linear                temporary * sigma * rho          permanent * sigma * rho
    square_root           temporary * sigma * sqrt(rho)    permanent * sigma * rho
    permanent_temporary   temporary * sigma * rho^e        permanent * sigma * rho

The permanent part is linear in rho in every model: any other shape lets a round trip earn money.
Where volume or sigma is unknown (NaN) or not positive, impact is 0; whoever calls says so in the journal.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Impact
from polyfolio.kernels.compile import kernel

_NONE = int(Impact.NONE)
_SQUARE_ROOT = int(Impact.SQUARE_ROOT)
_PERMANENT_TEMPORARY = int(Impact.PERMANENT_TEMPORARY)

# Halvings of a bracket at most a factor of about 2^(1/e) wide: for e >= 0.1 the last bit is reached before this.
_HALVINGS = 70


@kernel
def participation(quantity: float, volume: float) -> float:
    """abs(quantity) / volume; 0 where the volume is unknown or not positive."""
    return abs(quantity) / volume if volume > 0.0 else 0.0


@kernel
def known_sigma(sigma: float) -> float:
    """sigma, or 0 where it is unknown or negative."""
    return sigma if sigma > 0.0 else 0.0


@kernel
def combined_impact(shape: float, share: float, sigma: float, temporary: float, permanent: float) -> float:
    """What a fill pays: temporary * sigma * shape(rho) + permanent * sigma * rho / 2."""
    return temporary * sigma * shape + permanent * sigma * share / 2.0


@kernel
def temporary_impact(quantity: float, volume: float, sigma: float, rules: Any) -> float:
    """The part that this fill pays and the market forgets, a rate >= 0."""
    if rules.impact_model == _NONE:
        return 0.0
    shape = participation(quantity, volume)
    if rules.impact_model == _SQUARE_ROOT:
        shape = math.sqrt(shape)
    elif rules.impact_model == _PERMANENT_TEMPORARY:
        shape = math.pow(shape, rules.impact_exponent)
    return rules.temporary_impact * known_sigma(sigma) * shape


@kernel
def permanent_impact(quantity: float, volume: float, sigma: float, rules: Any) -> float:
    """The part that stays in the price, a rate >= 0; the fill itself pays half of it."""
    if rules.impact_model == _NONE:
        return 0.0
    share = participation(quantity, volume)
    return rules.permanent_impact * known_sigma(sigma) * share


@kernel
def impact_rate(quantity: float, volume: float, sigma: float, rules: Any) -> float:
    """What a fill pays: temporary + permanent / 2."""
    temporary = temporary_impact(quantity, volume, sigma, rules)
    return temporary + permanent_impact(quantity, volume, sigma, rules) / 2.0


@kernel
def decay_pressure(pressure: float, rules: Any) -> float:
    """A propagated displacement of the price one bar later: pressure * impact_decay."""
    return pressure * rules.impact_decay


@kernel
def _linear_share(limit: float, slope: float) -> float:
    """The rho with slope * rho = limit."""
    return limit / slope if slope > 0.0 else math.inf


@kernel
def _square_root_share(limit: float, root: float, slope: float) -> float:
    """The rho with root * sqrt(rho) + slope * rho = limit, in the form that does not cancel."""
    below = root + math.sqrt(root * root + 4.0 * slope * limit)
    if not below > 0.0:
        return math.inf
    return (2.0 * limit / below) * (2.0 * limit / below)


@kernel
def _power_share(limit: float, power: float, slope: float, exponent: float) -> float:
    """The rho with power * rho^exponent + slope * rho = limit, by bisection from the side that meets the limit.

    At the root one term is at least half the limit and none is more than all of it, which brackets it.
    """
    low = _linear_share(0.5 * limit, slope)
    high = _linear_share(limit, slope)
    if power > 0.0:
        low = min(low, math.pow(0.5 * limit / power, 1.0 / exponent))
        high = min(high, math.pow(limit / power, 1.0 / exponent))
    if not high < math.inf:
        return math.inf
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if power * math.pow(middle, exponent) + slope * middle <= limit:
            low = middle
        else:
            high = middle
    return low


@kernel
def impact_quantity_cap(limit: float, volume: float, sigma: float, rules: Any) -> float:
    """The largest abs(quantity) whose impact_rate is at most `limit`, to rounding.

    inf where nothing binds: no model, no limit (inf or NaN), volume or sigma unknown. 0 for a limit of 0 or less.
    """
    if rules.impact_model == _NONE or not limit < math.inf or not (volume > 0.0 and sigma > 0.0):
        return math.inf
    temporary = rules.temporary_impact * sigma
    half = 0.5 * rules.permanent_impact * sigma
    if not (temporary > 0.0 or half > 0.0):
        return math.inf
    if not limit > 0.0:
        return 0.0
    if rules.impact_model == _SQUARE_ROOT:
        share = _square_root_share(limit, temporary, half)
    elif rules.impact_model == _PERMANENT_TEMPORARY:
        share = _power_share(limit, temporary, half, rules.impact_exponent)
    else:
        share = _linear_share(limit, temporary + half)
    return share * volume
