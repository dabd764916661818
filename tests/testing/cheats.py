"""Rules that leak, each with its honest twin, and the reason for which it must be caught."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.features.base import Feature
from polyfolio.features.normalise import Standard
from polyfolio.features.regimes import Volatility
from polyfolio.features.regimes.market import market
from polyfolio.strategies.base import Strategy
from polyfolio.testing.reasons import Reason


def closes(tape: Tape) -> Floats:
    return np.where(tape.tradable != 0, tape.close, np.nan)


def returns(tape: Tape) -> Floats:
    out = np.full(tape.close.shape, np.nan)
    out[1:] = closes(tape)[1:] / closes(tape)[:-1] - 1.0
    return out


def shifted(tape: Tape) -> Floats:
    """Tomorrow's return."""
    return np.vstack([returns(tape)[1:], np.full((1, tape.slots), np.nan)])


def backfilled(tape: Tape) -> Floats:
    """A late listing filled from its first close."""
    out = closes(tape)
    for row in range(tape.rows - 2, -1, -1):
        out[row] = np.where(np.isnan(out[row]), out[row + 1], out[row])
    return out


def filled(tape: Tape) -> Floats:
    out = closes(tape)
    for row in range(1, tape.rows):
        out[row] = np.where(np.isnan(out[row]), out[row - 1], out[row])
    return out


def both_ways(tape: Tape) -> Floats:
    """An average forwards, then backwards over the result."""
    return averaged(averaged(filled_up(tape))[::-1])[::-1]


def one_way(tape: Tape) -> Floats:
    return averaged(filled_up(tape))


def filled_up(tape: Tape) -> Floats:
    return np.nan_to_num(filled(tape))


def averaged(values: Floats) -> Floats:
    out = values.copy()
    for row in range(1, len(out)):
        out[row] = 0.9 * out[row - 1] + 0.1 * values[row]
    return out


def of_the_maximum(tape: Tape) -> Floats:
    """A share of the highest close of the whole tape."""
    return closes(tape) / np.nanmax(closes(tape))


def running_maximum(tape: Tape) -> Floats:
    return closes(tape) / np.fmax.accumulate(closes(tape), axis=0)


def ranked_in_time(tape: Tape) -> Floats:
    """The rank of each close among all closes of its slot."""
    return np.argsort(np.argsort(filled_up(tape), axis=0, kind="stable"), axis=0, kind="stable").astype(float)


def rank_so_far(tape: Tape) -> Floats:
    values = filled_up(tape)
    return np.array([(values[: row + 1] <= values[row]).sum(axis=0) for row in range(tape.rows)], dtype=float)


def last_of_day(tape: Tape) -> Floats:
    """Whether the next row is another day: nobody knows when it will come."""
    day = tape.calendar.day
    return np.append(day[1:] != day[:-1], True).astype(float)


def first_of_day(tape: Tape) -> Floats:
    day = tape.calendar.day
    return np.append(True, day[1:] != day[:-1]).astype(float)


def dropped_if_missing_at_the_end(tape: Tape) -> Floats:
    """All of a slot's history goes where its last close is missing."""
    return np.where(np.isnan(closes(tape)[-1]), np.nan, closes(tape))


class Random:
    """Never the same twice."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)

    def __call__(self, tape: Tape) -> Floats:
        return self.random.random(tape.close.shape)


class Counting:
    """Remembers that it was asked before."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, tape: Tape) -> Floats:
        self.times += 1
        return np.full(tape.rows, float(self.times))


class FirstMean:
    """Takes off the mean of the first tape it sees, and keeps it: later questions show no future."""

    def __init__(self) -> None:
        self.mean: float | None = None

    def __call__(self, tape: Tape) -> Floats:
        if self.mean is None:
            self.mean = float(np.nanmean(closes(tape)))
        return closes(tape) - self.mean


class GivenMean(FirstMean):
    """Has its mean from elsewhere."""

    def __init__(self) -> None:
        self.mean = 100.0


def first_slot(tape: Tape) -> Floats:
    """Every slot's close over that of the first one."""
    return closes(tape) / closes(tape)[:, :1]


class Change(Feature):
    """Return over some rows; the honest one."""

    name: ClassVar[str] = "change"
    inputs: ClassVar[tuple[str, ...]] = ("close",)
    meaning: ClassVar[str] = "return"

    def __init__(self, *, rows: int = 5) -> None:
        self.rows = rows

    @property
    def warmup(self) -> int:
        return self.rows

    def compute(self, tape: Tape) -> Floats:
        out = np.full((1, tape.rows, tape.slots), np.nan)
        close = closes(tape)
        out[0, self.rows :] = close[self.rows :] / close[: -self.rows] - 1.0
        return out

    def start(self, tape: Tape) -> ChangeStream:
        return ChangeStream(closes(tape)[-self.rows :])


