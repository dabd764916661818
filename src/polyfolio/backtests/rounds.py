"""The rounds of a benchmark: rows to learn from, and decisions whose outcome is judged.

A decision of row t is judged by the return of row t + 1. So the rows of a round are rows of decisions, the last row of
a tape is none, and a return is judged in one round at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.errors import DataError, PolyfolioError
from polyfolio.market.folds import Events, Fold, purged, purged_folds, walk_forward
from polyfolio.market.intervals import nanoseconds
from polyfolio.market.splits import rows_of_split
from polyfolio.rules.benchmark import FoldsSection
from polyfolio.rules.environment import EnvironmentSection, SplitSection
from polyfolio.rules.spec import Spec

KEY = "benchmark.split"
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Round:
    """One round.

    Attributes:
        name: of the part, or `fold 1`.
        fold: rows to learn from, and consecutive rows of decisions.
        judged: whether its returns count in the comparison.
        seen: whether its rows are learned from too, so that they prove nothing.
    """

    name: str
    fold: Fold
    judged: bool = True
    seen: bool = False

    @property
    def first(self) -> int:
        """The row of the first decision, whose close is the base of the first return."""
        return int(self.fold.test[0])

    @property
    def end(self) -> int:
        """One row after the last judged return."""
        return int(self.fold.test[-1]) + 2

    @property
    def bars(self) -> int:
        """Judged returns."""
        return int(self.fold.test.size)


def rounds_of(section: FoldsSection, spec: Spec, tape: Tape) -> tuple[Round, ...]:
    """The rounds a section describes.

    Args:
        section: how the rows are split.
        spec: its `environment.split` gives the shares of kind parts where the section gives none.
        tape: the rows.

    Raises:
        DataError: a part without rows, or more folds than rows.
    """
    events = decisions(tape, section.horizon)
    if section.gap is not None:
        with beneath(f"{KEY}.gap"):
            nanoseconds(section.gap)
    if section.kind == "parts":
        return tuple(parts(section, spec, tape, events))
    if section.kind == "walk_forward":
        test = section.test or max(events.size // (section.folds + 1), 1)
        with beneath(f"{KEY}.folds"):
            made = walk_forward(events, folds=section.folds, test=test, train=section.train, gap=section.gap)
    elif section.folds < 2:
        raise DataError(f"{KEY}.folds", section.folds, "2 or more with kind purged", "Take 5.")
    else:
        with beneath(f"{KEY}.folds"):
            made = purged_folds(events, folds=section.folds, gap=section.gap, embargo=section.embargo)
    return tuple(Round(f"fold {number + 1}", fold) for number, fold in enumerate(made))


@contextmanager
def beneath(key: str) -> Iterator[None]:
    """Errors of what a key was handed to name the key."""
    try:
        yield
    except PolyfolioError as error:
        raise type(error)(key, error.value, error.bound, error.remedy) from None


def decisions(tape: Tape, horizon: int) -> Events:
    """One event per decision: what it comes to is known a row later, or `horizon` rows where that is more."""
    known = np.minimum(np.arange(tape.rows - 1) + max(horizon, 1), tape.rows - 1)
    return Events(tape.times[:-1], tape.times[known])


def parts(section: FoldsSection, spec: Spec, tape: Tape, events: Events) -> Iterator[Round]:
    """Train, validation and test; a part whose share is 0 is left out, except the test."""
    shares = section.shares or (spec.environment.split if spec.environment is not None else SplitSection())
    whole = spec.model_copy(update={"environment": EnvironmentSection(split=shares)})
    learned = decided(whole, tape, "train", section)
    for name in PARTS:
        if name == "validation" and shares.validation == 0.0:
            continue
        rows = decided(whole, tape, name, section)
        train = learned if name == "train" else purged(events, learned, rows, gap=section.gap)
        yield Round(name, Fold(train, rows), judged=name == "test", seen=name == "train")


def decided(spec: Spec, tape: Tape, name: str, section: FoldsSection) -> Ints:
    """The rows of decisions that a part's returns come from."""
    try:
        first, end = rows_of_split(spec, tape, name)
    except DataError as error:
        at = "benchmark.split.shares" if section.shares is not None else "environment.split"
        remedy = f"Give {at}.{name} a larger share, or take a longer tape."
        raise DataError(f"{at}.{name}", error.value, error.bound, remedy) from None
    return np.arange(max(first - 1, 0), end - 1, dtype=np.int64)
