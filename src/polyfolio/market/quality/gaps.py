"""Gaps: sessions and bars that the calendar has and the rows have not, and rows where it has none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.market.calendar import HOURS
from polyfolio.market.exchange import Sessions
from polyfolio.market.intervals import DAY, word
from polyfolio.market.quality.findings import NOTHING, Found, finding, marked, one
from polyfolio.market.quality.sessions import (
    ROUND_THE_CLOCK,
    Grid,
    around,
    grid_of,
    inside,
    on_grid,
    session_days,
)
from polyfolio.market.quality.table import Table, usual_length
from polyfolio.market.stamps import show

CUT = 0.05  # of a session's bars missing at an end: the session is cut
SCATTERED = 0.1  # of the bars missing inside sessions: the feed is partial


def check_gaps(table: Table, name: str | None) -> Found:
    """Every check of times against a calendar; only long steps without one."""
    if table.shape != "bars" or table.length == 0 or table.rows.size == 0:
        return NOTHING
    found = _interval(table)
    if name is None or table.length >= 7 * DAY:
        return found + _long_steps(table)
    sessions = around(table, name)
    if table.length >= DAY:
        return found + _days(table, sessions)
    return found + _bars(table, sessions)


def _interval(table: Table) -> Found:
    usual = usual_length(table.rows)
    if usual in (0, table.length) or table.length >= 7 * DAY:
        return NOTHING
    return one("interval", 1, f"named {word(table.length)}, the most frequent step is {word(usual)}")


def _long_steps(table: Table) -> Found:
    """Steps of more than one and a half bars; of daily rows without a calendar, more than a long weekend."""
    usual = 5 * DAY if DAY <= table.length < 7 * DAY else int(1.5 * table.length)
    steps = np.diff(table.rows.stamps, prepend=0)
    wrong = table.same() & (steps > usual)
    return marked("missing_bars", table.rows, wrong, lambda row: f"{steps[row] / table.length:.0f} bars after the last")


def _days(table: Table, sessions: Sessions) -> Found:
    rows, days = table.rows, session_days(table, sessions)
    found = NOTHING
    if table.labels and sessions.name not in ROUND_THE_CLOCK:
        found += one("daily_labels", rows.size, f"{show(int(rows.stamps[0]))} stands for the close of that session")
    held, _ = on_grid(days, sessions.days)
    found += marked("off_session", rows, ~held, f"no session of {sessions.name}")
    gaps = []
    for code, a, b in table.spans():
        own = np.unique(days[a:b])
        wanted = sessions.days[(sessions.days >= own[0]) & (sessions.days <= own[-1])]
        missing = np.setdiff1d(wanted, own)
        if missing.size:
            gaps.append(_gap("missing_sessions", rows.names[code], missing.size, _day_runs(missing, wanted)))
    return found + Found(tuple(gaps))


def _gap(kind: str, symbol: str, count: int, runs: list[str]) -> Any:
    return finding(kind, symbol, count, [f"[{symbol}] {run}" for run in runs])


def _day_runs(missing: Ints, wanted: Ints) -> list[str]:
    """The longest runs of missing sessions, as text."""
    _, place = on_grid(missing, wanted)
    runs = [(int(missing[a]), b - a) for a, b in _runs(place)]
    runs.sort(key=lambda run: -run[1])
    return [show(day * DAY) + (f" and {count - 1} more after it" if count > 1 else "") for day, count in runs[:3]]


def _runs(places: Ints) -> list[tuple[int, int]]:
    """Start and end of each run of places that follow one another."""
    if places.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    edges = [0, *breaks.tolist(), places.size]
    return list(pairwise(edges))


def _bars(table: Table, sessions: Sessions) -> Found:
    rows = table.rows
    grid = grid_of(np.unique(rows.stamps), table.length, sessions)
    on, place = on_grid(rows.stamps, grid.stamps)
    within = inside(rows.stamps, sessions, grid.opens)
    found = NOTHING
    if grid.opens and sessions.name not in ROUND_THE_CLOCK:
        found += one("opening_stamps", rows.size, f"the first row, {show(int(rows.stamps[0]))}, is of an opening")
    off = marked("off_session", rows, ~within, f"no session of {sessions.name}")
    if 2 * int((~within).sum()) > rows.size:
        off = Found(tuple(_hinted(item, table, sessions) for item in off.findings))
    found += off + marked("off_grid", rows, within & ~on, f"no step of {word(table.length)}")
    for code, a, b in table.spans():
        own = np.unique(place[a:b][on[a:b]])
        if own.size:
            held = _held(own, grid, sessions)
            found += _missing(rows.names[code], held, grid, sessions.name in ROUND_THE_CLOCK)
    return found


def _hinted(item: Any, table: Table, sessions: Sessions) -> Any:
    """Rows outside the sessions that fit them in the exchange's own time say so."""
    import pandas as pd  # noqa: PLC0415

    if sessions.name not in HOURS:
        return item
    zone = HOURS[sessions.name].timezone
    wall = pd.DatetimeIndex(table.rows.stamps.astype("datetime64[ns]"))
    moved = wall.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").tz_convert("UTC").as_unit("ns").asi8
    fit = float(np.mean(inside(np.asarray(moved, dtype=np.int64), sessions, True)))
    if fit < 0.9:
        return item
    return finding(item.kind, item.symbol, item.count, [f"read as {zone} {fit:.0%} of the rows fit", *item.examples])


