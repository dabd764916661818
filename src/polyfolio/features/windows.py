"""What windowed features are made of: functions of arrays [slots, bars], each value from its own window.

Additions and multiplications of whole arrays give the same bits for any shape; logarithms and sums are compiled,
because NumPy's do not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats
from polyfolio.features.compiled import windows as compiled


def lagged(values: Floats, bars: int) -> Floats:
    """The value so many bars earlier; NaN where there is none."""
    out = np.full(values.shape, np.nan)
    out[:, bars:] = values[:, : max(values.shape[1] - bars, 0)]
    return out


def log(values: Floats) -> Floats:
    """Natural logarithm."""
    out = np.empty(values.shape)
    compiled.logarithm(np.ascontiguousarray(values), out)
    return out


def tanh(values: Floats) -> Floats:
    """Hyperbolic tangent."""
    out = np.empty(values.shape)
    compiled.tangent(np.ascontiguousarray(values), out)
    return out


def changes(values: Floats, bars: int = 1) -> Floats:
    """Relative change over so many bars."""
    return np.asarray(values / lagged(values, bars) - 1.0)


def total(values: Floats, period: int) -> Floats:
    """Sum of the last `period` values."""
    out = np.empty(values.shape)
    compiled.sums(values, period, np.empty((2, values.shape[1])), out)
    return out


def mean(values: Floats, period: int) -> Floats:
    """Mean of the last `period` values."""
    return np.asarray(total(values, period) / period)


def squares(values: Floats, period: int) -> tuple[Floats, Floats]:
    """Mean, and sum of squared deviations from it."""
    center = mean(values, period)
    out = np.empty(values.shape)
    compiled.products(values, center, values, center, period, out)
    return center, out


def variance(values: Floats, period: int) -> Floats:
    """Variance (divisor n - 1)."""
    return np.asarray(squares(values, period)[1] / (period - 1))


def deviation(values: Floats, period: int) -> Floats:
    """Standard deviation (divisor n - 1)."""
    return np.asarray(np.sqrt(variance(values, period)))


def moment(values: Floats, period: int, power: int) -> Floats:
    """Standardised population moment: 3 is skewness, 4 raw kurtosis. NaN where the values do not vary."""
    center, second = squares(values, period)
    out = np.empty(values.shape)
    compiled.powers(values, center, period, power, out)
    spread = second / period
    scale = spread * np.sqrt(spread) if power == 3 else spread * spread
    return np.where(varies(second, center, period), out / period / scale, np.nan)


def correlation(one: Floats, other: Floats, period: int) -> Floats:
    """Correlation over the window. NaN where one of them does not vary."""
    center, second = squares(one, period)
    other_center, other_second = squares(other, period)
    out = np.empty(one.shape)
    compiled.products(one, center, other, other_center, period, out)
    both = varies(second, center, period) & varies(other_second, other_center, period)
    return np.where(both, out / np.sqrt(second * other_second), np.nan)


def line(values: Floats, period: int) -> tuple[Floats, Floats]:
    """Slope a bar of the least squares line, and the share of the variance it explains (0 where nothing varies)."""
    center, second = squares(values, period)
    out = np.empty(values.shape)
    compiled.slopes(values, center, period, out)
    width = period * (period * period - 1.0) / 12.0
    share = np.where(varies(second, center, period), out * out / (width * second), 0.0)
    return out / width, np.where(np.isnan(second), np.nan, share)


def varies(second: Floats, center: Floats, period: int) -> npt.NDArray[np.bool_]:
    """Whether deviations are more than what rounding leaves of equal values."""
    return np.asarray(second > period * (1e-14 * center) ** 2)


def highest(values: Floats, period: int) -> Floats:
    """Largest of the last `period` values."""
    out = np.empty(values.shape)
    compiled.largest(values, period, 1.0, out)
    return out


def lowest(values: Floats, period: int) -> Floats:
    """Smallest of the last `period` values."""
    out = np.empty(values.shape)
    compiled.largest(values, period, -1.0, out)
    return out


def ratio(one: Floats, other: Floats, empty: float = np.nan) -> Floats:
    """one / other; `empty` where the other is 0."""
    return np.where(other == 0.0, np.where(np.isnan(one), np.nan, empty), one / other)
