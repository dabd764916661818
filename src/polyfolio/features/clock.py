"""Time as a feature: of day, week, month and session. The same for all slots that have a bar."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature, Stream
from polyfolio.features.own import present

MINUTE = 60_000_000_000
DAY_MINUTES = 1440


class Clock(Feature):
    """Base of features of a row's stamp (nanoseconds, UTC) and session day (days since 1970)."""

    inputs: ClassVar[tuple[str, ...]] = ("times", "day", "close")
    outputs: ClassVar[tuple[str, ...]] = ("sin", "cos")
    warmup = 0

    @abstractmethod
    def walker(self) -> Any:
        """A function of (stamp, day) that gives the outputs of the next row, called once per row in order."""

    def compute(self, tape: Tape) -> Floats:
        """Values, float64[outputs, rows, slots]."""
        walk = self.walker()
        rows = [walk(*row) for row in zip(tape.times.tolist(), tape.calendar.day.tolist(), strict=True)]
        values = np.array(rows, dtype=np.float64).T[:, :, None]
        return np.where(present(tape, ()) != 0, values, np.nan)

    def start(self, tape: Tape) -> Stream:
        """The clock after the tape's last row."""
        walk = self.walker()
        if self.remembers:
            for row in zip(tape.times.tolist(), tape.calendar.day.tolist(), strict=True):
                walk(*row)
        return ClockStream(walk)


class ClockStream:
    """The stream of a clock."""

    def __init__(self, walk: Any) -> None:
        self.walk = walk

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values; `times` and `day` are whole numbers, one or one per slot."""
        values = self.walk(int(np.ravel(bar["times"])[0]), int(np.ravel(bar["day"])[0]))
        return np.where(np.isfinite(bar["close"]), np.array(values)[:, None], np.nan)


def circle(share: float) -> tuple[float, float]:
    """Sine and cosine of a share of a turn."""
    return math.sin(2.0 * math.pi * share), math.cos(2.0 * math.pi * share)


@lru_cache(maxsize=100_000)
def offset(zone: str, quarter: int) -> int:
    """Minutes a zone is ahead of UTC in a quarter of an hour since 1970; clocks change at none but their starts."""
    there = datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(there.total_seconds()) // 60 if there is not None else 0


class TimeOfDay(Clock):
    """Time of day."""

    name = "time_of_day"
    meaning = "Time of day of the bar's close in a time zone, as sine and cosine of 24 hours."

    def __init__(self, *, zone: str = "UTC") -> None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
            remedy = "Write it as in America/New_York."
            raise ConfigError("time_of_day zone", zone, f"a time zone ({error})", remedy) from error
        self.zone = zone

    def columns(self) -> tuple[str, ...]:
        """A name per output, with the zone where it is not UTC."""
        zone = "" if self.zone == "UTC" else "_" + self.zone.replace("/", "_").lower()
        return tuple(f"{self.name}{zone}_{output}" for output in self.outputs)

    def walker(self) -> Any:
        """Minutes since midnight."""

        def walk(stamp: int, day: int) -> tuple[float, float]:  # noqa: ARG001
            minutes = stamp // MINUTE
            return circle((minutes + offset(self.zone, minutes // 15)) % DAY_MINUTES / DAY_MINUTES)

        return walk


class DayOfWeek(Clock):
    """Day of the week."""

    name = "day_of_week"
    meaning = "Day of the week of the session, as sine and cosine of seven days; Monday is 0."

    def walker(self) -> Any:
        """Days since a Monday."""
        return lambda stamp, day: circle((day + 3) % 7 / 7.0)  # noqa: ARG005


class DayOfMonth(Clock):
    """Day of the month."""

    name = "day_of_month"
    meaning = "Day of the month of the session, as sine and cosine of the month's length."

    def walker(self) -> Any:
        """Days since the month began."""
        return lambda stamp, day: circle(_within(day, "M"))  # noqa: ARG005


class DayOfYear(Clock):
    """Day of the year."""

    name = "day_of_year"
    meaning = "Day of the year of the session, as sine and cosine of the year's length."

    def walker(self) -> Any:
        """Days since the year began."""
        return lambda stamp, day: circle(_within(day, "Y"))  # noqa: ARG005


def _within(day: int, unit: str) -> float:
    date = np.datetime64(day, "D")
    first = date.astype(f"datetime64[{unit}]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(int)
    return float((date - first.astype("datetime64[D]")).astype(int) / length)


class Session(Clock):
    """Place in the session."""

    name = "session"
    meaning = "Rows since the session's first row, and minutes since its close."
    outputs = ("row", "minutes")
    remembers = True

    def walker(self) -> Any:
        """Counts from the first row of each session day."""
        current: int | None = None
        start, row = 0, 0

        def walk(stamp: int, day: int) -> tuple[float, float]:
            nonlocal current, start, row
            if current != day:
                current, start, row = day, stamp, -1
            row += 1
            return float(row), (stamp - start) / MINUTE

        return walk
