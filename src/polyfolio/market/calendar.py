"""Calendars: the session day of a closing time, the close of a session day, and closings in a year.

A calendar here knows its time zone and its regular close; which days are sessions is seen from the rows. Holidays and
half days known in advance would come in as further methods of `Hours`; nothing else asks for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Calendar
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.intervals import DAY, MINUTE, word
from polyfolio.rules.arguments import closest

DAYS_A_YEAR = 365.25
SHORTEST_DAYS = 30.0
ALWAYS = "24/7"


@dataclass(frozen=True)
class Hours:
    """When a market's sessions end.

    Attributes:
        timezone: of the exchange.
        close: regular close, minutes after midnight there.
        overnight: True where the session of a day begins at the close of the day before.
    """

    timezone: str
    close: int
    overnight: bool = False

    def days(self, times: Ints) -> Ints:
        """Session day (days since 1970-01-01) of each closing time."""
        local = self.local(times) - 1
        if self.overnight:
            return np.asarray((local - self.close * MINUTE) // DAY + 1, dtype=np.int64)
        return np.asarray(local // DAY, dtype=np.int64)

    def closes(self, days: Ints) -> Ints:
        """Closing time (nanoseconds, UTC) of each session day."""
        import pandas as pd  # noqa: PLC0415

        wall = pd.DatetimeIndex((days * DAY + self.close * MINUTE).astype("datetime64[ns]"))
        return np.asarray(wall.tz_localize(self.timezone).tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)

    def local(self, times: Ints) -> Ints:
        """Wall-clock nanoseconds of times in UTC."""
        import pandas as pd  # noqa: PLC0415

        stamps = pd.DatetimeIndex(times.astype("datetime64[ns]")).tz_localize("UTC").tz_convert(self.timezone)
        return np.asarray(stamps.tz_localize(None).as_unit("ns").asi8, dtype=np.int64)


HOURS = {
    "24/7": Hours("UTC", 24 * 60),
    "24/5": Hours("America/New_York", 17 * 60, overnight=True),
    "XNYS": Hours("America/New_York", 16 * 60),
    "XNAS": Hours("America/New_York", 16 * 60),
    "ARCX": Hours("America/New_York", 16 * 60),
    "XTSE": Hours("America/Toronto", 16 * 60),
    "XLON": Hours("Europe/London", 16 * 60 + 30),
    "XPAR": Hours("Europe/Paris", 17 * 60 + 30),
    "XAMS": Hours("Europe/Amsterdam", 17 * 60 + 30),
    "XMIL": Hours("Europe/Rome", 17 * 60 + 30),
    "XMAD": Hours("Europe/Madrid", 17 * 60 + 30),
    "XETR": Hours("Europe/Berlin", 17 * 60 + 30),
    "XSWX": Hours("Europe/Zurich", 17 * 60 + 30),
    "XTKS": Hours("Asia/Tokyo", 15 * 60 + 30),
    "XHKG": Hours("Asia/Hong_Kong", 16 * 60),
    "XNSE": Hours("Asia/Kolkata", 15 * 60 + 30),
    "XASX": Hours("Australia/Sydney", 16 * 60),
}


def hours_of(name: str) -> Hours:
    """The hours behind a calendar's name."""
    if name not in HOURS:
        raise DataError("calendar", name, "one of " + ", ".join(HOURS), closest(name, HOURS))
    return HOURS[name]


def closing_times(stamps: Ints, length: int, opens: bool, name: str) -> Ints:
    """Stamps of rows as the times their bars closed.

    Daily stamps at midnight, UTC or the exchange's own, are labels of a session: they become its close. A bar that
    opened in a session closes with it at the latest, as the last hourly bar of an exchange that opens at half past.

    Args:
        stamps: nanoseconds, UTC.
        length: length of a bar.
        opens: True where rows are stamped with the opening of their bar.
        name: of the calendar.
    """
    hours = hours_of(name)
    if name != ALWAYS and length >= DAY and stamps.size:
        local = hours.local(stamps)
        for wall in (stamps, local):
            if (wall % DAY == 0).all():
                return hours.closes(wall // DAY)
        if opens and length == DAY:
            return hours.closes(hours.days(stamps + 1))
    if not opens:
        return stamps
    if length > 7 * DAY:
        raise DataError("stamps", "open", "close for bars of " + word(length), "Stamp the rows when their bars close.")
    closed = stamps + length
    if name == ALWAYS or length >= DAY:
        return closed
    ends = hours.closes(hours.days(stamps + 1))
    return np.where(stamps < ends, np.minimum(closed, ends), closed)


def calendar_of(times: Ints, length: int, name: str, bars_per_year: float | None = None) -> Calendar:
    """The calendar of a tape, with its closings in a year and how they were found.

    Closings in a year, by the first rule that applies: the number given; 24/7: 365.25 days over the bar's length; an
    exchange: rows after the first over the years they cover, if those are 30 days or more; else NaN with the reason.
    """
    day = hours_of(name).days(times)
    if name == ALWAYS:
        refuse_weekdays_only(times, length)
        bars, days = DAYS_A_YEAR * DAY / length, min(DAYS_A_YEAR, DAYS_A_YEAR * DAY / length)
        source = f"24/7: 365.25 days a year, bars of {word(length)}"
    else:
        bars, days, source = _rates_of_rows(times, day, name)
    if bars_per_year is not None:
        per_day = (times.size - 1) / max(int((np.diff(day) != 0).sum()), 1)
        return Calendar(name, float(bars_per_year), bars_per_year / per_day, "given", day)
    return Calendar(name, bars, days, source, day)


def _rates_of_rows(times: Ints, day: Ints, name: str) -> tuple[float, float, str]:
    span = float(times[-1] - times[0]) / DAY
    if span < SHORTEST_DAYS:
        return (
            math.nan,
            math.nan,
            (
                f"{name}: unknown, the rows cover {span:.1f} days and their sessions count from "
                f"{SHORTEST_DAYS:g} days on"
            ),
        )
    years = span / DAYS_A_YEAR
    bars, sessions = times.size - 1, int((np.diff(day) != 0).sum())
    source = f"{name}: {bars} closings on {sessions} days of the tape's own sessions in {years:.4g} years"
    return bars / years, sessions / years, source


def refuse_weekdays_only(times: Ints, length: int) -> None:
    """Refuse 24/7 for rows that never stand on some day of the week: their year would be counted too long."""
    weekdays = np.unique((times // DAY + 3) % 7)
    if length <= DAY and times[-1] - times[0] >= 14 * DAY and weekdays.size < 7:
        raise DataError(
            "calendar",
            ALWAYS,
            f"one with sessions: the rows stand on {weekdays.size} of 7 weekdays",
            "Name the exchange, such as calendar=XNYS.",
        )
