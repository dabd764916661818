"""Bars fetched later on top of bars fetched earlier, and the digest of the code that makes tapes of them."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.bars import Bars, chained
from polyfolio.market.stamps import show

# What decides how rows become a tape. A tape kept from an earlier form of this code is not found again.
BUILDERS = (
    "align",
    "calendar",
    "columns",
    "fields",
    "frame",
    "from_bars",
    "instruments",
    "intervals",
    "reading",
    "rows",
    "stamps",
    "tables",
)


def refuse_disorder(bars: Bars) -> None:
    """Refuse bars whose times do not grow, named with the first that does not."""
    wrong = np.diff(bars.times) <= 0
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        stamp = str(np.datetime64(int(bars.times[row]), "ns"))
        field = f"times[{bars.symbol}] ({bars.source}, bar {row})"
        raise DataError(field, stamp, "later than the bar before it", "Sort the bars and keep one per time.")


def covers(new: Bars, span: tuple[int, int] | None, first: int, last: int) -> bool:
    """Whether bars, or the span that was asked for, reach from `first` to `last`."""
    begin, end = span or (int(new.times[0]), int(new.times[-1]))
    return min(begin, int(new.times[0])) <= first and max(end, int(new.times[-1])) >= last


def merged(old: Bars, new: Bars, span: tuple[int, int] | None) -> tuple[Bars, list[str]]:
    """Old bars with new ones in their place within the span that was asked for, and what that changed.

    Args:
        old: bars of a symbol.
        new: the same symbol, fetched later.
        span: first and last close that were asked for; None for those of the new bars.
    """
    if new.size == 0:
        return old, []
    begin, end = span or (int(new.times[0]), int(new.times[-1]))
    inside = (old.times >= min(begin, int(new.times[0]))) & (old.times <= max(end, int(new.times[-1])))
    moved = changed(old.take(inside), new)
    gone = np.setdiff1d(old.times[inside], new.times)
    added = np.setdiff1d(new.times, old.times)
    told = [
        f"{times.size} bars {word}, the first at {show(int(times[0]))}"
        for times, word in ((moved, "revised"), (gone, "withdrawn"), (added, "added"))
        if times.size
    ]
    if moved.size and not inside.all():
        told.append("bars outside what was fetched are as they were; fetch them too if the source adjusts prices")
    return chained([old.take(~inside), new]), told


def changed(old: Bars, new: Bars) -> Ints:
    """Times both have, at which a value differs."""
    times, before, after = np.intersect1d(old.times, new.times, assume_unique=True, return_indices=True)
    differs = np.zeros(times.size, bool)
    mine, yours = old.columns(), new.columns()
    for name in mine.keys() & yours.keys():
        one, other = mine[name][before], yours[name][after]
        differs |= ~((one == other) | (np.isnan(one) & np.isnan(other)))
    return np.asarray(times[differs], dtype=np.int64)


@functools.cache
def builder_digest() -> str:
    """Digest (hex) of the code that makes a tape of rows."""
    digest = hashlib.sha256()
    for name in BUILDERS:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]
