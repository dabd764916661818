"""Slippage and half spread as rates of the price, always against the trader: fill = reference * (1 + side * rate)."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Slippage
from polyfolio.kernels.compile import kernel

_NONE = int(Slippage.NONE)
_LINEAR = int(Slippage.LINEAR)
_SQUARE_ROOT = int(Slippage.SQUARE_ROOT)
_VOLUME_SHARE = int(Slippage.VOLUME_SHARE)


@kernel
def base_part(rules: Any) -> float:
    """The rate that does not depend on size; 0 without a model."""
    return 0.0 if rules.slippage_model == _NONE else rules.base_slippage


@kernel
def linear_part(rules: Any) -> float:
    """The rate per unit of quantity; 0 in models that are not linear."""
    return rules.volume_impact if rules.slippage_model == _LINEAR else 0.0


@kernel
def linear_slippage(size: float, base: float, slope: float) -> float:
    """The rate base + slope * abs(quantity); with slope 0 the percentage model."""
    return base + slope * size


@kernel
def square_root_slippage(size: float, base: float, slope: float) -> float:
    """The rate base + slope * sqrt(abs(quantity))."""
    return base + slope * math.sqrt(size)


@kernel
def volume_share_slippage(size: float, volume: float, base: float, slope: float) -> float:
    """The rate base + slope * (abs(quantity) / volume)^2; base alone where the volume is unknown or zero."""
    share = size / volume if volume > 0.0 else 0.0
    return base + slope * share * share


@kernel
def slippage_rate(quantity: float, volume: float, rules: Any) -> float:
    """Slippage of a fill of `quantity` units as a share of the price, >= 0.

    Args:
        quantity: units, signed; the sign is ignored.
        volume: the volume a share is taken of, in the same units; NaN or zero: the base rate alone.
        rules: the lane's rules.
    """
    size = abs(quantity)
    if rules.slippage_model == _VOLUME_SHARE:
        return volume_share_slippage(size, volume, rules.base_slippage, rules.volume_impact)
    if rules.slippage_model == _SQUARE_ROOT:
        return square_root_slippage(size, rules.base_slippage, rules.volume_impact)
    return linear_slippage(size, base_part(rules), linear_part(rules))


@kernel
def spread_part(spread: float, price: float, paid: float) -> float:
    """The rate paid * spread / price; 0 where the spread is unknown or negative."""
    quoted = spread > 0.0 and price > 0.0
    return paid * (spread if quoted else 0.0) / (price if quoted else 1.0)


@kernel
def half_spread_rate(spread: float, price: float, rules: Any) -> float:
    """The paid share (`half_spread`, 0.5 = half of it) of the quoted spread, as a rate of the price."""
    return spread_part(spread, price, rules.half_spread)
