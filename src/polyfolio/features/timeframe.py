"""A feature of longer bars on a tape of shorter ones. A long bar is seen from its close on, never before."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Calendar, Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature, Stream
from polyfolio.features.own import present
from polyfolio.rules.arguments import at_least

FIELDS = ("open", "high", "low", "close", "volume")
# Days since 1970 -> the number of the week or month; a week begins on Monday.
PARTS: dict[str, Callable[[int], int]] = {
    "day": lambda day: day,
    "week": lambda day: (day + 3) // 7,
    "month": lambda day: int(np.datetime64(day, "D").astype("datetime64[M]").astype(int)),
}


class Timeframe(Feature):
    """Another feature, computed on bars of so many rows, or of a session day, week or month.

    A bar of n rows closes with its last row, counted from the tape's first. That a day, week or month is over is known
    when the next one's first row is there, and from that row on its bar is seen.

    Args:
        of: the feature; it reads open, high, low, close and volume alone.
        every: rows, "day", "week" or "month".
        rows: the most rows a day, week or month has on this tape; the warm-up is stated with it.
    """

    name = "timeframe"
    meaning = "A feature of longer bars: of n rows, of a session day, week or month."

    def __init__(self, *, of: Feature, every: int | str = 5, rows: int = 1) -> None:
        if not set(getattr(of, "inputs", ("nothing",))) <= set(FIELDS):
            bound = "a feature of open, high, low, close and volume"
            raise ConfigError("timeframe of", of, bound, "Put another feature on longer bars.")
        if isinstance(every, str):
            if every not in PARTS:
                raise ConfigError("timeframe every", every, "rows, or one of " + ", ".join(PARTS), "Correct it.")
        else:
            at_least("timeframe every", every, 2)
        at_least("timeframe rows", rows, 1)
        self.of = of
        self.every = every
        self.rows = rows
        remembers = of.remembers or not isinstance(every, str)
        # The long bars need every field, whatever the feature reads of them.
        vars(self).update(inputs=("day", *FIELDS), outputs=of.outputs, across=of.across, remembers=remembers)

    @property
    def warmup(self) -> int:
        """Rows before the first value where a slot's bars begin with a long one; at most for days, weeks, months."""
        if isinstance(self.every, str):
            return (self.of.warmup + 1) * self.rows
        return (self.of.warmup + 1) * self.every - 1

    def columns(self) -> tuple[str, ...]:
        """A name per output: "rsi_14_every_5", "rsi_14_every_day"."""
        return tuple(f"{column}_every_{self.every}" for column in self.of.columns())

    def compute(self, tape: Tape) -> Floats:
        """Values, float64[outputs, rows, slots]."""
        bars, seen = long_bars(tape, self.every)
        out = np.full((len(self.outputs), tape.rows, tape.slots), np.nan)
        if len(bars.closed) < 2:
            return out
        values = self.of.compute(bars.tape(tape))
        known = np.flatnonzero(seen >= 0)
        out[:, known] = values[:, seen[known]]
        return np.where(present(tape, ()) != 0, out, np.nan)

    def start(self, tape: Tape) -> Stream:
        """The long bar under way, and the stream of those before it."""
        return TimeframeStream(self, tape)


class LongBars:
    """Longer bars, made row by row; batch and stream both use it.

    Attributes:
        closed: the bars that are complete, (session day, fields).
    """

    def __init__(self, every: int | str, slots: int) -> None:
        self.every = every
        self.slots = slots
        self.closed: list[tuple[int, dict[str, Floats]]] = []
        self.group: int | None = None
        self.rows = 0
        self.last_day = 0
        self._begin()

    def _begin(self) -> None:
        self.bar = {name: np.full(self.slots, np.nan) for name in FIELDS}

    def add(self, day: int, fields: Mapping[str, Floats]) -> bool:
        """Take a row; True where it makes another long bar known."""
        before = len(self.closed)
        if isinstance(self.every, str):
            group = PARTS[self.every](day)
            if self.group is not None and group != self.group:
                self._close()
            self.group = group
        self.last_day = day
        self._take(fields)
        self.rows += 1
        if not isinstance(self.every, str) and self.rows % self.every == 0:
            self._close()
        return len(self.closed) > before

    def _take(self, fields: Mapping[str, Floats]) -> None:
        here = np.isfinite(fields["close"])
        bar = self.bar
        first = here & np.isnan(bar["close"])
        bar["open"] = np.where(first, fields["open"], bar["open"])
        bar["high"] = np.where(here, np.fmax(bar["high"], fields["high"]), bar["high"])
        bar["low"] = np.where(here, np.fmin(bar["low"], fields["low"]), bar["low"])
        bar["volume"] = np.where(here, np.where(first, 0.0, bar["volume"]) + fields["volume"], bar["volume"])
        bar["close"] = np.where(here, fields["close"], bar["close"])

    def _close(self) -> None:
        self.closed.append((self.last_day, self.bar))
        self._begin()

    def tape(self, like: Tape) -> Tape:
        """The complete bars as a tape; a row's stamp is its number."""
        arrays = {name: np.stack([bar[name] for _, bar in self.closed]) for name in FIELDS}
        days = np.array([day for day, _ in self.closed], np.int64)
        calendar = Calendar(like.calendar.name, np.nan, like.calendar.days_per_year, "longer bars", days)
        return Tape(
            times=np.arange(len(self.closed), dtype=np.int64),
            tradable=np.isfinite(arrays["close"]).astype(np.uint8),
            calendar=calendar,
            universe=like.universe,
            instruments=like.instruments,
            **arrays,
        )


_kept: weakref.WeakKeyDictionary[Tape, dict[Any, Any]] = weakref.WeakKeyDictionary()


def long_bars(tape: Tape, every: int | str) -> tuple[LongBars, np.ndarray]:
    """The long bars of a tape, and per row the number of the last one seen (-1 for none); kept as long as the tape."""
    kept = _kept.setdefault(tape, {})
    if every not in kept:
        bars = LongBars(every, tape.slots)
        seen = np.empty(tape.rows, np.int64)
        here = present(tape, ()) != 0
        fields = {name: np.where(here, getattr(tape, name), np.nan) for name in FIELDS}
        for row, day in enumerate(tape.calendar.day.tolist()):
            bars.add(day, {name: fields[name][row] for name in FIELDS})
            seen[row] = len(bars.closed) - 1
        kept[every] = bars, seen
    found: tuple[LongBars, np.ndarray] = kept[every]
    return found


class TimeframeStream:
    """The stream of a feature of longer bars."""

    def __init__(self, feature: Timeframe, tape: Tape) -> None:
        self.of = feature.of
        self.like = tape
        whole, _ = long_bars(tape, feature.every)
        self.bars = LongBars(feature.every, tape.slots)
        vars(self.bars).update({**vars(whole), "closed": list(whole.closed), "bar": dict(whole.bar)})
        self.inner: Stream | None = None
        self.values = np.full((len(feature.outputs), tape.slots), np.nan)
        self._begin()

    def _begin(self) -> None:
        if len(self.bars.closed) >= 2:
            slow = self.bars.tape(self.like)
            self.values = self.of.compute(slow)[:, -1]
            self.inner = self.of.start(slow)

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values."""
        if self.bars.add(int(np.ravel(bar["day"])[0]), bar):
            if self.inner is None:
                self._begin()
            else:
                self.values = self.inner.update(self.bars.closed[-1][1])
                del self.bars.closed[:-1]
        return np.where(np.isfinite(bar["close"]), self.values, np.nan)
