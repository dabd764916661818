"""What is to be checked is read cell by cell: a cell that cannot be read is a finding with its place."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.quality import check
from tests.market.quality.tools import coins, days, found, put, serious, several

HEADER = "timestamp,symbol,open,high,low,close,volume\n"
HOUR = 3_600_000_000_000


def text_of(rows: list[str]) -> str:
    return HEADER + "".join(row + "\n" for row in rows)


def test_a_file_is_named_with_the_line_of_each_cell(tmp_path: Path) -> None:
    rows = [f"2024-01-01T{hour:02}:00:00Z,AAA,10,11,9,{10 + hour % 2},100" for hour in range(20)]
    rows[4] = '2024-01-01T04:00:00Z,AAA,10,11,9,"1,010.5",100'
    rows[7] = "2024-01-01T07:00:00Z,AAA,10,11,9,n/k,100"
    (tmp_path / "bars.csv").write_text(text_of(rows))
    report = check(tmp_path / "bars.csv", calendar="24/7")
    assert found(report, "text_numbers") == (
        "",
        2,
        ("close (bars.csv, line 6): '1,010.5'", "close (bars.csv, line 9): 'n/k'"),
    )
    frame, log = report.fixed()
    assert frame["close"][4] == 1010.5
    assert np.isnan(frame["close"][7])
    changes = [change for change in log if change.kind == "text_numbers"]
    assert [(change.place, change.field, change.before, change.after) for change in changes] == [
        ("bars.csv, line 6", "close", "1,010.5", "1010.5"),
        ("bars.csv, line 9", "close", "n/k", "nan"),
    ]


def test_numbers_written_as_text_are_numbers() -> None:
    frame = coins()
    assert serious(check(frame.assign(close=frame["close"].astype(str)))) == set()


def test_truth_values_are_no_numbers() -> None:
    assert check(coins().assign(volume=True)).of("text_numbers")[0].count == 400


def test_several_files_name_theirs_and_a_file_without_symbols_lends_its_name(tmp_path: Path) -> None:
    for name in ("AAA", "BBB"):
        frame = coins(50).drop(columns="symbol")
        frame.loc[3, "low"] = -1.0 if name == "BBB" else frame.loc[3, "low"]
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    for source in (tmp_path, tmp_path / "*.csv"):
        symbol, count, examples = found(check(source), "bad_values")
        assert (symbol, count) == ("BBB", 1)
        assert examples == ("[BBB] at 2024-01-01T03:00:00Z (BBB.csv, line 5): low -1",)


def test_parquet_rows_are_counted_from_zero(tmp_path: Path) -> None:
    put(coins(), 3, close=np.inf).to_parquet(tmp_path / "bars.parquet")
    _, _, examples = found(check(tmp_path / "bars.parquet"), "bad_values")
    assert examples == ("[AAA] at 2024-01-01T03:00:00Z (bars.parquet, row 3): close inf",)


def test_wide_rows_are_checked_like_long_ones(tmp_path: Path) -> None:
    frame = several(coins, 2)
    wide = frame.pivot(index="timestamp", columns="symbol", values=["open", "high", "low", "close", "volume"])
    wide.loc[wide.index[5], ("low", "S1")] = 900.0
    wide.index = wide.index.strftime("%Y-%m-%dT%H:%M:%SZ")
    wide.to_csv(tmp_path / "wide.csv")
    for source in (wide, tmp_path / "wide.csv"):
        report = check(source)
        assert found(report, "bad_extremes")[:2] == ("S1", 1)
        cleaned, _ = report.fixed()
        assert check(cleaned).ok
        assert len(cleaned) == 800


def test_times_in_the_index_count() -> None:
    assert serious(check(coins().set_index("timestamp"))) == set()


def bars(symbol: str, low: float, **options: object) -> Bars:
    values = np.array([10.0, 11.0, 10.5, 11.5])
    times = np.arange(1, 5, dtype=np.int64) * HOUR
    lows = np.array([9.0, 9.0, low, 9.0])
    return Bars(
        symbol, times, values, values + 1.0, lows, values, values * 10, interval="1h", source="venue", **options
    )


def test_bars_of_a_source_are_checked_one_by_one_and_together() -> None:
    good, bad = bars("AAA", 9.0), bars("BBB", 12.0, findings=("2 pages came empty",))
    assert check(good, calendar="24/7").ok
    for source in ({"AAA": good, "BBB": bad}, [good, bad]):
        report = check(source, calendar="24/7")
        assert found(report, "bad_extremes")[0] == "BBB"
        assert found(report, "source") == ("BBB", 1, ("2 pages came empty",))
        assert report.facts()["source"] == "venue"


def test_quotes_of_a_source_stand_at_the_close() -> None:
    report = check(bars("AAA", 9.0, bid=np.full(4, 10.0), ask=np.array([11.0, 11.0, 9.0, 11.0])))
    assert found(report, "crossed_quotes")[2] == ("[AAA] at 1970-01-01T03:00:00Z (row 2): bid 10, ask 9",)


@pytest.mark.parametrize("source", [7, {"AAA": 3}, [coins()], []])
def test_what_cannot_be_rows_is_refused(source: object) -> None:
    with pytest.raises(DataError, match="source: got"):
        check(source)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape("There is no folder")):
        check(tmp_path / "no" / "bars.csv")
    (tmp_path / "bars.parquet").write_bytes(b"<html>sign in</html>")
    with pytest.raises(DataError, match=re.escape("path: got 'bars.parquet', must be a parquet file")):
        check(tmp_path / "bars.parquet")
    with pytest.raises(DataError, match="one column for close"):
        check(coins().assign(Close=1.0))


@pytest.mark.pitfall("CAL-01")
def test_times_without_a_zone_are_told_and_read_in_the_zone_that_is_given() -> None:
    frame = days()
    naive = frame.assign(timestamp=frame["timestamp"].dt.tz_localize(None) + pd.Timedelta(hours=16))
    report = check(naive, calendar="XNYS")
    assert not report.ok
    assert found(report, "no_time_zone")[1] == 252
    cleaned, _ = report.fixed()
    assert cleaned["timestamp"].dt.tz is None  # nothing is made up
    report = check(naive, calendar="XNYS", timezone="America/New_York")
    assert serious(report) == set()
    cleaned, _ = report.fixed()
    assert str(cleaned["timestamp"][0]) == "2024-01-02 21:00:00+00:00"


@pytest.mark.pitfall("CAL-01", "CAL-02")
def test_an_hour_that_a_zone_has_twice_or_never_is_told() -> None:
    stamps = pd.to_datetime(["2024-03-10 01:30", "2024-03-10 02:30", "2024-11-03 01:30", "2024-11-03 03:30"])
    report = check(coins(4).assign(timestamp=stamps), timezone="America/New_York")
    assert found(report, "unreadable_times")[1:] == (
        2,
        ("row 1: '2024-03-10 02:30:00'", "row 2: '2024-11-03 01:30:00'"),
    )


@pytest.mark.pitfall("CAL-01")
@pytest.mark.parametrize(("timezone", "kept"), [(None, 399), ("Europe/Paris", 400)])
def test_mixed_time_zones_are_told_and_the_rows_without_one_left_out(timezone: str | None, kept: int) -> None:
    frame = coins()
    stamps = frame["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype(object)
    stamps[399] = "2024-01-17T16:00:00"  # in Paris 15:00 UTC, the hour that belongs here
    report = check(frame.assign(timestamp=stamps), timezone=timezone, calendar="24/7")
    assert found(report, "mixed_time_zones")[1] == 1
    cleaned, log = report.fixed()
    assert len(cleaned) == kept
    assert [change.action for change in log] == ["left out"] * (400 - kept)
    assert check(cleaned, calendar="24/7").ok


def test_epochs_of_one_unit_are_times_and_those_of_two_are_not() -> None:
    frame = coins()
    epochs = frame["timestamp"].map(lambda stamp: int(stamp.timestamp()))
    assert serious(check(frame.assign(timestamp=epochs))) == set()
    epochs[5] *= 1000
    report = check(frame.assign(timestamp=epochs))
    assert report.of("unreadable_times")[0].count == 400
    assert len(report.fixed()[0]) == 0


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(DataError, match="America/New_York"):
        check(coins(), timezone="New York")


def test_symbols_lose_their_blanks_and_two_cases_of_one_are_told() -> None:
    frame = put(put(put(coins(), 3, symbol=" AAA"), 4, symbol="aaa"), 5, symbol=np.nan)
    report = check(frame)
    assert found(report, "symbol_spelling")[1:] == (2, ("' AAA'", "AAA and aaa"))
    assert found(report, "no_symbol")[1:] == (1, ("row 5",))
    cleaned, log = report.fixed()
    assert cleaned["symbol"].value_counts().to_dict() == {"AAA": 398, "aaa": 1}
    assert [(change.kind, change.before, change.after) for change in log] == [
        ("no_symbol", "", ""),
        ("symbol_spelling", " AAA", "AAA"),
    ]


def test_rows_without_prices_or_times_are_told_what_they_lack() -> None:
    report = check(pd.DataFrame({"symbol": ["AAA"], "first": [1]}))
    assert found(report, "missing_columns")[1:] == (6, ("timestamp", "open", "high"))
    assert report.facts()["times"] == "none"
    assert check(coins(0)).kinds() == ("no_rows",)


def test_a_symbol_without_a_row_or_a_price_is_told_and_one_row_is_too_few_for_a_calendar(tmp_path: Path) -> None:
    gone = {name: array[:0] for name, array in bars("BBB", 12.0).columns().items()}
    report = check([bars("AAA", 9.0), replace(bars("BBB", 12.0), times=np.zeros(0, np.int64), **gone)])
    assert not report.ok
    assert found(report, "no_rows") == ("BBB", 1, ("BBB: no row",))
    (tmp_path / "bars.csv").write_text("timestamp,symbol,open,high,low,close,volume\n")
    assert found(check(tmp_path / "bars.csv"), "no_rows") == ("", 1, ("bars.csv: no row",))
    wide = pd.concat({"A": coins().drop(columns="symbol"), "B": coins().drop(columns="symbol")}, axis=1)
    wide = wide.swaplevel(axis=1).drop(columns="timestamp", level=0).set_axis(coins()["timestamp"], axis=0)
    wide.loc[:, [(name, "B") for name in ("open", "high", "low", "close", "volume")]] = np.nan
    report = check(wide)
    assert report.facts()["symbols"] == "2"
    assert found(report, "empty_bars")[:2] == ("B", 400)
    assert found(check(coins().iloc[:1]), "calendar_unknown")[2] == ("no symbol has two rows",)
