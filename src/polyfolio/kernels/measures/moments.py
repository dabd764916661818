"""Mean, standard deviation, skewness and kurtosis of returns.

Mean and deviation come from compensated sums of x, d = x - x_0 and d^2, with x_0 the first value: a constant series
gives a deviation of exactly 0, and because x_0 is in the sample, (mean - x_0)^2 <= (n - 1) var bounds the
cancellation. The updates divide nothing; Welford's recursion waits for one division a bar. Third and fourth moments
use Pebay's update (Sandia SAND2008-6212), where power sums about an outlying first value would lose digits.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures.sums import RESOLUTION, add, clear, total

NAMES = ("skew", "kurtosis", "excess_kurtosis")

_COUNT, _SHIFT, _SUM, _FIRST, _SECOND = 0, 1, 2, 4, 6
SIZE = 8
_MEAN, _M2, _M3, _M4 = 1, 2, 3, 4
SHAPE_SIZE = 5


@kernel
def init(state: Floats) -> None:
    """An empty sample; `state` has SIZE values."""
    clear(state, SIZE)


@kernel
def update(state: Floats, value: float) -> None:
    """Take one more value into the sample."""
    if state[_COUNT] == 0.0:
        state[_SHIFT] = value
    state[_COUNT] += 1.0
    distance = value - state[_SHIFT]
    add(state, _SUM, value)
    add(state, _FIRST, distance)
    add(state, _SECOND, distance * distance)


@kernel
def count(state: Floats) -> float:
    """Number of values so far."""
    return float(state[_COUNT])


@kernel
def mean(state: Floats) -> float:
    """Arithmetic mean, NaN for an empty sample."""
    if state[_COUNT] == 0.0:
        return math.nan
    return float(total(state, _SUM) / state[_COUNT])


@kernel
def deviation(state: Floats, ddof: float) -> float:
    """sqrt(sum((x - mean)^2) / (n - ddof)), NaN when n <= ddof."""
    n = state[_COUNT]
    if not (n > ddof):
        return math.nan
    first = total(state, _FIRST)
    squares = total(state, _SECOND) - first * first / n
    return math.sqrt(max(squares, 0.0) / (n - ddof))


@kernel
def init_shape(state: Floats) -> None:
    """An empty sample; `state` has SHAPE_SIZE values."""
    clear(state, SHAPE_SIZE)


@kernel
def update_shape(state: Floats, value: float) -> None:
    """Pebay's one-value update of the central moment sums M2, M3, M4."""
    before = state[_COUNT]
    n = before + 1.0
    delta = value - state[_MEAN]
    step = delta / n
    square = step * step
    term = delta * step * before
    state[_M4] += term * square * (n * n - 3.0 * n + 3.0) + 6.0 * square * state[_M2] - 4.0 * step * state[_M3]
    state[_M3] += term * step * (n - 2.0) - 3.0 * step * state[_M2]
    state[_M2] += term
    state[_MEAN] += step
    state[_COUNT] = n


@kernel
def skew(state: Floats) -> float:
    """Population skewness m3 / m2^1.5; scipy.stats.skew(bias=True)."""
    n = state[_COUNT]
    if n == 0.0 or not (state[_M2] / n > RESOLUTION * RESOLUTION):
        return math.nan
    variance = state[_M2] / n
    return float(state[_M3] / n / (variance * math.sqrt(variance)))


@kernel
def kurtosis(state: Floats) -> float:
    """Population kurtosis m4 / m2^2, normal = 3; scipy.stats.kurtosis(fisher=False)."""
    n = state[_COUNT]
    if n == 0.0 or not (state[_M2] / n > RESOLUTION * RESOLUTION):
        return math.nan
    variance = state[_M2] / n
    return float(state[_M4] / n / (variance * variance))


@entry
def summary(returns: Floats, state: Floats, out: Floats) -> None:
    """NAMES of a series; `state` is scratch of SHAPE_SIZE values."""
    init_shape(state)
    for i in range(returns.shape[0]):
        update_shape(state, returns[i])
    out[0] = skew(state)
    out[1] = kurtosis(state)
    out[2] = out[1] - 3.0
