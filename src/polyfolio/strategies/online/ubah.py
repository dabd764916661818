"""Uniform buy and hold: equal shares once, then nothing is traded."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.strategies.online.base import OnlineStrategy, Step


class UniformBuyAndHold(OnlineStrategy):
    """b_{t+1} = b_t x_t / (b_t . x_t): the weights drift with the prices."""

    def begin(self, names: int) -> Step:  # noqa: ARG002
        """The drift."""
        return drifted


def drifted(weights: Floats, changes: Floats) -> Floats:
    """Weights after the prices moved."""
    grown = weights * changes
    return np.asarray(grown / grown.sum())