@dataclass(frozen=True, eq=False)
class Held:
    """The bars of a symbol in the sessions it has rows in, session by session.

    Attributes:
        low: first bar of the grid.
        days: day of each session.
        number: session of each bar.
        held: whether the symbol has the bar.
        starts: first bar of each session.
        counts: bars of each session.
        head: bars missing before the first one held.
        tail: bars missing after the last one held; all of them where none is.
    """

    low: int
    days: Ints
    number: Ints
    held: Any
    starts: Ints
    counts: Ints
    head: Ints
    tail: Ints


def _held(own: Ints, grid: Grid, sessions: Sessions) -> Held:
    """What is held of the grid, whose places `own` a symbol has."""
    first, last = int(grid.session[own[0]]), int(grid.session[own[-1]])
    low, high = (int(np.searchsorted(grid.session, number)) for number in (first, last + 1))
    if sessions.name in ROUND_THE_CLOCK:  # there a file begins and ends in the middle of a day
        low, high = int(own[0]), int(own[-1]) + 1
    number = grid.session[low:high] - first
    held = np.zeros(high - low, bool)
    held[own - low] = True
    counts = np.bincount(number)
    starts = np.cumsum(counts) - counts
    position = (np.arange(held.size) - starts[number])[held]
    head, tail = counts.copy(), counts.copy()
    np.minimum.at(head, number[held], position)
    np.minimum.at(tail, number[held], counts[number[held]] - 1 - position)
    return Held(low, sessions.days[first : last + 1], number, held, starts, counts, head, tail)


def _missing(symbol: str, bars: Held, grid: Grid, round_the_clock: bool) -> Found:
    """What a symbol lacks, by session: all of it, an end of it, or bars inside it."""
    whole = bars.head == bars.counts
    cut = ~whole & (np.maximum(bars.head, bars.tail) > np.maximum(CUT * bars.counts, 0.5))
    if round_the_clock:
        cut &= False
    number = bars.number
    position = np.arange(number.size) - bars.starts[number]
    at_end = (position < bars.head[number]) | (position >= (bars.counts - bars.tail)[number])
    scattered = ~bars.held & ~whole[number] & ~(at_end & cut[number])
    found = NOTHING
    if whole.any():
        found += Found((_gap("missing_sessions", symbol, int(whole.sum()), _day_runs(bars.days[whole], bars.days)),))
    if cut.any():
        told = [_cut_told(bars, int(day), grid) for day in np.flatnonzero(cut)[:3]]
        found += Found((_gap("partial_days", symbol, int(cut.sum()), told),))
    if scattered.any():
        share = int(scattered.sum()) / int(bars.counts[~whole].sum())
        found += Found((_scattered(symbol, np.flatnonzero(scattered) + bars.low, grid, share),))
    return found


def _cut_told(bars: Held, day: int, grid: Grid) -> str:
    begin, count = bars.low + int(bars.starts[day]), int(bars.counts[day])
    head, tail = int(bars.head[day]), int(bars.tail[day])
    first, last = show(int(grid.stamps[begin + head])), show(int(grid.stamps[begin + count - 1 - tail]))
    return f"{show(int(bars.days[day]) * DAY)}: rows from {first} to {last}, {head + tail} of {count} bars missing"


def _scattered(symbol: str, missing: Ints, grid: Grid, share: float) -> Any:
    if share > SCATTERED:
        return finding("partial_feed", symbol, missing.size, [f"[{symbol}] {share:.0%} of the bars are missing"])
    runs = sorted(_runs(missing), key=lambda run: run[0] - run[1])
    told = [f"{show(int(grid.stamps[missing[a]]))}: {b - a} missing" for a, b in runs[:3]]
    return _gap("missing_bars", symbol, missing.size, told)
