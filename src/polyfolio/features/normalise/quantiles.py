"""Quantiles of the values each slot has."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats, Ints


def ordered(values: Floats) -> tuple[Floats, Ints]:
    """Values [rows, slots] in order with NaN last, and how many each slot has."""
    return np.sort(values.astype(np.float64), axis=0), (~np.isnan(values)).sum(axis=0)


def quantile(values: Floats, count: Ints, share: float) -> Floats:
    """A quantile of each slot by linear interpolation between order statistics; NaN where a slot has no value.

    Args:
        values: [rows, slots] in order with NaN last.
        count: values that are not NaN.
        share: 0 to 1.
    """
    last = np.maximum(count - 1, 0)
    place = share * last
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, last)
    slots = np.arange(values.shape[1])
    below, above = values[low, slots], values[high, slots]
    between: Floats = below + (above - below) * (place - low)
    return between
