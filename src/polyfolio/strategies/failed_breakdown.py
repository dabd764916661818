"""A break of a low that does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.features.windows import lagged, lowest
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.bars import Bars
from polyfolio.strategies.patterns import Pattern, PricePattern


class FailedBreakdown(PricePattern):
    """Long when a close below the lowest low of the bars before is followed, soon, by a close back above that level.

    The break is a close, not a wick: sellers held the price below the level for one to `within` bars, and could not
    keep it there. The stop is the lowest low since the break. With `long_short` the mirrored pattern, a failed
    breakout above the highest high, is sold.

    Args:
        lookback: bars before the break, whose lowest low is the level.
        depth: how far below the level the breaking close must be, as a share of it.
        within: bars after the break in which the close must be back.
        reward: the target's distance from the close, in distances of the stop.
        hold: bars after which the position ends.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 10, "high": 100, "whole": True},
        "depth": {"low": 0.0, "high": 0.01},
        "within": {"low": 1, "high": 10, "whole": True},
        "reward": {"low": 1.0, "high": 4.0},
        "hold": {"low": 5, "high": 60, "whole": True},
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        lookback: int = 20,
        depth: float = 0.0,
        within: int = 3,
        reward: float = 2.0,
        hold: int = 20,
        long_short: bool = False,
    ) -> None:
        self.lookback = lookback
        self.depth = depth
        self.within = within
        self.reward = reward
        self.hold = hold
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The bars before the break, the break, and the bar that is back."""
        return self.lookback + 2

    def refuse_bad_arguments(self) -> None:
        """Refuse a level of no bars, and a break that never fails."""
        super().refuse_bad_arguments()
        at_least("lookback", self.lookback, 1)
        at_least("depth", self.depth, 0.0, whole=False)
        at_least("within", self.within, 1)

    def found(self, bars: Bars) -> Pattern:
        """Where the close is back above the level of the earliest break that still stood."""
        level = lagged(lowest(bars.low, self.lookback), 1)
        broke = (bars.close < level) & (bars.close <= level - self.depth * np.abs(level))
        completes = np.zeros(bars.close.shape, bool)
        stop = np.full(bars.close.shape, np.nan)
        low, high_close = (
            bars.low,
            np.full(bars.close.shape, -np.inf),
        )  # of the bars after a break, up to the one before
        for past in range(1, self.within + 1):
            low = np.minimum(low, lagged(bars.low, past))
            at = lagged(np.where(broke, level, np.nan), past)
            back = (bars.close > at) & (high_close <= at)
            completes |= back
            stop = np.where(back, low, stop)
            high_close = np.maximum(high_close, lagged(bars.close, past))
        return Pattern(completes, stop)
