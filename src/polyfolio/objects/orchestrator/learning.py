"""Adaptive sizes: a name that paid for its risk over the last period is sized larger, one that did not smaller.

Every `adaptation_period` decisions the factor of a name becomes factor x exp(learning_rate x clip(S, -1, 1)), kept
from 0.5 to 1.5. S is the annualised Sharpe ratio of weight x price return from decision to decision; a name that was
not held keeps its factor.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats

LEAST, MOST = 0.5, 1.5


def sharpe_of(returns: Floats, periods_per_year: float) -> Floats:
    """Annualised Sharpe ratio of each column, ddof 1; NaN where nothing moved."""
    spread = returns.std(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = returns.mean(axis=0) / spread * math.sqrt(periods_per_year)
    return np.where(spread > 0.0, ratio, np.nan)


def adapted(factor: Floats, sharpe: Floats, learning_rate: float) -> Floats:
    """The next factors."""
    step = np.where(np.isnan(sharpe), 0.0, np.clip(sharpe, -1.0, 1.0))
    return np.clip(factor * np.exp(learning_rate * step), LEAST, MOST)


class Learner:
    """The size factor of each name.

    Args:
        names: how many.
        rate: learning_rate; 0 = factors stay at 1.
        period: decisions from one adaptation to the next.
        periods_per_year: decisions in a year.

    Attributes:
        factor: float64[names].
        returns: weight x price return of each decision since the last adaptation.
    """

    def __init__(self, names: int, rate: float, period: int, periods_per_year: float) -> None:
        self.rate, self.period, self.periods_per_year = rate, period, periods_per_year
        self.factor = np.ones(names)
        self.returns: list[Floats] = []
        self._weight, self._mark = np.zeros(names), np.full(names, np.nan)

    def see(self, mark: Floats, units: Floats) -> None:
        """A row's last prices before its decision; `units` is what one unit became in a split at this row."""
        if self.rate == 0.0:
            return
        self._mark = self._mark / units
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = mark / self._mark - 1.0
        self._moved, self._now = np.where(np.isfinite(moved), moved, 0.0), mark

    def decided(self, weight: Floats) -> None:
        """The weights decided on at the row that was seen last."""
        if self.rate == 0.0:
            return
        if np.isfinite(self._mark).any():
            self.returns.append(self._weight * self._moved)
        if len(self.returns) >= self.period:
            self.factor = adapted(self.factor, sharpe_of(np.array(self.returns), self.periods_per_year), self.rate)
            self.returns = []
        self._weight, self._mark = np.array(weight, dtype=np.float64), np.array(self._now, dtype=np.float64)

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "factor": self.factor.tolist(),
            "returns": [one.tolist() for one in self.returns],
            "weight": self._weight.tolist(),
            "mark": self._mark.tolist(),
        }

    def take(self, data: dict[str, Any]) -> None:
        """From `plain`."""
        self.factor = np.array(data["factor"], dtype=np.float64)
        self.returns = [np.array(one, dtype=np.float64) for one in data["returns"]]
        self._weight = np.array(data["weight"], dtype=np.float64)
        self._mark = np.array(data["mark"], dtype=np.float64)
