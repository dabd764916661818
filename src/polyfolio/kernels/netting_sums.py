"""Sums over what several portfolios traded and over what met, by slot and over time."""

from __future__ import annotations

from typing import Any

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry

# Columns of a slot: notional all portfolios traded, notional that met (each side once), costs paid, costs saved.
TRADED, CROSSED, PAID, SAVED = 0, 1, 2, 3
COLUMNS = 4


@entry
def tally(fills: Any, meetings: Any, unit: Floats, by_slot: Floats, whole: Floats, saved: Floats) -> None:
    """Add up the fills of all portfolios and the meetings that `netting.meetings` found in them.

    One account would have traded TRADED - 2 CROSSED: what meets is bought once and sold once.

    Args:
        fills: FILL records of all portfolios.
        meetings: MEETING records of the same fills.
        unit: float64[rows or 1, slots], base currency per price unit.
        by_slot: written; float64[slots, 4].
        whole: written; float64[4], the sums over the slots.
        saved: written; float64[rows], costs saved up to each row's close.
    """
    for column in range(COLUMNS):
        whole[column] = 0.0
        for i in range(by_slot.shape[0]):
            by_slot[i, column] = 0.0
    for t in range(saved.size):
        saved[t] = 0.0
    for fill in fills:
        rate = unit[fill.row if unit.shape[0] > 1 else 0, fill.slot]
        by_slot[fill.slot, TRADED] += abs(fill.quantity) * fill.reference * rate
    for met in meetings:
        by_slot[met.slot, CROSSED] += met.crossed_notional
        by_slot[met.slot, PAID] += met.paid
        by_slot[met.slot, SAVED] += met.saved
        saved[met.row] += met.saved
    for t in range(1, saved.size):
        saved[t] += saved[t - 1]
    for i in range(by_slot.shape[0]):
        for column in range(COLUMNS):
            whole[column] += by_slot[i, column]


@entry
def left(traded: float, crossed: float) -> float:
    """What one account would have traded: each side of what meets is gone."""
    return traded - 2.0 * crossed
