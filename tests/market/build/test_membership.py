"""A universe as it was on each day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.files import read_parquet
from polyfolio.market.membership import membership, only_members
from tests.market.build.tools import stamps, tape_of

DAYS = ("2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02")


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def spells(*lines: tuple[str, str, object]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["symbol", "start", "end"])


@pytest.mark.pitfall("LAH-09")
def test_both_days_of_a_spell_are_included_and_a_member_may_come_back() -> None:
    tape = tape_of(stamps(*DAYS), range(10, 14), range(20, 24), symbols=("A", "B"), calendar="XNYS")
    found = membership(
        spells(("A", "2024-01-31", "2024-02-01"), ("B", "2023-01-01", "2024-01-30"), ("B", "2024-02-02", None))
    )
    np.testing.assert_array_equal(found.mask(tape), [[0, 1], [1, 0], [1, 0], [0, 1]])
    assert found.on(day("2024-01-30")) == ("B",)
    assert found.on(day("2030-01-01")) == ("B",)


def test_months_are_whole_months() -> None:
    frame = pd.DataFrame({"symbol": ["A"], "first_month": ["2024-01-01"], "last_month": ["2024-02-01"]})
    found = membership(frame)
    assert [found.on(day(text)) for text in ("2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01")] == [
        (),
        ("A",),
        ("A",),
        (),
    ]


def test_signals_of_a_slot_that_left_go_flat() -> None:
    mask = np.array([[1, 1], [0, 1]], np.uint8)
    signals = np.array([[0.5, np.nan], [0.5, -1.0]])
    np.testing.assert_array_equal(only_members(signals, mask), [[0.5, np.nan], [0.0, -1.0]])
    with pytest.raises(DataError, match="the mask of the same tape"):
        only_members(signals[:1], mask)


@pytest.mark.pitfall("LAH-09")
def test_later_spells_change_nothing_before_them() -> None:
    tape = tape_of(stamps(*DAYS), range(10, 14), symbols=("A",), calendar="XNYS")
    known, later = ("A", "2024-01-30", "2024-01-31"), ("A", "2024-02-02", None)
    one, two = membership(spells(known)).mask(tape), membership(spells(known, later)).mask(tape)
    np.testing.assert_array_equal(one[:3], two[:3])
    assert one[3, 0] != two[3, 0]


def test_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "index.csv"
    file.write_text("symbol,from,until\nTRUE,2024-01-01,2024-01-31\nA,2024-01-01,\n")
    found = membership(file)
    assert found.on(day("2024-01-15")) == ("TRUE", "A")
    assert found.on(day("2024-02-15")) == ("A",)


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (
            spells(("A", "2024-02-01", "2024-01-01")),
            r"end\[A\] \(the frame, row 0\): got '2024-01-01', must be not before",
        ),
        (spells(("A", "soon", None)), r"timestamp \(the frame, row 0\): got 'soon'"),
        (
            spells(("A", "2024-01-01", None), ("A", "2024-02-01", "never")),
            r"timestamp \(the frame, row 1\): got 'never'",
        ),
        (spells(("A", "2024-01-01", None), (None, "2024-01-01", None)), r"symbol \(the frame, row 1\): got None"),
        (spells(("A", "2024-01-01", None)).drop(columns="end"), "'end', must be present"),
    ],
)
def test_what_cannot_be_is_refused(frame: pd.DataFrame, match: str) -> None:
    with pytest.raises(DataError, match=match):
        membership(frame)


@pytest.mark.shared
@pytest.mark.pitfall("LAH-09")
def test_the_index_of_2015_has_members_without_prices_in_the_file(shared_data: object) -> None:
    found = membership(shared_data / "sp500_membership_2015_2025.parquet")
    first = found.on(day("2015-01-02"))
    assert len(first) == 506
    tape = read_parquet(
        shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", end="2016-12-30", dividends=False, splits=False
    )
    absent = found.absent(tape)
    assert not set(absent) & set(tape.symbols)
    assert len(absent) > 300
    mask = found.mask(tape)
    for row in (0, tape.rows - 1):
        now = set(found.on(int(tape.calendar.day[row])))
        assert {symbol for symbol, own in zip(tape.symbols, mask[row], strict=True) if own} == now & set(tape.symbols)
