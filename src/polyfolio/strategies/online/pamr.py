"""Passive-aggressive mean reversion: away from what rose whenever the book did too well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.online.base import OnlineStrategy, Step, deviations
from polyfolio.strategies.online.simplex import onto_simplex

VARIANTS = (0, 1, 2)


class PassiveAggressive(OnlineStrategy):
    """b_{t+1} = onto_simplex(b_t - tau (x_t - mean x_t)) (Li, Zhao, Hoi, Gopalkrishnan 2012).

    With loss l = max(0, b_t . x_t - epsilon) and d = |x_t - mean x_t|^2 the step tau is l / d (variant 0),
    min(aggressiveness, l / d) (variant 1) or l / (d + 1 / (2 aggressiveness)) (variant 2); 0 where all names moved
    alike.

    Args:
        epsilon: growth of a row that is still tolerated; below about 0.9 the rule acts in every row.
        variant: 0, 1 or 2.
        aggressiveness: bound of the step in variants 1 and 2.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "epsilon": {"low": 0.0, "high": 1.0},
        "variant": [0, 1, 2],
        "aggressiveness": {"low": 1.0, "high": 10_000.0, "log": True},
    }

    def __init__(self, *, epsilon: float = 0.5, variant: int = 0, aggressiveness: float = 500.0) -> None:
        self.epsilon = epsilon
        self.variant = variant
        self.aggressiveness = aggressiveness

    def begin(self, names: int) -> Step:  # noqa: ARG002
        """A step against the row's winners."""
        at_least("epsilon", finite("epsilon", self.epsilon), 0.0, whole=False)
        if isinstance(self.variant, bool) or self.variant not in VARIANTS:
            raise ConfigError("variant", self.variant, "0, 1 or 2", "Choose one of the three.")
        if not finite("aggressiveness", self.aggressiveness) > 0.0:
            raise ConfigError("aggressiveness", self.aggressiveness, "a number above 0", "Correct the argument.")

        def step(weights: Floats, changes: Floats) -> Floats:
            apart = deviations(changes)
            spread = float(apart @ apart)
            loss = max(0.0, float(weights @ changes) - self.epsilon)
            return onto_simplex(weights - self._size(loss, spread) * apart) if spread > 0.0 else weights

        return step

    def _size(self, loss: float, spread: float) -> float:
        if self.variant == 2:
            return loss / (spread + 0.5 / self.aggressiveness)
        return min(self.aggressiveness, loss / spread) if self.variant == 1 else loss / spread
