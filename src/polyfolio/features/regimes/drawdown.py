"""Near the top, in a correction or in a bear market: how far the market is below its highest level."""

from __future__ import annotations

import math
from collections import deque
from typing import ClassVar

from polyfolio.errors import ConfigError
from polyfolio.features.regimes.base import Regime, Tracker, certain
from polyfolio.rules.arguments import at_least


class Drawdown(Regime):
    """The market's loss from the highest level of the last `window` rows.

    Args:
        window: rows the highest level is looked for in, the row itself included.
        correction: loss from which on it is a correction, as a fraction.
        bear: loss from which on it is a bear market.
        symbol: the slot that is the market; None takes the mean return of all.
    """

    name: ClassVar[str] = "drawdown"
    meaning: ClassVar[str] = "the market is near its high, in a correction, or in a bear market"

    def __init__(
        self, *, window: int = 252, correction: float = 0.1, bear: float = 0.2, symbol: str | None = None
    ) -> None:
        self.window = window
        self.correction = correction
        self.bear = bear
        self.symbol = symbol

    @property
    def states(self) -> tuple[str, ...]:
        """Near the high, correction, bear."""
        return ("high", "correction", "bear")

    @property
    def warmup(self) -> int:
        """The levels of the window."""
        return self.window - 1

    def tracker(self) -> Tracker:
        """The levels before the first row."""
        at_least("window", self.window, 2)
        if not 0.0 < self.correction <= self.bear < 1.0:
            raise ConfigError(
                "correction, bear", (self.correction, self.bear), "0 < correction <= bear < 1", "Correct the losses."
            )
        return DrawdownTracker(self.window, self.correction, self.bear)


class DrawdownTracker:
    """The last log levels."""

    def __init__(self, window: int, correction: float, bear: float) -> None:
        self.bounds = (math.log1p(-correction), math.log1p(-bear))
        self.level = 0.0
        self.levels: deque[float] = deque([0.0], maxlen=window)

    def step(self, change: float) -> tuple[float, ...]:
        """The state after the next return; a row without one changes nothing."""
        if not math.isnan(change):
            self.level += math.log1p(change)
            self.levels.append(self.level)
        if len(self.levels) < (self.levels.maxlen or 0):
            return certain(None, 3)
        away = self.level - max(self.levels)
        return certain(sum(away <= bound for bound in self.bounds), 3)
