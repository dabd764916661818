"""Longer bars from shorter ones: buckets that end when the calendar says, known from their end on and not before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.aggregate import aggregated
from polyfolio.market.calendar import calendar_of
from polyfolio.market.exchange import Sessions, sessions_around, step_of
from polyfolio.market.intervals import DAY, MONTH, nanoseconds, word
from polyfolio.market.stamps import show

LONGEST_MONTH = 31


def resample(tape: Tape, interval: str, *, outside: str = "refuse") -> Tape:
    """A tape of longer bars, each stamped with the end of its bucket.

    Bars shorter than a day are counted from the opening of the session, or from the end of its lunch break, and end
    with it; "1d" is a session day, "1w" ends with the last session of a week from Monday on, "month" with that of a
    calendar month. A bucket that has not ended when the tape does gives no bar, so that a longer tape changes none.
    Prices, volume and dividends stand in the units after the last split inside the bar.

    Args:
        tape: market rows.
        interval: "15min", "4h", "1d", "2d", "1w", "month"; longer than the tape's own.
        outside: "refuse" or "drop" rows before the opening and after the close of a session.

    Example:
        >>> daily = resample(minutes, "1d")
    """
    if outside not in ("refuse", "drop"):
        raise DataError("outside", outside, "refuse or drop", "Say what becomes of rows outside the sessions.")
    length = nanoseconds(interval)
    step = step_of(tape.times)
    refuse_finer(length, step)
    sessions = sessions_around(tape, margin=_margin(length))
    daily = bool((np.diff(tape.calendar.day) > 0).all())
    closed = tape.times if daily else sessions.clipped(tape.times, step)
    keep = np.ones(tape.rows, bool) if daily else _inside(tape, closed, sessions, outside)
    rows = np.flatnonzero(keep)
    if length < DAY:
        ends = sessions.bar_ends(closed[rows], length)
    else:
        ends = _ends_of_days(tape, closed, rows, sessions, length)
    rows = rows[ends <= tape.times[-1]]
    return gathered(tape, rows, ends[: rows.size], length)


def refuse_finer(length: int, step: int) -> None:
    """Refuse bars that are not longer than the rows, and bars that would cut rows in two."""
    if length <= step:
        raise DataError("interval", word(length), f"longer than the tape's rows, {word(step)}", "Take a longer one.")
    if length < DAY and length % step:
        raise DataError(
            "interval",
            word(length),
            f"a multiple of the tape's rows, {word(step)}",
            f"Try {word(length // step * step)}.",
        )


def gathered(tape: Tape, rows: Ints, ends: Ints, length: int) -> Tape:
    """The tape of the rows that share an end.

    Args:
        tape: market rows.
        rows: rows to take, ascending.
        ends: end of each one's bucket, ascending.
        length: of a bucket, for closings in a year.
    """
    if rows.size == 0 or ends[0] == ends[-1]:
        count = int(rows.size > 0)
        bound = f"at least 2 bars of {word(length)} that have ended"
        raise DataError("interval", count, bound, "Take a longer tape or shorter bars.")
    starts = np.flatnonzero(np.diff(ends, prepend=ends[0] - 1))
    times = np.ascontiguousarray(ends[starts])
    arrays = aggregated(tape, rows, starts)
    return replace(tape, times=times, calendar=calendar_of(times, length, tape.calendar.name), **arrays)


def _margin(length: int) -> int:
    """Days beyond the last row in which its bucket can end."""
    return 0 if length < DAY else max(LONGEST_MONTH, length // DAY)


def _inside(tape: Tape, closed: Ints, sessions: Sessions, outside: str) -> Any:
    """Rows whose bar closes inside a session."""
    inside = sessions.bar_ends(closed, DAY) >= 0
    if not inside.all() and outside == "refuse":
        row = int(np.argmin(inside))
        raise DataError(
            f"times (row {row})",
            show(int(tape.times[row])),
            f"inside a session of {tape.calendar.name} ({int((~inside).sum())} rows are not)",
            'Give outside="drop" to leave such rows aside, or correct the calendar.',
        )
    return inside


def _ends_of_days(tape: Tape, closed: Ints, rows: Ints, sessions: Sessions, length: int) -> Ints:
    """End of each row's bucket of days: the close of its last session.

    A daily row stamped with the regular close of a half day stands after that close: the bucket waits for it.
    """
    own = _period(tape.calendar.day[rows], length)
    periods = _period(sessions.days, length)
    last = np.searchsorted(periods, own, side="right") - 1
    without = (last < 0) | (periods[np.maximum(last, 0)] != own) if periods.size else np.ones(own.size, bool)
    if without.any():
        row = int(rows[np.argmax(without)])
        raise DataError(
            f"times (row {row})",
            show(int(tape.times[row])),
            f"in a period in which {tape.calendar.name} has a session",
            "Correct the calendar, or drop the row: the exchange was closed.",
        )
    final = np.append(np.flatnonzero(np.diff(own)), own.size - 1)
    latest = closed[rows][final][np.searchsorted(own[final], own)]
    return np.asarray(np.maximum(sessions.closes[last], latest), dtype=np.int64)


def _period(days: Ints, length: int) -> Ints:
    """Number of the period a session day belongs to."""
    if length == int(MONTH):
        return np.asarray(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))
    if length % (7 * DAY) == 0:
        return np.asarray((days + 3) // (length // DAY))  # 1970-01-01 was a Thursday; weeks begin on Monday
    return np.asarray(days // (length // DAY))
