"""The cleaned copy: repairs applied to the rows as they were read, each change in a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from polyfolio.market.columns import FIELDS
from polyfolio.market.quality.findings import Repair
from polyfolio.market.quality.table import Table
from polyfolio.market.stamps import show


@dataclass(frozen=True)
class Change:
    """One change of the cleaned copy.

    Attributes:
        kind: of the finding it belongs to.
        action: "left out", "changed", "sorted", "renamed".
        place: where the row stands in the source.
        symbol: of the row.
        time: of the row.
        field: the column.
        before: what stood there.
        after: what stands there now.
    """

    kind: str
    action: str
    place: str = ""
    symbol: str = ""
    time: str = ""
    field: str = ""
    before: str = ""
    after: str = ""


def cleaned(table: Table, repairs: Sequence[Repair]) -> tuple[Any, tuple[Change, ...]]:
    """The frame after all repairs, sorted by symbol and time where it was not, and the log."""
    frame = table.frame.copy()
    for name in (name for name in (*FIELDS, "price", "bid", "ask") if name in table.columns):
        frame[table.columns[name]] = _numeric(frame[table.columns[name]])
    gone = np.zeros(len(frame), bool)
    for item in (item for item in repairs if item.verb == "drop"):
        gone[item.origin] = True
    told = _Places(table)
    log = [_whole(table, item) for item in repairs if item.verb in ("sort", "rename")]
    for item in repairs:
        if item.verb == "drop":
            log += [told.change(item.kind, "left out", row) for row in item.origin.tolist()]
        elif item.verb == "put" and item.field in table.columns:
            log += _put(frame, item, gone, told)
    frame = _stamped(table, frame)
    keep = np.flatnonzero(~gone)
    if any(item.verb == "sort" for item in repairs):
        keep = table.rows.origin[~gone[table.rows.origin]]
    frame = frame.iloc[keep].reset_index(drop=True)
    names = {table.columns[item.field]: item.values for item in repairs if item.verb == "rename"}
    return frame.rename(columns=names), tuple(log)


def _numeric(column: Any) -> Any:
    """A column with text in it as numbers; whole numbers as floats, since some become unknown."""
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("float64")
    return pd.to_numeric(column.astype("str").str.strip(), errors="coerce").astype("float64")


class _Places:
    """Where rows of the source stand, by their number there."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.sorted_row = np.full(len(table.frame), -1, np.int64)
        self.sorted_row[table.rows.origin] = np.arange(table.rows.size)

    def change(self, kind: str, action: str, row: int, *cell: str) -> Change:
        """The line of the log for a row."""
        rows, at = self.table.rows, int(self.sorted_row[row])
        symbol, time = (rows.names[rows.codes[at]], show(int(rows.stamps[at]))) if at >= 0 else ("", "")
        return Change(kind, action, rows.place(row), symbol, time, *cell)


def _put(frame: Any, item: Repair, gone: Any, told: _Places) -> Iterable[Change]:
    """Write values into a column; rows that are left out, and values that stand there already, are no change."""
    column, written = told.table.columns[item.field], told.table.frame
    values = frame[column].to_numpy(dtype=object if item.field == "symbol" else np.float64, copy=True)
    before = values[item.origin]
    after = np.asarray(item.values, dtype=values.dtype)
    # What was text is no number now, so an empty cell may have changed.
    differs = (before != after) & ~((before != before) & (after != after) & written[column].iloc[item.origin].isna())  # noqa: PLR0124
    values[item.origin] = after
    frame[column] = values
    for number in np.flatnonzero(np.asarray(differs) & ~gone[item.origin]).tolist():
        row = int(item.origin[number])
        yield told.change(item.kind, "changed", row, item.field, str(written[column].iloc[row]), str(after[number]))


def _stamped(table: Table, frame: Any) -> Any:
    """Times in UTC where they are known; else as they were written."""
    import pandas as pd  # noqa: PLC0415

    if not table.zoned or "timestamp" not in table.columns:
        return frame
    stamps = np.full(len(frame), np.iinfo(np.int64).min)
    stamps[table.rows.origin] = table.rows.stamps
    frame[table.columns["timestamp"]] = pd.DatetimeIndex(stamps.astype("datetime64[ns]")).tz_localize("UTC")
    return frame


def _whole(table: Table, item: Repair) -> Change:
    if item.verb == "sort":
        return Change(item.kind, "sorted", table.name)
    return Change(item.kind, "renamed", table.name, field=item.field, before=item.field, after=str(item.values))


def log_frame(log: Sequence[Change]) -> Any:
    """The log as a frame, one line per change."""
    import pandas as pd  # noqa: PLC0415

    names = [item.name for item in fields(Change)]
    return pd.DataFrame([[getattr(change, name) for name in names] for change in log], columns=names)
