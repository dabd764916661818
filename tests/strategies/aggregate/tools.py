"""Small tapes and signals with numbers a reader can follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.market.frame import tape_from_arrays

DAY = 86_400 * 10**9


def tape_of(*closes: list[float]) -> Tape:
    """One symbol (A, B, ...) per list of daily closes; open, high and low are the close."""
    close = np.array(closes, dtype=float).T
    fields: dict[str, Any] = {**dict.fromkeys(("open", "high", "low", "close"), close), "volume": close * 0.0 + 1e6}
    symbols = [chr(ord("A") + slot) for slot in range(close.shape[1])]
    return tape_from_arrays((19_000 + np.arange(len(close))) * DAY, symbols, fields, interval="1d")


def rising(returns: list[float], start: float = 100.0) -> list[float]:
    """Closes with these returns, the start first."""
    return [start, *(start * np.cumprod(1.0 + np.array(returns))).tolist()]


def flat(rows: int) -> Tape:
    """One symbol that does not move."""
    return tape_of([100.0] * rows)


def said(*members: list[float]) -> Floats:
    """Signals of one symbol: a list of rows per member."""
    return np.array(members, dtype=float)[:, :, None]
