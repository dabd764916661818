"""Bad rows are refused before anything runs: the error names field, value, bound and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.files import read_csv, read_parquet
from polyfolio.market.frame import tape_from_arrays, tape_from_frame
from tests.market.tools import HEADER, csv_tape, days, line

GOOD = HEADER + line("2024-01-01T00:00:00Z") + line("2024-01-02T00:00:00Z")


def changed(**cells: object) -> pd.DataFrame:
    """Four good days; row 2 with other cells."""
    frame = days(4)
    for name, value in cells.items():
        if name not in frame:
            frame[name] = 0.0
        frame.loc[2, name] = value
    return frame


@pytest.mark.pitfall("DAT-08")
@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            changed(close=np.nan),
            "close[AAA] at 2024-01-03 (row 2): got nan, must be a price, as the rest of the bar has "
            "them. Complete the bar, or leave all its prices empty where it is missing.",
        ),
        (changed(low=-1.0), "low[AAA] at 2024-01-03 (row 2): got -1.0, must be finite and above 0. Correct the price"),
        (changed(open=0.0), "open[AAA] at 2024-01-03 (row 2): got 0.0, must be finite and above 0."),
        (changed(high=np.inf), "high[AAA] at 2024-01-03 (row 2): got inf, must be finite and above 0."),
        (changed(volume=-5.0), "volume[AAA] at 2024-01-03 (row 2): got -5.0, must be 0 or more. Correct it"),
        (
            changed(low=13.0),
            "bar[AAA] at 2024-01-03 (row 2): got {'open': 12.0, 'high': 12.0, 'low': 13.0, 'close': 12.0}, must be "
            "low <= open, close <= high.",
        ),
        (changed(dividends=-1.0), "dividends[AAA] at 2024-01-03 (row 2): got -1.0, must be 0 or more."),
        (changed(spread=-1.0), "spread[AAA] at 2024-01-03 (row 2): got -1.0, must be 0 or more."),
        (changed(borrow=np.inf), "borrow[AAA] at 2024-01-03 (row 2): got inf, must be finite."),
    ],
)
def test_a_bad_value_is_named_with_its_symbol_and_time(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        tape_from_frame(frame)


def reordered(order: list[int]) -> pd.DataFrame:
    return days(4).iloc[order].reset_index(drop=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: tape_from_frame(reordered([0, 2, 1, 3])),
            "timestamp[AAA] at 2024-01-02 (row 2): got '2024-01-02', must "
            "be later than the symbol's row before it, 2024-01-03. The times are unsorted: sort the rows",
        ),
        (
            lambda: tape_from_frame(reordered([0, 1, 1, 3])),
            "timestamp[AAA] at 2024-01-02 (row 2): got '2024-01-02', must "
            "be later than the symbol's row before it, 2024-01-02. The times are duplicated: sort the rows",
        ),
        (
            lambda: tape_from_frame(days(4), symbols=["AAB"]),
            "symbols: got 'AAB', must be a symbol of the data: AAA. Did you mean `AAA`?",
        ),
        (lambda: tape_from_frame(days(4), symbols=["AAA", "AAA"]), "symbols: got ['AAA', 'AAA'], must be unique."),
        (lambda: tape_from_frame(days(4), symbols="AAA"), "symbols: got 'AAA', must be a list of symbols."),
        (
            lambda: tape_from_frame(days(4), start="2025-01-01"),
            "rows of AAA: got 0, must be at least one from "
            "start='2025-01-01' to end=None. Widen the span or leave the symbol out: its bars close 2024-01-01 "
            "to 2024-01-04.",
        ),
        (
            lambda: tape_from_frame(days(4), start="2024-01-02", end="2024-01-02"),
            "times: got 1, must be at least 2 rows.",
        ),
        (lambda: tape_from_frame(days(4), start="soon"), "start: got 'soon', must be a date or time, ISO 8601."),
        (lambda: tape_from_frame(days(4), end_="2024"), "option: got 'end_', must be one of symbols, start, end"),
        (lambda: tape_from_frame(days(4), stamp="open"), "Did you mean `stamps`?"),
        (lambda: tape_from_frame(days(4), stamps="middle"), "stamps: got 'middle', must be open or close."),
        (lambda: tape_from_frame(days(4), interval="1y"), "interval: got '1y', must be a number and s, min, h, d or w"),
        (
            lambda: tape_from_frame(days(4), interval="1h"),
            "interval: got '1h', must be the smallest step of the rows, 1d. Correct it, or leave it out",
        ),
        (lambda: tape_from_frame(days(1)), "interval: got None, must be given where no symbol has two rows."),
        (lambda: tape_from_frame(days(4), calendar="XNYC"), "calendar: got 'XNYC', must be one of 24/7, 24/5, XNYS"),
        (lambda: tape_from_frame(days(4), calendar="XNYC"), "Did you mean `XNYS`?"),
        (
            lambda: tape_from_frame(days(4).drop(columns="close")),
            "columns of the frame: got 'close', must be present. Here are: timestamp, symbol, open, high, low, volume.",
        ),
        (
            lambda: tape_from_frame(days(4).rename(columns={"volume": "volum"})),
            "columns of the frame: got 'volume', must "
            "be present. Did you mean `volum`? Add the column, empty where unknown; here are: timestamp, symbol",
        ),
        (
            lambda: tape_from_frame(days(4).drop(columns="symbol")),
            "columns of the frame: got 'symbol', must be present.",
        ),
        (
            lambda: tape_from_frame(days(4).assign(Date=1)),
            "columns of the frame: got ['timestamp', 'Date'], must be one "
            "column for timestamp. Remove or rename one of the two.",
        ),
        (lambda: tape_from_frame(days(4), adjusted=True), "dividends: got True, must be False with adjusted=True."),
        (lambda: tape_from_frame(days(4), bars_per_year=0.0), "bars_per_year: got 0.0, must be above 0."),
        (lambda: tape_from_frame(days(4).iloc[:0]), "rows of the frame: got 0, must be at least one."),
        (lambda: tape_from_frame(None), "the frame: got 'NoneType', must be a pandas frame."),
        (
            lambda: tape_from_frame(days(4).assign(symbol=["AAA", "AAA", "AAA ", "AAA"])),
            "symbol (row 2): got 'AAA ', must be without blanks around it. Write it as 'AAA' in every row.",
        ),
        (
            lambda: tape_from_frame(days(4).assign(symbol=["AAA", "", "AAA", "AAA"])),
            "symbol (row 1): got None, must be given in every row.",
        ),
    ],
)
def test_each_refusal_says_what_and_what_to_do(make: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD + line("2024-01-03T00:00:00Z", close="n/k"),
            "open (bars.csv, line 4): got 'n/k', must be a number. Write it with a point and without separators",
        ),
        (
            GOOD + line("2024-01-03T00:00:00Z", volume='"1,000"'),
            "volume (bars.csv, line 4): got '1,000', must be a number",
        ),
        (GOOD.replace("open", "opne"), "columns of bars.csv: got 'open', must be present. Did you mean `opne`?"),
        (
            GOOD + "2024-01-03T00:00:00Z,AAA,1\n",
            "path: got 'bars.csv', must be a CSV file with a header (CSV parse error",
        ),
        ("", "path: got 'bars.csv', must be a CSV file with a header (Empty CSV file)."),
        (GOOD + line("soon"), "timestamp (bars.csv, line 4): got 'soon', must be a time, ISO 8601."),
        (
            GOOD + line("2024-01-03T00:00:00Z", close="-2"),
            "open[AAA] at 2024-01-03 (bars.csv, line 4): got -2.0, must be",
        ),
        (GOOD + line("2024-01-01T12:00:00Z"), "timestamp[AAA] at 2024-01-01T12:00:00Z (bars.csv, line 4): got"),
        (GOOD + ",AAA,1,1,1,1,1\n", "timestamp (bars.csv, line 4): got "),
    ],
)
def test_a_bad_csv_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        csv_tape(tmp_path, text)


@pytest.mark.pitfall("CAL-01")
def test_times_without_a_zone_are_refused_at_the_border(tmp_path: Path) -> None:
    remedy = "Give timezone=, the zone the times are written in, or write them with their offset."
    naive = HEADER + line("2024-01-01 00:00:00") + line("2024-01-02 00:00:00")
    for text in (naive, naive.replace(" 00:00:00", "")):
        with pytest.raises(DataError, match=re.escape("must be a time with its zone. " + remedy)):
            csv_tape(tmp_path, text)
    frame = days(3)
    frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)
    with pytest.raises(DataError, match=re.escape(remedy)):
        tape_from_frame(frame)
    arrays = {name: np.ones((2, 1)) for name in ("open", "high", "low", "close", "volume")}
    with pytest.raises(DataError, match=re.escape(remedy)):
        tape_from_arrays(np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]"), ["AAA"], arrays)
    tape = csv_tape(tmp_path, naive, timezone="America/New_York")
    assert str(tape.times.astype("datetime64[ns]")[0])[:16] == "2024-01-01T05:00"


@pytest.mark.pitfall("CAL-01")
def test_times_with_and_without_a_zone_are_not_mixed(tmp_path: Path) -> None:
    text = GOOD + line("2024-01-03 00:00:00")
    message = (
        "timestamp (bars.csv, line 4): got '2024-01-03 00:00:00', must be with a time zone, like the rows before "
        "it. Mixed time zones: write every time with its offset"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        csv_tape(tmp_path, text)
    message = "got '2024-01-03T00:00:00Z', must be without a time zone, like the rows before it"
    with pytest.raises(DataError, match=re.escape(message)):
        csv_tape(tmp_path, HEADER + line("2024-01-01 00:00:00") + line("2024-01-03T00:00:00Z"), timezone="UTC")


@pytest.mark.pitfall("CAL-01")
def test_offsets_may_differ_from_row_to_row(tmp_path: Path) -> None:
    tape = csv_tape(
        tmp_path, HEADER + line("2024-03-09T16:00:00-05:00") + line("2024-03-10T16:00:00-04:00"), interval="1d"
    )
    assert np.diff(tape.times).tolist() == [23 * 3_600_000_000_000]


def test_a_wall_time_that_exists_twice_is_refused(tmp_path: Path) -> None:
    text = HEADER + line("2024-11-03 01:30:00") + line("2024-11-03 03:30:00")
    message = "timestamp (bars.csv, line 2): got '2024-11-03 01:30:00', must be a time that exists once in America/New"
    with pytest.raises(DataError, match=re.escape(message)):
        csv_tape(tmp_path, text, timezone="America/New_York")
    with pytest.raises(DataError, match="timezone: got 'New York', must be a name of the time zone database"):
        csv_tape(tmp_path, text, timezone="New York")


def test_a_file_that_is_not_there_is_named_with_the_closest_one(tmp_path: Path) -> None:
    csv_tape(tmp_path, GOOD)
    with pytest.raises(DataError, match=re.escape("must be a file that exists. Did you mean `bars.csv`?")):
        read_csv(tmp_path / "bar.csv")
    with pytest.raises(DataError, match="There is no folder"):
        read_csv(tmp_path / "no" / "bars.csv")
    with pytest.raises(DataError, match="a pattern that some file matches"):
        read_csv(tmp_path / "*.txt")
    with pytest.raises(DataError, match=re.escape("a folder with files ending in .parquet or .pq")):
        read_parquet(tmp_path)
    with pytest.raises(DataError, match=re.escape("path: got 'bars.csv', must be a Parquet file")):
        read_parquet(tmp_path / "bars.csv")


@pytest.mark.pitfall("DAT-12")
def test_splits_that_the_prices_do_not_show_are_refused() -> None:
    frame = days(4, first=100.0).assign(splits=[0.0, 0.0, 2.0, 0.0])
    message = (
        "splits[AAA] at 2024-01-03: got 2.0, must be seen in the prices, which moved by +1.0%. The prices are "
        "adjusted for splits already: give splits=False."
    )
    with pytest.raises(DataError, match=re.escape(message)):
        tape_from_frame(frame)
    frame.loc[2:, ["open", "high", "low", "close"]] /= 2.0
    tape = tape_from_frame(frame)
    assert tape.splits is not None
    assert tape.splits[:, 0].tolist() == [1.0, 1.0, 2.0, 1.0]


@pytest.mark.pitfall("MET-05")
def test_a_calendar_without_sessions_is_refused_for_rows_on_weekdays_alone() -> None:
    frame = days(40)
    frame = frame[frame["timestamp"].dt.day_of_week < 5]
    message = "calendar: got '24/7', must be one with sessions: the rows stand on 5 of 7 weekdays. Name the exchange"
    with pytest.raises(DataError, match=re.escape(message)):
        tape_from_frame(frame)


@pytest.mark.parametrize("year", [1600, 2500, 9999])
def test_a_time_that_nanoseconds_do_not_reach_is_named_with_its_line(tmp_path: Path, year: int) -> None:
    with pytest.raises(DataError, match=rf"timestamp \(bars.csv, line 3\): got '{year}-.*from the year 1678 to 2261"):
        csv_tape(tmp_path, HEADER + line("2024-01-01T00:00:00Z") + line(f"{year}-12-31T00:00:00Z"))


def test_a_bar_that_contradicts_itself_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    text = HEADER + line("2024-01-01T00:00:00Z") + "2024-01-02T00:00:00Z,AAA,10,9,8,9,100\n"
    with pytest.raises(DataError, match=r"bar\[AAA\] at 2024-01-02 \(bars.csv, line 3\)"):
        csv_tape(tmp_path, text)


def test_a_file_with_a_header_alone_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rows of bars\.csv: got 0, must be at least one"):
        csv_tape(tmp_path, HEADER)


def test_a_time_without_its_zone_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"timestamp \(bars.csv, line 2\): got '2024-01-01 00:00:00'"):
        csv_tape(tmp_path, HEADER + line("2024-01-01") + line("2024-01-02"))
