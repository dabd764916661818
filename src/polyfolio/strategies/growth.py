"""What a holding of each name has become: prices through splits, with dividends put back, over rows without a bar."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.strategies.worth import worth


def holding(tape: Tape) -> Floats:
    """Worth of one unit of the first row at each row, float64[rows, slots].

    A row without a bar has the worth of the last one; NaN before a name's first bar.
    """
    held = worth(tape)
    rows = np.arange(tape.rows)[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(held), 0, rows), axis=0)
    return np.take_along_axis(held, last, axis=0)


def relatives(tape: Tape) -> Floats:
    """Worth over the worth of the row before, float64[rows, slots]: 1 where nothing traded, NaN up to the first bar."""
    held = holding(tape)
    out = np.full(held.shape, np.nan)
    out[1:] = held[1:] / held[:-1]
    return out


def by_symbol(tape: Tape) -> Ints:
    """Slots in the order of their symbols, so that sums do not depend on the order of slots."""
    return np.argsort(np.array(tape.symbols), kind="stable")
