"""Mean 0 and deviation 1 over the training rows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.features.normalise.base import Normaliser, clipped, pool, refuse_bad_clip, refuse_empty, steady


class Standard(Normaliser):
    """(value - mean) / standard deviation (ddof 0) of the training rows.

    A column that stood still in training only loses its mean. A slot without a training value stays NaN unless slots
    are pooled.

    Args:
        pooled: True for one mean and deviation per column; False for one per column and slot.
        clip: results are kept between -clip and clip; None keeps them as they are.
    """

    name: ClassVar[str] = "standard"
    needs: ClassVar[tuple[str, ...]] = ("shape_", "mean_", "scale_")

    def __init__(self, *, pooled: bool = False, clip: float | None = None) -> None:
        self.pooled = pooled
        self.clip = clip

    def _learn(self, part: Floats, columns: tuple[str, ...]) -> None:
        refuse_bad_clip(self.clip)
        found = [_moments(pool(column, self.pooled)) for column in part]
        count, mean, scale = (np.array(values) for values in zip(*found, strict=True))
        refuse_empty(count, columns)
        self.mean_, self.scale_ = mean, steady(scale, mean)

    def _reshape(self, grid: Floats, out: Floats) -> None:
        for column, values in enumerate(grid):
            out[column] = clipped((values - self.mean_[column]) / self.scale_[column], self.clip)


def _moments(values: Floats) -> tuple[Any, Any, Any]:
    """Count, mean and deviation of each slot; two passes, so that a large mean costs no digits."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    divisor = np.where(count > 0, count, np.nan)
    mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / divisor
    away = np.where(known, values - mean, 0.0)
    return count, mean, np.sqrt((away * away).sum(axis=0) / divisor)
