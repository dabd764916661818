"""A low is swept, and the close is back above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.features.windows import lagged, lowest
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.bars import Bars, above
from polyfolio.strategies.patterns import Pattern, PricePattern, share_of_range


class LiquiditySweep(PricePattern):
    """Long after a bar that trades below the lowest low of the bars before it and closes above that level.

    Stops gather below an old low; a bar that reaches them and finds buyers leaves its mark as a long lower wick. The
    stop is the bar's low. With `long_short` the mirrored pattern at the highest high is sold.

    Args:
        lookback: bars before, whose lowest low is the level.
        depth: how far below the level the low must be, as a share of it.
        recovery: where in its bar the close must lie: 0 at the low, 1 at the high.
        reward: the target's distance from the close, in distances of the stop.
        hold: bars after which the position ends.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 10, "high": 100, "whole": True},
        "depth": {"low": 0.0, "high": 0.01},
        "recovery": {"low": 0.3, "high": 0.8},
        "reward": {"low": 1.0, "high": 4.0},
        "hold": {"low": 5, "high": 60, "whole": True},
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        lookback: int = 20,
        depth: float = 0.0,
        recovery: float = 0.5,
        reward: float = 2.0,
        hold: int = 20,
        long_short: bool = False,
    ) -> None:
        self.lookback = lookback
        self.depth = depth
        self.recovery = recovery
        self.reward = reward
        self.hold = hold
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The bars before, and the bar itself."""
        return self.lookback + 1

    def refuse_bad_arguments(self) -> None:
        """Refuse a level of no bars, and shares that are none."""
        super().refuse_bad_arguments()
        at_least("lookback", self.lookback, 1)
        at_least("depth", self.depth, 0.0, whole=False)
        above("recovery", self.recovery, 1.0)

    def found(self, bars: Bars) -> Pattern:
        """Where the low is below the level and the close above it."""
        level = lagged(lowest(bars.low, self.lookback), 1)
        swept = (bars.low < level) & (bars.low <= level - self.depth * np.abs(level))
        back = (bars.close > level) & (share_of_range(bars) >= self.recovery)
        return Pattern(swept & back, bars.low)
