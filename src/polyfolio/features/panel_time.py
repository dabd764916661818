"""Rows of a panel: when they are, which of them are learned from, and their bars with splits followed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError

MINUTE = 60_000_000_000
DAY_MINUTES = 1440
TIME = ("hour_sin", "hour_cos", "weekday_sin", "weekday_cos", "month_sin", "month_cos")


def time_columns(tape: Tape) -> Floats:
    """The columns `TIME` of each row: minutes of the day (UTC), weekday and month of the session day, on circles."""
    day = tape.calendar.day
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    turns = (
        (tape.times // MINUTE % DAY_MINUTES, DAY_MINUTES),
        ((day + 3) % 7, 7),  # 1970-01-01 was a Thursday
        (month, 12),
    )
    return np.concatenate([_circle(place, size) for place, size in turns], axis=1)


def _circle(place: Ints, size: int) -> Floats:
    """Sine and cosine of place / size of a turn, from a table: NumPy's own differ in the last bit by array shape."""
    angles = [2.0 * math.pi * number / size for number in range(size)]
    return np.array([(math.sin(angle), math.cos(angle)) for angle in angles])[place]


def training_span(train: slice | None, rows: int, *, needed: bool) -> tuple[int, int]:
    """The first training row and the one after the last.

    Raises:
        ConfigError: none were named where something is learned, or some between them are left out.
        DataError: there are none.
    """
    if train is None:
        if needed:
            remedy = "Name the rows of the split `train`, or give the state of a panel."
            raise ConfigError("train", None, "a slice of rows: something is learned from them", remedy)
        return 0, rows
    start, stop, step = train.indices(rows)
    if step != 1:
        raise ConfigError("train", str(train), "rows without gaps", "Give a slice without a step.")
    if start >= stop:
        raise DataError("train", str(train), f"rows of the tape's {rows}", "Give the rows of the split `train`.")
    return start, stop


def behind_warmup(span: tuple[int, int], first: int) -> slice:
    """The training rows that are learned from: those before the first row of any episode are not.

    Raises:
        DataError: there are none.
    """
    if span[1] <= first:
        raise DataError(
            "train",
            f"rows {span[0]} to {span[1] - 1}",
            f"rows beyond {first}, the first with all values",
            "Make environment.split.train larger, or leave out what needs the most rows.",
        )
    return slice(max(span[0], first), span[1])


def followed(tape: Tape) -> Tape:
    """The tape with every bar in units of its slot's first row, so that a split is no loss; itself without splits."""
    if tape.splits is None:
        return tape
    units = np.cumprod(np.where(tape.splits > 0.0, tape.splits, 1.0), axis=0)
    if (units == 1.0).all():
        return tape
    bars: dict[str, Any] = {name: getattr(tape, name) * units for name in PRICES}
    spread = None if tape.spread is None else tape.spread * units
    return replace(tape, **bars, volume=tape.volume / units, spread=spread, splits=None, dividends=None)
