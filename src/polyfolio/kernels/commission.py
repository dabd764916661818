"""Commission of one order, in the account's base currency.

A schedule is one of: a fixed fee, a share of notional, money per unit, fixed plus share, or tiers. All but the
tiers are one formula, fee = fixed + rate * notional + per_unit * abs(quantity), with the other parts zero.

The sum is then bounded: a fee that is not negative is at least `min_fee` and at most `max_fee` (where they
contradict, `max_fee` wins); a negative fee is a rebate and passes as it is. No order, no fee, whatever the minimum.

Tiers are rows (min, max, rate), half-open [min, max), ascending and gapless from zero to infinity; a row with
max <= min is unused. Volume is counted in units or in notional (`volume_unit`); the rate applies to notional.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import Commission, TierMode, VolumeBasis, VolumeUnit
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel

_NONE = int(Commission.NONE)
_FIXED = int(Commission.FIXED)
_PERCENTAGE = int(Commission.PERCENTAGE)
_TIERED = int(Commission.TIERED)
_FIXED_PERCENTAGE = int(Commission.FIXED_PERCENTAGE)
_PER_UNIT = int(Commission.PER_UNIT)
_BRACKET = int(TierMode.BRACKET)
_CUMULATIVE = int(VolumeBasis.CUMULATIVE)
_NOTIONAL = int(VolumeUnit.NOTIONAL)


@kernel
def fixed_part(rules: Any) -> float:
    """Money per order in the chosen model; 0 where the model has none."""
    if rules.commission_model in (_FIXED, _FIXED_PERCENTAGE):
        return rules.fixed_fee
    return 0.0


@kernel
def rate_part(rules: Any) -> float:
    """Share of notional in the chosen model; 0 where the model has none."""
    if rules.commission_model in (_PERCENTAGE, _FIXED_PERCENTAGE):
        return rules.percentage_fee
    return 0.0


@kernel
def unit_part(rules: Any) -> float:
    """Money per unit in the chosen model; 0 where the model has none."""
    if rules.commission_model == _PER_UNIT:
        return rules.per_unit_fee
    return 0.0


@kernel
def affine_fee(size: float, notional: float, fixed: float, rate: float, per_unit: float) -> float:
    """The fee fixed + rate * notional + per_unit * size, before bounds."""
    return fixed + rate * notional + per_unit * size


@kernel
def bound_fee(fee: float, lowest: float, highest: float) -> float:
    """min(max(fee, lowest), highest) for a fee that is not negative; a rebate as it is."""
    raised = fee if fee > lowest else lowest
    bounded = raised if raised < highest else highest
    return bounded if fee >= 0.0 else fee


@kernel
def traded_volume(quantity: float, price: float, unit: float, rules: Any) -> float:
    """The volume that tiers count for a trade of this size: units, or notional in base currency."""
    if rules.volume_unit == _NOTIONAL:
        return abs(quantity * price) * unit
    return abs(quantity)


@kernel
def tier_rate(volume: float, tiers: Floats) -> float:
    """Rate of the tier [min, max) in which `volume` lies; below zero that of the first."""
    rate = tiers[0, 2]
    for k in range(tiers.shape[0]):
        if tiers[k, 1] > tiers[k, 0] and volume >= tiers[k, 0]:
            rate = tiers[k, 2]
    return rate


@kernel
def sliced_rates(start: float, end: float, tiers: Floats) -> float:
    """Integral of the rate over volume from `start` to `end`: each slice pays its own tier's rate."""
    total = 0.0
    for k in range(tiers.shape[0]):
        low = start if start > tiers[k, 0] else tiers[k, 0]
        high = end if end < tiers[k, 1] else tiers[k, 1]
        if high > low:
            total += tiers[k, 2] * (high - low)
    return total


