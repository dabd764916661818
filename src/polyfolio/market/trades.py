"""Trades to bars that end by the clock, by volume, by traded value or by number of trades.

Trades keep the order in which they arrived, also where several bear one stamp. A bar is known when it closes: a time
bar at its end, with the trades before it; any other at the stamp of the trade that fills it. The bar under way when
the trades end is no bar yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.columns import numbers, renamed, symbols_of
from polyfolio.market.exchange import sessions_of
from polyfolio.market.intervals import DAY, nanoseconds, word
from polyfolio.market.stamps import Place, show, utc_nanoseconds
from polyfolio.rules.arguments import closest

# Sums of decimals miss a round total by some last bits: ten trades of 0.1 are to fill a bar of 1.
SLACK = 1e-9
SOURCE = "trades"


@dataclass(frozen=True, eq=False)
class Trades:
    """The trades of one symbol in the order of their arrival.

    Attributes:
        symbol: its name.
        times: nanoseconds, UTC; equal stamps are common.
        paid: money per unit, above 0.
        sizes: units traded, above 0.
    """

    symbol: str
    times: Ints
    paid: Floats
    sizes: Floats

    @property
    def size(self) -> int:
        """Number of trades."""
        return int(self.times.size)


def trades_of(frame: Any, *, timezone: str | None = None, source: str = "the frame") -> dict[str, Trades]:
    """Trades by symbol, from a frame with the columns timestamp, symbol, price and size.

    Args:
        frame: a pandas frame, one trade per row, in the order of arrival.
        timezone: zone of stamps written without one; None refuses them.
        source: its name in messages.
    """

    def place(row: int) -> str:
        return f"{source}, row {row}"

    columns = renamed(frame.columns, source)
    for name in ("timestamp", "symbol", "price", "size"):
        if name not in columns:
            raise DataError(f"columns of {source}", name, "present", closest(name, columns))
    times = utc_nanoseconds(frame[columns["timestamp"]], timezone, place)
    paid = _above_zero(numbers(frame[columns["price"]], "price", place), "price", place)
    sizes = _above_zero(numbers(frame[columns["size"]], "size", place), "size", place)
    codes, names = symbols_of(frame[columns["symbol"]], place)
    made = {}
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        refuse_backwards(times[rows], rows, place, name)
        made[name] = Trades(name, times[rows], paid[rows], sizes[rows])
    return made


def _above_zero(values: Floats, name: str, place: Place) -> Floats:
    wrong = ~(np.isfinite(values) & (values > 0.0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{name} ({place(row)})", float(values[row]), "finite and above 0", "Drop the trade.")
    return values


def refuse_backwards(times: Ints, rows: Ints, place: Place, symbol: str) -> None:
    """Refuse stamps that go back; equal ones stay in the order of arrival."""
    wrong = np.flatnonzero(np.diff(times) < 0)
    if wrong.size:
        row = int(wrong[0]) + 1
        raise DataError(
            f"timestamp[{symbol}] ({place(int(rows[row]))})",
            show(int(times[row])),
            f"not before the row before it, {show(int(times[row - 1]))}",
            "Sort the rows by time, with a stable sort that keeps the order of arrival.",
        )


def time_bars(
    trades: Mapping[str, Trades], interval: str, *, calendar: str = "24/7", until: int | None = None
) -> dict[str, Bars]:
    """Bars that end by the clock, counted from the opening of the session; a bar without a trade is none.

    Args:
        trades: by symbol.
        interval: "1s", "1min", "1h", "1d".
        calendar: of the sessions; trades outside them are left out and counted in the findings.
        until: nanoseconds up to which the trades are complete; None takes the last trade of any symbol.
    """
    length = nanoseconds(interval)
    if length > DAY:
        raise DataError("interval", word(length), "1d or shorter", "Resample the tape of daily bars.")
    last = (
        until if until is not None else max((int(part.times[-1]) for part in trades.values() if part.size), default=0)
    )
    made = {}
    for symbol, part in trades.items():
        ends = bar_ends(part.times, length, calendar)
        inside = np.flatnonzero((ends >= 0) & (ends <= last))
        left = int((ends < 0).sum())
        found = (f"{left} of {part.size} trades lie outside the sessions of {calendar}",) if left else ()
        starts = np.flatnonzero(np.diff(ends[inside], prepend=-1))
        made[symbol] = _bars(part, inside, starts, ends[inside][starts], word(length)).found(*found)
    return made


def bar_ends(times: Ints, length: int, calendar: str) -> Ints:
    """End of the bar that each event falls in, -1 outside the sessions of a calendar."""
    if times.size == 0:
        return np.zeros(0, np.int64)
    sessions = sessions_of(calendar, int(times.min() // DAY) - 1, int(times.max() // DAY) + 1)
    return sessions.bar_ends(times, length, starts=True)


def tick_bars(trades: Mapping[str, Trades], count: int) -> dict[str, Bars]:
    """Bars of so many trades."""
    return _filled(trades, lambda part: np.ones(part.size), float(count), "ticks")


def volume_bars(trades: Mapping[str, Trades], volume: float) -> dict[str, Bars]:
    """Bars that close with the trade that brings their volume to `volume` units or more; no trade is divided."""
    return _filled(trades, lambda part: part.sizes, volume, "volume")


def dollar_bars(trades: Mapping[str, Trades], value: float) -> dict[str, Bars]:
    """Bars that close with the trade that brings their traded value to `value` or more, in the quote currency."""
    return _filled(trades, lambda part: part.paid * part.sizes, value, "dollar")


def _filled(
    trades: Mapping[str, Trades], measure: Callable[[Trades], Floats], goal: float, kind: str
) -> dict[str, Bars]:
    if not (np.isfinite(goal) and goal > 0.0):
        raise DataError(kind, goal, "finite and above 0", "Say how much fills a bar.")
    made = {}
    for symbol, part in trades.items():
        last = fills_at(measure(part), goal)
        starts = np.concatenate([[0], last[:-1] + 1]).astype(np.int64)[: last.size]
        rows = np.arange(last[-1] + 1 if last.size else 0, dtype=np.int64)
        made[symbol] = _bars(part, rows, starts, rising(part.times[last]), f"{kind}:{goal:g}")
    return made


def fills_at(amounts: Floats, goal: float) -> Ints:
    """Positions at which a running sum, begun anew after each, reaches the goal."""
    total, reached = np.cumsum(amounts), 0.0
    last: list[int] = []
    while True:
        row = int(np.searchsorted(total, reached + goal * (1.0 - SLACK), side="left"))
        if row >= total.size:
            return np.array(last, dtype=np.int64)
        last.append(row)
        reached = float(total[row])


def rising(times: Ints) -> Ints:
    """Stamps that grow: where bars close at one stamp each later one stands a nanosecond after the one before it."""
    number = np.arange(times.size, dtype=np.int64)
    return np.asarray(np.maximum.accumulate(times - number) + number, dtype=np.int64)


def _bars(trades: Trades, rows: Ints, starts: Ints, closes: Ints, interval: str) -> Bars:
    if starts.size == 0:
        none = np.zeros(0)
        return Bars(trades.symbol, closes[:0], none, none, none, none, none, interval=interval, source=SOURCE).found(
            "no bar is complete"
        )
    paid = trades.paid[rows]
    ends = np.append(starts[1:], rows.size) - 1
    return Bars(
        trades.symbol,
        closes,
        paid[starts],
        np.maximum.reduceat(paid, starts),
        np.minimum.reduceat(paid, starts),
        paid[ends],
        np.add.reduceat(trades.sizes[rows], starts),
        interval=interval,
        source=SOURCE,
    )
