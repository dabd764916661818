"""Who is in the rows when: late listings, early ends, survivors, and members of a universe."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.membership import membership
from polyfolio.market.quality import check
from tests.market.quality.tools import days, found, several

US = {"calendar": "XNYS"}


def spells(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["symbol", "start", "end"])


def test_a_listing_and_an_end_are_named_with_their_row() -> None:
    frame = several(days, 3).drop(index=[*range(252, 300), *range(700, 756)]).reset_index(drop=True)
    report = check(frame, **US)
    assert found(report, "late_start") == (
        "S1",
        1,
        ("[S1] at 2024-03-12 (row 252): its first row; the first of all is of 2024-01-02",),
    )
    assert found(report, "early_end")[0] == "S2"


def test_a_start_after_a_long_weekend_is_not_late() -> None:
    frame = several(days, 2, first="2024-01-12").drop(index=[244])  # 2024-01-12 and then the 16th
    assert "late_start" not in check(frame, **US).kinds()


@pytest.mark.pitfall("LAH-09")
def test_a_universe_without_membership_is_one_of_survivors() -> None:
    frame = several(days, 6).drop(index=range(1300, 1512))
    assert found(check(frame, **US), "survivorship") == (
        "",
        5,
        ("5 of 6 symbols live to the last row, 2024-12-31",),
    )
    assert not check(several(days, 4), **US).of("survivorship")
    assert not check(several(days, 6, last="2024-02-01"), **US).of("survivorship")


@pytest.mark.pitfall("LAH-09")
def test_members_without_rows_are_counted_at_both_ends() -> None:
    members = spells(
        *((f"S{number}", "2020-01-01", "") for number in range(6)),
        ("GONE", "2020-01-01", "2024-06-30"),
        ("NEW", "2024-07-01", ""),
        ("LATER", "2025-01-01", ""),
    )
    report = check(several(days, 6), membership=members, **US)
    assert not report.of("survivorship")
    assert [(finding.count, finding.examples) for finding in report.of("members_without_rows")] == [
        (1, ("2024-01-02: 1 of 7 members, such as GONE",)),
        (1, ("2024-12-31: 1 of 7 members, such as NEW",)),
    ]


@pytest.mark.pitfall("LAH-09")
def test_rows_before_and_after_membership_are_told_and_both_ends_of_a_spell_count() -> None:
    frame = days(first="2024-01-02", last="2024-01-31")
    members = spells(("AAA", "2024-01-04", "2024-01-10"), ("AAA", "2024-01-25", "2024-01-25"))
    symbol, count, examples = found(check(frame, membership=members, **US), "rows_outside_membership")
    # 21 sessions; members on the 4th, 5th, 8th, 9th, 10th and 25th.
    assert (symbol, count) == ("AAA", 15)
    assert examples[2] == "[AAA] at 2024-01-11 (row 7): no member then"


def test_membership_may_be_a_file_or_spells_already_read(tmp_path: Path) -> None:
    members = spells(("AAA", "2020-01-01", ""), ("BBB", "2020-01-01", ""))
    members.to_csv(tmp_path / "index.csv", index=False)
    for given in (members, tmp_path / "index.csv", membership(members)):
        told = check(days(), membership=given, **US).of("members_without_rows")
        assert [finding.count for finding in told] == [1, 1]
    with pytest.raises(DataError, match="columns of"):
        check(days(), membership=members.drop(columns="start"), **US)
