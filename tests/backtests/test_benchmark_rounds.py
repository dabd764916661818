"""Which rows are learned from and which are judged: computed by hand, without a gap, never both."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests.rounds import Round, rounds_of
from polyfolio.errors import DataError
from polyfolio.rules.benchmark import FoldsSection
from polyfolio.rules.environment import SplitSection
from polyfolio.rules.load import load
from tests.backtests.benches import bars

SPEC = load({"name": "x", "lanes": [{"name": "a"}]})


def rounds(rows: int, **section: object) -> tuple[Round, ...]:
    close = np.linspace(1.0, 2.0, rows * 3).reshape(rows, 3)
    return rounds_of(FoldsSection(**section), SPEC, bars(close))


def spans(found: tuple[Round, ...]) -> list[tuple[list[int], list[int]]]:
    return [(one.fold.train.tolist(), one.fold.test.tolist()) for one in found]


def test_walk_forward_by_hand() -> None:
    # 11 rows, 10 decisions: the last six are judged in threes
    found = rounds(11, folds=2, test=3)
    assert spans(found) == [([0, 1, 2, 3], [4, 5, 6]), ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])]
    assert [(one.first, one.end, one.bars) for one in found] == [(4, 8, 3), (7, 11, 3)]
    assert [one.name for one in found] == ["fold 1", "fold 2"]


def test_a_third_of_the_rows_is_a_test_where_two_folds_are_asked_for() -> None:
    assert [one.bars for one in rounds(31, folds=2)] == [10, 10]


@pytest.mark.pitfall("VAL-03")
def test_what_looks_ahead_three_rows_is_not_learned_from_where_it_would_see_a_judged_return() -> None:
    # a label of row t is known at t + 3, and the first judged return begins at row 4
    assert spans(rounds(11, folds=1, test=6, horizon=3))[0][0] == [0, 1]


def test_a_rolling_window_and_a_gap_shorten_what_is_learned_from() -> None:
    assert spans(rounds(11, folds=1, test=3, train=2))[0] == ([5, 6], [7, 8, 9])
    # a label of row t is known at t + 1, which lies a day or more before the first decision at row 7
    assert spans(rounds(11, folds=1, test=3, gap="1d"))[0][0] == [0, 1, 2, 3, 4, 5]


@pytest.mark.pitfall("VAL-02")
def test_purged_folds_by_hand_keep_every_test_whole() -> None:
    found = rounds(11, kind="purged", folds=5, embargo=1)
    assert [one.fold.test.tolist() for one in found] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert found[2].fold.train.tolist() == [0, 1, 2, 3, 7, 8, 9]
    assert rounds(11, kind="purged", folds=5, horizon=2)[2].fold.train.tolist() == [0, 1, 2, 7, 8, 9]


def test_parts_by_hand() -> None:
    found = rounds(20, kind="parts", shares=SplitSection(train=0.5, validation=0.25, test=0.25))
    first = list(range(9))
    assert spans(found) == [(first, first), (first, [9, 10, 11, 12, 13]), (first, [14, 15, 16, 17, 18])]
    assert [(one.name, one.judged, one.seen) for one in found] == [
        ("train", False, True),
        ("validation", False, False),
        ("test", True, False),
    ]
    names = [one.name for one in rounds(20, kind="parts", shares=SplitSection(train=0.5, validation=0.0, test=0.5))]
    assert names == ["train", "test"]


@pytest.mark.parametrize("section", [{"folds": 4}, {"kind": "purged", "folds": 4}, {"kind": "purged", "folds": 7}])
def test_judged_returns_follow_each_other_without_a_gap_and_none_twice(section: dict[str, object]) -> None:
    found = rounds(50, **section)
    judged = np.concatenate([one.fold.test for one in found])
    np.testing.assert_array_equal(np.diff(judged), 1)
    assert judged[-1] == 48
    for one in found:
        assert not set(one.fold.test) & set(one.fold.train)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"kind": "parts", "shares": {"train": 0.9, "validation": 0.1, "test": 0.0}},
            r"benchmark\.split\.shares\.test",
        ),
        ({"kind": "purged", "folds": 1}, r"benchmark\.split\.folds: got 1, must be 2 or more"),
        ({"folds": 40, "test": 2}, r"benchmark\.split\.folds: got \(40, 2\), must be .* below 19 rows"),
        ({"gap": "5parsecs"}, r"benchmark\.split\.gap: got '5parsecs', must be a number and s, min, h, d or w"),
    ],
)
def test_an_empty_split_is_refused(section: dict[str, object], message: str) -> None:
    if isinstance(section.get("shares"), dict):
        section = {**section, "shares": SplitSection(**section["shares"])}  # type: ignore[dict-item]
    with pytest.raises(DataError, match=message):
        rounds(20, **section)
