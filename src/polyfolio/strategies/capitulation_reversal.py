"""A fall that ends in a rush: wide bar, many traded, and the close off its low."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.features.windows import highest, lagged, mean
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.bars import Bars, above
from polyfolio.strategies.patterns import Pattern, PricePattern, share_of_range


class CapitulationReversal(PricePattern):
    """Long after a bar in which a fall ends: deep below the highs, wide, much traded, closed off its low.

    All four must hold of one bar; means are those of the `lookback` bars before it. An unknown volume completes
    nothing. The stop is the bar's low. With `long_short` the mirrored pattern, a rise that ends in a rush, is sold;
    its height is counted from the lowest low.

    Args:
        lookback: bars before.
        drop: how far the low must lie below the highest high of the bars before, as a share of it.
        width: the bar's range, in mean ranges.
        volume: the bar's volume, in mean volumes.
        recovery: where in its bar the close must lie: 0 at the low, 1 at the high.
        reward: the target's distance from the close, in distances of the stop.
        hold: bars after which the position ends.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 10, "high": 100, "whole": True},
        "drop": {"low": 0.03, "high": 0.3, "log": True},
        "width": {"low": 1.0, "high": 4.0},
        "volume": {"low": 1.0, "high": 5.0},
        "recovery": {"low": 0.3, "high": 0.8},
        "reward": {"low": 1.0, "high": 4.0},
        "hold": {"low": 5, "high": 60, "whole": True},
        "long_short": [False, True],
    }

    def __init__(  # noqa: PLR0913 - each is a key
        self,
        *,
        lookback: int = 20,
        drop: float = 0.1,
        width: float = 2.0,
        volume: float = 2.0,
        recovery: float = 0.5,
        reward: float = 2.0,
        hold: int = 20,
        long_short: bool = False,
    ) -> None:
        self.lookback = lookback
        self.drop = drop
        self.width = width
        self.volume = volume
        self.recovery = recovery
        self.reward = reward
        self.hold = hold
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The bars before, and the bar itself."""
        return self.lookback + 1

    def refuse_bad_arguments(self) -> None:
        """Refuse means of no bars, and shares that are none."""
        super().refuse_bad_arguments()
        at_least("lookback", self.lookback, 1)
        above("drop", self.drop)
        at_least("width", self.width, 0.0, whole=False)
        at_least("volume", self.volume, 0.0, whole=False)
        above("recovery", self.recovery, 1.0)

    def found(self, bars: Bars) -> Pattern:
        """Where all four hold."""
        top = lagged(highest(bars.high, self.lookback), 1)
        deep = bars.low <= top - self.drop * np.abs(top)
        reach = bars.high - bars.low
        wide = reach >= self.width * before(reach, self.lookback)
        rush = bars.volume >= self.volume * before(bars.volume, self.lookback)
        return Pattern(deep & wide & rush & (share_of_range(bars) >= self.recovery), bars.low)


def before(values: Floats, lookback: int) -> Floats:
    """Mean of the bars before."""
    return lagged(mean(values, lookback), 1)
