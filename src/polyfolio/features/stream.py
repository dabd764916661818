"""Rows as streams take them, and several features carried on together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.features.base import Feature
from polyfolio.features.own import array_of

ONE_FOR_ALL = ("times", "day")


def bar_of(tape: Tape, row: int, inputs: Iterable[str]) -> dict[str, Any]:
    """A row's fields as a stream takes them, one array [slots] each: NaN where a slot is not tradable.

    "times" (nanoseconds, UTC) and "day" (session day since 1970) are whole numbers, the same for all slots.
    """
    on = tape.tradable[row] != 0
    bar: dict[str, Any] = {}
    for name in inputs:
        if name == "times":
            bar[name] = np.full(tape.slots, tape.times[row])
        elif name == "day":
            bar[name] = np.full(tape.slots, tape.calendar.day[row])
        else:
            bar[name] = np.where(on, array_of(tape, name)[row], np.nan)
    if tape.splits is not None and "splits" not in bar:
        bar["splits"] = tape.splits[row]  # on days without a bar too
    return bar


class Streams:
    """Several features, carried on row by row after a tape's last row.

    Args:
        features: the features.
        tape: the rows so far; live and batch give the same bits where both begin with the same row.

    Example:
        >>> streams = Streams(wealth200(), tape)
        >>> streams.update(bar_of(longer, tape.rows, streams.inputs))
    """

    def __init__(self, features: Sequence[Feature], tape: Tape) -> None:
        self.features = tuple(features)
        self.inputs = tuple(dict.fromkeys(name for feature in features for name in feature.inputs))
        self.symbols = tape.symbols
        self.columns = tuple(column for feature in features for column in feature.columns())
        self.streams = [feature.start(tape) for feature in self.features]

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values, float64[columns, slots].

        Raises:
            DataError: a field is missing, or has not one value per slot.
        """
        for name in self.inputs:
            if name not in bar:
                raise DataError(f"bar[{name!r}]", None, "given", "Give the fields of `inputs` in every bar.")
            if name not in ONE_FOR_ALL and np.shape(bar[name]) != (len(self.symbols),):
                bound = f"one value for each of the {len(self.symbols)} symbols"
                raise DataError(f"bar[{name!r}]", np.shape(bar[name]), bound, "Give NaN where a symbol has no bar.")
        return np.concatenate([stream.update(bar) for stream in self.streams])
