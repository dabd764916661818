"""From what a vendor answered to bars: types, times, order, the span, bars that have not closed, gaps.

Nothing is filled and no value is corrected. What is left out or missing becomes a finding; what cannot be read as a
number or a time is refused with its row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.tape import PRICES
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.bars import EXTRAS, Bars
from polyfolio.market.calendar import closing_times
from polyfolio.market.columns import NOTHING
from polyfolio.market.span import Span, gaps
from polyfolio.market.stamps import show, utc_nanoseconds

LARGEST = 2**62  # nanoseconds of the year 2116


@dataclass(frozen=True)
class Origin:
    """Where rows came from and how they are to be read.

    Attributes:
        source: name of the source.
        symbol: as it was asked for.
        interval: as it was asked for.
        opens: True where rows are stamped with the opening of their bar.
        timezone: zone of text times without one.
        empty: True where a row without any price is left out, else it is refused.
    """

    source: str
    symbol: str
    interval: str
    opens: bool = True
    timezone: str | None = None
    empty: bool = False

    def row(self, number: int) -> str:
        """A row of the answer, for messages."""
        return f"answer of {self.source} for {self.symbol}, row {number}"


def bars_from(columns: Mapping[str, Sequence[Any]], origin: Origin, span: Span, now: int) -> Bars:
    """Bars of the columns a vendor answered.

    Args:
        columns: timestamp, open, high, low, close and any of volume, bid, ask, dividends, splits, adj_close, as they
            came; all pages one after the other.
        origin: where they came from.
        span: what was asked for; bars outside it are dropped, as vendors answer whole days.
        now: nanoseconds; a bar that closes later is not a bar yet.

    Raises:
        DataError: a value that is no number or no time, with its row.
    """
    fields = {name: floats(columns[name], name, origin) for name in (*PRICES, "volume", *EXTRAS) if name in columns}
    stamps = moments(columns["timestamp"], origin)
    fields.setdefault("volume", np.full(stamps.size, math.nan))
    for name, nothing in NOTHING.items():
        if name in fields:
            fields[name] = np.where(np.isnan(fields[name]), nothing, fields[name])
    findings: list[str] = []
    keep = _with_prices(fields, origin, findings)
    order = np.flatnonzero(keep)[np.argsort(stamps[keep], kind="stable")]
    if (np.diff(order) < 0).any():
        findings.append(f"{origin.symbol}: the rows came unsorted and were put in order")
    order = _once(stamps, fields, order, findings)
    times = closing_times(stamps[order], span.length, origin.opens, span.calendar)
    inside = (times >= span.first) & (times <= span.last)
    early = inside & (times > now)
    if early.any():
        shown = show(int(times[int(np.argmax(early))]))
        findings.append(f"{int(early.sum())} bars had not closed yet and were left out: the first closes {shown}")
    order, times = order[inside & ~early], times[inside & ~early]
    return Bars(
        origin.symbol,
        times,
        **{name: array[order] for name, array in fields.items()},
        interval=origin.interval,
        source=origin.source,
        findings=(*findings, *gaps(times, span, now)),
    )


def _with_prices(fields: Mapping[str, Floats], origin: Origin, findings: list[str]) -> Any:
    """Rows that hold a bar. A row with some prices and without others is refused."""
    unknown = np.stack([np.isnan(fields[name]) for name in PRICES])
    empty: Any = unknown.all(axis=0)
    wrong: Any = unknown.any(axis=0) & (~empty | (not origin.empty))
    if wrong.any():
        row = int(np.argmax(wrong))
        name = PRICES[int(np.argmax(unknown[:, row]))]
        remedy = "Ask for the span again later, or set empty: leave out." if empty[row] else "Ask the vendor."
        raise DataError(f"{name} ({origin.row(row)})", None, "a number in every row", remedy)
    if empty.any():
        findings.append(f"{int(empty.sum())} rows came without any price and were left out")
    return ~empty


def _once(stamps: Ints, fields: Mapping[str, Floats], order: Ints, findings: list[str]) -> Ints:
    """The order with one row per time: the last that came."""
    sorted_stamps = stamps[order]
    again = np.flatnonzero(sorted_stamps[1:] == sorted_stamps[:-1]) if order.size else np.zeros(0, np.int64)
    if again.size == 0:
        return order
    differ: Any = np.zeros(again.size, bool)
    for array in fields.values():
        first, second = array[order[again]], array[order[again + 1]]
        differ |= (first != second) & ~(np.isnan(first) & np.isnan(second))
    shown = show(int(sorted_stamps[again[0]]))
    findings.append(f"{again.size} rows came twice, {int(differ.sum())} with other values; the last is kept: {shown}")
    return np.asarray(np.delete(order, again), dtype=np.int64)


def floats(values: Sequence[Any], name: str, origin: Origin) -> Floats:
    """A column as float64; numbers written as text are read, None is NaN.

    Raises:
        DataError: anything else, infinite numbers included.
    """
    kinds = set(map(type, values))
    if kinds <= {float, int}:
        array = np.array(values, dtype=np.float64).reshape(len(values))
    else:
        array = np.array([_number(value) for value in values], dtype=np.float64)
    wrong: Any = np.isinf(array)  # _number says infinite for what it cannot read
    unread: Any = (
        np.isnan(array) & np.array([value is not None for value in values], bool) if np.isnan(array).any() else wrong
    )
    wrong = wrong | unread
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{name} ({origin.row(row)})", values[row], "a finite number", "Correct `fields`, or ask the vendor."
        )
    return array


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.inf
    try:
        return float(value)
    except ValueError:
        return math.inf


def moments(values: Sequence[Any], origin: Origin) -> Ints:
    """A column of times as nanoseconds, UTC: epochs of any unit, also written as text, or ISO 8601.

    Raises:
        DataError: anything else.
    """
    kinds = set(map(type, values))
    if not kinds:
        return np.zeros(0, np.int64)
    if kinds == {str}:
        numeric = all(value.isdigit() for value in values)
        return utc_nanoseconds(
            [int(value) for value in values] if numeric else list(values), origin.timezone, origin.row
        )
    for row, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_epoch(value):
            bound = f"a time like the row before it, {word_of(values[0])}"
            raise DataError(f"timestamp ({origin.row(row)})", value, bound, "Correct `fields`, or ask the vendor.")
    return utc_nanoseconds(np.array([int(value) for value in values], dtype=np.int64), origin.timezone, origin.row)


def _is_epoch(value: float) -> bool:
    return abs(value) < LARGEST and value == value // 1


def word_of(value: object) -> str:
    """What kind of time a value is."""
    return "ISO 8601 text" if isinstance(value, str) else "a whole number since 1970"
