"""Trailing statistics of whole tapes, [rows, slots], and the drawdown of a lane.

The value at row t uses the completed rows up to and including t. Each row's sum is made anew: a running sum drifts
(after a bar of 1e6 shares among bars of 10 it never finds back), and 1e5 rows x 10 slots x 60 bars take 0.1 s.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel


@kernel
def _mean_of_rows(values: Floats, row: int, window: int, out: Floats) -> None:
    """out[row, i] = mean of the `window` rows that end at `row`."""
    for i in range(values.shape[1]):
        out[row, i] = 0.0
    for t in range(row - window + 1, row + 1):
        for i in range(values.shape[1]):
            out[row, i] += values[t, i]
    for i in range(values.shape[1]):
        out[row, i] /= window


@entry
def trailing_mean(values: Floats, window: int, out: Floats) -> None:
    """Mean of the last `window` rows per slot; NaN before there are as many and where one of them is NaN."""
    for row in range(values.shape[0]):
        if row < window - 1:
            for i in range(values.shape[1]):
                out[row, i] = math.nan
        else:
            _mean_of_rows(values, row, window, out)


@entry
def trailing_std(values: Floats, window: int, scratch: Floats, out: Floats) -> None:
    """Standard deviation (ddof 1) of the last `window` >= 2 rows per slot; `scratch` holds one value per slot.

    NaN as in `trailing_mean`. Per bar: times sqrt(periods a year) is the annualised volatility.
    """
    for row in range(values.shape[0]):
        if row < window - 1 or window < 2:
            for i in range(values.shape[1]):
                out[row, i] = math.nan
        else:
            _mean_of_rows(values, row, window, out)
            for i in range(values.shape[1]):
                scratch[i] = 0.0
            for t in range(row - window + 1, row + 1):
                for i in range(values.shape[1]):
                    distance = values[t, i] - out[row, i]
                    scratch[i] += distance * distance
            for i in range(values.shape[1]):
                out[row, i] = math.sqrt(scratch[i] / (window - 1))


@entry
def ewma_volatility(values: Floats, decay: float, out: Floats) -> None:
    """Square root of sigma^2_t = decay sigma^2_(t-1) + (1 - decay) r_t^2 per slot, started at the slot's first return.

    Zero mean. NaN before the first return; a missing return afterwards leaves the value as it stands.
    """
    for i in range(values.shape[1]):
        variance = math.nan
        for row in range(values.shape[0]):
            square = values[row, i] * values[row, i]
            if not math.isnan(square):
                variance = square if math.isnan(variance) else decay * variance + (1.0 - decay) * square
            out[row, i] = math.sqrt(variance)


@kernel
def running_peak(equity: float, peak: float) -> float:
    """The highest equity so far, the start included."""
    return equity if equity > peak else peak


@kernel
def drawdown(equity: float, peak: float) -> float:
    """Fall from the running peak, equity / peak - 1 <= 0; NaN where there is no positive peak."""
    if not (peak > 0.0):
        return math.nan
    return equity / peak - 1.0
