"""Parts of a tape by date and by share, with rows left out between them."""

from __future__ import annotations

import datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError
from polyfolio.market.partition import Part, parts_by_date, parts_by_fraction
from tests.market.build.tools import minutes, shown, stamps, tape_of


def tape(rows: int = 10) -> object:
    return tape_of(minutes("2024-01-02", rows, "1D"), range(10, 10 + rows), interval="1d")


def test_a_part_begins_with_the_first_row_of_its_day() -> None:
    """Rows close at midnight: the row stamped 2024-01-06T00:00 is the day 2024-01-05."""
    parts = parts_by_date(tape(), ["2024-01-05", datetime.date(2024, 1, 9)])
    assert parts == (Part("train", 0, 4), Part("validation", 4, 8), Part("test", 8, 10))
    assert shown(parts[1].of(tape()).times) == [f"2024-01-{day:02}T00:00" for day in (6, 7, 8, 9)]


def test_a_day_is_one_of_the_exchange() -> None:
    days = stamps("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")
    new_york = tape_of(days, [10, 11, 12, 13], calendar="XNYS")
    assert parts_by_date(new_york, ["2024-01-04"]) == (Part("train", 0, 2), Part("test", 2, 4))
    assert parts_by_date(new_york, ["2024-01-04T21:00:00Z"])[1].start == 2
    assert parts_by_date(new_york, ["2024-01-03T21:00:01Z"])[1].start == 2


def test_rows_of_the_gap_belong_to_no_part() -> None:
    assert parts_by_fraction(tape(), (0.6, 0.4), gap=2) == (Part("train", 0, 4), Part("test", 6, 10))
    assert parts_by_fraction(tape(), (0.3, 0.3, 0.4), names=("a", "b", "c"))[2] == Part("c", 6, 10)
    assert [part.name for part in parts_by_fraction(tape(), (0.25, 0.25, 0.25, 0.25))] == [
        "part1",
        "part2",
        "part3",
        "part4",
    ]


@given(st.lists(st.integers(5, 40), min_size=2, max_size=5), st.integers(200, 400), st.integers(0, 3))
def test_parts_lie_one_after_the_other_and_cover_all_but_the_gaps(shares: list[int], rows: int, gap: int) -> None:
    parts = parts_by_fraction(tape(rows), [share / sum(shares) for share in shares], gap=gap)
    assert (parts[0].start, parts[-1].end) == (0, rows)
    for before, after in pairwise(parts):
        assert after.start - before.end == gap
    assert len({part.name for part in parts}) == len(shares)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: parts_by_fraction(tape(), (0.5, 0.4)), "above 0, with the sum 1"),
        (lambda: parts_by_fraction(tape(), (1.2, -0.2)), "above 0, with the sum 1"),
        (lambda: parts_by_fraction(tape(), (0.9, 0.1)), "rows of test: got 1, must be 2 or more"),
        (lambda: parts_by_fraction(tape(), (0.5, 0.5), gap=4), "rows of train: got 1"),
        (lambda: parts_by_fraction(tape(), (0.5, 0.5), gap=-1), "gap: got -1"),
        (lambda: parts_by_fraction(tape(), (0.5, 0.5), names=("a", "a")), "2 different names"),
        (lambda: parts_by_date(tape(), ["2024-01-09", "2024-01-05"]), "rows of validation: got 0"),
        (lambda: parts_by_date(tape(), ["2025-01-09"]), r"dates\[0\]: got '2025-01-09', must be after 2024-01-02"),
        (lambda: parts_by_date(tape(), ["2023-01-09"]), r"dates\[0\]: got '2023-01-09'"),
    ],
)
def test_what_cannot_be_is_refused(make: object, match: str) -> None:
    with pytest.raises(DataError, match=match):
        make()


@pytest.mark.pitfall("VAL-02")
def test_the_gap_takes_nothing_from_the_last_part() -> None:
    without, with_gap = parts_by_date(tape(), ["2024-01-07"]), parts_by_date(tape(), ["2024-01-07"], gap=3)
    assert without[-1] == with_gap[-1]
    np.testing.assert_array_equal(without[-1].of(tape()).close, with_gap[-1].of(tape()).close)
