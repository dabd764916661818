"""Folds equal those of purgedcv, and no training label reaches into a test."""

from __future__ import annotations

import json
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError
from polyfolio.market.folds import Events, combinatorial_folds, events_of, paths, purged, purged_folds, walk_forward
from tests.market.build.tools import minutes, tape_of

MINUTE = 60 * 10**9
CASES = json.loads((Path(__file__).parent / "folds.json").read_text(encoding="utf-8"))["cases"]


def events(case: dict[str, Any]) -> Events:
    return Events(np.array(case["decided"]) * MINUTE, np.array(case["known"]) * MINUTE)


def made(case: dict[str, Any]) -> Any:
    gap = f"{case['gap']}min" if case["gap"] else None
    if case["kind"] == "walk":
        return walk_forward(events(case), folds=case["folds"], test=case["test"], train=case["train"], gap=gap)
    if case["kind"] == "purged":
        return purged_folds(events(case), folds=case["folds"], gap=gap, embargo=case["embargo"])
    return combinatorial_folds(
        events(case), groups=case["groups"], chosen=case["chosen"], gap=gap, embargo=case["embargo"]
    )


@pytest.mark.pitfall("VAL-03")
@pytest.mark.pitfall("VAL-04")
@pytest.mark.parametrize("kind", ["walk", "purged", "combinatorial"])
def test_folds_equal_those_of_purgedcv(kind: str) -> None:
    cases = [case for case in CASES if case["kind"] == kind]
    assert len(cases) >= 24
    for case in cases:
        ours = [[fold.train.tolist(), fold.test.tolist()] for fold in made(case)]
        assert ours == case["made"]


rows = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), min_size=12, max_size=40)


def events_from(pairs: list[tuple[int, int]]) -> Events:
    decided = np.cumsum([gap for gap, _ in pairs]).astype(np.int64)
    return Events(decided, decided + np.array([length for _, length in pairs]))


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two half-open intervals share a moment."""
    return max(one[0], other[0]) < min(one[1], other[1])


@pytest.mark.pitfall("VAL-02")
@pytest.mark.pitfall("VAL-03")
@given(rows, st.integers(2, 4), st.integers(0, 4))
def test_purging_drops_what_overlaps_a_test_label_and_nothing_else(
    pairs: list[tuple[int, int]], folds: int, embargo: int
) -> None:
    own = events_from(pairs)
    tested = []
    for fold in purged_folds(own, folds=folds, embargo=embargo):
        tested += fold.test.tolist()
        spans = [(int(own.decided[row]), int(own.known[row])) for row in fold.test]
        after = range(int(fold.test[-1]) + 1, int(fold.test[-1]) + 1 + embargo)
        expected = [
            row
            for row in range(own.size)
            if row not in fold.test.tolist()
            and row not in after
            and not any(overlap((int(own.decided[row]), int(own.known[row])), span) for span in spans)
        ]
        assert fold.train.tolist() == expected
    assert tested == list(range(own.size))


@given(rows, st.integers(1, 3), st.integers(1, 3), st.one_of(st.none(), st.integers(1, 6)))
def test_walking_forward_learns_only_from_labels_known_before_the_test(
    pairs: list[tuple[int, int]], folds: int, test: int, train: int | None
) -> None:
    own = events_from(pairs)
    made = walk_forward(own, folds=folds, test=test, train=train)
    assert [row for fold in made for row in fold.test] == list(range(own.size - folds * test, own.size))
    for fold in made:
        assert (fold.train < fold.test[0]).all()
        assert train is None or fold.train.size <= train
        first = own.decided[fold.test].min()
        instant = own.known[fold.train] == own.decided[fold.train]
        real = (own.known[fold.test] > own.decided[fold.test]).any()
        assert not real or (instant | (own.known[fold.train] <= first) | ~_reaches(own, fold)).all()


def _reaches(own: Events, fold: Any) -> np.ndarray:
    spans = [(int(own.decided[row]), int(own.known[row])) for row in fold.test]
    return np.array(
        [any(overlap((int(own.decided[row]), int(own.known[row])), span) for span in spans) for row in fold.train], bool
    )


@pytest.mark.pitfall("VAL-04")
def test_between_two_test_segments_rows_may_be_learned_from() -> None:
    own = Events(np.arange(50, dtype=np.int64), np.arange(50, dtype=np.int64) + 2)
    fold = next(fold for fold in combinatorial_folds(own, groups=5, chosen=2) if fold.segments == (0, 4))
    assert fold.test.tolist() == [*range(10), *range(40, 50)]
    assert fold.train.tolist() == list(range(11, 39))


@pytest.mark.parametrize(("groups", "chosen"), [(5, 2), (6, 2), (6, 3), (4, 1)])
def test_the_tests_join_to_whole_paths(groups: int, chosen: int) -> None:
    own = Events(np.arange(60, dtype=np.int64), np.arange(60, dtype=np.int64) + 1)
    folds = combinatorial_folds(own, groups=groups, chosen=chosen)
    assert [fold.segments for fold in folds] == list(combinations(range(groups), chosen))
    found = paths(folds)
    assert len(found) == comb(groups - 1, chosen - 1) == comb(groups, chosen) * chosen // groups
    for path in found:
        assert all(group in folds[number].segments for group, number in enumerate(path))
    used = [(group, number) for path in found for group, number in enumerate(path)]
    assert len(set(used)) == len(used) == comb(groups, chosen) * chosen


def test_the_events_of_a_tape_are_known_some_rows_later() -> None:
    tape = tape_of(minutes("2024-01-01", 5, "1D"), range(10, 15), interval="1d")
    own = events_of(tape, 2)
    np.testing.assert_array_equal(own.known, tape.times[[2, 3, 4, 4, 4]] + [0, 0, 0, 0, 1])
    assert walk_forward(own, folds=1, test=2)[0].train.tolist() == [0, 1]
    assert purged(own, np.arange(3), np.array([3, 4]), gap="1h").tolist() == [0]


@pytest.mark.pitfall("VAL-03")
def test_a_gap_keeps_labels_that_are_known_at_once_away_from_the_test() -> None:
    tape = tape_of(minutes("2024-01-01", 10, "1D"), range(10, 20), interval="1d")
    own = events_of(tape, 0)
    assert walk_forward(own, folds=1, test=3)[0].train.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert walk_forward(own, folds=1, test=3, gap="36h")[0].train.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda own: walk_forward(own, folds=5, test=2), "folds x test below 10 rows"),
        (lambda own: walk_forward(own, folds=1, test=2, train=0), "1 or more rows, or None"),
        (lambda own: combinatorial_folds(own, groups=3, chosen=3), "1 or more chosen of them, not all"),
        (lambda own: purged_folds(own, folds=11), "2 to 10 groups"),
        (lambda own: purged_folds(own, folds=2, embargo=-1), "embargo: got -1"),
        (lambda own: purged_folds(own, folds=2, embargo="soon"), "interval: got 'soon'"),
        (lambda own: Events(own.decided[::-1], own.known), r"decided\[1\].*not before the decision before it"),
        (lambda own: Events(own.decided, own.known - 5), r"known\[0\].*not before its decision"),
        (lambda own: Events(own.decided, own.known[:3]), "known: got"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, match: str) -> None:
    own = Events(np.arange(10, dtype=np.int64), np.arange(10, dtype=np.int64) + 1)
    with pytest.raises(DataError, match=match):
        make(own)


def test_a_horizon_into_the_past_is_refused() -> None:
    with pytest.raises(DataError, match="horizon: got -1"):
        events_of(tape_of(minutes("2024-01-01", 5, "1D"), range(10, 15), interval="1d"), -1)
