"""DuckDB reads what the other sources read, of folders too large for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError, RetryError
from polyfolio.market.duck import batches, read_duckdb
from polyfolio.market.duck_store import store_duckdb
from polyfolio.market.files import read_parquet
from polyfolio.market.store import open_stored
from tests.market.store.test_cache import small_disk
from tests.market.tools import days

OPTIONS: dict[str, Any] = {"interval": "1d"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three symbols in two files of a folder, with a gap, a late listing and a split."""
    frame = pd.concat([days(40, "AAA"), days(40, "BBB", first=50.0), days(20, "CCC", start="2024-01-21")])
    frame = frame.drop(frame.index[[5]]).sort_values(["symbol", "timestamp"], kind="stable")
    frame["splits"] = 1.0
    place = tmp_path / "bars"
    place.mkdir()
    early = frame["timestamp"] < "2024-01-25"
    frame[early].to_parquet(place / "a.parquet", index=False)
    frame[~early].to_parquet(place / "b.parquet", index=False)
    return place


CHOICES: list[dict[str, Any]] = [
    {},
    {"symbols": ["CCC", "AAA"]},
    {"start": "2024-01-10", "end": "2024-02-01"},
    {"start": "2024-01-22T12:00:00Z", "symbols": ["CCC"]},
    {"stamps": "open"},
    {"splits": False, "bars_per_year": 365.0},
]


class TestReading:
    @pytest.mark.pitfall("VER-02")
    @pytest.mark.parametrize("more", CHOICES, ids=str)
    def test_the_tape_is_that_of_the_other_reader(self, folder: Path, more: dict[str, Any]) -> None:
        assert read_duckdb(folder, **OPTIONS, **more).digest() == read_parquet(folder, **OPTIONS, **more).digest()

    @pytest.mark.parametrize("more", CHOICES, ids=str)
    @pytest.mark.parametrize("rows_at_once", [1, 70, 10_000])
    def test_so_is_the_stored_one(self, folder: Path, tmp_path: Path, more: dict[str, Any], rows_at_once: int) -> None:
        digest = store_duckdb(folder, tmp_path / "x", rows_at_once=rows_at_once, **OPTIONS, **more)
        assert digest == read_parquet(folder, **OPTIONS, **more).digest()
        assert Tape.digest(open_stored(tmp_path / "x", verify=True)) == digest
        assert sorted(place.name for place in tmp_path.iterdir()) == ["bars", "x"]

    def test_sub_folders_count_and_hidden_ones_do_not(self, tmp_path: Path) -> None:
        for symbol in ("AAA", "BBB"):
            (tmp_path / "deep" / symbol).mkdir(parents=True)
            days(5, symbol).to_parquet(tmp_path / "deep" / symbol / "x.parquet", index=False)
        (tmp_path / "deep" / ".hidden").mkdir()
        (tmp_path / "deep" / ".hidden" / "x.parquet").write_bytes(b"no Parquet")
        assert read_duckdb(tmp_path / "deep", **OPTIONS).symbols == ("AAA", "BBB")

    def test_a_file_without_the_column_is_named_by_its_symbol(self, tmp_path: Path) -> None:
        for symbol in ("AAA", "BBB"):
            days(5, symbol).drop(columns="symbol").to_parquet(tmp_path / f"{symbol}.2024.parquet", index=False)
        made = read_duckdb(tmp_path, **OPTIONS)
        assert made.digest() == read_parquet(tmp_path, **OPTIONS).digest()

    @pytest.mark.parametrize("kind", ["ms", "us", "ns", "naive", "text", "date"])
    def test_times_of_every_kind_are_read(self, tmp_path: Path, kind: str) -> None:
        frame = days(30)
        stamps = {
            "naive": frame["timestamp"].dt.tz_localize(None),
            "text": frame["timestamp"].map(lambda stamp: stamp.isoformat()),
            "date": frame["timestamp"].dt.date,
        }
        frame["timestamp"] = stamps[kind] if kind in stamps else frame["timestamp"].dt.as_unit(kind)
        frame.to_parquet(tmp_path / "x.parquet", index=False)
        more = {"timezone": "UTC", "start": "2024-01-05", "end": "2024-01-20", **OPTIONS}
        made = read_duckdb(tmp_path / "x.parquet", **more)
        assert made.digest() == read_parquet(tmp_path / "x.parquet", **more).digest()
        assert made.rows == 16

    def test_other_spellings_of_columns_are_known_and_others_left_aside(self, tmp_path: Path) -> None:
        frame = days(5).rename(columns={"timestamp": "Date", "symbol": "Ticker", "close": 'Cl"ose'})
        frame = frame.rename(columns={'Cl"ose': "Close"})
        frame['odd"name'] = "x"
        frame.to_parquet(tmp_path / "x.parquet", index=False)
        assert read_duckdb(tmp_path / "x.parquet", **OPTIONS).rows == 5

    def test_a_symbol_that_looks_like_code_is_a_symbol(self, tmp_path: Path) -> None:
        word = "A'; DROP TABLE x; --"
        pd.concat([days(5, word), days(5, "BBB")]).to_parquet(tmp_path / "x.parquet", index=False)
        assert read_duckdb(tmp_path / "x.parquet", symbols=[word], **OPTIONS).symbols == (word,)

    def test_instruments_and_rates_hold_across_batches(self, folder: Path, tmp_path: Path) -> None:
        table = tmp_path / "i.csv"
        table.write_text("symbol,currency,lot,sector\nAAA,EUR,1,x\nBBB,USD,0,y\nCCC,USD,2,z\n")
        more = {"instruments": table, "fx": {"EUR": "CCC"}, "base_currency": "USD", **OPTIONS}
        digest = store_duckdb(folder, tmp_path / "x", rows_at_once=1, **more)
        assert digest == read_parquet(folder, **more).digest()

    def test_a_field_that_only_some_files_have_is_unknown_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        days(5, "AAA").assign(funding=0.1).to_parquet(tmp_path / "b" / "a.parquet", index=False)
        days(5, "BBB").to_parquet(tmp_path / "b" / "b.parquet", index=False)
        digest = store_duckdb(tmp_path / "b", tmp_path / "x", rows_at_once=1, **OPTIONS)
        assert digest == read_parquet(tmp_path / "b", **OPTIONS).digest()


