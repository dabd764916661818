"""Online moving average reversion: towards what stands below its average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.online.base import OnlineStrategy, Step, deviations
from polyfolio.strategies.online.simplex import onto_simplex

AVERAGES = ("window", "smoothed")


class MovingAverageReversion(OnlineStrategy):
    """b_{t+1} = onto_simplex(b_t + lambda (y - mean y)), y the relatives back to an average (Li, Hoi 2012).

    With lambda = max(0, epsilon - b_t . y) / |y - mean y|^2. The average is that of the last `window` prices over the
    last price (OLMAR-1; the row's relative until there are more than `window` relatives), or
    y_t = alpha + (1 - alpha) y_{t-1} / x_t from y_0 = 1 (OLMAR-2).

    Args:
        epsilon: growth that is asked of the next row.
        average: "window" or "smoothed".
        window: prices of the average.
        alpha: share of the last price in the smoothed average.
        first: relatives seen before the first step; the authors' programs step from the second (OLMAR-1) and the
            first (OLMAR-2) on.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "epsilon": {"low": 1.0, "high": 30.0},
        "average": ["window", "smoothed"],
        "window": {"low": 3, "high": 30, "whole": True},
        "alpha": {"low": 0.1, "high": 0.9},
        "first": [1, 2],
    }

    def __init__(
        self, *, epsilon: float = 10.0, average: str = "window", window: int = 5, alpha: float = 0.5, first: int = 2
    ) -> None:
        self.epsilon = epsilon
        self.average = average
        self.window = window
        self.alpha = alpha
        self.first = first

    def begin(self, names: int) -> Step:
        """A step towards the prediction."""
        self._refuse_bad_arguments()
        seen: list[Floats] = []
        smoothed = np.ones(names)

        def step(weights: Floats, changes: Floats) -> Floats:
            nonlocal smoothed
            seen.append(changes)
            smoothed = self.alpha + (1.0 - self.alpha) * smoothed / changes
            if len(seen) < self.first:
                return weights
            if self.average == "smoothed":
                asked = smoothed
            else:
                asked = averaged(seen[-self.window + 1 :]) if len(seen) > self.window else changes
            apart = deviations(asked)
            spread = float(apart @ apart)
            missing = max(0.0, self.epsilon - float(weights @ asked))
            return onto_simplex(weights + missing / spread * apart) if spread > 0.0 else weights

        return step

    def _refuse_bad_arguments(self) -> None:
        at_least("epsilon", finite("epsilon", self.epsilon), 0.0, whole=False)
        at_least("window", self.window, 2)
        at_least("first", self.first, 1)
        if self.average not in AVERAGES:
            raise ConfigError("average", self.average, "window or smoothed", "Choose one of the two.")
        if not 0.0 < finite("alpha", self.alpha) < 1.0:
            raise ConfigError("alpha", self.alpha, "a number between 0 and 1", "Correct the argument.")


def averaged(last: list[Floats]) -> Floats:
    """Mean of the prices these relatives lead through over the last one: (1 + 1/x_t + 1/(x_t x_{t-1}) + ...) / n."""
    total, back = np.ones_like(last[-1]), np.ones_like(last[-1])
    for changes in reversed(last):
        back = back / changes
        total = total + back
    return total / (len(last) + 1)
