"""Rows on both sides of a test as one tape to learn from.

Where rows are left out, the prices after the gap are brought to the level before it, slot by slot, so that the join
shows no return: what the prices did over the rows left out is not learned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.market.window import window

# Arrays in price units, which move with the level.
LEVELLED = (*PRICES, "spread", "dividends")


def rows_joined(tape: Tape, rows: Ints) -> Tape:
    """The rows as a tape; a window of the tape itself where none is left out between them.

    Args:
        tape: where they stand.
        rows: ascending, two or more.
    """
    if int(rows[-1]) - int(rows[0]) + 1 == rows.size:
        return window(tape, int(rows[0]), int(rows[-1]) + 1)
    arrays: dict[str, Any] = {name: getattr(tape, name)[rows] for name in ("volume", "tradable", "times")}
    scale = levels(tape, rows)
    for name in (*PRICES, *OPTIONAL):
        array = getattr(tape, name)
        taken = None if array is None else array[rows]
        arrays[name] = taken if taken is None or name not in LEVELLED else taken * scale
    return replace(tape, calendar=replace(tape.calendar, day=tape.calendar.day[rows]), **arrays)


def levels(tape: Tape, rows: Ints) -> Floats:
    """What each row's prices are multiplied by, float64[rows, slots].

    Slots without a price on one side of a gap keep the level they have.
    """
    closes = np.where(tape.tradable[rows] != 0, tape.close[rows], np.nan)
    out = np.ones(closes.shape)
    for start in np.flatnonzero(np.diff(rows) > 1) + 1:
        before, after = last_known(closes[:start] * out[:start]), last_known(closes[start:][::-1])
        factor = before / after
        out[start:] = np.where(np.isfinite(factor), factor, 1.0)
    return out


def last_known(values: Floats) -> Floats:
    """The last number of each column; NaN where there is none."""
    known = ~np.isnan(values)
    at = values.shape[0] - 1 - np.argmax(known[::-1], axis=0)
    return np.where(known.any(axis=0), values[at, np.arange(values.shape[1])], np.nan)
