"""Confidence-weighted mean reversion: weights as a distribution that is moved as little as a goal allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.online.base import OnlineStrategy, Step, deviations
from polyfolio.strategies.online.simplex import onto_simplex

LARGEST_PHI = 38.0  # no float64 says how sure it would be beyond


class ConfidenceWeighted(OnlineStrategy):
    """The form with the variance of Li, Hoi, Zhao, Gopalkrishnan 2013, with a diagonal covariance S.

    With y = sum s_i x_i / sum s_i, V = sum s_i x_i^2, W = sum s_i x_i and M = b . x the step is the largest root, or 0,
    of p l^2 + q l + r = 0 with p = 2 phi V (V - y W), q = 2 phi V (epsilon - M) + V - y W and r = epsilon - M - phi V;
    then b <- onto_simplex(b - l S (x - y)) and 1 / s_i <- 1 / s_i + 2 l phi x_i^2, S scaled back to a sum of 1 / k.

    Args:
        epsilon: growth of a row that is still tolerated.
        phi: how sure the rule must be, a quantile of the normal distribution.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "epsilon": {"low": 0.0, "high": 1.0},
        "phi": {"low": 0.1, "high": 4.0},
    }

    def __init__(self, *, epsilon: float = 0.5, phi: float = 2.0) -> None:
        self.epsilon = epsilon
        self.phi = phi

    def begin(self, names: int) -> Step:
        """A step of the distribution."""
        at_least("epsilon", finite("epsilon", self.epsilon), 0.0, whole=False)
        if not 0.0 <= finite("phi", self.phi) <= LARGEST_PHI:
            raise ConfigError("phi", self.phi, f"from 0 to {LARGEST_PHI:g}", "Correct the argument.")
        spread = np.full(names, 1.0 / max(names, 1) ** 2)

        def step(weights: Floats, changes: Floats) -> Floats:
            nonlocal spread
            if not deviations(changes).any():
                return weights
            centre = float(spread @ changes / spread.sum())
            size = self._size(weights, changes, spread, centre)
            moved = onto_simplex(weights - size * spread * (changes - centre))
            spread = 1.0 / (1.0 / spread + 2.0 * size * self.phi * changes**2)
            spread = spread / spread.sum() / names
            return moved

        return step

    def _size(self, weights: Floats, changes: Floats, spread: Floats, centre: float) -> float:
        second, first = float(spread @ changes**2), float(spread @ changes)
        short = self.epsilon - float(weights @ changes)
        width = second - centre * first
        a, b, c = 2.0 * self.phi * second * width, 2.0 * self.phi * second * short + width, short - self.phi * second
        square = b * b - 4.0 * a * c
        if a == 0.0:
            return max(-c / b, 0.0) if b != 0.0 else 0.0
        if square <= 0.0:
            return 0.0
        root = math.sqrt(square)
        return max((-b + root) / (2.0 * a), (-b - root) / (2.0 * a), 0.0)
