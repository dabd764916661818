"""Uniform constant rebalancing: equal weights in every row."""

from __future__ import annotations

from polyfolio.core.types import Floats
from polyfolio.strategies.online.base import OnlineStrategy, Step


class UniformRebalanced(OnlineStrategy):
    """b_{t+1} = b_t: every row the book is brought back to equal weights."""

    def begin(self, names: int) -> Step:  # noqa: ARG002
        """Nothing changes."""
        return kept


def kept(weights: Floats, changes: Floats) -> Floats:  # noqa: ARG001
    """The same weights."""
    return weights
