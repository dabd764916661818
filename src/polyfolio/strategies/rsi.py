"""What fell too steadily comes back: levels of the relative strength index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.averages import wilder
from polyfolio.strategies.bars import BarRule, Bars
from polyfolio.strategies.latch import sides


class RSI(BarRule):
    """Long from an index below `lower` until it is at `exit` or above; short from one above `upper`, mirrored.

    The index is 100 x average rise / (average rise + average fall) by Wilder's averages, started with the means of the
    first `period` changes. Where the close never moved there is none, and what is held stays.

    Args:
        period: changes in the averages.
        lower: the index below which it buys.
        upper: the index above which it sells.
        exit: the index at which either side ends.
        long_short: True also gives -1; False gives 1 or 0.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "period": {"low": 2, "high": 30, "whole": True},
        "lower": {"low": 10.0, "high": 40.0},
        "upper": {"low": 60.0, "high": 90.0},
        "exit": {"low": 40.0, "high": 60.0},
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        period: int = 14,
        lower: float = 30.0,
        upper: float = 70.0,
        exit: float = 50.0,  # noqa: A002 - its key
        long_short: bool = False,
    ) -> None:
        self.period = period
        self.lower = lower
        self.upper = upper
        self.exit = exit
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The changes, and the close before them."""
        return self.period + 1

    def refuse_bad_arguments(self) -> None:
        """Refuse levels out of their order."""
        at_least("period", self.period, 1)
        for name in ("lower", "exit", "upper"):
            finite(name, getattr(self, name))
        if not 0.0 <= self.lower <= self.exit <= self.upper <= 100.0:
            raise ConfigError(
                "exit",
                self.exit,
                f"from lower ({self.lower:g}) to upper ({self.upper:g}), all from 0 to 100",
                "Put the three levels in order.",
            )

    def held(self, bars: Bars) -> Floats:
        """The side after each bar."""
        index = relative_strength(bars.close, self.period)
        low, high = index < self.lower, index > self.upper
        side = sides(low, index >= self.exit, high, index <= self.exit, self.long_short)
        side[:, : self.period] = np.nan
        return side


def relative_strength(close: Floats, period: int) -> Floats:
    """The index, 0 to 100, float64[slots, bars]; NaN before bar `period` and where the averages are both 0."""
    out = np.full(close.shape, np.nan)
    change = np.diff(close, axis=1)
    rise, fall = wilder(np.maximum(change, 0.0), period), wilder(np.maximum(-change, 0.0), period)
    both = rise + fall
    np.divide(100.0 * rise, both, out=out[:, 1:], where=both > 0.0)
    return out
