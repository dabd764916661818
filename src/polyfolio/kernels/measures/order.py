"""Order statistics: an in-place heap sort and the interpolated quantile."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel


@kernel
def _sift(values: Floats, root: int, end: int) -> None:
    held = values[root]
    child = 2 * root + 1
    while child < end:
        if child + 1 < end and values[child + 1] > values[child]:
            child += 1
        if not (values[child] > held):
            break
        values[root] = values[child]
        root = child
        child = 2 * root + 1
    values[root] = held


@kernel
def sort(values: Floats, n: int) -> None:
    """Sort the first n values ascending; heap sort needs no memory and has no bad input."""
    for start in range(n // 2 - 1, -1, -1):
        _sift(values, start, n)
    for end in range(n - 1, 0, -1):
        largest = values[0]
        values[0] = values[end]
        values[end] = largest
        _sift(values, 0, end)


@kernel
def quantile(ordered: Floats, n: int, level: float) -> float:
    """Linear interpolation between order statistics (numpy's default); NaN when empty."""
    if n < 1:
        return math.nan
    position = level * (n - 1)
    low = int(position)
    high = min(low + 1, n - 1)
    share = position - low
    # numpy's own form: from the nearer end, so that both ends are exact
    if share >= 0.5:
        return float(ordered[high] - (ordered[high] - ordered[low]) * (1.0 - share))
    return float(ordered[low] + (ordered[high] - ordered[low]) * share)
