"""A tape cut into consecutive parts, for training, validation and test, with rows left out between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.calendar import hours_of
from polyfolio.market.stamps import bound, show
from polyfolio.market.window import window

NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}


@dataclass(frozen=True)
class Part:
    """Rows start to end - 1 of a tape.

    Attributes:
        name: such as train.
        start: first row.
        end: row after the last.
    """

    name: str
    start: int
    end: int

    def of(self, tape: Tape) -> Tape:
        """The rows as a tape of their own; arrays are views."""
        return window(tape, self.start, self.end)


def parts_by_date(
    tape: Tape, dates: Sequence[str | date | datetime], *, names: Sequence[str] = (), gap: int = 0
) -> tuple[Part, ...]:
    """Parts that begin at dates: before the first, from the first to before the second, and so on.

    Args:
        tape: market rows.
        dates: first day, or first time, of each part but the first, ascending; a day is one of the calendar.
        names: of the parts; train and test, or train, validation and test, where left out.
        gap: rows left out at the end of each part but the last, so that no label of it reaches into the next.
    """
    zone = hours_of(tape.calendar.name).timezone
    cuts = []
    for number, moment in enumerate(dates):
        first = bound(moment, "start", zone)
        row = int(np.searchsorted(tape.times, first)) if first is not None else 0
        if not 0 < row < tape.rows:
            span = f"after {show(int(tape.times[0]))} and not after {show(int(tape.times[-1]))}"
            raise DataError(f"dates[{number}]", str(moment), span, "Name a day inside the tape.")
        cuts.append(row)
    return _parts(tape.rows, cuts, names, gap)


def parts_by_fraction(
    tape: Tape, fractions: Sequence[float], *, names: Sequence[str] = (), gap: int = 0
) -> tuple[Part, ...]:
    """Parts by their share of the rows.

    Args:
        tape: market rows.
        fractions: above 0, with the sum 1, such as (0.6, 0.2, 0.2).
        names: as for `parts_by_date`.
        gap: as for `parts_by_date`.
    """
    if any(not share > 0.0 for share in fractions) or abs(math.fsum(fractions) - 1.0) > 1e-9:
        raise DataError("fractions", list(fractions), "above 0, with the sum 1", "Write them like 0.6, 0.2, 0.2.")
    cuts = [math.floor(tape.rows * math.fsum(fractions[:number]) + 1e-9) for number in range(1, len(fractions))]
    return _parts(tape.rows, cuts, names, gap)


def _parts(rows: int, cuts: Sequence[int], names: Sequence[str], gap: int) -> tuple[Part, ...]:
    if gap < 0:
        raise DataError("gap", gap, "0 or more rows", "Give the number of rows a label looks ahead.")
    edges = (0, *cuts, rows)
    count = len(edges) - 1
    named = tuple(names) or NAMES.get(count) or tuple(f"part{number + 1}" for number in range(count))
    if len(named) != count or len(set(named)) != count:
        raise DataError("names", list(named), f"{count} different names", "Name each part once.")
    parts = []
    for number, (start, edge) in enumerate(pairwise(edges)):
        end = edge if number == count - 1 else edge - gap
        if end - start < 2:
            raise DataError(
                f"rows of {named[number]}", max(end - start, 0), "2 or more", "Widen the part, or shorten the gap."
            )
        parts.append(Part(named[number], start, end))
    return tuple(parts)
