"""Elapsed years and periods a year: two inputs of every annualised number, found from stamps and never assumed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Ints
from polyfolio.errors import DataError

NANOSECONDS_A_DAY = 86_400_000_000_000
DAYS_A_YEAR = 365.25
SHORTEST_DAYS = 30.0

BarCounter = Callable[[int, int], float]


def stamps(times: npt.ArrayLike, name: str = "times") -> Ints:
    """Times as nanoseconds since 1970, ascending; datetime64 of any unit, or integers that are nanoseconds already."""
    array = np.asarray(times)
    if array.dtype.kind == "M":
        if np.isnat(array).any():
            raise DataError(name, "NaT", "a stamp for every row", "Drop the rows without a time.")
        array = array.astype("datetime64[ns]").astype(np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise DataError(
            name, str(array.dtype), "datetime64 or integer nanoseconds, one dimension", "Convert the stamps."
        )
    later = np.diff(array) > 0
    if not later.all():
        at = int(np.argmin(later)) + 1
        raise DataError(f"{name}[{at}]", int(array[at]), f"later than {int(array[at - 1])}", "Sort, drop duplicates.")
    return np.ascontiguousarray(array, dtype=np.int64)


def elapsed_years(times: npt.ArrayLike) -> float:
    """Y = (t_last - t_base) / 365.25 days; the first stamp is that of the starting value. NaN without stamps."""
    array = stamps(times)
    if array.size == 0:
        return math.nan
    return float(array[-1] - array[0]) / (NANOSECONDS_A_DAY * DAYS_A_YEAR)


def periods_per_year(
    times: npt.ArrayLike, bars_per_year: float | BarCounter | None = None, given: float | None = None
) -> tuple[float, str]:
    """N and how it was found; NaN and the reason when it cannot be known.

    Args:
        times: closing stamps, the stamp of the starting value first.
        bars_per_year: bars a year of the calendar, or a function (from, to) -> its bars in (from, to], nanoseconds.
        given: N set by the user, which wins.

    Returns:
        N, and its source as it is printed beside every annualised number. In this order: the given one; the
        calendar's bars in (t_base, t_last] / Y where Y >= 1; the calendar's bars of the year that ends at t_last;
        returns / Y where there is no calendar and at least 30 days.
    """
    if given is not None:
        return float(given), "given"
    if callable(bars_per_year):
        return _counted(stamps(times), bars_per_year)
    if bars_per_year is not None:
        return float(bars_per_year), "bars a year of the calendar"
    array = stamps(times)
    years = elapsed_years(array)
    if years * DAYS_A_YEAR >= SHORTEST_DAYS:
        return (array.size - 1) / years, "returns / elapsed years"
    return math.nan, "N is unknown: no calendar, and less than 30 days of data"


def _counted(times: Ints, counter: BarCounter) -> tuple[float, str]:
    if times.size < 2:
        return math.nan, "N is unknown: no time has passed"
    years, last = elapsed_years(times), int(times[-1])
    if years >= 1.0:
        return counter(int(times[0]), last) / years, "bars of the calendar / elapsed years"
    a_year_before = last - int(NANOSECONDS_A_DAY * DAYS_A_YEAR)
    return float(counter(a_year_before, last)), "bars of the calendar in the year to the last stamp"
