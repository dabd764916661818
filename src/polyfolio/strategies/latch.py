"""From bars that enter and leave to what is held in between. Arrays are [slots, bars]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats

Marks = npt.NDArray[np.bool_]


def latched(enter: Marks, leave: Marks) -> Marks:
    """True from a bar that enters until one that leaves; a bar that does both enters."""
    said = enter | leave
    last = np.maximum.accumulate(np.where(said, np.arange(said.shape[1]), 0), axis=1)
    return np.asarray(np.take_along_axis(enter, last, axis=1))


def sides(rise: Marks, leave_long: Marks, fall: Marks, leave_short: Marks, long_short: bool) -> Floats:
    """1, -1 or 0: a side is held from a bar that enters it until one that leaves it or enters the other one."""
    held = latched(rise, leave_long | fall).astype(np.float64)
    if long_short:
        held -= latched(fall, leave_short | rise)
    return held


def carried(values: Floats) -> Floats:
    """The last number so far; NaN before the first."""
    silent = np.isnan(values)
    if not (silent[:, 1:] & ~silent[:, :-1]).any():
        return values  # nothing to carry: no gap after a number
    last = np.maximum.accumulate(np.where(silent, 0, np.arange(values.shape[1])), axis=1)
    return np.asarray(np.take_along_axis(values, last, axis=1))
