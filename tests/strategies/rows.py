"""Tapes of a few bars, written out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.strategies.base import Strategy

DAY = 86_400_000_000_000
NAN = float("nan")
SYMBOLS = ("C", "A", "B", "D")


def tape_of(*closes: list[float], **fields: Any) -> Tape:
    """Daily rows: one list of closes per symbol, NaN = no bar; other fields are arrays (rows, symbols)."""
    close = np.array(closes, dtype=float).T
    arrays = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.ones_like(close)} | fields
    return tape_from_arrays(np.arange(1, len(close) + 1) * DAY, SYMBOLS[: close.shape[1]], arrays, interval="1d")


def bars_of(*bars: tuple[float, ...]) -> Tape:
    """One symbol's daily bars: (high, low, close), opened at the close, or (open, high, low, close, volume)."""
    columns = np.array([bar if len(bar) == 5 else (bar[2], *bar, 1.0) for bar in bars], dtype=float).T
    named = dict(zip(("open", "high", "low", "close", "volume"), columns[:, :, None], strict=True))
    return tape_from_arrays(np.arange(1, len(bars) + 1) * DAY, ("A",), named, interval="1d")


def said(strategy: Strategy, tape: Tape) -> list[float]:
    """The signals of the first symbol."""
    return [float(value) for value in strategy.signals(tape)[:, 0]]


def same(found: list[float], wanted: list[float]) -> None:
    """Equal, and NaN in the same places."""
    np.testing.assert_array_equal(np.array(found), np.array(wanted, dtype=float))
