"""Sessions of exchanges: openings, lunch breaks and closes, with holidays, half days and changes of the clock.

`market.calendar` knows an exchange's regular close and sees from the rows which days are sessions. This module knows
the days themselves, past and announced, where bars must be built or counted against them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.calendar import ALWAYS, HOURS
from polyfolio.market.intervals import DAY
from polyfolio.market.stamps import show
from polyfolio.rules.arguments import closest

WEEKDAYS = "24/5"
# Exchanges that hold the sessions of another one under which the calendars know them.
SAME_SESSIONS = {"XNSE": "XBOM"}


@dataclass(frozen=True, eq=False)
class Sessions:
    """The sessions of one calendar, in the order of time; all times are nanoseconds, UTC.

    Attributes:
        name: of the calendar.
        days: session days, days since 1970-01-01.
        opens: when each session opens.
        pauses: when its lunch break begins; the close where it has none.
        resumes: when its lunch break ends; the close where it has none.
        closes: when it closes.
        early: True where it closes before the hour that is regular at that time, as on half days.
    """

    name: str
    days: Ints
    opens: Ints
    pauses: Ints
    resumes: Ints
    closes: Ints
    early: npt.NDArray[np.bool_]

    def segments(self) -> tuple[Ints, Ints]:
        """Starts and ends of uninterrupted trading: one a session, or two around a lunch break."""
        starts = np.stack([self.opens, self.resumes], axis=1).ravel()
        ends = np.stack([self.pauses, self.closes], axis=1).ravel()
        real = starts < ends
        return starts[real], ends[real]

    def bar_ends(self, times: Ints, length: int, *, starts: bool = False) -> Ints:
        """End of the bar of a length that each time falls in, -1 outside the sessions.

        Bars are counted from the opening of their segment, and the last one ends with it at the latest.

        Args:
            times: of closed rows, which belong to the bar (start, end]; with `starts`, of events, which belong to
                the bar [start, end) and are known at its end.
            length: nanoseconds.
            starts: whether a time at a boundary belongs to the bar that begins there.
        """
        begins, ends = self.segments()
        if ends.size == 0:
            return np.full(times.size, -1, np.int64)
        segment = np.searchsorted(ends, times, side="right" if starts else "left")
        known = segment < ends.size
        segment = np.where(known, segment, 0)
        begin, passed = begins[segment], times - begins[segment]
        inside = known & ((passed >= 0) if starts else (passed > 0))
        number = passed // length + 1 if starts else -(-passed // length)
        return np.where(inside, np.minimum(begin + number * length, ends[segment]), -1)

    def clipped(self, times: Ints, length: int) -> Ints:
        """Closing times, those of bars that reach beyond the end of their segment moved to that end.

        An hourly bar that opened at 12:30 on a half day ended at 13:00, whatever its file says.
        """
        begins, ends = self.segments()
        if ends.size == 0:
            return times
        segment = np.searchsorted(ends, times - length, side="right")
        known = segment < ends.size
        segment = np.where(known, segment, 0)
        opened = known & (times - length >= begins[segment]) & (self.bar_ends(times, length) < 0)
        return np.where(opened, ends[segment], times)

    def schedule(self, length: int) -> Ints:
        """Closing times of all bars of a length."""
        starts, ends = self.segments()
        parts = [np.append(np.arange(a + length, b, length), b) for a, b in zip(starts, ends, strict=True)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def sessions_of(name: str, first: int, last: int) -> Sessions:
    """The sessions of a calendar from one day to another, both included.

    Args:
        name: "24/7", "24/5", or an exchange code such as "XNYS".
        first: days since 1970-01-01.
        last: days since 1970-01-01.

    Raises:
        DataError: nobody knows the name, or the calendar does not reach so far.
        ConfigError: the calendars are not installed.
    """
    if name in (ALWAYS, WEEKDAYS):
        days = np.arange(first, last + 1, dtype=np.int64)
        days = days if name == ALWAYS else days[(days + 3) % 7 < 5]
        closes = HOURS[name].closes(days)
        opens = days * DAY if name == ALWAYS else HOURS[name].closes(days - 1)
        return Sessions(name, days, opens, closes, closes, closes, np.zeros(days.size, bool))
    # Whole years, so that neighbouring questions meet in the memory of the calendars already read.
    low, high = (int(np.datetime64(day, "D").astype("datetime64[Y]").astype(int)) + 1970 for day in (first, last))
    whole = _exchange(name, low, high)
    keep = (whole.days >= first) & (whole.days <= last)
    arrays = {item: getattr(whole, item)[keep] for item in ("days", "opens", "pauses", "resumes", "closes", "early")}
    return replace(whole, **arrays)


def sessions_around(tape: Tape, margin: int = 0) -> Sessions:
    """The sessions of a tape's calendar on the days of its rows, and so many days before and after them."""
    day = tape.calendar.day
    return sessions_of(tape.calendar.name, int(day[0]) - margin, int(day[-1]) + margin)


