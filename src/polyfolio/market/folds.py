"""Folds of training and test rows whose labels do not overlap: walk-forward, purged k-fold and combinatorial.

Lopez de Prado, Advances in Financial Machine Learning, chapters 7 and 12. An event is decided at one time and its
label is known at a later one. A training event whose time from decision to label overlaps that of any test event is
purged, test segment by test segment; an embargo drops training rows after each segment besides. Test rows are never
dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.intervals import nanoseconds
from polyfolio.market.stamps import show


@dataclass(frozen=True, eq=False)
class Events:
    """Decisions and the times their labels are known.

    Attributes:
        decided: nanoseconds, ascending.
        known: nanoseconds, not before the decision.
    """

    decided: Ints
    known: Ints

    def __post_init__(self) -> None:
        if self.known.shape != self.decided.shape:
            raise DataError("known", self.known.shape, f"of shape {self.decided.shape}", "Give one per decision.")
        for name, wrong, text in (
            ("decided", np.diff(self.decided, prepend=self.decided[:1]) < 0, "not before the decision before it"),
            ("known", self.known < self.decided, "not before its decision"),
        ):
            if wrong.any():
                row = int(np.argmax(wrong))
                raise DataError(f"{name}[{row}]", show(int(getattr(self, name)[row])), text, "Sort or correct it.")

    @property
    def size(self) -> int:
        """Number of events."""
        return int(self.decided.size)


def events_of(tape: Tape, horizon: int) -> Events:
    """One event per row, whose label is known `horizon` rows later; the last ones when the tape ends.

    A label that is known at once takes a nanosecond, since a gap would not keep one of no length away from a test.
    """
    if horizon < 0:
        raise DataError("horizon", horizon, "0 or more rows", "Give the number of rows a label looks ahead.")
    row = np.minimum(np.arange(tape.rows) + horizon, tape.rows - 1)
    return Events(tape.times, np.maximum(tape.times[row], tape.times + 1))


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows to learn from and rows to test on.

    Attributes:
        train: ascending rows.
        test: ascending rows.
        segments: numbers of the groups that the test rows are.
    """

    train: Ints
    test: Ints
    segments: tuple[int, ...] = ()


def walk_forward(
    events: Events, *, folds: int, test: int, train: int | None = None, gap: str | None = None
) -> tuple[Fold, ...]:
    """Folds that test on consecutive spans at the end and learn from what was known before each.

    Args:
        events: decisions and label times.
        folds: how many.
        test: rows of each test.
        train: rows to learn from, the last ones left after purging; None for all (expanding).
        gap: time around the test that no training label may touch, such as "5d".
    """
    if folds < 1 or test < 1 or folds * test >= events.size:
        bound = f"1 or more each, with folds x test below {events.size} rows"
        raise DataError("folds, test", (folds, test), bound, "Take fewer folds or shorter tests.")
    if train is not None and train < 1:
        raise DataError("train", train, "1 or more rows, or None", "Give the rows to learn from.")
    begin = events.size - folds * test
    made = []
    for number in range(folds):
        rows = np.arange(begin + number * test, begin + (number + 1) * test, dtype=np.int64)
        kept = purged(events, np.arange(rows[0], dtype=np.int64), rows, gap=gap)
        made.append(Fold(kept if train is None else kept[-train:], rows, (number,)))
    return tuple(made)


def purged_folds(events: Events, *, folds: int, gap: str | None = None, embargo: int | str = 0) -> tuple[Fold, ...]:
    """Consecutive tests over all rows, each with the other rows that its labels do not touch.

    Args:
        events: decisions and label times.
        folds: how many.
        gap: as for `walk_forward`.
        embargo: rows after each test that are dropped, or a time after each test label, such as "5d".
    """
    return combinatorial_folds(events, groups=folds, chosen=1, gap=gap, embargo=embargo)


def combinatorial_folds(
    events: Events, *, groups: int, chosen: int, gap: str | None = None, embargo: int | str = 0
) -> tuple[Fold, ...]:
    """Every choice of `chosen` groups as the test; the tests join to C(groups - 1, chosen - 1) whole paths.

    Args:
        events: decisions and label times.
        groups: consecutive groups of rows; the first ones have a row more where they do not divide evenly.
        chosen: groups in each test.
        gap: as for `walk_forward`.
        embargo: as for `purged_folds`.
    """
    if not 2 <= groups <= events.size or not 1 <= chosen < groups:
        bound = f"2 to {events.size} groups, and 1 or more chosen of them, not all"
        raise DataError("groups, chosen", (groups, chosen), bound, "Take fewer.")
    blocks = np.array_split(np.arange(events.size, dtype=np.int64), groups)
    made = []
    for picks in combinations(range(groups), chosen):
        test = np.concatenate([blocks[pick] for pick in picks])
        others = [blocks[group] for group in range(groups) if group not in picks]
        train = purged(events, np.concatenate(others), test, gap=gap)
        made.append(Fold(embargoed(events, train, test, embargo), test, picks))
    return tuple(made)


def paths(folds: Sequence[Fold]) -> tuple[tuple[int, ...], ...]:
    """Which fold tests each group on each path of combinatorial folds: paths x groups."""
    groups = 1 + max(group for fold in folds for group in fold.segments)
    by_group = [[number for number, fold in enumerate(folds) if group in fold.segments] for group in range(groups)]
    return tuple(zip(*by_group, strict=True))


def purged(events: Events, train: Ints, test: Ints, *, gap: str | None = None) -> Ints:
    """The training rows whose time from decision to label overlaps that of no test row.

    Both are half-open, [decision, label): a label known when the next decision is made does not overlap it.
    """
    margin = nanoseconds(gap) if gap else 0
    begins, ends = _merged(events.decided[test] - margin, events.known[test] + margin)
    begins, ends = begins[begins < ends], ends[begins < ends]
    return train[~_touch(events.decided[train], events.known[train], begins, ends)]


def embargoed(events: Events, train: Ints, test: Ints, embargo: int | str) -> Ints:
    """The training rows outside the embargo after each test segment.

    Args:
        events: decisions and label times.
        train: rows.
        test: rows, ascending.
        embargo: rows after the last of each segment, or a time after each test label, both ends included.
    """
    if isinstance(embargo, str):
        begins, ends = _merged(events.known[test], events.known[test] + nanoseconds(embargo))
        place = np.searchsorted(begins, events.decided[train], side="right") - 1
        inside = (place >= 0) & (events.decided[train] <= ends[np.maximum(place, 0)])
        return np.asarray(train[~inside])
    if embargo < 0:
        raise DataError("embargo", embargo, "0 or more rows, or a time", "Write it like 10 or 5d.")
    finals = test[np.append(np.diff(test) > 1, True)]
    after = train[:, None] - finals[None, :]
    return np.asarray(train[~((after > 0) & (after <= embargo)).any(axis=1)])


def _merged(begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Intervals joined where they touch, ascending."""
    order = np.argsort(begins, kind="stable")
    begins, reach = begins[order], np.maximum.accumulate(ends[order])
    fresh = np.append(True, begins[1:] > reach[:-1])
    return begins[fresh], reach[np.append(np.flatnonzero(fresh)[1:] - 1, begins.size - 1)]


def _touch(starts: Ints, stops: Ints, begins: Ints, ends: Ints) -> npt.NDArray[np.bool_]:
    """Whether half-open intervals that are not empty overlap any of the merged ones."""
    if begins.size == 0:
        return np.zeros(starts.size, bool)
    place = np.searchsorted(begins, stops, side="left") - 1
    return np.asarray((starts < stops) & (place >= 0) & (ends[np.maximum(place, 0)] > starts))