class TestRefusals:
    def test_a_wrong_price_is_named_with_its_file_and_row(self, folder: Path) -> None:
        frame = pd.read_parquet(folder / "b.parquet")
        frame.loc[7, "low"] = -3.0
        frame.to_parquet(folder / "b.parquet", index=False)
        with pytest.raises(DataError, match=r"low\[AAA\] at 2024-02-01 \(.*b\.parquet, row 7\): got -3.0"):
            read_duckdb(folder, **OPTIONS)

    def test_a_time_that_stands_twice_is_named(self, folder: Path) -> None:
        frame = pd.read_parquet(folder / "a.parquet")
        pd.concat([frame, frame.iloc[[3]]]).to_parquet(folder / "a.parquet", index=False)
        with pytest.raises(DataError, match=r"timestamp\[AAA\] at 2024-01-04 .*a\.parquet.*duplicated"):
            read_duckdb(folder, **OPTIONS)

    def test_an_unknown_symbol_is_named_with_the_nearest(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"AAA, BBB, CCC.*Did you mean `CCC`"):
            read_duckdb(folder, symbols=["CCD"], **OPTIONS)
        with pytest.raises(DataError, match=r"symbols: got 'CCD'.*Did you mean `CCC`"):
            store_duckdb(folder, tmp_path / "x", symbols=["AAA", "CCD"], **OPTIONS)

    def test_rows_without_a_symbol_are_not_lost_but_refused(self, folder: Path, tmp_path: Path) -> None:
        days(40).drop(columns="symbol").to_parquet(folder / "c.parquet", index=False)
        with pytest.raises(DataError, match=r"symbol \(.*c\.parquet, row 0\): got None"):
            store_duckdb(folder, tmp_path / "x", **OPTIONS)
        assert not (tmp_path / "x").exists()
        with pytest.raises(DataError, match=r"symbol \(.*c\.parquet, row 0\): got None"):
            read_duckdb(folder, **OPTIONS)

    def test_a_memory_that_is_no_size_is_refused(self, folder: Path) -> None:
        with pytest.raises(DataError, match="memory: got '1 potato', must be a number and KB"):
            read_duckdb(folder, memory="1 potato", **OPTIONS)

    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        days(5).drop(columns="close").to_parquet(tmp_path / "x.parquet", index=False)
        with pytest.raises(DataError, match="'close', must be present"):
            read_duckdb(tmp_path / "x.parquet", **OPTIONS)

    @pytest.mark.parametrize("limit", [200, 1_000])
    def test_a_full_disk_is_an_error_and_leaves_no_half(self, folder: Path, tmp_path: Path, limit: int) -> None:
        with small_disk(limit), pytest.raises(RetryError, match="Free some space"):
            store_duckdb(folder, tmp_path / "x", **OPTIONS)
        assert sorted(place.name for place in tmp_path.iterdir()) == ["bars"]

    @pytest.mark.parametrize("content", [b"", b"PAR1 no Parquet PAR1"])
    def test_a_file_that_is_no_parquet_is_refused(self, folder: Path, content: bytes) -> None:
        (folder / "c.parquet").write_bytes(content)
        with pytest.raises(DataError, match="Parquet files of one kind"):
            read_duckdb(folder, **OPTIONS)

    def test_a_path_that_leads_nowhere_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="a file that exists"):
            read_duckdb(tmp_path / "none.parquet")
        with pytest.raises(DataError, match="a folder with files ending in"):
            read_duckdb(tmp_path)

    def test_intervals_that_differ_between_symbols_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        days(9, "AAA").to_parquet(tmp_path / "b" / "a.parquet", index=False)
        days(9, "BBB").iloc[::2].to_parquet(tmp_path / "b" / "b.parquet", index=False)
        with pytest.raises(DataError, match=r"interval: got \{'AAA': '1d', 'BBB': '2d'\}"):
            store_duckdb(tmp_path / "b", tmp_path / "x", rows_at_once=1)
        assert not (tmp_path / "x").exists()

    def test_too_little_memory_is_an_error_that_says_so(self, folder: Path) -> None:
        with pytest.raises(RetryError, match="Give memory= more"):
            read_duckdb(folder, memory="100KB", **OPTIONS)

    def test_without_duckdb_the_extra_is_named(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(Exception, match=r"pip install 'polyfolio\[data\]'"):
            read_duckdb(folder)


def test_batches_hold_every_symbol_once_in_order() -> None:
    counts = {"a": 5, "b": 5, "c": 11, "d": 1, "e": 1}
    assert batches(counts, 10) == [("a", "b"), ("c",), ("d", "e")]
    assert batches(counts, 1) == [("a",), ("b",), ("c",), ("d",), ("e",)]
    assert batches(counts, 99) == [("a", "b", "c", "d", "e")]


MADE = """
import resource, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from polyfolio.market.duck_store import store_duckdb
for number in range(40):
    made = np.random.default_rng(number)
    close = 10.0 + made.random(100_000)
    times = 1_704_067_200_000_000 + 60_000_000 * np.arange(1, 100_001)
    columns = {"timestamp": pa.array(times, pa.timestamp("us", "UTC")), "symbol": pa.array([f"S{number:02}"] * 100_000),
               "open": close, "high": close + 1, "low": close - 1, "close": close, "volume": made.random(100_000)}
    pq.write_table(pa.table(columns), f"{sys.argv[1]}/S{number:02}.parquet")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store_duckdb(sys.argv[1], sys.argv[2], memory="200MB", rows_at_once=200_000, interval="1min")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    """Four million rows are 224 MB as columns; batches of 200,000 and one field of 32 MB at a time stand in memory."""
    (tmp_path / "b").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", MADE, str(tmp_path / "b"), str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout) / 1024
    assert grown < 400, f"{grown:.0f} MB"
    assert open_stored(tmp_path / "x").rows == 100_000


@pytest.mark.shared
def test_the_shared_files_give_the_same_tape(shared_data: Path, tmp_path: Path) -> None:
    options = {"calendar": "XNYS", "stamps": "open", "interval": "5min"}
    file = shared_data / "us_5min_2025.parquet"
    expected = read_parquet(file, **options).digest()
    assert read_duckdb(file, **options).digest() == expected
    assert store_duckdb(file, tmp_path / "x", rows_at_once=100_000, **options) == expected
