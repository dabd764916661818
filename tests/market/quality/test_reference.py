"""Volume and closes of sessions against rows of all venues."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.quality import check
from tests.market.quality.tools import days, found, minutes

US = {"calendar": "XNYS"}


def daily_of(frame: pd.DataFrame, **factors: float) -> pd.DataFrame:
    """Daily rows of minutes, with some columns scaled."""
    grouped = frame.groupby(frame["timestamp"].dt.floor("D"))
    rows = grouped.agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}).reset_index()
    for name, factor in factors.items():
        rows[name] *= factor
    return rows.assign(symbol="AAA")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return minutes("2024-05-06", "2024-05-17")


@pytest.mark.parametrize(
    ("times", "kind", "told"),
    [
        (1.0, None, ""),
        (1 / 0.91, None, ""),
        (1 / 0.89, "partial_volume", "89.0%"),
        (1 / 0.21, "partial_volume", "21.0%"),
        (1 / 0.19, "one_venue", "19.0%"),
        (1 / 0.026, "one_venue", "2.6%"),
    ],
)
def test_the_part_of_the_volume_decides(rows: pd.DataFrame, times: float, kind: str | None, told: str) -> None:
    report = check(rows, reference=daily_of(rows, volume=times), **US)
    names = {name for name in report.kinds() if name in ("partial_volume", "one_venue")}
    assert names == ({kind} if kind else set())
    if kind:
        assert found(report, kind)[1:] == (10, (f"[AAA] {told} of the reference's volume, median of 10 sessions",))


@pytest.mark.pitfall("DAT-03")
def test_the_volume_of_one_venue_is_unknown_in_the_copy_and_in_its_tape(rows: pd.DataFrame) -> None:
    report = check(rows, reference=daily_of(rows, volume=40.0), **US)
    assert not report.ok
    cleaned, log = report.fixed()
    assert cleaned["volume"].isna().all()
    assert len(log) == len(rows)
    assert log[0].before == str(rows["volume"][0])
    tape = tape_from_frame(cleaned, stamps="open", **US)
    assert np.isnan(tape.volume).all()


def test_closes_adjusted_otherwise_are_told_with_their_factor(rows: pd.DataFrame) -> None:
    report = check(rows, reference=daily_of(rows, close=10.0), **US)
    assert found(report, "different_closes")[2] == (
        "[AAA] 0.1 of the reference's closes, median of 10 sessions: adjusted otherwise",
    )
    assert not check(rows, reference=daily_of(rows, close=1.001), **US).of("different_closes")


def test_closes_that_differ_now_and_then_are_told_where_most_do(rows: pd.DataFrame) -> None:
    reference = daily_of(rows)
    reference.loc[:5, "close"] *= [1.01, 0.99, 1.01, 0.99, 1.01, 0.99]
    assert found(check(rows, reference=reference, **US), "different_closes")[1] == 6
    reference.loc[:3, "close"] = daily_of(rows)["close"][:4]
    assert not check(rows, reference=reference, **US).of("different_closes")


def test_symbols_and_days_that_the_reference_lacks_are_left_out(rows: pd.DataFrame, tmp_path: Path) -> None:
    reference = daily_of(rows, volume=2.0)
    reference.iloc[:4].to_parquet(tmp_path / "few.parquet")
    assert not check(rows, reference=tmp_path / "few.parquet", **US).of("partial_volume")
    assert not check(rows, reference=reference.assign(symbol="BBB"), **US).of("partial_volume")


def test_rows_or_a_reference_of_nothing_are_told_and_unknown_volumes_compare_to_nothing(rows: pd.DataFrame) -> None:
    reference = daily_of(rows)
    assert "no_rows" in check(rows.iloc[:0], reference=reference, **US).kinds()
    assert "unreadable_times" in check(rows.assign(timestamp="soon"), reference=reference, **US).kinds()
    assert found(check(rows, reference=reference.iloc[:0], **US), "not_compared") == (
        "AAA",
        1,
        ("[AAA] 0 sessions in common, 5 are needed",),
    )
    for report in (
        check(rows.assign(volume=np.nan), reference=reference, **US),
        check(rows, reference=reference.assign(volume=np.nan, close=np.nan), **US),
    ):
        assert not {"one_venue", "partial_volume", "different_closes"} & set(report.kinds())


def test_a_reference_without_volume_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="bars with close and volume"):
        check(rows, reference=daily_of(rows).drop(columns="volume"), **US)
    ticks = pd.DataFrame({"timestamp": rows["timestamp"], "symbol": "AAA", "price": rows["close"]})
    with pytest.raises(DataError, match="beside bars"):
        check(ticks, reference=days(), **US)
