"""Moving averages of arrays [slots, bars], in a fixed order of operations: a prefix gives the same bits."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.features import windows
from polyfolio.features.compiled.windows import smoothed


def simple(values: Floats, period: int) -> Floats:
    """Mean of the last `period` values."""
    return windows.mean(np.ascontiguousarray(values), period)


def exponential(values: Floats, period: int) -> Floats:
    """a(t) = a(t - 1) + 2 / (period + 1) x (value - a(t - 1)), started with the mean of the first `period` values."""
    return recursive(values, period, 2.0 / (period + 1.0))


def wilder(values: Floats, period: int) -> Floats:
    """a(t) = a(t - 1) + (value - a(t - 1)) / period, started with the mean of the first `period` values."""
    return recursive(values, period, 1.0 / period)


def recursive(values: Floats, period: int, weight: float) -> Floats:
    """The average that gives the newest value a weight; NaN before bar `period` - 1 and where the value is NaN."""
    out = np.full(values.shape, np.nan)
    if values.shape[1] < period:
        return out
    out[:, period - 1] = simple(values[:, :period], period)[:, -1]
    rest = np.empty((values.shape[0], values.shape[1] - period))
    smoothed(np.ascontiguousarray(values[:, period:]), 1.0 - weight, out[:, period - 1].copy(), rest)
    out[:, period:] = rest
    return np.where(np.isnan(values), np.nan, out)
