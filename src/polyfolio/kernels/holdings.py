"""What a lane held at every close, rebuilt from its fills: the book alone knows the last row.

Quantities are walked as the book walks them: a split before the fills of its row, rounded down to the lot, then every
fill in the order it was journalled.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.accounting import position_after, round_to_lot
from polyfolio.kernels.compile import entry


@entry
def held_at_closes(fills: Any, splits: Floats, lots: Floats, slot_of: Ints, sleeve: Floats, out: Floats) -> int:
    """out[row, slot] = sum over the slot's sleeves of the quantity held at the row's close.

    Args:
        fills: FILL records of one lane in order of rows, all inside the rows of `out`.
        splits: new over old quantity per row and slot, NaN or 1 without one; a single row stands for all.
        lots: smallest step of a quantity per slot, 0 for none.
        slot_of: slot of each sleeve.
        sleeve: scratch, a value per sleeve.
        out: (rows, slots).

    Returns:
        How many fills were used: all of them, where they are in order.
    """
    for k in range(sleeve.shape[0]):
        sleeve[k] = 0.0
    used = 0
    for t in range(out.shape[0]):
        for k in range(sleeve.shape[0]):
            ratio = splits[t if splits.shape[0] > 1 else 0, slot_of[k]]
            if ratio > 0.0 and ratio != 1.0:
                sleeve[k] = round_to_lot(sleeve[k] * ratio, lots[slot_of[k]])
        while used < fills.shape[0] and fills[used]["row"] == t:
            k = fills[used]["sleeve"]
            sleeve[k] = position_after(sleeve[k], fills[used]["quantity"])
            used += 1
        for i in range(out.shape[1]):
            out[t, i] = 0.0
        for k in range(sleeve.shape[0]):
            out[t, slot_of[k]] += sleeve[k]
    return used


@entry
def valued(held: Floats, mark: Floats, unit: Floats, equity: Floats, value: Floats, weight: Floats) -> None:
    """value = held * mark * unit, weight = value / equity; a weight is NaN where equity is not positive.

    Args:
        held, mark: (rows, slots); a mark is not read where nothing is held.
        unit: money per price unit, (rows, slots), or one row for all.
        equity: at each close.
        value, weight: (rows, slots).
    """
    for t in range(held.shape[0]):
        for i in range(held.shape[1]):
            worth = 0.0
            if held[t, i] != 0.0:
                worth = held[t, i] * mark[t, i] * unit[t if unit.shape[0] > 1 else 0, i]
            value[t, i] = worth
            weight[t, i] = worth / equity[t] if equity[t] > 0.0 else math.nan


@entry
def share_of(part: Floats, whole: Floats, out: Floats) -> None:
    """out = part / whole at each close, NaN where the whole is not positive: exposures as shares of equity."""
    for t in range(part.shape[0]):
        out[t] = part[t] / whole[t] if whole[t] > 0.0 else math.nan


@entry
def summed(paths: Floats, out: Floats) -> None:
    """out[t] = sum over lanes of paths[lane, t]: the equity of several lanes as one account."""
    for t in range(paths.shape[1]):
        out[t] = 0.0
        for i in range(paths.shape[0]):
            out[t] += paths[i, t]


@entry
def grown(capital: float, path: Floats, out: Floats) -> None:
    """out = capital * path: a growth of 1 as money."""
    for t in range(path.shape[0]):
        out[t] = capital * path[t]
