"""Exponentiated gradient: more weight to what did better than the book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.online.base import OnlineStrategy, Step


class ExponentiatedGradient(OnlineStrategy):
    """b_{t+1,i} ~ b_{t,i} exp(eta x_{t,i} / (b_t . x_t)) (Helmbold, Schapire, Singer, Warmuth 1998).

    Args:
        eta: rate of learning; 0 rebalances to equal weights.
    """

    space: ClassVar[Mapping[str, Any]] = {"eta": {"low": 0.005, "high": 1.0, "log": True}}

    def __init__(self, *, eta: float = 0.05) -> None:
        self.eta = eta

    def begin(self, names: int) -> Step:  # noqa: ARG002
        """A step of the gradient."""
        at_least("eta", finite("eta", self.eta), 0.0, whole=False)

        def step(weights: Floats, changes: Floats) -> Floats:
            raised = weights * np.exp(self.eta * changes / (weights @ changes))
            return np.asarray(raised / raised.sum())

        return step
