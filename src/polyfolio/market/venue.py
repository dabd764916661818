"""The instrument table as a venue's market list tells it: steps, least notional, multiplier and currency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from polyfolio.errors import DataError
from polyfolio.rules.arguments import closest

PRECISIONS = ("step", "decimals", "digits")


def instruments_of_venue(
    markets: Mapping[str, Mapping[str, Any]], symbols: Sequence[str] = (), *, precision: str = "step"
) -> Any:
    """A frame for `instruments=` from a venue's market list, as CCXT's `load_markets` gives it.

    Contracts whose value is one over their price (inverse ones) have no fixed multiplier: named ones are refused,
    others left out. Labels: kind, base, active.

    Args:
        markets: by symbol: base, quote, settle, type, contractSize, inverse, active, precision and limits.
        symbols: to take, in this order; empty for all.
        precision: "step" where the list gives steps (0.001), "decimals" where it gives numbers of decimals (3),
            "digits" for significant digits, which leave any step.

    Example:
        >>> read_csv("bars.csv", instruments=instruments_of_venue(exchange.load_markets()), base_currency="USDT")
    """
    import pandas as pd  # noqa: PLC0415

    if precision not in PRECISIONS:
        raise DataError("precision", precision, "one of " + ", ".join(PRECISIONS), closest(precision, PRECISIONS))
    for symbol in symbols:
        if symbol not in markets:
            raise DataError("symbols", symbol, "a market of the venue", closest(symbol, markets))
        if markets[symbol].get("inverse"):
            raise DataError(
                "symbols", symbol, "a market with a fixed multiplier", "It is inverse: take the linear one."
            )
    taken = symbols or [symbol for symbol, market in markets.items() if not market.get("inverse")]
    return pd.DataFrame([_line(symbol, markets[symbol], precision) for symbol in taken])


def _line(symbol: str, market: Mapping[str, Any], precision: str) -> dict[str, Any]:
    contract = market.get("type", "spot") in ("swap", "future", "option")
    currency = market.get("settle") if contract else market.get("quote")
    if not currency:
        key = "settle" if contract else "quote"
        raise DataError(f"{key} of {symbol}", currency, "a currency", "Load the market list anew.")
    steps = market.get("precision") or {}
    least = ((market.get("limits") or {}).get("cost") or {}).get("min")
    return {
        "symbol": symbol,
        "currency": currency,
        "multiplier": _positive(market.get("contractSize"), 1.0, f"contractSize of {symbol}"),
        "lot": _step(steps.get("amount"), precision, f"precision.amount of {symbol}"),
        "tick": _step(steps.get("price"), precision, f"precision.price of {symbol}"),
        "min_notional": _positive(least, 0.0, f"limits.cost.min of {symbol}"),
        "kind": market.get("type") or "spot",
        "base": market.get("base") or "",
        "active": "no" if market.get("active") is False else "yes",
    }


def _step(value: Any, precision: str, field: str) -> float:
    """The step behind a precision; 0 for any."""
    if value is None or precision == "digits":
        return 0.0
    if precision == "step":
        return _positive(value, 0.0, field)
    if not float(value).is_integer():
        raise DataError(field, value, "a number of decimals", 'Give precision="step".')
    return float(f"1e{-int(value)}")  # 10.0 ** -5 is not the number that 0.00001 writes


def _positive(value: Any, default: float, field: str) -> float:
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        raise DataError(field, value, "a number, 0 or more", "Load the market list anew.")
    return number or default
