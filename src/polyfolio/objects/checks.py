"""Refusals that every object view shares: unknown tickers, missing bars, values that are no finite number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from polyfolio.errors import DataError
from polyfolio.rules.fields import closest


def bars_of(data: object) -> tuple[str, ...]:
    """The tickers of a market data map."""
    if not isinstance(data, Mapping) or not data:
        raise DataError(
            "market_data",
            type(data).__name__ if not isinstance(data, Mapping) else {},
            "a map of ticker to MarketData with at least one ticker",
            "Build it from MarketData(...), or take market_data(tape, row).",
        )
    return tuple(data)


def known(tickers: Iterable[str], names: Iterable[str], field: str, remedy: str) -> None:
    """Refuse the first ticker without market data."""
    have = list(names)
    for ticker in tickers:
        if ticker not in have:
            near = closest(str(ticker), have)
            raise DataError(
                f"{field}[{ticker!r}]",
                ticker,
                "a ticker with market data: " + ", ".join(have[:12]),
                f"{near} {remedy}" if near.startswith("Did") else remedy,
            )


def number(value: object, field: str, bound: str = "a finite number", remedy: str = "Correct it.") -> float:
    """A finite number, not a bool."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise DataError(field, value, bound, remedy)
    return float(value)


def finite(values: Mapping[str, object], field: str, remedy: str) -> None:
    """Refuse the first value that is neither a finite number nor NaN."""
    for ticker, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isinf(value):
            raise DataError(f"{field}[{ticker!r}]", value, "a finite number, or NaN for no opinion", remedy)
