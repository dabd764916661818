"""Returns, and where a price stands in its own past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features import windows
from polyfolio.features.slotwise import Windowed
from polyfolio.rules.arguments import at_least

Bars = Mapping[str, Floats]


class Period(Windowed):
    """Base of features with one argument, a number of bars, whose value needs that many bars and `before` more."""

    inputs: ClassVar[tuple[str, ...]] = ("close",)
    least: ClassVar[int] = 2
    before: ClassVar[int] = -1

    def __init__(self, *, period: int = 20) -> None:
        at_least(f"{self.name} period", period, self.least)
        self.period = period

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return self.period + self.before


class Returns(Period):
    """Relative change of the close over n bars."""

    name = "returns"
    meaning = "Relative change of the close over n bars."
    least = 1
    before = 0

    def __init__(self, *, period: int = 1) -> None:
        super().__init__(period=period)

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.changes(bars["close"], self.period),)


class LogReturns(Returns):
    """Logarithm of the close over the close n bars ago."""

    name = "log_returns"
    meaning = "Logarithm of the close over the close n bars ago."

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.log(bars["close"] / windows.lagged(bars["close"], self.period)),)


class SkipMomentum(Windowed):
    """Momentum without the last bars."""

    name = "skip_momentum"
    meaning = "Change from n bars ago to `skip` bars ago (12 months but the last one)."
    inputs = ("close",)

    def __init__(self, *, period: int = 252, skip: int = 21) -> None:
        at_least("skip_momentum skip", skip, 1)
        at_least("skip_momentum period", period, 2)
        if skip >= period:
            raise ConfigError("skip_momentum skip", skip, f"below period {period}", "Skip fewer bars.")
        self.period = period
        self.skip = skip

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return self.period

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        close = bars["close"]
        return (windows.lagged(close, self.skip) / windows.lagged(close, self.period) - 1.0,)


class Gap(Windowed):
    """Open from the last close."""

    name = "gap"
    meaning = "Open over the last close - 1."
    inputs = ("open", "close")
    warmup = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["open"] / windows.lagged(bars["close"], 1) - 1.0,)


class Candle(Windowed):
    """Shape of a bar."""

    name = "candle"
    meaning = "Shape of the bar as shares of its close: body, range, upper and lower shadow."
    inputs = ("open", "high", "low", "close")
    outputs = ("body", "range", "upper", "lower")
    warmup = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        start, high, low, close = (bars[name] for name in self.inputs)
        top, bottom = np.maximum(start, close), np.minimum(start, close)
        return (close - start) / close, (high - low) / close, (high - top) / close, (bottom - low) / close


class CloseLocation(Windowed):
    """Close within the bar."""

    name = "close_location"
    meaning = "Close within the bar, -1 at the low, 1 at the high, 0 where they are equal."
    inputs = ("high", "low", "close")
    warmup = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        high, low, close = (bars[name] for name in self.inputs)
        return (windows.ratio((close - low) - (high - close), high - low, 0.0),)


class DistanceHigh(Period):
    """Close from the highest high."""

    name = "distance_high"
    meaning = "Close over the highest high of n bars - 1."
    inputs = ("high", "close")
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["close"] / windows.highest(bars["high"], self.period) - 1.0,)


class DistanceLow(Period):
    """Close from the lowest low."""

    name = "distance_low"
    meaning = "Close over the lowest low of n bars - 1."
    inputs = ("low", "close")
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["close"] / windows.lowest(bars["low"], self.period) - 1.0,)


class RangePosition(Period):
    """Close within the range of n bars."""

    name = "range_position"
    meaning = "Close within the range of n bars, 0 to 1; 0.5 where there is no range."
    inputs = ("high", "low", "close")
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        low = windows.lowest(bars["low"], self.period)
        return (windows.ratio(bars["close"] - low, windows.highest(bars["high"], self.period) - low, 0.5),)


class WindowDrawdown(Period):
    """Close from the highest close."""

    name = "window_drawdown"
    meaning = "Close over the highest close of n bars - 1."
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["close"] / windows.highest(bars["close"], self.period) - 1.0,)


class DistanceAverage(Period):
    """Close from its average."""

    name = "distance_average"
    meaning = "Close over its mean of n bars - 1."

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["close"] / windows.mean(bars["close"], self.period) - 1.0,)


class Zscore(Period):
    """Close from its average in standard deviations."""

    name = "zscore"
    meaning = "Close from its mean of n bars in standard deviations (divisor n - 1); NaN where the close stands still."

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        center, second = windows.squares(bars["close"], self.period)
        moved = windows.varies(second, center, self.period)
        return (np.where(moved, (bars["close"] - center) / np.sqrt(second / (self.period - 1)), np.nan),)


class Trend(Period):
    """Least squares line through the logarithm of the close."""

    name = "trend"
    meaning = "Slope a bar of the line through the log close, and the share of the variance it explains."
    outputs = ("slope", "fit")
    least = 3

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return windows.line(windows.log(bars["close"]), self.period)


class Autocorrelation(Windowed):
    """Correlation of returns with earlier ones."""

    name = "autocorrelation"
    meaning = "Correlation of n returns with those `lag` bars earlier; NaN where they do not vary."
    inputs = ("close",)

    def __init__(self, *, period: int = 20, lag: int = 1) -> None:
        at_least("autocorrelation period", period, 3)
        at_least("autocorrelation lag", lag, 1)
        self.period = period
        self.lag = lag

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return self.period + self.lag

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = windows.changes(bars["close"])
        return (windows.correlation(change, windows.lagged(change, self.lag), self.period),)


class Skewness(Period):
    """Skewness of returns."""

    name = "skewness"
    meaning = "Population skewness of n returns; NaN where they do not vary."
    least = 3
    before = 0
    power: ClassVar[int] = 3

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.moment(windows.changes(bars["close"]), self.period, self.power),)


class Kurtosis(Skewness):
    """Kurtosis of returns."""

    name = "kurtosis"
    meaning = "Population kurtosis of n returns (normal = 3); NaN where they do not vary."
    power = 4


class RiseShare(Period):
    """Share of rising bars."""

    name = "rise_share"
    meaning = "Share of rises among n changes of the close."
    least = 1
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = windows.changes(bars["close"])
        rises = np.where(np.isnan(change), np.nan, (change > 0.0).astype(np.float64))
        return (windows.mean(rises, self.period),)


class ReturnRatio(Period):
    """Mean return over its deviation."""

    name = "return_ratio"
    meaning = "Mean of n returns over their standard deviation, per bar; 0 where they do not vary."
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        center, second = windows.squares(windows.changes(bars["close"]), self.period)
        moved = windows.varies(second, center, self.period)
        found = np.where(moved, center / np.sqrt(second / (self.period - 1)), 0.0)
        return (np.where(np.isnan(second), np.nan, found),)
