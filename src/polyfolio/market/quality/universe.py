"""Which symbols are there when: late listings, early ends, survivors, and members of a universe without rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.market.intervals import DAY
from polyfolio.market.membership import Membership, membership
from polyfolio.market.quality.findings import NOTHING, Found, finding, marked, one
from polyfolio.market.quality.table import Table
from polyfolio.market.stamps import show

APART = 4 * DAY  # more than a long weekend
FEWEST = 5  # symbols that make a universe
SHORTEST = 90 * DAY  # of a universe's rows


def check_universe(table: Table, members: Any) -> Found:
    """Beginnings and ends of symbols, and membership or its absence."""
    if table.rows.size == 0:
        return NOTHING
    if members is None:
        return _spans(table) + _survivors(table)
    return _spans(table) + _members(table, members if isinstance(members, Membership) else membership(members))


def _spans(table: Table) -> Found:
    rows, found = table.rows, []
    first, last = int(rows.stamps.min()), int(rows.stamps.max())
    for code, a, b in table.spans():
        begin, end = int(rows.stamps[a]), int(rows.stamps[b - 1])
        if begin > first + APART:
            told = f"{rows.at(a)}: its first row; the first of all is of {show(first)}"
            found.append(finding("late_start", rows.names[code], 1, [told]))
        if end < last - APART:
            told = f"{rows.at(b - 1)}: its last row; the last of all is of {show(last)}"
            found.append(finding("early_end", rows.names[code], 1, [told]))
    return Found(tuple(found))


def _survivors(table: Table) -> Found:
    rows = table.rows
    first, last = int(rows.stamps.min()), int(rows.stamps.max())
    if len(rows.names) < FEWEST or last - first < SHORTEST or table.shape != "bars":
        return NOTHING
    ended = sum(int(rows.stamps[b - 1]) < last - APART for _, _, b in table.spans())
    return one(
        "survivorship",
        len(rows.names) - ended,
        f"{len(rows.names) - ended} of {len(rows.names)} symbols live to the last row, {show(last)}",
    )


def _members(table: Table, spells: Membership) -> Found:
    rows, days = table.rows, table.rows.stamps // DAY
    found = NOTHING
    for day in dict.fromkeys((int(days.min()), int(days.max()))):
        members = spells.on(day)
        absent = sorted(set(members) - set(rows.names))
        if absent:
            told = f"{show(day * DAY)}: {len(absent)} of {len(members)} members, such as {', '.join(absent[:5])}"
            found += one("members_without_rows", len(absent), told)
    inside = np.zeros(rows.size, bool)
    spans = {rows.names[code]: (a, b) for code, a, b in table.spans()}
    for symbol, start, end in zip(spells.symbols, spells.starts, spells.ends, strict=True):
        a, b = spans.get(symbol, (0, 0))
        low, high = np.searchsorted(days[a:b], start), np.searchsorted(days[a:b], end, side="right")
        inside[a + int(low) : a + int(high)] = True
    return found + marked("rows_outside_membership", rows, ~inside, "no member then")
