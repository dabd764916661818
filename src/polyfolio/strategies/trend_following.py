"""What trends goes on: the return against its own volatility, sized to a volatility."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.features import windows
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.bars import BarRule, Bars, above


class TrendFollowing(BarRule):
    """Weights by the strength of the trend, made smaller where the name moves more than the target.

        trend  = log return over `lookback` bars / (sigma x sqrt(lookback))
        signal = share x clip(trend / full, -1, 1) x min(1, target_volatility / (sigma x sqrt(bars a year)))

    sigma is the standard deviation (divisor n - 1) of the last `window` log returns a bar. Returns are total returns:
    through splits, with every payout put back. Where nothing moved there is no opinion.

    Args:
        lookback: bars the trend covers.
        window: returns in sigma.
        target_volatility: yearly volatility that a name at full trend may have.
        full: the trend at which the signal is whole.
        share: weight of a whole signal; None for 1 / number of symbols. Take 1 inside an aggregator.
        long_short: True also gives weights below 0.
    """

    sizing: ClassVar[str] = "weights"
    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 10, "high": 250, "log": True, "whole": True},
        "window": {"low": 20, "high": 120, "whole": True},
        "target_volatility": {"low": 0.05, "high": 0.4},
        "full": {"low": 0.5, "high": 2.0},
        "share": [None, 1.0],
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        lookback: int = 60,
        window: int = 60,
        target_volatility: float = 0.15,
        full: float = 1.0,
        share: float | None = None,
        long_short: bool = False,
    ) -> None:
        self.lookback = lookback
        self.window = window
        self.target_volatility = target_volatility
        self.full = full
        self.share = share
        self.long_short = long_short

    @property
    def warmup(self) -> int:
        """The longer window of returns, and the close before it."""
        return max(self.lookback, self.window) + 1

    def refuse_bad_arguments(self) -> None:
        """Refuse empty windows, and targets that hold nothing."""
        at_least("lookback", self.lookback, 1)
        at_least("window", self.window, 2)
        above("target_volatility", self.target_volatility)
        above("full", self.full)
        if self.share is not None:
            above("share", self.share, 1.0)

    def held(self, bars: Bars) -> Floats:
        """The weight after each bar."""
        if not bars.per_year > 0.0:
            remedy = "Name the tape's interval and calendar: the target is a yearly volatility."
            raise DataError("bars a year of the tape", bars.per_year, "known", remedy)
        path = windows.log(bars.worth)
        center, second = windows.squares(path - windows.lagged(path, 1), self.window)
        sigma = np.where(windows.varies(second, center, self.window), np.sqrt(second / (self.window - 1)), np.nan)
        trend = (path - windows.lagged(path, self.lookback)) / (sigma * math.sqrt(self.lookback))
        strength = np.clip(trend / self.full, -1.0 if self.long_short else 0.0, 1.0)
        calm = np.minimum(1.0, self.target_volatility / (sigma * math.sqrt(bars.per_year)))
        share = 1.0 / len(path) if self.share is None else self.share
        return np.asarray(share * strength * calm)
