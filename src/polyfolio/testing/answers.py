"""Two answers bit by bit: where they differ first, in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyfolio.core.types import Floats


@dataclass(frozen=True)
class Difference:
    """The earliest cell in which two answers differ.

    Attributes:
        column: number of the column.
        row: row of the tape.
        slot: slot, or 0 where the answer has no slots.
        before: the value of the untouched tape.
        after: the other value.
    """

    column: int
    row: int
    slot: int
    before: float
    after: float


def unequal(one: Floats, other: Floats, slack: float = 0.0) -> np.ndarray:
    """Where values differ: in their bits, or by more than `slack` of the larger. Any NaN equals any NaN."""
    bits = one.view(np.uint64) != other.view(np.uint64)
    differ = bits & ~(np.isnan(one) & np.isnan(other))
    if slack:
        with np.errstate(invalid="ignore"):
            near = np.abs(one - other) <= slack * np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
        differ &= ~near
    return np.asarray(differ)


def first_difference(one: Floats, other: Floats, slack: float = 0.0) -> Difference | None:
    """The earliest difference of two answers of one shape, [columns, rows, slots]."""
    one, other = np.ascontiguousarray(one), np.ascontiguousarray(other)
    differ = unequal(one, other, slack)
    if not differ.any():
        return None
    row = int(np.argmax(differ.any(axis=(0, 2))))
    column, slot = (int(index) for index in np.argwhere(differ[:, row])[0])
    return Difference(column, row, slot, float(one[column, row, slot]), float(other[column, row, slot]))
