"""Order of rows: times that fall, rows that stand twice, and rows of one time that differ."""

from __future__ import annotations

import numpy as np

from polyfolio.market.quality.findings import NOTHING, Found, Repair, dropped, marked
from polyfolio.market.quality.table import Table
from polyfolio.market.stamps import show


def check_order(table: Table) -> Found:
    """Unsorted rows, and several rows of one symbol and time."""
    found = _unsorted(table)
    if table.shape != "bars":
        again = table.same() & np.concatenate([np.zeros(1, bool), np.diff(table.rows.stamps) == 0])[: table.rows.size]
        return found + marked("same_time", table.rows, again, "the time of the row before")
    return found + _repeated(table)


def _unsorted(table: Table) -> Found:
    raw = table.rows.take(np.lexsort((table.rows.origin, table.rows.codes)))
    falls = np.zeros(raw.size, bool)
    falls[1:] = (np.diff(raw.codes) == 0) & (np.diff(raw.stamps) < 0)
    if not falls.any():
        return NOTHING
    found = marked("unsorted", raw, falls, lambda row: f"the row before it is of {show(int(raw.stamps[row - 1]))}")
    return found + Found((), (Repair("unsorted", "sort"),))


def _repeated(table: Table) -> Found:
    """Rows of one symbol and time: equal ones are duplicates, of others the last is kept."""
    rows = table.rows
    again = np.zeros(rows.size, bool)
    again[1:] = (np.diff(rows.codes) == 0) & (np.diff(rows.stamps) == 0)
    if not again.any():
        return NOTHING
    # The number of the time that a row belongs to; a time differs when one of its rows differs from its first.
    group = np.cumsum(~again) - 1
    first = np.flatnonzero(~again)[group]
    differs = np.zeros(rows.size, bool)
    for array in rows.fields.values():
        differs |= (array != array[first]) & ~(np.isnan(array) & np.isnan(array[first]))
    conflict = np.zeros(int(group[-1]) + 1, bool)
    conflict[group[differs]] = True
    last = np.append(~again[1:], True)
    equal, other = again & ~conflict[group], again & conflict[group]
    found = marked("duplicates", rows, equal, "equal to the row before")
    found += marked("conflicting_rows", rows, other, lambda row: _difference(table, row, int(first[row])))
    found += dropped("duplicates", rows.origin[equal])
    return found + dropped("conflicting_rows", rows.origin[conflict[group] & ~last])


def _difference(table: Table, row: int, first: int) -> str:
    told = [
        f"{name} {array[first]:g} and {array[row]:g}"
        for name, array in table.rows.fields.items()
        if not (array[row] == array[first] or (np.isnan(array[row]) and np.isnan(array[first])))
    ]
    return ", ".join(told) or "equal to the first, but one between them differs"
