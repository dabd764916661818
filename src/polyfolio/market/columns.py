"""Columns by the words of the tape: other spellings, what is missing, and text where a number must stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.stamps import Place
from polyfolio.rules.arguments import closest

BARS = ("open", "high", "low", "close")
QUOTES = tuple(f"{side}_{name}" for side in ("bid", "ask") for name in BARS)
REQUIRED = (*BARS, "volume")
OPTIONAL = ("spread", "dividends", "splits", "borrow", "funding")
FIELDS = (*REQUIRED, *OPTIONAL, *QUOTES, "adj_close")
KEYS = ("timestamp", "symbol")
NOTHING = {"dividends": 0.0, "splits": 1.0}  # what "none" is; other fields are NaN

SPELLINGS = {
    "time": "timestamp",
    "date": "timestamp",
    "datetime": "timestamp",
    "ticker": "symbol",
    "dividend": "dividends",
    "split": "splits",
    "stock_splits": "splits",
    "adjusted_close": "adj_close",
    "funding_rate": "funding",
    "borrow_rate": "borrow",
}


def canonical(name: object) -> str:
    """A column's name in the tape's spelling; unknown names stay as they are, in lower case."""
    word = str(name).strip().lower().replace(" ", "_")
    return SPELLINGS.get(word, word)


def renamed(names: Iterable[object], source: str) -> dict[str, Any]:
    """Canonical name -> the column's own name."""
    found: dict[str, Any] = {}
    for name in names:
        word = canonical(name)
        if word in found and word in (*KEYS, *FIELDS):
            raise DataError(
                f"columns of {source}",
                [str(found[word]), str(name)],
                f"one column for {word}",
                "Remove or rename one of the two.",
            )
        found[word] = name
    return found


def require(present: Iterable[str], source: str, keys: tuple[str, ...] = KEYS) -> None:
    """Refuse rows without a column that every bar needs; quotes of both sides stand for prices."""
    here = list(present)
    quoted = all(name in here for name in QUOTES)
    for name in (*keys, *REQUIRED):
        if name not in here and not (quoted and name in BARS):
            missing = f"Add the column, empty where unknown; here are: {', '.join(here)}."
            hint = missing if name == "volume" else f"Here are: {', '.join(here)}."
            near = closest(name, [word for word in here if word not in (*KEYS, *FIELDS)])
            raise DataError(f"columns of {source}", name, "present", f"{near} {hint}" if "mean" in near else hint)


def numbers(column: Any, name: str, place: Place) -> Floats:
    """A column as float64, missing values NaN.

    Raises:
        DataError: text or a truth value, named with its place.
    """
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if column.isna().all():
        return np.full(len(column), np.nan)
    text = column.astype("str") if pd.api.types.is_bool_dtype(column.dtype) else column
    parsed = pd.to_numeric(text, errors="coerce")
    wrong = (parsed.isna() & column.notna() & (text.astype("str").str.strip() != "")).to_numpy(dtype=bool)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{name} ({place(row)})",
            getattr(column.iloc[row], "item", lambda: column.iloc[row])(),
            "a number",
            "Write it with a point and without separators, or leave it empty where unknown.",
        )
    return np.asarray(parsed.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def symbols_of(column: Any, place: Place) -> tuple[Ints, tuple[str, ...]]:
    """Number of each row's symbol, and the symbols in order of first appearance.

    Raises:
        DataError: a row without a symbol, or one with blanks around it, named with its place.
    """
    codes, found = column.factorize()
    codes, names = np.asarray(codes, dtype=np.int64), [str(name) for name in found]
    if (codes < 0).any() or "" in names:
        row = int(np.argmin(codes)) if (codes < 0).any() else int(np.argmax(codes == names.index("")))
        raise DataError(f"symbol ({place(row)})", None, "given in every row", "Fill in the symbol.")
    for number, name in enumerate(names):
        if name != name.strip():
            where = f"symbol ({place(int(np.argmax(codes == number)))})"
            raise DataError(where, name, "without blanks around it", f"Write it as {name.strip()!r} in every row.")
    return codes, tuple(names)
