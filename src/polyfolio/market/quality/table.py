"""The rows to be checked: read cell by cell without refusing any, sorted by symbol and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.market.columns import BARS, FIELDS, KEYS, QUOTES, REQUIRED, renamed
from polyfolio.market.intervals import DAY, MONTH, nanoseconds
from polyfolio.market.quality.findings import NOTHING, Found, finding, one
from polyfolio.market.quality.frames import Whole
from polyfolio.market.quality.reading import as_floats, as_ints, numbers, symbols, times
from polyfolio.market.rows import Rows

TICKS = {"trades": ("price",), "quotes": ("bid", "ask")}


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with what is known about them.

    Attributes:
        name: of the source.
        shape: "bars", "trades", "quotes" or "unknown".
        frame: the source's rows, as they were read.
        columns: canonical name -> the frame's own name.
        rows: the readable rows, sorted by symbol and time. Prices of trades are their `close`; quotes of ticks are
            `bid_close` and `ask_close`.
        length: of a bar, nanoseconds; 0 where there is none.
        zoned: whether the times are known in UTC.
        labels: whether the times are days at midnight.
    """

    name: str
    shape: str
    frame: Any
    columns: Mapping[str, Any]
    rows: Rows
    length: int
    zoned: bool
    labels: bool

    def has(self, *names: str) -> bool:
        """Whether the rows have all these fields."""
        return all(name in self.rows.fields for name in names)

    def column(self, name: str) -> Floats:
        """A field, row by row."""
        return np.asarray(self.rows.fields[name], dtype=np.float64)

    def same(self) -> Any:
        """Whether a row belongs to the symbol of the row before it; False in the first row."""
        return np.concatenate([np.zeros(min(self.rows.size, 1), bool), np.diff(self.rows.codes) == 0])

    def before(self, values: Any) -> Any:
        """The value of the symbol's row before; NaN in its first."""
        shifted = np.concatenate([np.full(min(self.rows.size, 1), np.nan), values[:-1]])
        return np.where(self.same(), shifted, np.nan)

    def spans(self) -> list[tuple[int, int, int]]:
        """(symbol's code, first row, row after its last), in the order of the rows."""
        if self.rows.size == 0:
            return []
        starts = np.flatnonzero(~self.same())
        ends = np.append(starts[1:], self.rows.size)
        return [(int(self.rows.codes[a]), int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def table_of(source: Whole, timezone: str | None, interval: str | None) -> tuple[Table, Found]:
    """The rows of a frame, and what could not be read in it."""
    columns = renamed(source.frame.columns, source.name)
    shape, missing = _shape(columns, bool(source.symbol))
    found = one("missing_columns", len(missing), *missing) if missing else NOTHING
    found += Found(tuple(finding("source", symbol, 1, [sentence]) for symbol, sentence in source.said))
    bare = source.empty or (() if len(source.frame) else ("",))
    found += Found(tuple(finding("no_rows", symbol, 1, [f"{symbol or source.name}: no row"]) for symbol in bare))
    if "timestamp" in columns:
        stamped = times(source.frame[columns["timestamp"]], timezone, source.place)
        found += stamped.found
        known = not any(item.kind == "no_time_zone" for item in stamped.found.findings)
        rows, more = _rows(source, columns, shape, as_ints(stamped), stamped.readable)
        found += more
    else:
        rows, known = _no_rows(source), False
    labels = bool(rows.size) and bool((rows.stamps % DAY == 0).all())
    length = 0 if shape != "bars" else nanoseconds(interval) if interval else usual_length(rows)
    return Table(source.name, shape, source.frame, columns, rows, length, known, labels), found


def _shape(columns: Mapping[str, Any], named: bool) -> tuple[str, list[str]]:
    """What the columns hold, and what is missing among them."""
    here = set(columns)
    missing = [name for name in KEYS if name not in here and not (named and name == "symbol")]
    for shape, needed in TICKS.items():
        if here.issuperset(needed) and "close" not in here:
            return shape, missing
    quoted = here.issuperset(QUOTES)
    absent = [name for name in REQUIRED if name not in here and not (quoted and name in BARS)]
    if quoted or "close" in here:
        return "bars", missing + absent
    return "unknown", missing + absent


def _rows(source: Whole, columns: Mapping[str, Any], shape: str, stamps: Ints, readable: Any) -> tuple[Rows, Found]:
    size = len(source.frame)
    names: tuple[str, ...] = (source.symbol or source.name,)
    found, codes = NOTHING, np.zeros(size, np.int64)
    if "symbol" in columns:
        read = symbols(source.frame[columns["symbol"]], source.place)
        found, codes, names = read.found, as_ints(read), read.names
        readable = readable & read.readable
    fields: dict[str, Floats] = {}
    for name in (name for name in (*FIELDS, *TICKS.get(shape, ())) if name in columns):
        read = numbers(source.frame[columns[name]], name, source.place)
        found += read.found
        fields[name] = as_floats(read)
    if shape == "trades":
        fields["close"] = fields.pop("price")
    if shape == "quotes":
        fields = {f"{name}_close" if name in TICKS["quotes"] else name: array for name, array in fields.items()}
    if shape == "bars" and "close" not in fields:
        for name in BARS:
            fields[name] = 0.5 * (fields[f"bid_{name}"] + fields[f"ask_{name}"])
    rows = Rows(stamps, codes, names, fields, np.arange(size, dtype=np.int64), source.place)
    order = np.lexsort((rows.origin, rows.stamps, rows.codes))
    return _only_present(rows.take(order[np.asarray(readable)[order]])), found


def _only_present(rows: Rows) -> Rows:
    """Rows whose list of symbols holds those with rows alone."""
    present, codes = np.unique(rows.codes, return_inverse=True)
    names = tuple(rows.names[code] for code in present)
    return replace(rows, codes=np.asarray(codes, dtype=np.int64), names=names)


def _no_rows(source: Whole) -> Rows:
    nothing = np.zeros(0, np.int64)
    return Rows(nothing, nothing, (), {}, nothing, source.place)


def usual_length(rows: Rows) -> int:
    """The most frequent step between rows of a symbol, 28 to 31 days as a month; 0 where no symbol has two rows."""
    steps = np.diff(rows.stamps)[np.diff(rows.codes) == 0]
    steps = steps[steps > 0]
    if steps.size == 0:
        return 0
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    return int(MONTH) if 28 * DAY <= usual <= 31 * DAY else usual
