"""What is far from its mean comes back to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features import windows
from polyfolio.rules.arguments import at_least, closest
from polyfolio.strategies.bars import BarRule, Bars
from polyfolio.strategies.latch import sides

LOST = {"zscore": 1, "bollinger": 0}  # what the method takes off the divisor n of the variance


class MeanReversion(BarRule):
    """Long from a close far below its mean until it is back; short from one far above, mirrored.

    The distance is (close - mean) / deviation of the last `lookback` closes, the newest included. Long where it is
    below -`entry`, until it is at -`exit` or above. Where the closes do not vary there is no
    distance, and what is held stays.

    Args:
        lookback: closes in the mean and the deviation.
        entry: distance beyond which it enters.
        exit: distance at which it leaves; 0 is the mean itself.
        method: "zscore", a deviation of divisor n - 1, or "bollinger", of divisor n: beyond the band of
            `entry` deviations, and back at its middle.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 5, "high": 100, "whole": True},
        "entry": {"low": 1.0, "high": 3.0},
        "exit": {"low": 0.0, "high": 0.75},
        "method": ["zscore", "bollinger"],
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        lookback: int = 20,
        entry: float = 2.0,
        exit: float = 0.0,  # noqa: A002 - its key
        method: str = "zscore",
        long_short: bool = False,
    ) -> None:
        self.lookback = lookback
        self.entry = entry
        self.exit = exit
        self.method = method
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The closes in the mean."""
        return self.lookback

    def refuse_bad_arguments(self) -> None:
        """Refuse a window of one close, and thresholds out of their order."""
        at_least("lookback", self.lookback, 2)
        at_least("exit", self.exit, 0.0, whole=False)
        at_least("entry", self.entry, 0.0, whole=False)
        if self.entry <= self.exit:
            bound = f"above exit ({self.exit:g})"
            raise ConfigError("entry", self.entry, bound, "Enter further out than you leave.")
        if self.method not in LOST:
            raise ConfigError("method", self.method, "one of " + ", ".join(LOST), closest(self.method, LOST))

    def held(self, bars: Bars) -> Floats:
        """The side after each bar."""
        away = distance(bars.close, self.lookback, LOST[self.method])
        side = sides(
            away < -self.entry,
            away >= -self.exit,
            away > self.entry,
            away <= self.exit,
            self.long_short,
        )
        side[:, : self.lookback - 1] = np.nan
        return side


def distance(close: Floats, lookback: int, lost: int) -> Floats:
    """(close - mean) / deviation with divisor lookback - `lost`; NaN where the closes do not vary."""
    center, second = windows.squares(close, lookback)
    deviation = np.sqrt(second / (lookback - lost))
    out = np.full(close.shape, np.nan)
    np.divide(close - center, deviation, out=out, where=windows.varies(second, center, lookback))
    return out
