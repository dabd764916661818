"""Covariance of two series, in one pass with compensated sums about the first pair (see `moments`)."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.measures.sums import RESOLUTION, add, clear, over_deviation, total

_COUNT, _SHIFT_X, _SHIFT_Y = 0, 1, 2
_SUM_X, _SUM_Y, _X, _Y, _XX, _YY, _XY = 3, 5, 7, 9, 11, 13, 15
SIZE = 17


@kernel
def init(state: Floats) -> None:
    """An empty sample; `state` has SIZE values."""
    clear(state, SIZE)


@kernel
def update(state: Floats, x: float, y: float) -> None:
    """Take one more pair."""
    if state[_COUNT] == 0.0:
        state[_SHIFT_X] = x
        state[_SHIFT_Y] = y
    state[_COUNT] += 1.0
    dx = x - state[_SHIFT_X]
    dy = y - state[_SHIFT_Y]
    add(state, _SUM_X, x)
    add(state, _SUM_Y, y)
    add(state, _X, dx)
    add(state, _Y, dy)
    add(state, _XX, dx * dx)
    add(state, _YY, dy * dy)
    add(state, _XY, dx * dy)


@kernel
def mean_x(state: Floats) -> float:
    """Mean of the first series, NaN when empty."""
    return math.nan if state[_COUNT] == 0.0 else float(total(state, _SUM_X) / state[_COUNT])


@kernel
def mean_y(state: Floats) -> float:
    """Mean of the second series, NaN when empty."""
    return math.nan if state[_COUNT] == 0.0 else float(total(state, _SUM_Y) / state[_COUNT])


@kernel
def covariance(state: Floats) -> float:
    """sum((x - mean x)(y - mean y)) / (n - 1), NaN below two pairs."""
    n = state[_COUNT]
    if not (n > 1.0):
        return math.nan
    return float((total(state, _XY) - total(state, _X) * total(state, _Y) / n) / (n - 1.0))


@kernel
def deviation_x(state: Floats) -> float:
    """Standard deviation of the first series, ddof 1."""
    n = state[_COUNT]
    if not (n > 1.0):
        return math.nan
    first = total(state, _X)
    return math.sqrt(max(total(state, _XX) - first * first / n, 0.0) / (n - 1.0))


@kernel
def deviation_y(state: Floats) -> float:
    """Standard deviation of the second series, ddof 1."""
    n = state[_COUNT]
    if not (n > 1.0):
        return math.nan
    first = total(state, _Y)
    return math.sqrt(max(total(state, _YY) - first * first / n, 0.0) / (n - 1.0))


@kernel
def slope(state: Floats) -> float:
    """cov(x, y) / var(y): the beta of x on y; NaN when y does not move."""
    deviation = deviation_y(state)
    if not (deviation > RESOLUTION):
        return math.nan
    return covariance(state) / (deviation * deviation)


@kernel
def correlation(state: Floats) -> float:
    """Pearson's correlation; NaN when either series does not move."""
    return over_deviation(over_deviation(covariance(state), deviation_x(state)), deviation_y(state))
