"""Rows against the sessions of a calendar: which session a row belongs to, and the grid on which its bars stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.market.calendar import ALWAYS, HOURS
from polyfolio.market.exchange import WEEKDAYS, Sessions, sessions_of
from polyfolio.market.intervals import DAY
from polyfolio.market.quality.table import Table

ROUND_THE_CLOCK = (ALWAYS, WEEKDAYS)


@dataclass(frozen=True, eq=False)
class Grid:
    """The bars that a calendar expects.

    Attributes:
        stamps: times of the bars as the rows write them.
        session: number of the session of each bar.
        opens: whether the rows are stamped with the opening of their bar.
    """

    stamps: Ints
    session: Ints
    opens: bool


def around(table: Table, name: str) -> Sessions:
    """The sessions of a calendar on the days of the rows."""
    stamps = table.rows.stamps
    # A day more on both sides: the day of a session is not that of its hours in UTC.
    return sessions_of(name, int(stamps.min() // DAY) - 1, int(stamps.max() // DAY) + 1)


def session_days(table: Table, sessions: Sessions) -> Ints:
    """The session day of each row, whichever end of its bar it is stamped with; its own day outside of sessions."""
    stamps = table.rows.stamps
    if sessions.name == ALWAYS or table.labels or sessions.days.size == 0:
        return np.asarray(stamps // DAY, dtype=np.int64)
    if table.length >= DAY and sessions.name in HOURS:
        wall = HOURS[sessions.name].local(stamps)
        if (wall % DAY == 0).all():
            return np.asarray(wall // DAY, dtype=np.int64)
    place = np.minimum(np.searchsorted(sessions.closes, stamps), sessions.days.size - 1)
    inside = (sessions.opens[place] <= stamps) & (stamps <= sessions.closes[place])
    return np.asarray(np.where(inside, sessions.days[place], stamps // DAY), dtype=np.int64)


def grid_of(stamps: Ints, length: int, sessions: Sessions) -> Grid:
    """The grid of bars of a length, stamped as the rows are.

    Args:
        stamps: the rows' times, each once, rising.
        length: of a bar.
        sessions: of the calendar.
    """
    begins, ends = bars_of(sessions, length)
    session = np.searchsorted(sessions.closes, ends)
    opens = shared(stamps, begins) >= shared(stamps, ends)
    return Grid(begins if opens else ends, session, opens)


def bars_of(sessions: Sessions, length: int) -> tuple[Ints, Ints]:
    """Openings and closings of all bars of a length."""
    starts, stops = sessions.segments()
    parts = [np.arange(a, b, length, dtype=np.int64) for a, b in zip(starts, stops, strict=True)]
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    begins = np.concatenate(parts)
    last = np.repeat(stops, [part.size for part in parts])
    return begins, np.minimum(begins + length, last)


def shared(stamps: Ints, grid: Ints) -> int:
    """How many times stand in a grid."""
    return int(on_grid(stamps, grid)[0].sum())


def on_grid(stamps: Ints, grid: Ints) -> tuple[Any, Ints]:
    """Whether each time stands in a rising grid, and where."""
    if grid.size == 0:
        return np.zeros(stamps.size, bool), np.zeros(stamps.size, np.int64)
    place = np.minimum(np.searchsorted(grid, stamps), grid.size - 1)
    return grid[place] == stamps, np.asarray(place, dtype=np.int64)


def inside(stamps: Ints, sessions: Sessions, opens: bool) -> Any:
    """Whether times stand inside uninterrupted trading."""
    starts, ends = sessions.segments()
    if starts.size == 0:
        return np.zeros(stamps.size, bool)
    place = np.minimum(np.searchsorted(ends, stamps, side="right" if opens else "left"), ends.size - 1)
    low, high = starts[place], ends[place]
    return (low <= stamps) & (stamps < high) if opens else (low < stamps) & (stamps <= high)
