"""Online Newton step: gradients of the log growth, weighed by their own second moments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.online.base import OnlineStrategy, Step
from polyfolio.strategies.online.simplex import onto_simplex_by


class OnlineNewton(OnlineStrategy):
    """b_{t+1} = (1 - eta) onto_simplex_A(delta A^-1 p) + eta / k (Agarwal, Hazan, Kale, Schapire 2006).

    With the gradients g_s = x_s / (b_s . x_s), A = I + sum g_s g_s' and p = (1 + 1 / beta) sum g_s. The nearest point
    is by the length |x|^2 = x'A x.

    Args:
        eta: share that stays equal.
        beta: how concave the log growth is taken to be.
        delta: how far a step goes.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "eta": {"low": 0.0, "high": 0.5},
        "beta": {"low": 0.1, "high": 10.0, "log": True},
        "delta": {"low": 0.01, "high": 2.0, "log": True},
    }

    def __init__(self, *, eta: float = 0.0, beta: float = 1.0, delta: float = 0.125) -> None:
        self.eta = eta
        self.beta = beta
        self.delta = delta

    def begin(self, names: int) -> Step:
        """A Newton step."""
        at_least("eta", self.eta, 0.0, whole=False)
        if self.eta > 1.0:
            raise ConfigError("eta", self.eta, "a share from 0 to 1", "Correct the argument.")
        for name in ("beta", "delta"):
            if not finite(name, getattr(self, name)) > 0.0:
                raise ConfigError(name, getattr(self, name), "a number above 0", "Correct the argument.")
        curvature, pull = np.eye(names), np.zeros(names)

        def step(weights: Floats, changes: Floats) -> Floats:
            nonlocal curvature, pull
            gradient = changes / (weights @ changes)
            curvature = curvature + np.outer(gradient, gradient)
            pull = pull + gradient
            goal = np.asarray(self.delta * (1.0 + 1.0 / self.beta) * np.linalg.solve(curvature, pull), dtype=np.float64)
            return (1.0 - self.eta) * onto_simplex_by(curvature, goal) + self.eta / names

        return step
