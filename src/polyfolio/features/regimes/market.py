"""The market as one series: the mean return of all slots at a row, or the return of one symbol.

A slot's return runs from its last bar to this one. Splits are followed; dividends are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError


class Market:
    """Closes in, the market's return out, row by row.

    Args:
        slots: slots of the tape.
        slot: the slot that is the market; None takes the mean of all.
        splits: whether each bar must say its splits.
    """

    def __init__(self, slots: int, slot: int | None = None, splits: bool = False) -> None:
        self.slot = slot
        self.splits = splits
        self.units = np.ones(slots)  # what one unit of the first row has become through splits
        self.last = np.full(slots, np.nan)

    def step(self, bar: Mapping[str, Floats]) -> float:
        """The return of the next row, NaN where no slot has one.

        Args:
            bar: close and, where the tape has them, splits, float64[slots]; NaN where a slot has no bar.
        """
        splits = bar.get("splits")
        if splits is None and self.splits:
            remedy = "Give it in every bar: without it a split looks like a loss."
            raise DataError("bar['splits']", None, "given, as the tape has splits", remedy)
        if splits is not None:
            self.units = self.units * np.where(splits > 0.0, splits, 1.0)
        held = bar["close"] * self.units
        returns = held / self.last - 1.0
        self.last = np.where(np.isnan(held), self.last, held)
        if self.slot is not None:
            return float(returns[self.slot])
        known = returns[~np.isnan(returns)]
        # The exact sum is the same for every order of the slots.
        return math.fsum(known) / known.size if known.size else math.nan


def market(tape: Tape, symbol: str | None) -> tuple[Floats, Market]:
    """The market's return at every row of a tape, and the series after its last row.

    Args:
        tape: the tape.
        symbol: the slot that is the market; None takes the mean of all.
    """
    slot = None if symbol is None else tape.universe.slot(symbol)
    series = Market(tape.slots, slot, tape.splits is not None)
    closes = np.where(tape.tradable != 0, tape.close, np.nan)
    out = np.empty(tape.rows)
    for row in range(tape.rows):
        bar = {"close": closes[row]}
        if tape.splits is not None:
            bar["splits"] = tape.splits[row]
        out[row] = series.step(bar)
    return out, series
