"""Calm, normal or turbulent: the market's volatility between two thresholds."""

from __future__ import annotations

import math
from collections import deque
from typing import ClassVar, Self

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.regimes.base import Regime, Tracker, certain
from polyfolio.rules.arguments import at_least


class Volatility(Regime):
    """The standard deviation (ddof 1) of the last `window` returns of the market, against a low and a high threshold.

    Args:
        window: returns of one estimate.
        low: below it the market is calm, as a deviation per row; None learns the `quantiles` of the training rows.
        high: above it the market is turbulent.
        quantiles: the two shares of training rows that are learned.
        symbol: the slot that is the market; None takes the mean return of all.
    """

    name: ClassVar[str] = "volatility"
    meaning: ClassVar[str] = "the market's volatility is low, middling or high"
    needs: ClassVar[tuple[str, ...]] = ("low_", "high_")

    def __init__(
        self,
        *,
        window: int = 21,
        low: float | None = None,
        high: float | None = None,
        quantiles: tuple[float, float] = (0.5, 0.9),
        symbol: str | None = None,
    ) -> None:
        self.window = window
        self.low = low
        self.high = high
        self.quantiles = quantiles
        self.symbol = symbol

    @property
    def states(self) -> tuple[str, ...]:
        """Calm, normal and turbulent."""
        return ("calm", "normal", "turbulent")

    @property
    def warmup(self) -> int:
        """The first return has its end at row 1."""
        return self.window

    def refuse_unfitted(self) -> None:
        """Thresholds that are given need no fit."""
        if self.low is None:
            super().refuse_unfitted()

    def learn(self, returns: Floats) -> Self:
        """Learn the thresholds from the deviations of the training rows; given thresholds stay."""
        self._refuse_bad_arguments()
        if self.low is not None:
            return self
        deviations = Deviation(self.window)
        found = [deviations.step(float(change)) for change in returns]
        known = np.array([value for value in found if not math.isnan(value)])
        if known.size == 0:
            bound = f"more than the window, {self.window}"
            raise DataError("training rows", int(returns.size), bound, "Give a longer training tape.")
        self.low_, self.high_ = (float(value) for value in np.quantile(known, self.quantiles))
        return self

    def tracker(self) -> Tracker:
        """The window before the first row."""
        self._refuse_bad_arguments()
        if self.low is not None and self.high is not None:
            return VolatilityTracker(self.window, self.low, self.high)
        return VolatilityTracker(self.window, self.low_, self.high_)

    def _refuse_bad_arguments(self) -> None:
        at_least("window", self.window, 2)
        if (self.low is None) != (self.high is None):
            raise ConfigError("low, high", (self.low, self.high), "both given or both None", "Give the other one too.")
        if self.low is not None and self.high is not None and not 0.0 <= self.low <= self.high:
            raise ConfigError("low, high", (self.low, self.high), "0 <= low <= high", "Correct the thresholds.")
        if not 0.0 < self.quantiles[0] <= self.quantiles[1] < 1.0:
            raise ConfigError("quantiles", self.quantiles, "two shares between 0 and 1, rising", "Correct them.")


class Deviation:
    """The standard deviation of the last returns."""

    def __init__(self, window: int) -> None:
        self.last: deque[float] = deque(maxlen=window)

    def step(self, change: float) -> float:
        """The deviation after the next return; NaN before the window is full. A row without a return leaves it."""
        if not math.isnan(change):
            self.last.append(change)
        count = len(self.last)
        if count < (self.last.maxlen or 0):
            return math.nan
        mean = math.fsum(self.last) / count
        return math.sqrt(math.fsum((value - mean) ** 2 for value in self.last) / (count - 1))


class VolatilityTracker:
    """The window and its thresholds."""

    def __init__(self, window: int, low: float, high: float) -> None:
        self.deviation = Deviation(window)
        self.low = low
        self.high = high

    def step(self, change: float) -> tuple[float, ...]:
        """The state after the next return."""
        value = self.deviation.step(change)
        if math.isnan(value):
            return certain(None, 3)
        return certain(0 if value < self.low else 2 if value > self.high else 1, 3)
