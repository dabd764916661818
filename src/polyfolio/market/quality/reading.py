"""Cells as numbers, times and symbols where they can be read; where not, a finding with the place of the cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.quality.findings import NOTHING, Found, Repair, dropped, one
from polyfolio.market.stamps import CLOCK, ZONE, Place, show, utc_nanoseconds, zone

GROUPED = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"  # 1,234.5


@dataclass(frozen=True, eq=False)
class Column:
    """A column as it could be read.

    Attributes:
        values: float64, or nanoseconds, or codes.
        readable: False where a cell could not be read.
        found: what is to be told.
        names: symbols of the codes.
    """

    values: Any
    readable: Any
    found: Found = NOTHING
    names: tuple[str, ...] = ()


def numbers(column: Any, name: str, place: Place) -> Column:
    """A column as float64; text that is no number is NaN, apart from 1,234.5."""
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
        return Column(values, np.ones(len(column), bool))
    text = column.astype("str").str.strip()
    values = np.array(pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))
    wrong = np.isnan(values) & column.notna().to_numpy(dtype=bool) & (text != "").to_numpy(dtype=bool)
    wrong &= ~text.str.lower().isin(("nan", "none", "null")).to_numpy(dtype=bool)
    if not wrong.any():
        return Column(values, ~wrong)
    rows = np.flatnonzero(wrong)
    grouped = text.iloc[rows].str.fullmatch(GROUPED).to_numpy(dtype=bool)
    values[rows[grouped]] = [float(cell.replace(",", "")) for cell in text.iloc[rows[grouped]]]
    cells = [f"{name} ({place(int(row))}): {column.iloc[int(row)]!r}" for row in rows[:3]]
    repair = Repair("text_numbers", "put", rows.astype(np.int64), name, values[rows])
    return Column(values, ~wrong, one("text_numbers", rows.size, *cells) + Found((), (repair,)))


def symbols(column: Any, place: Place) -> Column:
    """A column as codes of symbols, without the blanks around them."""
    codes, raw = column.factorize()
    codes = np.array(codes, dtype=np.int64)
    written = [str(name) for name in raw]
    names = tuple(dict.fromkeys(name.strip() for name in written if name.strip()))
    number = {name: code for code, name in enumerate(names)}
    codes = np.append(np.array([number.get(name.strip(), -1) for name in written], dtype=np.int64), -1)[codes]
    rows = np.flatnonzero(codes < 0)
    found = dropped("no_symbol", rows)
    if rows.size:
        found += one("no_symbol", rows.size, *(place(int(row)) for row in rows[:3]))
    blanks = {name for name in written if name != name.strip() and name.strip()}
    cases: dict[str, list[str]] = {}
    for name in names:
        cases.setdefault(name.casefold(), []).append(name)
    told = [repr(name) for name in sorted(blanks)]
    told += [" and ".join(group) for group in cases.values() if len(group) > 1]
    if told:
        found += one("symbol_spelling", len(told), *told)
    if blanks:
        rows = np.flatnonzero(column.isin(list(blanks)).to_numpy(dtype=bool))
        values = [names[code] for code in codes[rows]]
        found += Found((), (Repair("symbol_spelling", "put", rows.astype(np.int64), "symbol", values),))
    return Column(codes, codes >= 0, found, names)


def times(column: Any, timezone: str | None, place: Place) -> Column:
    """A column as nanoseconds, UTC. Times without a zone are those of `timezone`, else of UTC with a finding."""
    import pandas as pd  # noqa: PLC0415

    if timezone is not None:
        zone(timezone)
    if pd.api.types.is_integer_dtype(column.dtype):
        return _epochs(column, place)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        zoned = np.full(len(column), column.dt.tz is not None)
        stamps = column if column.dt.tz is not None else column.dt.tz_localize("UTC")
    else:
        text = column.astype("str").str.strip()
        zoned = (text.str.contains(ZONE, regex=True) & text.str.contains(CLOCK, regex=True)).to_numpy(dtype=bool)
        stamps = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    read = _nanoseconds(stamps, zoned, timezone)
    rows = np.flatnonzero(~read.readable)
    if rows.size:
        cells = [f"{place(int(row))}: {str(column.iloc[int(row)])!r}" for row in rows[:3]]
        read = replace(read, found=one("unreadable_times", rows.size, *cells) + dropped("unreadable_times", rows))
    return _with_zones(read, zoned, timezone, place)


def _epochs(column: Any, place: Place) -> Column:
    try:
        values = utc_nanoseconds(column, None, place)
    except DataError as error:
        nothing = np.zeros(len(column), np.int64)
        found = one("unreadable_times", len(column), str(error)) + dropped("unreadable_times", np.arange(len(column)))
        return Column(nothing, nothing.astype(bool), found)
    return Column(values, np.ones(len(column), bool))


def _nanoseconds(stamps: Any, zoned: Any, timezone: str | None) -> Column:
    """Times read as UTC; those without a zone moved to it. An hour that a zone has twice or never is not readable."""
    import pandas as pd  # noqa: PLC0415

    index = pd.DatetimeIndex(stamps).as_unit("ns")
    if timezone is not None and not zoned.all():
        own = index[~zoned].tz_localize(None).tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
        moved = index.asi8.copy()
        moved[~zoned] = own.tz_convert("UTC").as_unit("ns").asi8
        index = pd.DatetimeIndex(moved.astype("datetime64[ns]"))
    readable = ~np.asarray(index.isna())
    return Column(np.where(readable, np.asarray(index.asi8, dtype=np.int64), 0), readable)


def _with_zones(read: Column, zoned: Any, timezone: str | None, place: Place) -> Column:
    """Times without a zone are told; where others have one, they count only if their zone was given."""
    naive, some = read.readable & ~zoned, bool(zoned[read.readable].any())
    if not naive.any() or (timezone is not None and not some):
        return read
    rows = np.flatnonzero(naive)
    cells = [f"{place(int(row))}: {show(int(read.values[row]))}" for row in rows[:3]]
    found = read.found + one("mixed_time_zones" if some else "no_time_zone", rows.size, *cells)
    if not some or timezone is not None:
        return replace(read, found=found)
    return replace(read, found=found + dropped("mixed_time_zones", rows), readable=read.readable & zoned)


def as_floats(read: Column) -> Floats:
    """The values of a column of numbers."""
    return np.asarray(read.values, dtype=np.float64)


def as_ints(read: Column) -> Ints:
    """The values of a column of times or codes."""
    return np.asarray(read.values, dtype=np.int64)
