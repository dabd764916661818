"""The instrument table: currency, multiplier, lot, tick, least notional, labels, and what converts a currency."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Universe, instrument_table
from polyfolio.errors import DataError
from polyfolio.market.columns import canonical, numbers
from polyfolio.market.reading import Reading
from polyfolio.rules.arguments import closest

NUMBERS = {"multiplier": 1.0, "lot": 0.0, "tick": 0.0, "min_notional": 0.0}
COLUMNS = ("symbol", "currency", *NUMBERS)


def instruments_of(symbols: tuple[str, ...], reading: Reading, frame: Any, source: str) -> tuple[np.ndarray, Universe]:
    """The instrument table and the universe of a tape.

    Args:
        symbols: symbols of the tape, in slot order.
        reading: base currency and conversions.
        frame: a pandas frame with a column `symbol` and any of currency, multiplier, lot, tick, min_notional; each
            further column is a vector of labels. None for no table.
        source: its name in messages.
    """
    base = reading.base_currency
    columns: dict[str, Any] = {}
    currencies, labels = (base,) * len(symbols), {}
    if frame is not None:
        table = _by_symbol(frame, symbols, source)
        columns = {name: _column(table[name], name, source) for name in NUMBERS if name in table}
        if "currency" in table:
            currencies = tuple(str(word) if word else base for word in table["currency"])
        labels = {name: tuple(str(word) for word in table[name]) for name in table if name not in COLUMNS}
    made = instrument_table(len(symbols), **columns)
    convert(made, symbols, currencies, base, reading.fx)
    return made, Universe(symbols, labels, currencies, base)


def _by_symbol(frame: Any, symbols: tuple[str, ...], source: str) -> Any:
    table = frame.rename(columns={name: canonical(name) for name in frame.columns})
    if "symbol" not in table:
        raise DataError(f"columns of {source}", "symbol", "present", closest("symbol", table.columns))
    for name in table.columns:
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.8)
        if name not in COLUMNS and near:
            raise DataError(
                f"columns of {source}",
                name,
                f"{near[0]}, or a label with a name of its own",
                f"Did you mean `{near[0]}`?",
            )
    table["symbol"] = table["symbol"].astype("str").str.strip()
    twice = table["symbol"][table["symbol"].duplicated()]
    if len(twice):
        raise DataError(
            f"symbol ({source}, line {int(twice.index[0]) + 2})", twice.iloc[0], "unique", "Remove one row."
        )
    table = table.set_index("symbol")
    for symbol in symbols:
        if symbol not in table.index:
            raise DataError(
                f"symbol of {source}",
                symbol,
                "a row of the table",
                f"{closest(symbol, table.index)} Each symbol of the tape needs a row.",
            )
    texts = [name for name in table.columns if name not in NUMBERS]
    table[texts] = table[texts].astype(object).fillna("").map(lambda word: str(word).strip())
    return table.loc[list(symbols)]


def _column(column: Any, name: str, source: str) -> Any:
    def place(row: int) -> str:
        return f"{source}, {column.index[row]}"

    values = numbers(column, name, place)
    values = np.where(np.isnan(values), NUMBERS[name], values)
    wrong = ~np.isfinite(values) | (values < 0.0) | ((values == 0.0) if name == "multiplier" else False)
    if wrong.any():
        row = int(np.argmax(wrong))
        bound = "above 0" if name == "multiplier" else "0 or more"
        raise DataError(f"{name} ({place(row)})", float(values[row]), bound, "Correct the value.")
    return values


def convert(
    table: np.ndarray, symbols: tuple[str, ...], currencies: tuple[str, ...], base: str, fx: Mapping[str, str]
) -> None:
    """Write the slot that converts each instrument's currency, and whether it quotes the other way round."""
    for currency, pair in fx.items():
        inverse, symbol = pair.startswith("1/"), pair.removeprefix("1/")
        if symbol not in symbols:
            raise DataError(f"fx[{currency}]", symbol, "a symbol of the tape", closest(symbol, symbols))
        used = [slot for slot, own in enumerate(currencies) if own == currency]
        table["fx_slot"][used] = symbols.index(symbol)
        table["fx_inverse"][used] = int(inverse or quotes_inversely(symbol, currency, base))
    for symbol, own in zip(symbols, currencies, strict=True):
        if own != base and own not in fx:
            raise DataError(
                f"currency[{symbol}]",
                own,
                f"{base}, or converted by a symbol of the tape",
                f"Give fx={{{own!r}: symbol}}, the symbol of the {own}/{base} rate.",
            )


def quotes_inversely(symbol: str, currency: str, base: str) -> bool:
    """Whether a pair's name says that it is the price of the base currency: USD/JPY for JPY and base USD."""
    letters = re.sub(r"[^A-Z]", "", symbol.upper())
    return letters.startswith(base.upper()) and currency.upper() in letters[len(base) :]
