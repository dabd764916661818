"""A span of a tape's rows as a tape of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.errors import DataError


def window(tape: Tape, start: int, end: int) -> Tape:
    """Rows start to end - 1. The calendar keeps the whole tape's closings a year; arrays are views.

    Raises:
        DataError: less than two rows, or rows the tape does not have.
    """
    if not 0 <= start <= end - 2 <= tape.rows - 2:
        raise DataError("window", (start, end), f"two rows or more from 0 to {tape.rows}", "Correct the span.")
    rows = slice(start, end)
    arrays: dict[str, Any] = {name: getattr(tape, name)[rows] for name in (*PRICES, "volume", "tradable", "times")}
    for name in OPTIONAL:
        array = getattr(tape, name)
        arrays[name] = None if array is None else array[rows]
    return replace(tape, calendar=replace(tape.calendar, day=tape.calendar.day[rows]), **arrays)
