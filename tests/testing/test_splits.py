"""Splits: training rows that know test rows are found, ours keep apart, and no value moves a fold."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.market.folds import combinatorial_folds, events_of, purged_folds, walk_forward
from polyfolio.market.partition import parts_by_date, parts_by_fraction
from polyfolio.testing import find_leaks
from polyfolio.testing.folds import split_leaks
from polyfolio.testing.reasons import Reason

HORIZON = 6
ROWS = np.arange(336)


@pytest.fixture(scope="module")
def tape() -> Tape:
    return demo_tape(start="2024-03-28", end="2024-04-10")


def rows_of(parts) -> tuple[slice, slice]:
    train, test = parts
    return slice(train.start, train.end), slice(test.start, test.end)


OURS = {
    "walk_forward": lambda tape: walk_forward(events_of(tape, HORIZON), folds=4, test=40),
    "walk_forward_rolling": lambda tape: walk_forward(events_of(tape, HORIZON), folds=4, test=40, train=100),
    "fraction": lambda tape: [rows_of(parts_by_fraction(tape, (0.6, 0.4), gap=HORIZON))],
    "date": lambda tape: [rows_of(parts_by_date(tape, ["2024-04-05"], gap=HORIZON))],
    "purged": lambda tape: purged_folds(events_of(tape, HORIZON), folds=5, embargo=HORIZON),
    "combinatorial": lambda tape: combinatorial_folds(events_of(tape, HORIZON), groups=6, chosen=2, embargo=HORIZON),
}


@pytest.mark.pitfall("VAL-03")
@pytest.mark.parametrize("name", OURS)
def test_our_splits_keep_labels_apart(name: str, tape: Tape) -> None:
    found = split_leaks(OURS[name], tape, horizon=HORIZON)
    assert not found.leaks, found.text()
    assert not find_leaks(OURS[name], tape, kind="split").leaks


def test_a_split_without_purging_is_caught(tape: Tape) -> None:
    def plain(asked: Tape):
        return [(slice(0, 100), slice(100, 200)), (np.arange(200), slice(200, 336))]

    assert not find_leaks(plain, tape, kind="split").leaks
    found = split_leaks(plain, tape, horizon=HORIZON).first
    assert (found.reason, found.row, found.column) == (Reason.OVERLAP, 95, "fold 0 train")
    assert found.before == HORIZON
    assert found.after == 5.0


@pytest.mark.parametrize(
    ("train", "row"),
    [(np.arange(0, 101), 100), (np.arange(150, 336), 150), (np.r_[0:90, 120:130, 250:300], 120)],
)
def test_a_row_on_both_sides_is_caught(train: np.ndarray, row: int, tape: Tape) -> None:
    found = find_leaks(lambda _: [(train, np.arange(100, 200))], tape, kind="split").first
    assert (found.reason, found.row) == (Reason.OVERLAP, row)


def test_a_training_row_after_the_test_is_judged_too(tape: Tape) -> None:
    def after(_: Tape):
        return [(np.arange(203, 300), np.arange(100, 200))]

    assert not split_leaks(after, tape, horizon=4).leaks
    assert split_leaks(after, tape, horizon=5).first.row == 203


def test_a_split_that_looks_at_values_is_caught(tape: Tape) -> None:
    def by_volatility(asked: Tape):
        """Learn on the quiet rows."""
        moves = np.abs(np.diff(np.log(asked.close[:, 0]), prepend=0.0))
        quiet = moves < np.nanmedian(moves)
        return [(np.flatnonzero(quiet), np.flatnonzero(~quiet))]

    found = find_leaks(by_volatility, tape, kind="split").first
    assert (found.reason, found.column) == (Reason.LATER_ROWS, "rows of fold 0")

    def by_listing(asked: Tape):
        """A fold more once the last slot has bars."""
        folds = [(slice(0, 50), slice(50, 100)), (slice(0, 100), slice(100, 150))]
        return folds if asked.tradable[-1, -1] else folds[:1]

    assert find_leaks(by_listing, tape, kind="split", seed=1).first.column == "rows of fold 1"


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        ([], "split"),
        ([(slice(0, 0), slice(5, 9))], "fold 0: train"),
        ([(np.array([3, 2]), slice(5, 9))], "fold 0: train"),
        ([(slice(0, 4), np.array([5, 400]))], "fold 0: test"),
        ([(slice(0, 4), slice(5, 9)), (np.array([-1]), slice(5, 9))], "fold 1: train"),
    ],
)
def test_folds_that_are_none_are_refused(folds: list, words: str, tape: Tape) -> None:
    with pytest.raises(ConfigError, match=words):
        find_leaks(lambda _: folds, tape, kind="split")
