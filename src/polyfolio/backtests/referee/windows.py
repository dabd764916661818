"""Stretches in which the market fell most: found on the tape, and known by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import NANOSECONDS_PER_DAY, Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.engine.rows import rows_of

# Days from the last good close to the worst one, in markets that were open.
NAMED = (
    ("Dot-com slide", "2000-03-10", "2002-10-09"),
    ("Quant quake", "2007-08-03", "2007-08-09"),
    ("Lehman", "2008-09-12", "2008-11-20"),
    ("Flash crash", "2010-05-05", "2010-05-07"),
    ("US downgrade", "2011-07-22", "2011-08-08"),
    ("Renminbi devaluation", "2015-08-17", "2015-08-25"),
    ("Volatility spike of 2018", "2018-01-26", "2018-02-08"),
    ("Crypto winter of 2018", "2018-11-13", "2018-12-15"),
    ("Fourth quarter of 2018", "2018-10-03", "2018-12-24"),
    ("Covid crash", "2020-02-19", "2020-03-23"),
    ("China mining ban", "2021-05-11", "2021-05-23"),
    ("Bear market of 2022", "2022-01-03", "2022-10-12"),
    ("Terra collapse", "2022-05-05", "2022-05-12"),
    ("FTX collapse", "2022-11-05", "2022-11-21"),
    ("Regional banks", "2023-03-06", "2023-03-13"),
    ("Yen carry unwind", "2024-07-31", "2024-08-05"),
    ("Tariff shock", "2025-04-02", "2025-04-08"),
)
LENGTHS = (("week", 7, 3), ("month", 30, 2))  # word, days, how many of them


@dataclass(frozen=True)
class Window:
    """From the close of row `start` to that of row `end`; `market` is the return of all names in equal parts."""

    name: str
    start: int
    end: int
    market: float


def market_path(tape: Tape) -> Floats:
    """What 1 became in all names that trade, in equal parts rebalanced at every close, float64[rows]."""
    returns = rows_of(tape, "bar").returns
    known = ~np.isnan(returns) & (tape.tradable[1:].T != 0)
    mean = np.where(known, returns, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.concatenate([[1.0], np.cumprod(1.0 + mean)])


def windows(tape: Tape) -> list[Window]:
    """The worst weeks and months of the tape, and the named crises that it covers whole."""
    path = market_path(tape)
    found = []
    for word, days, count in LENGTHS:
        worst = list(falls(tape.times, path, days, count))
        found += [Window(f"worst {word} {number}", *span) for number, span in enumerate(worst, 1)]
    return found + list(named(tape, path))


def falls(times: Ints, path: Floats, days: int, count: int) -> Iterator[tuple[int, int, float]]:
    """The deepest falls within so many days, none overlapping another: (start, end, return)."""
    if times[-1] - times[0] < 2 * days * NANOSECONDS_PER_DAY:
        return
    ends = np.arange(times.size)
    starts = np.searchsorted(times, times - days * NANOSECONDS_PER_DAY)
    change = path[ends] / path[starts] - 1.0
    change[times < times[0] + days * NANOSECONDS_PER_DAY] = 0.0
    for _ in range(count):
        end = int(np.argmin(change))
        if not change[end] < 0.0:
            return
        start = int(starts[end])
        yield start, end, float(change[end])
        change[(ends > start) & (starts < end)] = 0.0


def day_of(tape: Tape, row: int) -> str:
    """The session day of a row."""
    return str(np.datetime64(int(tape.calendar.day[row]), "D"))


def named(tape: Tape, path: Floats) -> Iterator[Window]:
    """Crises known by name whose days the tape covers."""
    for name, first, last in NAMED:
        from_day, to_day = (int(np.datetime64(day, "D").astype(np.int64)) for day in (first, last))
        if not tape.calendar.day[0] <= from_day < to_day <= tape.calendar.day[-1]:
            continue
        start = int(np.searchsorted(tape.calendar.day, from_day, side="right")) - 1
        end = int(np.searchsorted(tape.calendar.day, to_day, side="right")) - 1
        if start < end:
            yield Window(name, start, end, float(path[end] / path[start] - 1.0))
