"""Volatility per bar, from closes and from ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features import windows
from polyfolio.features.base import Stream
from polyfolio.features.compiled.windows import smoothed
from polyfolio.features.own import OwnBars, own_bars
from polyfolio.features.prices import Bars, Period
from polyfolio.features.slotwise import SlotWise, Windowed
from polyfolio.rules.arguments import at_least

OPEN_BARS = ("open", "high", "low", "close")


class CloseVolatility(Period):
    """Standard deviation of returns."""

    name = "close_volatility"
    meaning = "Standard deviation (divisor n - 1) of n returns."
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.deviation(windows.changes(bars["close"]), self.period),)


class Parkinson(Period):
    """Volatility from ranges."""

    name = "parkinson"
    meaning = "From ranges: sqrt(mean(ln(high / low)^2) / (4 ln 2)) (Parkinson 1980)."
    inputs = ("high", "low")
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        width = windows.log(bars["high"] / bars["low"])
        return (np.sqrt(windows.mean(width * width, self.period) / (4.0 * math.log(2.0))),)


class GarmanKlass(Period):
    """Volatility from ranges and bodies."""

    name = "garman_klass"
    meaning = "From ranges and bodies: sqrt(mean(0.5 ln(h / l)^2 - (2 ln 2 - 1) ln(c / o)^2)) (Garman and Klass 1980)."
    inputs = OPEN_BARS
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        width = windows.log(bars["high"] / bars["low"])
        body = windows.log(bars["close"] / bars["open"])
        terms = 0.5 * (width * width) - (2.0 * math.log(2.0) - 1.0) * (body * body)
        return (np.sqrt(windows.mean(terms, self.period)),)


def rogers_satchell(bars: Bars) -> Floats:
    """ln(h / c) ln(h / o) + ln(l / c) ln(l / o) of each bar."""
    start, high, low, close = (bars[name] for name in OPEN_BARS)
    above = windows.log(high / close) * windows.log(high / start)
    return np.asarray(above + windows.log(low / close) * windows.log(low / start))


class RogersSatchell(Period):
    """Volatility from ranges, free of drift."""

    name = "rogers_satchell"
    meaning = "From ranges, free of drift: sqrt(mean(ln(h/c) ln(h/o) + ln(l/c) ln(l/o))) (Rogers and Satchell 1991)."
    inputs = OPEN_BARS
    least = 1

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (np.sqrt(windows.mean(rogers_satchell(bars), self.period)),)


class YangZhang(Period):
    """Volatility from gaps, bodies and ranges."""

    name = "yang_zhang"
    meaning = "From gaps, bodies and ranges: sqrt(var(gap) + k var(body) + (1 - k) mean(rs)) (Yang and Zhang 2000)."
    inputs = OPEN_BARS
    before = 0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        n = self.period
        share = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
        gap = windows.log(bars["open"] / windows.lagged(bars["close"], 1))
        body = windows.log(bars["close"] / bars["open"])
        terms = windows.variance(gap, n) + share * windows.variance(body, n)
        return (np.sqrt(terms + (1.0 - share) * windows.mean(rogers_satchell(bars), n)),)


class DownsideDeviation(Period):
    """Deviation of losses."""

    name = "downside_deviation"
    meaning = "sqrt(mean(min(return, 0)^2)) of n returns."
    least = 1
    before = 0
    sign: ClassVar[float] = -1.0

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = windows.changes(bars["close"])
        side = np.maximum(self.sign * change, 0.0)
        return (np.sqrt(windows.mean(side * side, self.period)),)


class UpsideDeviation(DownsideDeviation):
    """Deviation of rises."""

    name = "upside_deviation"
    meaning = "sqrt(mean(max(return, 0)^2)) of n returns."
    sign = 1.0


class VolatilityRatio(Windowed):
    """Short over long volatility."""

    name = "volatility_ratio"
    meaning = "Volatility of `fast` returns over that of `slow` ones; 1 where nothing moved."
    inputs = ("close",)

    def __init__(self, *, fast: int = 10, slow: int = 60) -> None:
        at_least("volatility_ratio fast", fast, 2)
        at_least("volatility_ratio slow", slow, 3)
        if fast >= slow:
            raise ConfigError("volatility_ratio fast", fast, f"below slow {slow}", "Take a shorter span.")
        self.fast = fast
        self.slow = slow

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return self.slow

    def values(self, bars: Bars) -> tuple[Floats, ...]:
        """Values of each bar."""
        change = windows.changes(bars["close"])
        return (windows.ratio(windows.deviation(change, self.fast), windows.deviation(change, self.slow), 1.0),)


class EwmaVolatility(SlotWise):
    """Exponentially weighted volatility."""

    name = "ewma_volatility"
    meaning = "sqrt of s^2 = decay s^2 + (1 - decay) return^2, started at the first return; of the next bar."
    inputs = ("close",)
    remembers = True

    def __init__(self, *, decay: float = 0.94) -> None:
        at_least("ewma_volatility decay", decay, 0.0, whole=False)
        if decay >= 1.0:
            raise ConfigError("ewma_volatility decay", decay, "below 1", "0.94 is usual for days.")
        self.decay = decay

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return 1

    def fill(self, own: OwnBars, out: Floats) -> None:
        """Walk from each slot's first bar."""
        self._walk(own.fields["close"], np.full(own.counts.size, np.nan), out[0])

    def start(self, tape: Tape) -> Stream:
        """The variance and close after the tape's last row."""
        own = own_bars(tape, self.inputs)
        closes = own.fields["close"]
        state = np.full(own.counts.size, np.nan)
        self._walk(closes, state, np.empty(closes.shape))
        last = np.array([row[count - 1] if count else np.nan for row, count in zip(closes, own.counts, strict=True)])
        return EwmaStream(self.decay, state, last)

    def _walk(self, closes: Floats, state: Floats, out: Floats) -> None:
        change = windows.changes(closes)
        smoothed(change * change, self.decay, state, out)
        np.sqrt(out, out=out)


class EwmaStream:
    """The stream of the weighted volatility."""

    def __init__(self, decay: float, state: Floats, last: Floats) -> None:
        self.decay, self.state, self.last = decay, state, last

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values."""
        closes = bar["close"]
        here = np.isfinite(closes)
        change = np.where(here, closes / self.last - 1.0, np.nan)
        out = np.empty((closes.size, 1))
        smoothed((change * change)[:, None], self.decay, self.state, out)
        self.last = np.where(here, closes, self.last)
        return np.where(here, np.sqrt(out[:, 0]), np.nan)[None]