@lru_cache(maxsize=32)
def _exchange(name: str, low: int, high: int) -> Sessions:
    calendars = _calendars()
    code = SAME_SESSIONS.get(name, name)
    known = calendars.get_calendar_names(include_aliases=True)
    if code not in known:
        raise DataError("calendar", name, "24/7, 24/5 or an exchange code", closest(name, known))
    try:
        found = calendars.get_calendar(code, start=f"{low}-01-01", end=f"{high}-12-31")
    except ValueError as error:
        raise DataError(
            "calendar", f"{name}, {low} to {high}", f"a span the calendar knows ({error})", "Cut the rows to it."
        ) from error
    table = found.schedule
    closes, opens = _nanoseconds(table["close"]), _nanoseconds(table["open"])
    days = _nanoseconds(table.index) // DAY
    return Sessions(
        name=name,
        days=days,
        opens=opens,
        pauses=np.where(table["break_start"].isna(), closes, _nanoseconds(table["break_start"])),
        resumes=np.where(table["break_end"].isna(), closes, _nanoseconds(table["break_end"])),
        closes=closes,
        early=np.isin(days, _nanoseconds(found.early_closes) // DAY),
    )


def _nanoseconds(column: Any) -> Ints:
    import pandas as pd  # noqa: PLC0415

    stamps = pd.DatetimeIndex(column)
    stamps = stamps if stamps.tz is None else stamps.tz_convert(None)
    return np.asarray(stamps.as_unit("ns").asi8, dtype=np.int64)


def _calendars() -> Any:
    try:
        import exchange_calendars  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "exchange_calendars", None, "installed", "Install the extra: pip install 'polyfolio[data]'."
        ) from error
    return exchange_calendars


def at_closes(tape: Tape) -> Tape:
    """Rows stamped with the time their bar really closed, which is earlier on half days and before lunch breaks.

    One row a day stands at the close of its session. A shorter bar that opened in a session stands at the session's
    end, or the break's beginning, where its own length reaches beyond it; rows outside the sessions stay.

    Raises:
        DataError: a daily row stands on a day without a session.
    """
    sessions = sessions_around(tape)
    day = tape.calendar.day
    if not (np.diff(day) > 0).all():
        return replace(tape, times=sessions.clipped(tape.times, step_of(tape.times)))
    place = np.minimum(np.searchsorted(sessions.days, day), max(sessions.days.size - 1, 0))
    missing = np.ones(day.size, bool) if not sessions.days.size else sessions.days[place] != day
    if missing.any():
        row = int(np.argmax(missing))
        raise DataError(
            f"times (row {row})",
            show(int(day[row]) * DAY),
            f"a session of {tape.calendar.name}",
            "Correct the calendar, or drop the row: the exchange was closed.",
        )
    return replace(tape, times=sessions.closes[place])


def step_of(times: Ints) -> int:
    """The step that most rows keep; the smallest where none does, as with bars of varying length."""
    lengths, counts = np.unique(np.diff(times), return_counts=True)
    most = int(np.argmax(counts))
    return int(lengths[most] if 2 * counts[most] >= counts.sum() else lengths[0])


def short_days(times: Ints, sessions: Sessions) -> Ints:
    """Session days with rows, whose last row closes before the session does: cut off, not complete."""
    begin = np.searchsorted(times, sessions.opens, side="right")
    end = np.searchsorted(times, sessions.closes, side="right")
    last = times[np.maximum(end - 1, 0)] if times.size else sessions.closes
    return np.asarray(sessions.days[(end > begin) & (last < sessions.closes)], dtype=np.int64)
