"""When slots begin and end to trade, and what is left of one that was delisted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.errors import DataError
from polyfolio.market.stamps import show


@dataclass(frozen=True)
class Listing:
    """The life of a slot on a tape.

    Attributes:
        symbol: of the slot.
        first: row of its first bar.
        last: row of its last bar.
        missing: rows between the two without a bar.
        late: whether other slots have bars before it.
        ended: whether other slots have bars after it.
    """

    symbol: str
    first: int
    last: int
    missing: int
    late: bool
    ended: bool


def listings(tape: Tape) -> tuple[Listing, ...]:
    """One entry per slot, in slot order.

    Raises:
        DataError: a slot has no bar at all.
    """
    on = tape.tradable != 0
    filled = np.flatnonzero(on.any(axis=1))
    made = []
    for slot, symbol in enumerate(tape.symbols):
        rows = np.flatnonzero(on[:, slot])
        if rows.size == 0:
            raise DataError(f"rows of {symbol}", 0, "at least one bar", "Leave the symbol out.")
        first, last = int(rows[0]), int(rows[-1])
        missing = last - first + 1 - rows.size
        made.append(Listing(symbol, first, last, missing, first > filled[0], last < filled[-1]))
    return tuple(made)


def delisted(tape: Tape, recovered: Mapping[str, float]) -> Tape:
    """A tape on which a delisted slot ends at what its holders got.

    The row after its last bar holds that amount as a bar without volume: holdings are valued at it from then on, and
    nobody trades at it. A slot that is not named stays valued at its last close.

    Args:
        tape: market rows.
        recovered: amount per unit by symbol, above 0; for a total loss give a small one.
    """
    arrays = {name: getattr(tape, name).copy() for name in (*PRICES, "volume", "tradable")}
    lives = {item.symbol: item for item in listings(tape)}
    for symbol, amount in recovered.items():
        slot = tape.universe.slot(symbol)
        if not (math.isfinite(amount) and amount > 0.0):
            raise DataError(
                f"recovered[{symbol}]", amount, "finite and above 0", "For a total loss give a small amount, as 1e-6."
            )
        row = lives[symbol].last + 1
        if row == tape.rows:
            raise DataError(
                f"recovered[{symbol}]",
                show(int(tape.times[-1])),
                "of a slot that ends before the tape",
                "It trades to the last row: leave it out.",
            )
        for name in PRICES:
            arrays[name][row, slot] = amount
        arrays["volume"][row, slot] = 0.0
        arrays["tradable"][row, slot] = 1
    return replace(tape, **arrays)