class ChangeStream:
    def __init__(self, past: Floats) -> None:
        self.past = past

    def update(self, bar: Mapping[str, Any]) -> Floats:
        out = bar["close"] / self.past[0] - 1.0
        self.past = np.vstack([self.past[1:], bar["close"]])
        return out[None]


class Average(Change):
    """A recursion that says its last rows are enough."""

    def compute(self, tape: Tape) -> Floats:
        return averaged(filled_up(tape))[None]

    def start(self, tape: Tape) -> AverageStream:
        return AverageStream(self, tape)


class HonestAverage(Average):
    remembers: ClassVar[bool] = True


class AverageStream:
    def __init__(self, feature: Change, tape: Tape) -> None:
        self.last, self.value = filled(tape)[-1], feature.compute(tape)[0, -1]

    def update(self, bar: Mapping[str, Any]) -> Floats:
        self.last = np.where(np.isnan(bar["close"]), self.last, bar["close"])
        self.value = 0.9 * self.value + 0.1 * np.nan_to_num(self.last)
        return self.value[None]


class Drifting(HonestAverage):
    """Its stream forgets the last value."""

    def start(self, tape: Tape) -> AverageStream:
        stream = AverageStream(self, tape)
        stream.value = stream.value * (1.0 + 1e-15)
        return stream


class Above(HonestAverage):
    """Its mean over slots is no business of one slot's feature."""

    def compute(self, tape: Tape) -> Floats:
        return (filled_up(tape) - np.sort(filled_up(tape), axis=1).sum(axis=1, keepdims=True) / tape.slots)[None]

    def start(self, tape: Tape) -> AboveStream:
        return AboveStream(self, tape)


class AboveStream(AverageStream):
    def update(self, bar: Mapping[str, Any]) -> Floats:
        self.last = np.where(np.isnan(bar["close"]), self.last, bar["close"])
        values = np.nan_to_num(self.last)[None]
        return values - np.sort(values, axis=1).sum(axis=1, keepdims=True) / values.size


class HonestAbove(Above):
    across: ClassVar[bool] = True


class WholeFrame(Standard):
    """Is told its training rows and reads all."""

    def fit(self, values: Floats, rows: Any, **names: Any) -> WholeFrame:
        super().fit(values, slice(None), **names)
        return self


class Peeking(Standard):
    """Learns honestly, then centres what it reshapes by itself."""

    def _reshape(self, grid: Floats, out: Floats) -> None:
        super()._reshape(grid - np.nanmean(grid, axis=1, keepdims=True), out)


class WholeTape(Volatility):
    """Thresholds of the tape it is asked about."""

    def probabilities(self, tape: Tape) -> Floats:
        return self.clone().learn(market(tape, self.symbol)[0]).known(tape)

    def known(self, tape: Tape) -> Floats:
        return super().probabilities(tape)


class Clairvoyant(Strategy):
    def signals(self, tape: Tape) -> Floats:
        return np.sign(np.nan_to_num(shifted(tape)))


class Follower(Strategy):
    @property
    def warmup(self) -> int:
        return 2

    def signals(self, tape: Tape) -> Floats:
        return np.sign(returns(tape))


class SameBar:
    def trades(self, tape: Tape) -> Floats:
        return np.diff(np.sign(np.nan_to_num(returns(tape))), axis=0, prepend=0.0)


class NextBar:
    def trades(self, tape: Tape) -> Floats:
        held = np.vstack([np.zeros((1, tape.slots)), np.sign(np.nan_to_num(returns(tape)))[:-1]])
        return np.diff(held, axis=0, prepend=0.0)


# (what leaks, why, its honest twin)
CHEATS: tuple[tuple[Any, Reason, Any], ...] = (
    (shifted, Reason.LOOKS_AHEAD, returns),
    (backfilled, Reason.FILLED_BACKWARDS, filled),
    (both_ways, Reason.BACKWARD_PASS, one_way),
    (of_the_maximum, Reason.WHOLE_SAMPLE, running_maximum),
    (ranked_in_time, Reason.WHOLE_SAMPLE, rank_so_far),
    (last_of_day, Reason.LATER_ROWS, first_of_day),
    (dropped_if_missing_at_the_end, Reason.LATER_ROWS, closes),
    (Random(), Reason.UNREPEATABLE, closes),
    (Counting(), Reason.UNREPEATABLE, first_of_day),
    (FirstMean(), Reason.UNREPEATABLE, GivenMean()),
    (first_slot, Reason.ACROSS_SLOTS, closes),
    (Average(), Reason.WARMUP, HonestAverage()),
    (Drifting(), Reason.STREAM, HonestAverage()),
    (Above(), Reason.ACROSS_SLOTS, HonestAbove()),
    (WholeFrame(), Reason.OUTSIDE_TRAINING, Standard()),
    (Peeking(), Reason.WHOLE_SAMPLE, Standard()),
    (WholeTape(), Reason.WHOLE_SAMPLE, Volatility()),
    (Clairvoyant(), Reason.LOOKS_AHEAD, Follower()),
    (SameBar(), Reason.SAME_BAR, NextBar()),
)
