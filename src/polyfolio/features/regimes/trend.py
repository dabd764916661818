"""Rising or falling: a fast mean of the market's level against a slow one."""

from __future__ import annotations

import math
from collections import deque
from typing import ClassVar

from polyfolio.features.regimes.base import Regime, Tracker, certain
from polyfolio.rules.arguments import at_least


class Trend(Regime):
    """Bull where the mean log level of the last `fast` rows is above that of the last `slow` rows, bear where below.

    The first state goes by the sign alone; it changes when the difference passes `band` on the other side.

    Args:
        fast: rows of the fast mean.
        slow: rows of the slow mean.
        band: least difference that counts, as a fraction of the level.
        symbol: the slot that is the market; None takes the mean return of all.
    """

    name: ClassVar[str] = "trend"
    meaning: ClassVar[str] = "the market's fast mean is below or above its slow one"
    remembers: ClassVar[bool] = True

    def __init__(self, *, fast: int = 50, slow: int = 200, band: float = 0.005, symbol: str | None = None) -> None:
        self.fast = fast
        self.slow = slow
        self.band = band
        self.symbol = symbol

    @property
    def states(self) -> tuple[str, ...]:
        """Bear and bull."""
        return ("bear", "bull")

    @property
    def warmup(self) -> int:
        """The slow mean."""
        return self.slow - 1

    def tracker(self) -> Tracker:
        """The means before the first row."""
        at_least("fast", self.fast, 1)
        at_least("band", self.band, 0.0, whole=False)
        at_least("slow", self.slow, self.fast + 1)
        return TrendTracker(self.fast, self.slow, self.band)


class TrendTracker:
    """The last log levels and the side the market is on."""

    def __init__(self, fast: int, slow: int, band: float) -> None:
        self.fast = fast
        self.band = band
        self.level = 0.0
        self.levels: deque[float] = deque([0.0], maxlen=slow)
        self.side: int | None = None

    def step(self, change: float) -> tuple[float, ...]:
        """The side after the next return; a row without one changes nothing."""
        if math.isnan(change):
            return certain(self.side, 2)
        self.level += math.log1p(change)
        self.levels.append(self.level)
        if len(self.levels) == self.levels.maxlen:
            levels = list(self.levels)
            # fsum: the difference of two long means does not depend on the order in which they are added.
            away = math.fsum(levels[-self.fast :]) / self.fast - math.fsum(levels) / len(levels)
            if self.side is None or abs(away) > self.band:
                self.side = int(away > 0.0)
        return certain(self.side, 2)
