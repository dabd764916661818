"""Rewards of one's own: a function that is named in the configuration and writes what a step is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from polyfolio.core.codes import Reward
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules import registry
from polyfolio.rules.rewards import RewardSection
from polyfolio.rules.spec import Spec

Pay = Callable[[Any, Floats], None]


def pay_of(spec: Spec) -> Pay | None:
    """The function of type custom, or None."""
    section = spec.environment.reward if spec.environment is not None else RewardSection()
    if section.custom is None:
        return None
    field = "environment.reward.custom"
    found = registry.resolve("reward", section.custom, field)
    if not callable(found):
        raise ConfigError(field, section.custom, "a function of (steps, rewards)", "Name a function.")
    pay: Pay = found
    return pay


class Custom:
    """Pays lanes of type custom by a function, scaled, beside the penalties that every reward has.

    Args:
        pay: called as pay(steps, rewards): STEP[lanes], and float64[lanes] to write into. Plain Python, or compiled.
        agents: AGENT[lanes].
    """

    def __init__(self, pay: Pay, agents: np.ndarray) -> None:
        self.pay = pay
        self.scale = np.where(agents["reward"] == Reward.CUSTOM, agents["reward_scaling"], 0.0)
        self.own = np.zeros(agents.size)

    def __call__(self, steps: np.ndarray, episodes: np.ndarray, rewards: Floats, stepped: np.ndarray) -> None:
        """Add what the function pays to what the step has of penalties.

        Args:
            steps: STEP[lanes].
            episodes: EPISODE[lanes].
            rewards: float64[lanes], updated.
            stepped: which lanes made a step.
        """
        self.own[:] = 0.0
        self.pay(steps, self.own)
        bad = stepped & ~np.isfinite(self.own)
        if bad.any():
            lane = int(np.argmax(bad))
            raise DataError(
                f"custom reward of lane {lane} at row {int(steps['row'][lane])}",
                float(self.own[lane]),
                "finite",
                "Pay 0 where it is undefined.",
            )
        added = np.where(stepped, self.own, 0.0) * self.scale
        rewards += added
        steps["reward"] += added
        episodes["total_reward"] += added
