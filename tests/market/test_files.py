"""Files come back as they were written: CSV and Parquet, long and wide, one file or many."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.files import read_csv, read_parquet
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.tables import is_wide
from tests.market.tools import HEADER, csv_tape, days, line

FIELDS = ["open", "high", "low", "close", "volume"]


def frame() -> pd.DataFrame:
    """Two symbols, one of them listed later, with prices that need all 17 digits."""
    random = np.random.default_rng(7)
    rows = pd.concat([days(40), days(25, "BBB", "2024-01-10")], ignore_index=True)
    rows["close"] = rows["close"] * (1.0 + 0.01 * random.random(len(rows)))
    rows["high"], rows["low"] = rows["close"] * 1.01, rows["open"] * 0.99
    return rows


def equal(one: Tape, other: Tape) -> None:
    assert one.digest() == other.digest()
    assert one.symbols == other.symbols


def test_csv_and_parquet_round_trips_keep_every_bit(tmp_path: Path) -> None:
    rows = frame()
    rows.to_csv(tmp_path / "bars.csv", index=False)
    rows.to_csv(tmp_path / "bars.csv.gz", index=False)
    rows.to_parquet(tmp_path / "bars.parquet")
    rows.set_index("timestamp").to_parquet(tmp_path / "indexed.parquet")
    wanted = tape_from_frame(rows)
    equal(read_csv(tmp_path / "bars.csv"), wanted)
    equal(read_csv(str(tmp_path / "bars.csv.gz")), wanted)
    equal(read_parquet(tmp_path / "bars.parquet"), wanted)
    equal(read_parquet(tmp_path / "indexed.parquet"), wanted)


@pytest.mark.parametrize("named", [True, False])
def test_wide_files_have_columns_of_field_and_symbol(tmp_path: Path, named: bool) -> None:
    wide = frame().pivot(index="timestamp", columns="symbol", values=FIELDS)
    wide.index.name = "timestamp" if named else None
    wide.columns.names = ["field", "symbol"]
    wide.to_csv(tmp_path / "bars.csv")
    wide.to_parquet(tmp_path / "bars.parquet")
    equal(read_csv(tmp_path / "bars.csv"), tape_from_frame(frame()))
    equal(read_parquet(tmp_path / "bars.parquet"), tape_from_frame(frame()))


def test_a_wide_file_of_one_symbol_is_known_by_its_second_line() -> None:
    header = ["timestamp", *FIELDS]
    assert is_wide(header, ["", *["AAA"] * 5])
    assert not is_wide(header, ["2024-01-01T00:00:00Z", "1", "2", "3", "4", "5"])
    assert not is_wide(["timestamp", "symbol", *FIELDS], ["2024-01-01T00:00:00Z", "AAA", "1", "2", "3", "4", ""])


def test_a_bad_number_in_a_wide_file_is_named_with_its_line_field_and_symbol(tmp_path: Path) -> None:
    wide = frame().pivot(index="timestamp", columns="symbol", values=FIELDS).astype(object)
    wide.iloc[3, wide.columns.get_loc(("close", "AAA"))] = "n/k"
    wide.to_csv(tmp_path / "bars.csv")
    lines = (tmp_path / "bars.csv").read_text().splitlines()
    number = next(index for index, text in enumerate(lines, 1) if "n/k" in text)
    with pytest.raises(
        DataError, match=re.escape(f"close[AAA] (bars.csv, line {number}): got 'n/k', must be a number")
    ):
        read_csv(tmp_path / "bars.csv")


def test_a_wide_file_needs_every_field_of_every_symbol(tmp_path: Path) -> None:
    wide = frame().pivot(index="timestamp", columns="symbol", values=FIELDS).drop(columns=("close", "BBB"))
    with pytest.raises(DataError, match=re.escape("columns of the frame: got ('close', 'BBB'), must be present.")):
        tape_from_frame(wide)


def test_folders_and_patterns_hold_one_file_per_symbol_or_parts_of_one(tmp_path: Path) -> None:
    rows = frame()
    for symbol, own in rows.groupby("symbol"):
        own.drop(columns="symbol").to_csv(tmp_path / f"{symbol}.csv", index=False)
    equal(read_csv(tmp_path), tape_from_frame(rows))
    equal(read_csv(tmp_path / "*.csv"), tape_from_frame(rows))
    equal(read_csv(tmp_path, symbols=["BBB"]), tape_from_frame(rows, symbols=["BBB"]))
    (tmp_path / "parts").mkdir()
    rows[:30].to_parquet(tmp_path / "parts" / "a.parquet")
    rows[30:].to_parquet(tmp_path / "parts" / "b.parquet")
    equal(read_parquet(tmp_path / "parts"), tape_from_frame(rows))


def test_a_fault_in_one_of_several_files_names_the_file(tmp_path: Path) -> None:
    rows = frame()
    rows[:30].to_csv(tmp_path / "a.csv", index=False)
    bad = rows[30:].copy()
    bad.loc[32, "close"] = -1.0
    bad.to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(DataError, match=re.escape("close[AAA] at 2024-02-02 (b.csv, line 4): got -1.0")):
        read_csv(tmp_path)
    rows[:30].to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(
        DataError, match=re.escape("(b.csv, line 2): got '2024-01-01', must be later than the symbol's row")
    ):
        read_csv(tmp_path)


def test_a_field_that_one_file_lacks_is_missing_there(tmp_path: Path) -> None:
    days(4).assign(dividends=[0.0, 0.5, 0.0, 0.0]).to_parquet(tmp_path / "a.parquet")
    days(4, "BBB").to_parquet(tmp_path / "b.parquet")
    dividends = read_parquet(tmp_path).dividends
    assert dividends is not None
    assert dividends.tolist() == [[0.0, 0.0], [0.5, 0.0], [0.0, 0.0], [0.0, 0.0]]


def test_a_file_without_symbols_takes_the_one_asked_for_or_its_own_name(tmp_path: Path) -> None:
    days(4).drop(columns="symbol").to_csv(tmp_path / "BTC.csv", index=False)
    assert read_csv(tmp_path / "BTC.csv").symbols == ("BTC",)
    assert read_csv(tmp_path / "BTC.csv", symbols=["BTC/USDT"]).symbols == ("BTC/USDT",)


def test_tickers_that_look_like_numbers_or_truth_values_stay_text(tmp_path: Path) -> None:
    text = HEADER
    for symbol in ("0700", "TRUE", "NA", "nan"):
        text += line("2024-01-01T00:00:00Z", symbol) + line("2024-01-02T00:00:00Z", symbol)
    assert csv_tape(tmp_path, text).symbols == ("0700", "TRUE", "NA", "nan")


def test_whole_numbers_and_empty_cells_are_numbers(tmp_path: Path) -> None:
    text = HEADER + line("2024-01-01T00:00:00Z", volume="") + line("2024-01-02T00:00:00Z", volume=3)
    np.testing.assert_array_equal(csv_tape(tmp_path, text).volume, [[np.nan], [3.0]])
    text = HEADER + line("2024-01-01T00:00:00Z", volume="") + line("2024-01-02T00:00:00Z", volume="")
    assert np.isnan(csv_tape(tmp_path, text).volume).all()


@pytest.mark.parametrize("keys", [["timestamp"], ["symbol"], ["timestamp", "symbol"], ["symbol", "timestamp"]])
def test_times_and_symbols_may_stand_in_the_index(keys: list[str]) -> None:
    frame = pd.concat([days(4), days(4, "BBB")])
    wanted = tape_from_frame(frame).digest()
    assert tape_from_frame(frame.set_index(keys)).digest() == wanted
    assert tape_from_frame(frame.set_index(keys, drop=False)).digest() == wanted


def test_epochs_with_a_point_are_times() -> None:
    frame = days(4)
    seconds = frame["timestamp"].astype("datetime64[s, UTC]").astype("int64")
    assert tape_from_frame(frame.assign(timestamp=seconds.astype(float))).digest() == tape_from_frame(frame).digest()
