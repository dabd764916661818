"""The side of a fast average to a slow one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, closest
from polyfolio.strategies.averages import exponential, simple
from polyfolio.strategies.bars import BarRule, Bars
from polyfolio.strategies.latch import carried

KINDS = {"sma": simple, "ema": exponential}


class MACrossover(BarRule):
    """Long while the fast average of the closes is above the slow one, flat or short while it is below.

    Equal averages differ in their last bits by the order of additions, so they cross only where they differ by more
    than `epsilon` of the slow one; a tie keeps the side before it.

    Args:
        fast: bars of the fast average.
        slow: bars of the slow average.
        kind: "sma", or "ema": weight 2 / (n + 1) for the newest close, started with the mean of the first n.
        epsilon: relative difference up to which averages tie.
        wait: True: flat until the averages cross for the first time; False: the side they are on counts at once.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "fast": {"low": 2, "high": 30, "whole": True},
        "slow": {"low": 40, "high": 250, "whole": True},
        "kind": ["sma", "ema"],
        "epsilon": [1e-9, 1e-4, 1e-3],
        "wait": [False, True],
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        fast: int = 10,
        slow: int = 50,
        kind: str = "sma",
        epsilon: float = 1e-9,
        wait: bool = False,
        long_short: bool = False,
    ) -> None:
        self.fast = fast
        self.slow = slow
        self.kind = kind
        self.epsilon = epsilon
        self.wait = wait
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The bars of the slow average."""
        return self.slow

    def refuse_bad_arguments(self) -> None:
        """Refuse averages that are none, and a fast one that is not the faster."""
        at_least("fast", self.fast, 1)
        at_least("slow", self.slow, 2)
        at_least("epsilon", self.epsilon, 0.0, whole=False)
        if self.fast >= self.slow:
            raise ConfigError("fast", self.fast, f"below slow ({self.slow})", "Swap them, or change one.")
        if self.kind not in KINDS:
            raise ConfigError("kind", self.kind, "one of " + ", ".join(KINDS), closest(self.kind, KINDS))

    def held(self, bars: Bars) -> Floats:
        """The side after each bar."""
        average = KINDS[self.kind]
        slow = average(bars.close, self.slow)
        gap = average(bars.close, self.fast) - slow
        tie = self.epsilon * slow
        side = carried(np.where(gap > tie, 1.0, np.where(gap < -tie, -1.0, np.nan)))
        if self.wait:
            crossed = np.logical_or.accumulate((side[:, 1:] != side[:, :-1]) & ~np.isnan(side[:, :-1]), axis=1)
            side[:, 1:][~crossed & ~np.isnan(side[:, 1:])] = 0.0
            side[:, :1][~np.isnan(side[:, :1])] = 0.0
        return side if self.long_short else np.maximum(side, 0.0)
