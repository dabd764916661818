"""Figures of companies as they were published: slow columns on the rows of a tape.

A figure counts from its publication on, and a restated figure from its own. Nothing is known on the last day of a
period that was published weeks after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.calendar import hours_of
from polyfolio.market.columns import canonical, numbers, symbols_of
from polyfolio.market.intervals import DAY, nanoseconds
from polyfolio.market.stamps import Place, show, utc_nanoseconds
from polyfolio.market.tables import table_of
from polyfolio.market.timeframes import latest
from polyfolio.rules.arguments import closest

PUBLISHED = {"published": "published", "filed": "published", "report_date": "published", "announced": "published"}
KEYS = ("symbol", "published", "period")


@dataclass(frozen=True, eq=False)
class SlowColumns:
    """Columns on the rows of a tape.

    Attributes:
        names: of the columns.
        values: [columns, rows, slots]; NaN where nothing is known.
        published: int64[rows, slots], when the newest figures were published; -1 before the first.
    """

    names: tuple[str, ...]
    values: Floats
    published: Ints

    def column(self, name: str) -> Floats:
        """One column, [rows, slots]."""
        if name not in self.names:
            raise DataError("column", name, "one of " + ", ".join(self.names), closest(name, self.names))
        return np.asarray(self.values[self.names.index(name)])


@dataclass(frozen=True, eq=False)
class Fundamentals:
    """Published figures, one record per symbol and publication, in the order of publication.

    Attributes:
        symbols: of each record.
        published: nanoseconds, UTC, from which on it is known.
        periods: end of the period it is about; the publication where the file has none.
        names: of the figures.
        values: [figures, records]; NaN where a record is silent.
    """

    symbols: tuple[str, ...]
    published: Ints
    periods: Ints
    names: tuple[str, ...]
    values: Floats

    def on(self, tape: Tape, *, longest: str | None = None) -> SlowColumns:
        """The figures on the rows of a tape, each known from its publication on.

        Of several records the one about the latest period counts, and of those the one published last; a figure
        that it is silent about is the one of the record before it.

        Args:
            tape: market rows.
            longest: age beyond which a figure is no longer believed, such as "180d"; None for any.
        """
        values = np.full((len(self.names), tape.rows, tape.slots), np.nan)
        newest = np.full((tape.rows, tape.slots), -1, np.int64)
        limit = nanoseconds(longest) if longest is not None else None
        own: dict[str, list[int]] = {}
        for number, symbol in enumerate(self.symbols):
            own.setdefault(symbol, []).append(number)
        for slot, symbol in enumerate(tape.symbols):
            records = np.array(own.get(symbol, []), dtype=np.int64)
            if records.size:
                times = self.published[records]
                row = latest(times, tape.times)
                newest[:, slot] = np.where(row >= 0, times[np.maximum(row, 0)], -1)
                for number in range(len(self.names)):
                    values[number, :, slot] = self._figure(number, records, tape.times, limit)
        return SlowColumns(self.names, values, newest)

    def _figure(self, number: int, records: Ints, times: Ints, limit: int | None) -> Floats:
        records = records[~np.isnan(self.values[number, records])]
        newest = np.maximum.accumulate(self.periods[records]) if records.size else self.periods[records]
        records = records[self.periods[records] == newest]  # a late word about an older period changes nothing
        row = latest(self.published[records], times)
        known = row >= 0
        if records.size and limit is not None:
            known &= times - self.published[records[np.maximum(row, 0)]] <= limit
        out = np.full(times.size, np.nan)
        out[known] = self.values[number, records[row[known]]]
        return out


def fundamentals(
    source: str | PathLike[str] | Any, *, calendar: str = "24/7", timezone: str | None = None
) -> Fundamentals:
    """Published figures from a CSV or Parquet file or a frame.

    Args:
        source: columns symbol, published, any of period (end of the period), and one column per figure.
        calendar: whose time zone a bare date of publication is a day of. Such a date counts from the end of that day:
            the hour is not known, and some publish after the close.
        timezone: zone of publication times written without one.

    Example:
        >>> fundamentals("eps.csv", calendar="XNYS").on(tape).column("eps")
    """
    frame, name = table_of(source, "fundamentals", ("symbol",))

    def place(row: int) -> str:
        return f"{name}, row {row}"

    columns = {PUBLISHED.get(canonical(own), canonical(own)): own for own in frame.columns}
    for key in ("symbol", "published"):
        if key not in columns:
            raise DataError(f"columns of {name}", key, "present", closest(key, columns))
    figures = tuple(key for key in columns if key not in KEYS)
    if not figures:
        raise DataError(f"columns of {name}", list(columns), "with at least one figure", "Add a column such as eps.")
    codes, words = symbols_of(frame[columns["symbol"]], place)
    symbols = [words[code] for code in codes]
    published = _known_from(frame[columns["published"]], calendar, timezone, place)
    periods = published
    if "period" in columns:
        periods = utc_nanoseconds(frame[columns["period"]], timezone or "UTC", place)
        _refuse_prophecies(periods, published, symbols, place)
    values = np.stack([numbers(frame[columns[figure]], figure, place) for figure in figures])
    order = np.lexsort((periods, published))
    return Fundamentals(
        tuple(symbols[row] for row in order), published[order], periods[order], figures, values[:, order]
    )


def _known_from(column: Any, calendar: str, timezone: str | None, place: Place) -> Ints:
    """Times of publication; a bare date is the end of its day in the calendar's time zone."""
    import pandas as pd  # noqa: PLC0415

    stamps = utc_nanoseconds(column, "UTC", place)
    bare = stamps % DAY == 0
    days = pd.DatetimeIndex((stamps + DAY).astype("datetime64[ns]")).tz_localize(hours_of(calendar).timezone)
    ends = np.asarray(days.tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)
    return ends if bare.all() else np.where(bare, ends, utc_nanoseconds(column, timezone, place))


def _refuse_prophecies(periods: Ints, published: Ints, symbols: list[str], place: Place) -> None:
    wrong = published < periods
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"published[{symbols[row]}] ({place(row)})",
            show(int(published[row])),
            f"not before the end of its period, {show(int(periods[row]))}",
            "Give the date of publication, not the end of the period.",
        )
