"""Refusals that every object view shares: unknown tickers, missing bars, values that are no finite number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real

from polyfolio.errors import DataError
from polyfolio.rules.arguments import closest


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
    """A finite number, NumPy's among them, not a bool."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise DataError(field, value, bound, remedy)
    return float(value)


def at_least_0(value: object, field: str) -> float:
    """A number of 0 or more; NaN stands for unknown."""
    if isinstance(value, bool) or not isinstance(value, Real) or value < 0.0 or math.isinf(value):
        raise DataError(field, value, "a finite number of 0 or more, or NaN where unknown", "Correct it.")
    return float(value)


def above_0(value: object, field: str) -> float:
    """A finite number above 0."""
    found = number(value, field, "a finite number above 0")
    if not found > 0.0:
        raise DataError(field, value, "a finite number above 0", "Correct it.")
    return found


def heard(signals: Mapping[str, object]) -> None:
    """Refuse the first signal that is no finite number."""
    for ticker, value in signals.items():
        number(
            value,
            f"signals[{ticker!r}]",
            "a finite number",
            "Leave the ticker out where there is no opinion: it keeps what it holds. 0 is flat.",
        )


def finite(values: Mapping[str, object], field: str, remedy: str) -> None:
    """Refuse the first value that is neither a finite number nor NaN."""
    for ticker, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isinf(value):
            raise DataError(f"{field}[{ticker!r}]", value, "a finite number, or NaN for no opinion", remedy)
