"""Sums that do not depend on how long the series is.

A plain sum of 756 daily returns with mean 2e-4 and deviation 1e-2 is off by about 1e-13 of the mean; with the low part
carried along (Knuth's two-sum, Neumaier's correction) it is off by one rounding. A state keeps the sum at `at` and
the low part at `at + 1`.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel

# A simple return taken from float64 wealth carries an error of about 2e-16, so a deviation below this is that error
# and no risk: dividing by it would print a Sharpe ratio of 1e13 for a savings account.
RESOLUTION = 1e-14


@kernel
def clear(state: Floats, size: int) -> None:
    """Set the first `size` values to 0."""
    for i in range(size):
        state[i] = 0.0


@kernel
def add(state: Floats, at: int, value: float) -> None:
    """Add `value` to the sum at `at`, exact up to one rounding of the total."""
    before = state[at]
    after = before + value
    part = after - before
    state[at + 1] += (before - (after - part)) + (value - part)
    state[at] = after


@kernel
def total(state: Floats, at: int) -> float:
    """The sum at `at`."""
    return float(state[at] + state[at + 1])


@kernel
def ratio(numerator: float, denominator: float) -> float:
    """One quotient, NaN where the denominator is 0 or NaN."""
    if not (denominator > 0.0 or denominator < 0.0):
        return math.nan
    return numerator / denominator


@kernel
def over_deviation(numerator: float, deviation: float) -> float:
    """A quotient by a deviation of returns, NaN where the deviation is no more than rounding."""
    if not (deviation > RESOLUTION):
        return math.nan
    return numerator / deviation
