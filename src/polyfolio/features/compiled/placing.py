"""From a slot's own bars to the tape's rows and back."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry


@entry
def gather(field: Floats, places: Ints, counts: Ints, out: Floats) -> None:
    """out[slot, k] = field[places[slot, k], slot] for the slot's own bars k, NaN behind them."""
    for slot in range(counts.size):
        for k in range(counts[slot]):
            out[slot, k] = field[places[slot, k], slot]
        for k in range(counts[slot], out.shape[1]):
            out[slot, k] = np.nan


@entry
def turn(field: Floats, out: Floats) -> None:
    """out = field transposed, in tiles of 16 x 16: half the time of a copy row by row at 2,400 x 150."""
    rows, slots = field.shape
    for first_row in range(0, rows, 16):
        last_row = min(first_row + 16, rows)
        for first_slot in range(0, slots, 16):
            last_slot = min(first_slot + 16, slots)
            for slot in range(first_slot, last_slot):
                for row in range(first_row, last_row):
                    out[slot, row] = field[row, slot]


@entry
def place(out: Floats, places: Ints, counts: Ints, warmup: int, first: int) -> None:
    """Move values from own bars to rows, in place, and write NaN where there is none.

    `out` holds the slots from `first` on. A row is never before its own bar's number, so going backwards overwrites
    nothing that is still to be moved. `places` with no columns means that every slot has a bar in every row.
    """
    rows = out.shape[1]
    for i in range(out.shape[0]):
        slot = first + i
        count = counts[slot]
        for k in range(min(warmup, count)):
            out[i, k] = np.nan
        if count == rows:
            continue
        row = rows
        for k in range(count - 1, -1, -1):
            target = places[slot, k]
            value = out[i, k]
            for hole in range(target + 1, row):
                out[i, hole] = np.nan
            out[i, target] = value
            row = target
        for hole in range(row):
            out[i, hole] = np.nan


@entry
def whole(values: np.ndarray, counts: Ints, warmup: int, out: Floats) -> None:
    """out = whole numbers as floats, from `warmup` on."""
    for slot in range(counts.size):
        for k in range(warmup, counts[slot]):
            out[slot, k] = values[slot, k]
