"""Rows against a reference, such as daily rows of all venues: their part of its volume, and their closes."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.calendar import ALWAYS
from polyfolio.market.intervals import DAY
from polyfolio.market.quality.findings import NOTHING, Found, emptied, finding
from polyfolio.market.quality.frames import whole
from polyfolio.market.quality.sessions import around, session_days
from polyfolio.market.quality.table import Table, table_of
from polyfolio.market.stamps import show

FEWEST = 5  # sessions in common
PART = 0.9  # of the reference's volume
VENUE = 0.2
NO_DAYS = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
APART = 0.002  # of closes; the last trade and the closing auction differ by less


def check_reference(table: Table, calendar: str | None, reference: Any) -> Found:
    """Volume and closes of sessions against those of the reference."""
    if reference is None:
        return NOTHING
    if table.shape != "bars" or not table.has("close", "volume"):
        raise DataError(
            "reference", table.shape, "beside bars with close and volume", "Leave reference= out for such rows."
        )
    other, _ = table_of(whole(reference), None, None)
    if other.shape != "bars" or not other.has("close", "volume"):
        raise DataError("reference", other.name, "bars with close and volume", "Name a file of daily bars.")
    ours, theirs = (_by_day(item, calendar or ALWAYS) for item in (table, other))
    found = []
    small = np.zeros(table.rows.size, bool)
    for code, a, b in table.spans():
        name = table.rows.names[code]
        told = _compared(name, ours[name], theirs.get(name, NO_DAYS))
        found += told
        small[a:b] = any(item.kind == "one_venue" for item in told)
    return Found(tuple(found)) + emptied("one_venue", table.rows, small, ("volume",))


def _by_day(table: Table, calendar: str) -> dict[str, tuple[Ints, Floats, Floats]]:
    """For each symbol its session days, their volume and their last close."""
    if table.rows.size == 0:
        return {}
    days = session_days(table, around(table, calendar))
    volume, close = table.column("volume"), table.column("close")
    result = {}
    for code, a, b in table.spans():
        own, first = np.unique(days[a:b], return_index=True)
        last = np.append(first[1:], b - a) - 1
        result[table.rows.names[code]] = (own, np.add.reduceat(volume[a:b], first), close[a:b][last])
    return result


def _compared(name: str, ours: Any, theirs: Any) -> list[Any]:
    days, left, right = np.intersect1d(ours[0], theirs[0], return_indices=True)
    if days.size < FEWEST:
        return [finding("not_compared", name, 1, [f"[{name}] {days.size} sessions in common, {FEWEST} are needed"])]
    found = []
    with np.errstate(invalid="ignore", divide="ignore"):
        part = _median(ours[1][left] / theirs[1][right])
        ratio = ours[2][left] / theirs[2][right]
    told = f"[{name}] {part:.1%} of the reference's volume, median of {days.size} sessions"
    if part < PART:
        found.append(finding("one_venue" if part < VENUE else "partial_volume", name, days.size, [told]))
    middle = _median(ratio)
    far = np.flatnonzero(np.abs(ratio - 1.0) > APART)
    if abs(middle - 1.0) > APART:
        told = f"[{name}] {middle:.4g} of the reference's closes, median of {days.size} sessions: adjusted otherwise"
        found.append(finding("different_closes", name, far.size, [told]))
    elif 2 * far.size > days.size:
        told = f"[{name}] {show(int(days[far[0]]) * DAY)}: {ratio[far[0]] - 1.0:+.2%}"
        found.append(finding("different_closes", name, far.size, [told]))
    return found


def _median(values: Floats) -> float:
    """The median of the finite values; NaN of none."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
