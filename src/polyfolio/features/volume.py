"""Volume, what it moves, and the spread."""

from __future__ import annotations

import math

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.features import windows
from polyfolio.features.prices import Bars, Period
from polyfolio.features.slotwise import Windowed

CLOSE_VOLUME = ("close", "volume")


class VolumeZscore(Period):
    """Volume from its average in standard deviations."""

    name = "volume_zscore"
    meaning = "Volume from its mean of n bars in standard deviations; 0 where it does not vary."
    inputs = ("volume",)

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        center, second = windows.squares(bars["volume"], self.period)
        moved = windows.varies(second, center, self.period)
        found = np.where(moved, (bars["volume"] - center) / np.sqrt(second / (self.period - 1)), 0.0)
        return (np.where(np.isnan(second), np.nan, found),)


class RelativeVolume(Period):
    """Volume over its average."""

    name = "relative_volume"
    meaning = "Volume over its mean of n bars, this one included; 1 where nothing was traded."
    inputs = ("volume",)
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.ratio(bars["volume"], windows.mean(bars["volume"], self.period), 1.0),)


class TradedValue(Period):
    """Value traded a bar."""

    name = "traded_value"
    meaning = "Mean of close x volume over n bars, as ln(1 + value)."
    inputs = CLOSE_VOLUME
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.log(1.0 + windows.mean(bars["close"] * bars["volume"], self.period)),)


class Amihud(Period):
    """Movement per value traded."""

    name = "amihud"
    meaning = "Mean of |return| / (close x volume) over n bars, x 1e6 (Amihud 2002); bars without volume count 0."
    inputs = CLOSE_VOLUME
    least = 1
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = np.abs(windows.changes(bars["close"]))
        terms = windows.ratio(change, bars["close"] * bars["volume"], 0.0)
        return (1e6 * windows.mean(terms, self.period),)


class SignedVolume(Period):
    """Volume with the sign of the change."""

    name = "signed_volume"
    meaning = "Volume of rises less that of falls over all volume of n bars, -1 to 1; 0 without volume."
    inputs = CLOSE_VOLUME
    least = 1
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        signed = np.sign(windows.changes(bars["close"])) * bars["volume"]
        return (windows.ratio(windows.total(signed, self.period), windows.total(bars["volume"], self.period), 0.0),)


class DistanceVwap(Period):
    """Close from the volume-weighted average."""

    name = "distance_vwap"
    meaning = "Close over the volume-weighted typical price of n bars - 1; NaN where nothing was traded."
    inputs = ("high", "low", "close", "volume")
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        typical = (bars["high"] + bars["low"] + bars["close"]) / 3.0
        weighted = windows.total(typical * bars["volume"], self.period)
        return (bars["close"] / windows.ratio(weighted, windows.total(bars["volume"], self.period)) - 1.0,)


class VolumeCorrelation(Period):
    """Correlation of size of movement and volume."""

    name = "volume_correlation"
    meaning = "Correlation of |return| and volume over n bars; NaN where one does not vary."
    inputs = CLOSE_VOLUME
    least = 3
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = np.abs(windows.changes(bars["close"]))
        return (windows.correlation(change, bars["volume"], self.period),)


class VolumeTrend(Period):
    """Slope of volume."""

    name = "volume_trend"
    meaning = "Slope a bar of the line through ln(1 + volume), and the share of the variance it explains."
    inputs = ("volume",)
    outputs = ("slope", "fit")
    least = 3

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return windows.line(windows.log(1.0 + bars["volume"]), self.period)


class QuotedSpread(Period):
    """Spread as quoted."""

    name = "quoted_spread"
    meaning = "Mean of spread / close over n bars; the tape must have spreads."
    inputs = ("spread", "close")
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.mean(bars["spread"] / bars["close"], self.period),)


class RollSpread(Period):
    """Spread from the bounce of closes."""

    name = "roll_spread"
    meaning = "2 sqrt(-cov(return, last return)) over n pairs, 0 where the covariance is positive (Roll 1984)."
    before = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = windows.changes(bars["close"])
        earlier = windows.lagged(change, 1)
        pair = windows.mean(change * earlier, self.period)
        joint = pair - windows.mean(change, self.period) * windows.mean(earlier, self.period)
        return (2.0 * np.sqrt(np.maximum(-joint, 0.0)),)


class CorwinSchultz(Windowed):
    """Spread from the ranges of one and of two bars."""

    name = "corwin_schultz"
    meaning = "Spread from the ranges of one and of two bars, not below 0 (Corwin and Schultz 2012)."
    inputs = ("high", "low")
    warmup = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        high, low = bars["high"], bars["low"]
        one = windows.log(high / low)
        two = windows.log(np.maximum(high, windows.lagged(high, 1)) / np.minimum(low, windows.lagged(low, 1)))
        squares = one * one + windows.lagged(one * one, 1)
        scale = 3.0 - 2.0 * math.sqrt(2.0)
        share = (np.sqrt(2.0 * squares) - np.sqrt(squares)) / scale - np.sqrt(two * two / scale)
        # 2 (e^a - 1) / (1 + e^a)
        return (2.0 * windows.tanh(np.maximum(share, 0.0) / 2.0),)