@kernel
def tiered_fee(volume: float, notional: float, start: float, rules: Any, tiers: Floats) -> float:
    """Tiered fee of an order of `volume` that begins at `start` on the volume scale, before bounds.

    marginal: sum over tiers of rate * (volume of the order inside the tier) * notional / volume.
    bracket: rate * notional, at the tier in which the order ends (per trade) or began (cumulative: the tier that
    earlier orders had reached).
    """
    if not volume > 0.0:
        return 0.0
    if rules.tier_mode != _BRACKET:
        return sliced_rates(start, start + volume, tiers) * (notional / volume)
    reached = start if rules.volume_basis == _CUMULATIVE else volume
    return tier_rate(reached, tiers) * notional


@kernel
def unbounded_fee(quantity: float, price: float, unit: float, rules: Any, tiers: Floats, period_volume: float) -> float:
    """The schedule's fee before `min_fee` and `max_fee`."""
    size = abs(quantity)
    notional = abs(quantity * price) * unit
    if rules.commission_model == _TIERED:
        start = period_volume if rules.volume_basis == _CUMULATIVE else 0.0
        return tiered_fee(traded_volume(quantity, price, unit, rules), notional, start, rules, tiers)
    return affine_fee(size, notional, fixed_part(rules), rate_part(rules), unit_part(rules))


@kernel
def commission(quantity: float, price: float, unit: float, rules: Any, tiers: Floats, period_volume: float) -> float:
    """Fee of one order of signed `quantity` at `price`, filled whole.

    Args:
        quantity: units, signed; 0 costs nothing.
        price: price of the fill, in price units.
        unit: contract multiplier times FX rate, money per price unit.
        rules: the lane's rules.
        tiers: shape (rows, 3): min, max, rate.
        period_volume: volume of the period before this order; read with a cumulative basis only.

    Returns:
        Money, positive for a cost, negative for a rebate.
    """
    if quantity == 0.0 or rules.commission_model == _NONE:
        return 0.0
    fee = unbounded_fee(quantity, price, unit, rules, tiers, period_volume)
    return bound_fee(fee, rules.min_fee, rules.max_fee)


@kernel
def commission_of_fill(
    filled_before: float, quantity: float, price: float, unit: float, rules: Any, tiers: Floats, period_volume: float
) -> float:
    """Fee of a further fill of one order: F(filled after) - F(filled before), so the parts add up to the whole.

    A fixed fee or a minimum is paid once, by the first fill. What was filled before is valued at this fill's price.

    Args:
        filled_before: units of this order that are filled already; the sign is ignored.
        quantity: units of this fill; 0 costs nothing.
        price: price of the fill.
        unit: contract multiplier times FX rate.
        rules: the lane's rules.
        tiers: shape (rows, 3): min, max, rate.
        period_volume: volume of the period before this fill, the order's own earlier fills included: what the
            account holds before it books this fill. A period that began in between gives a negative start, on
            which no tier lies, so the new period counts from zero.
    """
    if filled_before == 0.0:
        return commission(quantity, price, unit, rules, tiers, period_volume)
    start = period_volume - traded_volume(filled_before, price, unit, rules)
    before = commission(filled_before, price, unit, rules, tiers, start)
    return commission(abs(filled_before) + abs(quantity), price, unit, rules, tiers, start) - before


@kernel
def marginal_rate(quantity: float, price: float, unit: float, rules: Any, tiers: Floats, period_volume: float) -> float:
    """Derivative of the fee with respect to notional, where it exists: the slope for Newton's method.

    The share, or the rate of the tier the order ends in, or per_unit_fee / (price * unit). It is 0 where the fee
    stands at its minimum or maximum. Jumps (the fixed fee at zero, the steps of a bracket) are not in it.
    """
    fee = unbounded_fee(quantity, price, unit, rules, tiers, period_volume)
    if rules.commission_model == _NONE or bound_fee(fee, rules.min_fee, rules.max_fee) != fee:
        return 0.0
    if rules.commission_model == _TIERED:
        volume = traded_volume(quantity, price, unit, rules)
        if rules.volume_basis != _CUMULATIVE:
            return tier_rate(volume, tiers)
        return tier_rate(period_volume if rules.tier_mode == _BRACKET else period_volume + volume, tiers)
    worth = abs(price) * unit
    per_unit = unit_part(rules) / worth if worth > 0.0 else 0.0
    return rate_part(rules) + per_unit
