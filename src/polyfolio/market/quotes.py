"""Quotes to bars, and the quotes in force when bars of trades close."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.columns import numbers, renamed, symbols_of
from polyfolio.market.intervals import DAY, nanoseconds, word
from polyfolio.market.stamps import utc_nanoseconds
from polyfolio.market.trades import bar_ends, refuse_backwards
from polyfolio.rules.arguments import closest

log = logging.getLogger("polyfolio.market")
SOURCE = "quotes"


@dataclass(frozen=True, eq=False)
class Quotes:
    """The best bid and ask of one symbol, each in force until the next, in the order of their arrival.

    Attributes:
        symbol: its name.
        times: nanoseconds, UTC.
        bid: above 0.
        ask: not below the bid.
        findings: what was left out.
    """

    symbol: str
    times: Ints
    bid: Floats
    ask: Floats
    findings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of quotes."""
        return int(self.times.size)


def quotes_of(frame: Any, *, timezone: str | None = None, source: str = "the frame") -> dict[str, Quotes]:
    """Quotes by symbol, from a frame with the columns timestamp, symbol, bid and ask.

    A quote whose ask stands below its bid, or that lacks a side, is left out and counted in the findings: no price
    comes from it. One below or at 0 is refused.
    """

    def place(row: int) -> str:
        return f"{source}, row {row}"

    columns = renamed(frame.columns, source)
    for name in ("timestamp", "symbol", "bid", "ask"):
        if name not in columns:
            raise DataError(f"columns of {source}", name, "present", closest(name, columns))
    times = utc_nanoseconds(frame[columns["timestamp"]], timezone, place)
    sides = {name: numbers(frame[columns[name]], name, place) for name in ("bid", "ask")}
    for name, values in sides.items():
        wrong = np.isinf(values) | (values <= 0.0)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(f"{name} ({place(row)})", float(values[row]), "above 0", "Drop the quote.")
    codes, names = symbols_of(frame[columns["symbol"]], place)
    made = {}
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        refuse_backwards(times[rows], rows, place, name)
        made[name] = _sound(Quotes(name, times[rows], sides["bid"][rows], sides["ask"][rows]))
    return made


def _sound(quotes: Quotes) -> Quotes:
    crossed, empty = quotes.ask < quotes.bid, np.isnan(quotes.ask) | np.isnan(quotes.bid)
    findings = [
        f"{int(wrong.sum())} of {quotes.size} quotes of {quotes.symbol} {what} and are left out"
        for wrong, what in ((crossed, "have their ask below their bid"), (empty, "lack a side"))
        if wrong.any()
    ]
    for finding in findings:
        log.warning(finding)
    keep = ~(crossed | empty)
    return Quotes(quotes.symbol, quotes.times[keep], quotes.bid[keep], quotes.ask[keep], tuple(findings))


def quote_bars(
    quotes: Mapping[str, Quotes], interval: str, *, calendar: str = "24/7", until: int | None = None
) -> dict[str, Bars]:
    """Bars of the price halfway between bid and ask, with the last bid and ask; a bar without a quote is none.

    Args:
        quotes: by symbol.
        interval: "1s", "1min", "1h", "1d".
        calendar: of the sessions; quotes outside them are left out.
        until: nanoseconds up to which the quotes are complete; None takes the last quote of any symbol.
    """
    length = nanoseconds(interval)
    if length > DAY:
        raise DataError("interval", word(length), "1d or shorter", "Resample the tape of daily bars.")
    last = (
        until if until is not None else max((int(part.times[-1]) for part in quotes.values() if part.size), default=0)
    )
    return {symbol: _bars(part, length, calendar, last) for symbol, part in quotes.items()}


def _bars(quotes: Quotes, length: int, calendar: str, last: int) -> Bars:
    ends = bar_ends(quotes.times, length, calendar)
    rows = np.flatnonzero((ends >= 0) & (ends <= last))
    starts = np.flatnonzero(np.diff(ends[rows], prepend=-1))
    finals = rows[np.append(starts[1:], rows.size) - 1] if starts.size else rows
    middle = 0.5 * (quotes.bid[rows] + quotes.ask[rows])
    high, low = (kind.reduceat(middle, starts) if starts.size else middle for kind in (np.maximum, np.minimum))
    return Bars(
        quotes.symbol,
        ends[rows][starts],
        middle[starts],
        high,
        low,
        0.5 * (quotes.bid[finals] + quotes.ask[finals]),
        np.full(starts.size, np.nan),
        bid=quotes.bid[finals],
        ask=quotes.ask[finals],
        interval=word(length),
        source=SOURCE,
        findings=quotes.findings,
    )


def with_quotes(
    bars: Mapping[str, Bars], quotes: Mapping[str, Quotes], *, longest: str | None = None
) -> dict[str, Bars]:
    """Bars with the bid and ask in force when they closed: the last quote before the close, not the one at it.

    Args:
        bars: by symbol.
        quotes: by symbol.
        longest: age beyond which a quote is no longer believed, such as "1min"; None for any.

    Raises:
        DataError: a symbol has no quotes.
    """
    limit = nanoseconds(longest) if longest is not None else None
    made = {}
    for symbol, part in bars.items():
        if symbol not in quotes:
            raise DataError("quotes", symbol, "a symbol with quotes", closest(symbol, quotes))
        made[symbol] = _quoted(part, quotes[symbol], limit)
    return made


def _quoted(bars: Bars, quotes: Quotes, limit: int | None) -> Bars:
    row = np.searchsorted(quotes.times, bars.times, side="left") - 1
    known = row >= 0
    row = np.maximum(row, 0)
    if limit is not None and quotes.size:
        known &= bars.times - quotes.times[row] <= limit
    sides: dict[str, Any] = {
        name: np.where(known, values[row], np.nan) if quotes.size else np.full(bars.size, np.nan)
        for name, values in (("bid", quotes.bid), ("ask", quotes.ask))
    }
    return replace(bars, **sides).found(*quotes.findings)
