"""The shape of what reports are given, refused before anything is computed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats
from polyfolio.errors import DataError


def series(values: npt.ArrayLike, name: str) -> Floats:
    """One contiguous series of finite numbers; a NaN is refused with its place, nothing is filled in."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise DataError(name, f"{array.ndim} dimensions", "one dimension", "Pass one series at a time.")
    bad = ~np.isfinite(array)
    if bad.any():
        at = int(np.argmax(bad))
        raise DataError(f"{name}[{at}]", float(array[at]), "finite", "Repair or drop the row; nothing is filled in.")
    # A kernel would be compiled once more for read-only memory.
    return array if array.flags.writeable else array.copy()


def same_length(name: str, found: int, wanted: int) -> None:
    """Refuse an array that has not one value per stamp."""
    if found != wanted:
        raise DataError(name, f"{found} values", f"{wanted} values", "Pass one per stamp.")
