"""Mean 0 and deviation 1 over the last rows: nothing is learned from later ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.normalise.base import (
    STILL,
    Normaliser,
    RowStream,
    clipped,
    grid_of,
    refuse_bad_clip,
    refuse_infinite,
)
from polyfolio.features.normalise.window import Window
from polyfolio.rules.arguments import at_least

# Columns walked at once: 16 columns of 150 slots over 252 rows are 20 MB of window.
CHUNK = 16


class Rolling(Normaliser):
    """(value - mean) / standard deviation (ddof 0) of the last `window` rows, the row itself included.

    Missing values are no observations. A window that stands still gives 0. `fit` learns the names alone.

    Args:
        window: rows of the window.
        least: values a window needs; fewer give NaN. None asks for half of the window.
        clip: results are kept between -clip and clip; None keeps them as they are.
    """

    name: ClassVar[str] = "rolling"

    def __init__(self, *, window: int = 252, least: int | None = None, clip: float | None = None) -> None:
        self.window = window
        self.least = least
        self.clip = clip

    @property
    def warmup(self) -> int:
        """Rows before a row that its value depends on; the first values stand after `least` rows."""
        return self.window - 1

    def _least(self) -> int:
        return max(2, self.window // 2) if self.least is None else self.least

    def _learn(self, part: Floats, columns: tuple[str, ...]) -> None:  # noqa: ARG002
        refuse_bad_clip(self.clip)
        at_least("window", self.window, 2)
        if self.least is not None:
            at_least("least", self.least, 2)
        if self._least() > self.window:
            raise ConfigError("least", self.least, f"at most the window, {self.window}", "Correct the argument.")

    def _reshape(self, grid: Floats, out: Floats) -> None:
        for first in range(0, grid.shape[0], CHUNK):
            part = grid[first : first + CHUNK]
            window = Window(self.window, (part.shape[0], part.shape[2]))
            for row in range(part.shape[1]):
                out[first : first + CHUNK, row] = self._score(part[:, row].astype(np.float64), window)

    def _score(self, values: Floats, window: Window) -> Floats:
        count, mean, squares = window.add(values)
        deviation = np.sqrt(squares / np.maximum(count, 1.0))
        still = deviation <= STILL * np.abs(mean)
        score = np.where(still, 0.0, (values - mean) / np.where(still, 1.0, deviation))
        return clipped(np.where((count >= self._least()) & ~np.isnan(values), score, np.nan), self.clip)

    def start(self, values: Floats, *, columns: Sequence[str] = (), symbols: Sequence[str] = ()) -> RowStream:
        """The stream that continues after the last row of `values`."""
        grid = grid_of(values)
        self._refuse_others(grid, tuple(columns), tuple(symbols))
        stream = RollingStream(self, Window(self.window, (grid.shape[0], grid.shape[2])))
        for row in range(grid.shape[1]):
            stream.update(grid[:, row])
        return stream


class RollingStream:
    """The window after the last row."""

    def __init__(self, normaliser: Rolling, window: Window) -> None:
        self.normaliser = normaliser
        self.window = window
        self.rows = 0

    def update(self, row: Floats) -> Floats:
        """The next row, reshaped."""
        learned = self.normaliser
        refuse_infinite(row[:, None], learned.columns_, learned.symbols_, np.array([self.rows]))
        self.rows += 1
        return learned._score(row.astype(np.float64), self.window)
