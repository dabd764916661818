"""The proof that a source of bars keeps its contract: what was asked for, in order, closed, and no silent gap."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polyfolio.core.tape import PRICES
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.bars import Bars, BarSource
from polyfolio.market.calendar import ALWAYS
from polyfolio.market.intervals import nanoseconds
from polyfolio.market.span import Span, gaps, span_of
from polyfolio.market.stamps import show

NOBODY = "NO-SUCH-SYMBOL-0"


def check_source(
    source: BarSource,
    symbols: Sequence[str],
    span: tuple[str, str],
    interval: str,
    *,
    calendar: str = ALWAYS,
    unknown: str = NOBODY,
) -> None:
    """Prove that a source keeps its contract. It is asked for a span in the past, a part of it, and a wrong symbol.

    1. It has a name, says whether it streams, and answers with one entry per symbol, in the order asked for.
    2. Bars carry symbol and interval as asked for; times rise, are closes inside the span and not later than now.
    3. Prices are above 0 and finite, and the high and low hold the others; volumes are 0 or more, or NaN.
    4. Whatever is missing of the span by the calendar stands in the findings.
    5. Asked again, it answers the same; asked for a part, it answers that part of the whole.
    6. A symbol nobody knows is refused with DataError that names it.

    Args:
        source: to check.
        symbols: known ones, with bars in the span.
        span: start and end, in the past.
        interval: length of a bar.
        calendar: of the symbols.
        unknown: a symbol the source does not know.

    Raises:
        ConfigError: the first promise that is broken.
    """
    asked = span_of(*span, nanoseconds(interval), calendar)
    _check_name(source)
    found = source.fetch(symbols, asked.first, asked.last, interval)
    _check_entries(source, found, symbols)
    for symbol, bars in found.items():
        _check_labels(source, bars, symbol, interval)
        _check_times(source, bars, asked)
        _check_values(source, bars)
        _check_findings(source, bars, asked)
    _check_again(source, found, asked, interval)
    _check_part(source, found, interval)
    _check_unknown(source, unknown, asked, interval)


def _broken(source: BarSource, what: str, found: object, bound: str, remedy: str) -> ConfigError:
    return ConfigError(f"{type(source).__name__}: {what}", found, bound, remedy)


def _check_name(source: BarSource) -> None:
    given: tuple[Any, Any] = (getattr(source, "name", None), getattr(source, "streams", None))
    if not isinstance(given[0], str) or not given[0] or not isinstance(given[1], bool):
        raise _broken(source, "name, streams", given, "text and a truth value", "Set both on the class.")


def _check_entries(source: BarSource, found: Mapping[str, Bars], symbols: Sequence[str]) -> None:
    if list(found) != list(symbols):
        raise _broken(source, "symbols", list(found), f"{list(symbols)}, in that order", "Answer one entry per symbol.")
    for symbol, bars in found.items():
        if not isinstance(bars, Bars):
            raise _broken(
                source, f"entry of {symbol}", type(bars).__name__, "Bars", "Answer polyfolio.market.bars.Bars."
            )


def _check_labels(source: BarSource, bars: Bars, symbol: str, interval: str) -> None:
    if (bars.symbol, bars.interval) != (symbol, interval):
        remedy = "Keep the words of the question, whatever the venue calls them."
        raise _broken(source, "symbol, interval", (bars.symbol, bars.interval), f"{(symbol, interval)}", remedy)
    if bars.size == 0:
        remedy = "Ask for a span in which the symbol has bars."
        raise _broken(source, f"bars of {symbol}", 0, "at least one", remedy)


def _check_times(source: BarSource, bars: Bars, asked: Span) -> None:
    times = bars.times
    last = min(asked.last, time.time_ns())
    for wrong, bound, remedy in (
        (np.append(False, np.diff(times) <= 0), "after the one before it", "Sort the bars and keep one a time."),
        (times < asked.first, f"from {show(asked.first)} on", "Stamp bars with their close, and cut to the span."),
        (times > last, f"up to {show(last)}", "Leave out bars that have not closed, and cut to the span."),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise _broken(source, f"time {row} of {bars.symbol}", show(int(times[row])), bound, remedy)


def _check_values(source: BarSource, bars: Bars) -> None:
    for name in PRICES:
        column = getattr(bars, name)
        wrong = ~((column > 0.0) & np.isfinite(column))
        wrong |= (column > bars.high) | (column < bars.low)
        if wrong.any():
            row = int(np.argmax(wrong))
            bound = f"above 0, finite, from low ({bars.low[row]:g}) to high ({bars.high[row]:g})"
            at = f"{name} {row} of {bars.symbol}, {show(int(bars.times[row]))}"
            raise _broken(source, at, float(column[row]), bound, "Leave a missing bar out.")
    wrong = (bars.volume < 0.0) | np.isinf(bars.volume)
    if wrong.any():
        row = int(np.argmax(wrong))
        bound = "0 or more, or NaN where unknown"
        raise _broken(source, f"volume {row} of {bars.symbol}", float(bars.volume[row]), bound, "Correct it.")


def _check_findings(source: BarSource, bars: Bars, asked: Span) -> None:
    missing = gaps(bars.times, asked, time.time_ns())
    for kind in missing:
        if kind.startswith("gap") and not any(finding.startswith("gap") for finding in bars.findings):
            remedy = "Add what polyfolio.market.span.gaps finds to the findings."
            raise _broken(source, f"findings of {bars.symbol}", list(bars.findings), f"with {kind!r}", remedy)
    for finding in bars.findings:
        if not isinstance(finding, str):
            raise _broken(source, f"findings of {bars.symbol}", finding, "text", "Write a sentence each.")


def _check_again(source: BarSource, found: Mapping[str, Bars], asked: Span, interval: str) -> None:
    for symbol, bars in source.fetch(list(found), asked.first, asked.last, interval).items():
        _same(source, bars, found[symbol], f"{symbol}, asked again", "Answer the past always in the same way.")


def _check_part(source: BarSource, found: Mapping[str, Bars], interval: str) -> None:
    """From a close in the first half to one in the second; both count, and the middle is not the same."""
    for symbol, bars in found.items():
        low, high = bars.size // 4, 2 * bars.size // 3
        first, last = int(bars.times[low]), int(bars.times[high])
        part = source.fetch([symbol], first, last, interval)[symbol]
        remedy = "Start and end are closes, both included; a bar does not depend on the span asked for."
        _same(source, part, bars.take(slice(low, high + 1)), f"{symbol}, {show(first)} to {show(last)}", remedy)


def _same(source: BarSource, found: Bars, wanted: Bars, what: str, remedy: str) -> None:
    if found.size != wanted.size:
        raise _broken(source, f"bars of {what}", found.size, f"{wanted.size}, as in the whole", remedy)
    for name, array in {"times": wanted.times, **wanted.columns()}.items():
        other = getattr(found, name)
        if other is None:
            raise _broken(source, f"{name} of {what}", None, "there, as in the whole", remedy)
        wrong = ~((other == array) | (np.isnan(other) & np.isnan(array)))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise _broken(
                source, f"{name} {row} of {what}", other[row].item(), f"{array[row].item()}, as before", remedy
            )


def _check_unknown(source: BarSource, unknown: str, asked: Span, interval: str) -> None:
    try:
        found = source.fetch([unknown], asked.first, asked.last, interval)
    except DataError as error:
        if unknown not in str(error):
            bound = f"an error that names {unknown}"
            raise _broken(source, "an unknown symbol", str(error), bound, "Put the symbol into the error.") from error
        return
    raise _broken(source, "an unknown symbol", found, "refused with DataError", "Do not answer for symbols unknown.")
