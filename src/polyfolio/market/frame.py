"""From rows to a tape: frames and arrays, long or wide, aligned on the union of their times.

Long: one row per symbol and time, columns timestamp, symbol, open, high, low, close, volume and any of spread (or
bid_* and ask_*), dividends, splits, borrow, funding, adj_close. Wide: one row per time, columns (field, symbol).
Where a symbol has no bar at a time of another one, its prices are NaN and it is not tradable: nothing is filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.calendar import calendar_of, closing_times, hours_of
from polyfolio.market.columns import FIELDS, NOTHING, OPTIONAL, REQUIRED, numbers, renamed, require, symbols_of
from polyfolio.market.fields import adjusted, quoted, refuse_adjusted_splits
from polyfolio.market.instruments import instruments_of
from polyfolio.market.intervals import agreed, word
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.rows import Rows, checked, ordered, selected
from polyfolio.market.stamps import Place, bound, show, utc_nanoseconds
from polyfolio.market.tables import instrument_frame

if TYPE_CHECKING:
    import pandas as pd


def tape_from_frame(frame: pd.DataFrame, **options: Any) -> Tape:
    """A tape from a pandas frame, long or wide; times may stand in the index.

    Args:
        frame: market rows.
        **options: see `Reading`.

    Example:
        >>> tape_from_frame(frame, symbols=["BTC/USDT"], interval="1h", stamps="open")
    """
    reading = reading_of(options)
    return assemble(rows_of_frame(frame, reading, "the frame", lambda row: f"row {row}"), reading)


def tape_from_arrays(times: Any, symbols: Sequence[str], fields: Mapping[str, Any], **options: Any) -> Tape:
    """A tape from arrays (rows, symbols).

    Args:
        times: nanoseconds since 1970 (UTC), or datetimes with a zone; closing times unless `stamps="open"`.
        symbols: one per column.
        fields: open, high, low, close, volume and optional fields; a missing bar is NaN in all prices.
        **options: see `Reading`.
    """
    reading = reading_of(options)
    require(fields, "the arrays", keys=())
    if np.asarray(times).dtype.kind == "i":
        stamps = np.asarray(times, dtype=np.int64)
    else:
        stamps = utc_nanoseconds(times, reading.timezone, lambda row: f"row {row}")
    arrays = {name: np.asarray(fields[name], dtype=np.float64) for name in FIELDS if name in fields}
    return assemble(rows_of_grid(stamps, tuple(symbols), arrays, lambda row: f"row {row}"), reading)


def rows_of_frame(frame: Any, reading: Reading, source: str, place: Place, symbol: str | None = None) -> Rows:
    """The rows of a frame; `symbol` is that of a frame without a column for it."""
    if not hasattr(frame, "columns"):
        raise DataError(source, type(frame).__name__, "a pandas frame", "Give a frame, or read a file.")
    if frame.columns.nlevels > 1:
        return rows_of_wide(frame, reading, source, place)
    frame = _with_index(frame)
    columns = renamed(frame.columns, source)
    require(columns, source, ("timestamp",) if symbol is not None else ("timestamp", "symbol"))
    if not len(frame):
        raise DataError(f"rows of {source}", 0, "at least one", "Give rows, or leave the file out.")
    stamps = utc_nanoseconds(frame[columns["timestamp"]], reading.timezone, place)
    fields = {name: numbers(frame[columns[name]], name, place) for name in FIELDS if name in columns}
    origin = np.arange(len(frame), dtype=np.int64)
    if "symbol" not in columns:
        return Rows(stamps, np.zeros(len(frame), np.int64), (str(symbol),), fields, origin, place)
    codes, names = symbols_of(frame[columns["symbol"]], place)
    return Rows(stamps, codes, names, fields, origin, place)


def _with_index(frame: Any) -> Any:
    """The frame with what its index holds as columns, unless a column of that name is there already."""
    names = list(frame.index.names)
    if names == [None]:
        return frame.reset_index(names="timestamp") if frame.index.dtype.kind == "M" else frame
    fresh = [name for name in names if name is not None and name not in frame.columns]
    return frame.reset_index(level=fresh) if fresh else frame


def rows_of_wide(frame: Any, reading: Reading, source: str, place: Place) -> Rows:
    """The rows of a frame whose columns are (field, symbol)."""
    fields = renamed(dict.fromkeys(frame.columns.get_level_values(0)), source)
    require(fields, source, keys=())
    symbols = tuple(dict.fromkeys(str(name) for name in frame.columns.get_level_values(1)))
    arrays: dict[str, Floats] = {}
    for name in (name for name in FIELDS if name in fields):
        block = frame[fields[name]]
        block.columns = [str(column) for column in block.columns]
        missing = [symbol for symbol in symbols if symbol not in block.columns]
        if missing and name in REQUIRED:
            raise DataError(
                f"columns of {source}",
                (name, missing[0]),
                "present",
                "Each symbol needs open, high, low, close and volume.",
            )
        arrays[name] = np.full((len(frame), len(symbols)), np.nan)
        for slot, symbol in enumerate(symbols):
            if symbol in block:
                arrays[name][:, slot] = numbers(block[symbol], f"{name}[{symbol}]", place)
    return rows_of_grid(utc_nanoseconds(frame.index, reading.timezone, place), symbols, arrays, place)


def rows_of_grid(stamps: Ints, symbols: tuple[str, ...], arrays: Mapping[str, Floats], place: Place) -> Rows:
    """The rows of arrays (rows, symbols), symbol by symbol."""
    shape = (stamps.size, len(symbols))
    if len(set(symbols)) < len(symbols):
        raise DataError("symbols", list(symbols), "unique", "Name each symbol once.")
    for name, array in arrays.items():
        if array.shape != shape:
            raise DataError(name, array.shape, f"of shape {shape}", "Give one row per time and one column per symbol.")
    origin = np.tile(np.arange(stamps.size, dtype=np.int64), len(symbols))
    codes = np.repeat(np.arange(len(symbols), dtype=np.int64), stamps.size)
    fields = {name: np.ascontiguousarray(array.T).ravel() for name, array in arrays.items()}
    return Rows(np.tile(stamps, len(symbols)), codes, symbols, fields, origin, place)


def assemble(rows: Rows, reading: Reading) -> Tape:
    """Everything between rows as they were read and the tape."""
    hours = hours_of(reading.calendar)
    first, last = (bound(getattr(reading, key), key, hours.timezone) for key in ("start", "end"))
    rows, steps = ordered(selected(rows, reading.symbols))
    length = agreed(reading.interval, steps)
    rows = checked(adjusted(quoted(rows), reading))
    # Closes are found for distinct stamps: calendars are slow, and many symbols share their stamps.
    stamps, row_of = _distinct(rows)
    closes = closing_times(stamps, length, reading.stamps == "open", reading.calendar)
    closed = closes[row_of]
    if (np.diff(closes) <= 0).any():
        _refuse_collisions(rows, closed, length)
    keep = _bears_something(rows, reading)
    if first is not None or last is not None:
        keep &= closed >= (first if first is not None else closed.min(initial=0))
        keep &= closed <= last if last is not None else True
    kept, closed = _in_span(rows, closed, keep, reading)
    if kept is rows and (np.diff(closes) > 0).all():
        times = closes
    else:
        times, row_of = np.unique(closed, return_inverse=True)
    rows = kept
    table, universe = instruments_of(rows.names, reading, *instrument_frame(reading.instruments))
    if times.size < 2:
        raise DataError("times", int(times.size), "at least 2 rows", "Select a longer span.")
    calendar = calendar_of(times, length, reading.calendar, reading.bars_per_year)
    arrays = {
        name: aligned(rows.fields[name], row_of, rows.codes, (times.size, len(rows.names)), name)
        for name in (*REQUIRED, *OPTIONAL, "crossed")
        if name in rows.fields and _wanted(name, reading)
    }
    crossed = arrays.pop("crossed", None)
    tradable = ~np.isnan(arrays["close"]) if crossed is None else ~np.isnan(arrays["close"]) & (crossed != 1.0)
    flags = tradable.astype(np.uint8)
    if "splits" in arrays:
        refuse_adjusted_splits(times, arrays["close"], arrays["splits"], flags, rows.names)
    return Tape(times=times, tradable=flags, calendar=calendar, universe=universe, instruments=table, **arrays)


def _distinct(rows: Rows) -> tuple[Ints, Ints]:
    """Distinct stamps, rising, and the number of each row's among them; rows are in the order of their symbols.

    Where every symbol has the same stamps, as most files do, nothing needs to be sorted.
    """
    count = int((rows.codes == rows.codes[0]).sum()) if rows.size else 0
    if count and rows.size % count == 0:
        table = rows.stamps.reshape(-1, count)
        if (table == table[0]).all() and (np.diff(table[0]) > 0).all():
            return table[0], np.tile(np.arange(count, dtype=np.int64), table.shape[0])
    stamps, row_of = np.unique(rows.stamps, return_inverse=True)
    return stamps, np.asarray(row_of, dtype=np.int64)


def _refuse_collisions(rows: Rows, closed: Ints, length: int) -> None:
    wrong = (np.diff(rows.codes) == 0) & (np.diff(closed) <= 0)
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise DataError(
            f"timestamp{rows.at(row)}",
            show(int(closed[row])),
            "later than the close of the bar before it",
            f"Two bars of {word(length)} close at one time: correct interval, stamps or calendar.",
        )


def _wanted(name: str, reading: Reading) -> bool:
    return (reading.dividends or name != "dividends") and (reading.splits or name != "splits")


def _bears_something(rows: Rows, reading: Reading) -> Any:
    """Rows with a bar, or with an event that counts without one."""
    bears = ~np.isnan(rows.fields["close"])
    for name in ("dividends", "splits", "funding"):
        if name in rows.fields and _wanted(name, reading):
            event = rows.fields[name]
            bears |= ~np.isnan(event) & (event != 0.0) & (event != NOTHING.get(name))
    return bears


def _in_span(rows: Rows, closed: Ints, keep: Any, reading: Reading) -> tuple[Rows, Ints]:
    """The rows kept. A symbol nobody named goes where it has none; a named one must have some."""
    counts = np.bincount(rows.codes[keep], minlength=len(rows.names))
    present = tuple(name for name, count in zip(rows.names, counts, strict=True) if count)
    if not present or (reading.symbols and len(present) < len(rows.names)):
        slot = int(np.argmin(counts))
        own = closed[(rows.codes == slot) & ~np.isnan(rows.fields["close"])]
        span = f"its bars close {show(int(own.min()))} to {show(int(own.max()))}" if own.size else "it has no bar"
        wanted = f"at least one from start={reading.start!r} to end={reading.end!r}"
        raise DataError(f"rows of {rows.names[slot]}", 0, wanted, f"Widen the span or leave the symbol out: {span}.")
    if len(present) == len(rows.names) and keep.all():
        return rows, closed
    return selected(rows.take(keep), present), closed[keep]


def aligned(column: Floats, row_of: Ints, codes: Ints, shape: tuple[int, int], name: str) -> Floats:
    """A field of rows, symbol by symbol, as an array [rows, slots]; where there is none, what "none" is."""
    if name == "splits":
        column = np.where(column == 0.0, 1.0, column)  # files write 0 where there is no split
    if name in NOTHING:
        column = np.where(np.isnan(column), NOTHING[name], column)
    if column.size == shape[0] * shape[1]:  # a bar for every symbol and time: the rows are the tape, turned
        return np.ascontiguousarray(column.reshape(shape[1], shape[0]).T)
    out = np.full(shape, NOTHING.get(name, np.nan))
    out[row_of, codes] = column
    return out
