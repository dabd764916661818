"""The calendar that rows fit, where none was named."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.calendar import ALWAYS, HOURS
from polyfolio.market.exchange import WEEKDAYS, sessions_of
from polyfolio.market.intervals import DAY
from polyfolio.market.quality.findings import NOTHING, Found, one
from polyfolio.market.quality.sessions import bars_of, shared
from polyfolio.market.quality.table import Table

# Exchanges with the sessions of one named before are left out: rows cannot tell them apart.
CANDIDATES = (ALWAYS, *(name for name in HOURS if name not in (ALWAYS, WEEKDAYS, "XNAS", "ARCX")), WEEKDAYS)
RECENT = 120 * DAY  # of intraday rows, enough to tell exchanges apart by their hours
SHORTEST = 10 * DAY  # of daily rows: two weekends
CERTAIN = 0.99  # the holidays of two exchanges differ by more
FITS = 0.6  # of times in common; a symbol without a bar in every third minute still fits


def calendar_for(table: Table, given: str | None) -> tuple[str | None, Found]:
    """The calendar given, or the one whose sessions have most times in common with the rows."""
    if given is not None or table.shape != "bars" or table.rows.size == 0:
        return given, NOTHING
    if table.length == 0 or not table.zoned:
        why = "the times have no zone" if table.length else "no symbol has two rows"
        return None, one("calendar_unknown", 1, why)
    stamps = np.unique(table.rows.stamps)
    if table.length >= 7 * DAY or (table.length >= DAY and int(stamps[-1] - stamps[0]) < SHORTEST):
        return None, one("calendar_unknown", 1, f"{stamps.size} times do not tell which")
    try:
        name, fit = _best(stamps, table)
    except ConfigError as error:
        return None, one("calendar_unknown", 1, str(error))
    if fit >= FITS:
        return name, one("calendar", 1, f"{name}: {fit:.2%} of the times in common")
    return None, one("calendar_unknown", 1, f"{name} is nearest, with {fit:.0%} of the times in common")


def _best(stamps: Ints, table: Table) -> tuple[str, float]:
    best = (ALWAYS, 0.0)
    for name in CANDIDATES:
        fit = _fit(stamps, table, name)
        if fit > best[1]:
            best = (name, fit)
        if fit > CERTAIN:
            break
    return best


def _fit(stamps: Ints, table: Table, name: str) -> float:
    """Times in common over times in either."""
    if table.length < DAY:
        stamps = stamps[stamps >= stamps[-1] - RECENT]
    first, last = int(stamps[0] // DAY) - 1, int(stamps[-1] // DAY) + 1
    try:
        sessions = sessions_of(name, first, last)
    except DataError:
        return 0.0  # the calendar does not reach so far back
    if table.length >= DAY:
        days = stamps // DAY if table.labels else _days(stamps, name)
        grids = [sessions.days]
        low, high = int(days[0]), int(days[-1])
        stamps = np.unique(days)
    else:
        grids = list(bars_of(sessions, table.length))
        low, high = int(stamps[0]), int(stamps[-1])
    fits = [0.0]
    for grid in grids:
        within = grid[(grid >= low) & (grid <= high)]
        common = shared(stamps, within)
        fits.append(common / max(stamps.size + within.size - common, 1))
    return max(fits)


def _days(stamps: Ints, name: str) -> Ints:
    """Day in the exchange's zone of daily stamps that are no labels; closings at midnight are of the day before."""
    return HOURS[name].days(stamps)
