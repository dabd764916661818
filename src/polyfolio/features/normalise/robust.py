"""Median 0 and one interquartile range of 1 over the training rows."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.normalise.base import Normaliser, clipped, pool, refuse_bad_clip, refuse_empty, steady
from polyfolio.features.normalise.quantiles import ordered, quantile


class Robust(Normaliser):
    """(value - median) / (upper - lower quantile) of the training rows: a few wild values move neither.

    Args:
        pooled: True for one median and range per column; False for one per column and slot.
        lower: lower quantile.
        upper: upper quantile.
        clip: results are kept between -clip and clip; None keeps them as they are.
    """

    name: ClassVar[str] = "robust"
    needs: ClassVar[tuple[str, ...]] = ("shape_", "middle_", "scale_")

    def __init__(
        self, *, pooled: bool = False, lower: float = 0.25, upper: float = 0.75, clip: float | None = None
    ) -> None:
        self.pooled = pooled
        self.lower = lower
        self.upper = upper
        self.clip = clip

    def _learn(self, part: Floats, columns: tuple[str, ...]) -> None:
        refuse_bad_clip(self.clip)
        if not 0.0 <= self.lower < self.upper <= 1.0:
            raise ConfigError(
                "lower, upper", (self.lower, self.upper), "0 <= lower < upper <= 1", "Correct the quantiles."
            )
        sorted_columns = [ordered(pool(column, self.pooled)) for column in part]
        refuse_empty(np.array([count for _, count in sorted_columns]), columns)
        low, middle, high = (
            np.array([quantile(values, count, share) for values, count in sorted_columns])
            for share in (self.lower, 0.5, self.upper)
        )
        self.middle_, self.scale_ = middle, steady(high - low, middle)

    def _reshape(self, grid: Floats, out: Floats) -> None:
        for column, values in enumerate(grid):
            out[column] = clipped((values - self.middle_[column]) / self.scale_[column], self.clip)
