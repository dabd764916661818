"""When the bars of a synthetic tape close: the original's stamps, repeated by whole weeks, and their time of day."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import Calendar, Tape
from polyfolio.core.types import Ints
from polyfolio.market.calendar import ALWAYS, HOURS, Hours
from polyfolio.market.intervals import DAY

WEEK = 7 * DAY
COMMON = 10  # rows that a time of day needs to stand for itself


def hours_of_tape(tape: Tape) -> Hours:
    """The hours of a tape's calendar; those of UTC where the name is not known here."""
    return HOURS.get(tape.calendar.name, HOURS[ALWAYS])


def extended(tape: Tape, rows: int) -> tuple[Ints, Ints, Ints]:
    """Stamps, session days and original rows of a tape of any length.

    The stamps are the original's. After its last row they begin again, later by whole weeks of the exchange's wall
    clock, so that weekdays, session hours and changes of the clock hold; holidays fall on other dates.
    """
    origin = np.arange(rows, dtype=np.int64) % tape.rows
    if rows <= tape.rows:
        return tape.times[:rows].copy(), tape.calendar.day[:rows].copy(), origin
    hours = hours_of_tape(tape)
    local = hours.local(tape.times)
    span = int(local[-1] - local[0]) + int(np.median(np.diff(local)))
    period = -(-span // WEEK) * WEEK
    lap = np.arange(rows, dtype=np.int64) // tape.rows
    times = _in_utc(local[origin] + lap * period, hours)
    times[: tape.rows] = tape.times
    return times, np.asarray(tape.calendar.day[origin] + lap * (period // DAY), dtype=np.int64), origin


def _in_utc(local: Ints, hours: Hours) -> Ints:
    import pandas as pd  # noqa: PLC0415

    wall = pd.DatetimeIndex(local.astype("datetime64[ns]"))
    summer = np.zeros(local.size, dtype=bool)
    zoned = wall.tz_localize(hours.timezone, ambiguous=summer, nonexistent="shift_forward")
    return np.asarray(zoned.tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)


def calendar_like(tape: Tape, day: Ints) -> Calendar:
    """The calendar of a synthetic tape: the original's figures."""
    own = tape.calendar
    return Calendar(own.name, own.bars_per_year, own.days_per_year, own.source, day)


def phases(tape: Tape) -> Ints:
    """Time of day of each row, numbered from 0; all 0 where a session day has one bar.

    A time that fewer than ten rows have, such as the close of a half day, counts as the nearest one that more have.
    """
    if np.unique(tape.calendar.day).size * 2 > tape.rows:
        return np.zeros(tape.rows, dtype=np.int64)
    clock = hours_of_tape(tape).local(tape.times) % DAY
    known, number, counts = np.unique(clock, return_inverse=True, return_counts=True)
    common = known[counts >= COMMON]
    if common.size == 0:
        return np.zeros(tape.rows, dtype=np.int64)
    distance = np.abs(known[:, None] - common[None, :])
    nearest = np.argmin(np.minimum(distance, DAY - distance), axis=1)
    return np.asarray(nearest[number], dtype=np.int64)
