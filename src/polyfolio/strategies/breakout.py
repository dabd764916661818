"""What leaves its range goes on: Donchian's channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.features.windows import highest, lagged, lowest
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.bars import BarRule, Bars
from polyfolio.strategies.latch import sides


class Breakout(BarRule):
    """Long from a close above the highest high of the bars before until one below the lowest low of the bars before.

    The channels end with the bar before: a bar's own high is never what its close has to pass. Shorts are mirrored:
    from a close below the lowest low of `entry` bars until one above the highest high of `exit` bars.

    Args:
        entry: bars before, in the channel whose leaving enters.
        exit: bars before, in the channel whose leaving leaves.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "entry": {"low": 10, "high": 250, "log": True, "whole": True},
        "exit": {"low": 5, "high": 100, "log": True, "whole": True},
        "long_short": [False, True],
    }

    def __init__(self, *, entry: int = 20, exit: int = 10, long_short: bool = False) -> None:  # noqa: A002 - its key
        self.entry = entry
        self.exit = exit
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The longer channel, and the bar after it."""
        return max(self.entry, self.exit) + 1

    def refuse_bad_arguments(self) -> None:
        """Refuse channels without a bar."""
        at_least("entry", self.entry, 1)
        at_least("exit", self.exit, 1)

    def held(self, bars: Bars) -> Floats:
        """The side after each bar."""
        side = sides(
            bars.close > lagged(highest(bars.high, self.entry), 1),
            bars.close < lagged(lowest(bars.low, self.exit), 1),
            bars.close < lagged(lowest(bars.low, self.entry), 1),
            bars.close > lagged(highest(bars.high, self.exit), 1),
            self.long_short,
        )
        side[:, : self.warmup - 1] = np.nan
        return side
