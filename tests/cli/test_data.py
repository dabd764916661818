"""`polyfolio data`: every verb on files made here, and what wrong input gets."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from polyfolio.cli import data
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market.dataset import Dataset
from polyfolio.market.files import read_csv, read_parquet
from polyfolio.market.store import open_stored, store_tape
from tests.market.store.tools import DAY, FIRST, Source, bars, tape
from tests.market.tools import days

RUNNER = CliRunner()
# Named on the command line as tests.cli.test_data:Made.
CALLS: list[tuple[str, int, int]] = []


class Made(Source):
    """Two symbols; records what it is asked."""

    def __init__(self, fail_at: int = 0) -> None:
        super().__init__(count=60)
        self.fail_at = fail_at
        self.before = self.step
        self.seen = 0

    def step(self) -> None:
        self.seen += 1
        if self.seen == self.fail_at:
            raise RetryError("source", "made", "reached within 60 s", "Wait and try again.")

    def fetch(self, symbols: Any, start: Any, end: Any, interval: str) -> Any:
        found = super().fetch(symbols, start, end, interval)
        CALLS.extend(self.calls[-len(symbols) :])
        return found


SOURCE = "tests.cli.test_data:Made"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # The name must lead to this very module, however the tests were imported.
    monkeypatch.setitem(sys.modules, "tests.cli.test_data", sys.modules[__name__])
    CALLS.clear()


def polyfolio(*line: str, code: int = 0) -> str:
    done = RUNNER.invoke(data.app, list(line), env={"COLUMNS": "160"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def table(symbols: tuple[str, ...] = ("AAA", "BBB"), count: int = 40) -> pd.DataFrame:
    return pd.concat([days(count, symbol, first=10.0 * (number + 1)) for number, symbol in enumerate(symbols)])


class TestDownload:
    def test_bars_come_as_versions(self) -> None:
        out = polyfolio("download", SOURCE, "AAA", "BBB", "--to", "us", "--start", "2024-01-01", "--end", "2024-02-10")
        assert "2 chunks fetched, 0 kept from before. us is at version 1" in out
        out = polyfolio("download", SOURCE, "AAA", "BBB", "--to", "us", "--end", "2024-02-20")
        assert "us is at version 2" in out
        assert "AAA: 10 bars added, the first at 2024-02-12" in out  # the bar before closed as the 10th ended
        assert Dataset("us").bars()["BBB"].size == 51

    def test_the_same_line_goes_on_where_it_stopped(self) -> None:
        line = ("download", SOURCE, "AAA", "BBB", "--to", "us", "--start", "2024-01-01", "--end", "2024-02-10")
        with pytest.raises(RetryError, match="1 of 2 chunks are kept: the same call goes on from there"):
            polyfolio(*line, "--set", "fail_at=2")
        assert "1 chunks fetched, 1 kept from before" in polyfolio(*line)
        assert [call[0] for call in CALLS] == ["AAA", "BBB"]

    def test_what_is_left_out_is_told_with_an_exit_code(self) -> None:
        out = polyfolio("download", SOURCE, "AAA", "ZZZ", "--to", "us", "--start", "2024-01-01", code=3)
        assert "Left out (1)" in out
        assert "ZZZ: symbol: got 'ZZZ', must be one the venue knows" in out
        assert Dataset("us").version().symbols == ("AAA",)

    def test_a_dataset_stands_behind_a_source_that_fails(self) -> None:
        Dataset("old").add({"AAA": bars("AAA", 30)})
        polyfolio(
            "download", SOURCE, "AAA", "--to", "new", "--start", "2024-01-01", "--end", "2024-01-31",
            "--set", "fail_at=1", "--then", "dataset:old",
        )  # fmt: skip
        version = Dataset("new").version()
        assert version.bars == 30
        assert any("made failed" in finding for finding in version.findings)

    @pytest.mark.parametrize(
        ("source", "error", "message"),
        [
            ("yahu", ConfigError, "must be yahoo, ccxt:EXCHANGE"),
            ("ccxt", ConfigError, "ccxt:EXCHANGE, such as ccxt:binance"),
            ("vendor", ConfigError, "vendor:FILE"),
            ("nowhere.at:All", ConfigError, "importable"),
            ("dataset:none", DataError, "a dataset, a folder with dataset.json"),
        ],
    )
    def test_a_source_nobody_knows_is_refused(self, source: str, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            polyfolio("download", source, "AAA", "--to", "us", "--start", "2024-01-01")
        assert not Path("us").exists()

    def test_settings_must_be_those_of_the_source(self) -> None:
        with pytest.raises(ConfigError, match=r"arguments of tests.cli"):
            polyfolio("download", SOURCE, "AAA", "--to", "us", "--start", "2024-01-01", "--set", "wrong=1")
        with pytest.raises(ConfigError, match="KEY=VALUE"):
            polyfolio("download", SOURCE, "AAA", "--to", "us", "--start", "2024-01-01", "--set", "wrong")


class TestList:
    def test_datasets_and_stored_tapes_are_listed(self) -> None:
        Dataset("data/us").add({"AAA": bars("AAA"), "BBB": bars("BBB")})
        Dataset("data/us").tape()
        store_tape(tape(8, 3), "data/tapes/x")
        out = polyfolio("list")
        lines = [line.split() for line in out.splitlines()[1:]]
        assert [line[:4] for line in lines] == [["tape", "data/tapes/x", "3", "8"], ["dataset", "data/us", "2", "40"]]
        assert open_stored("data/tapes/x").digest()[:12] in out

    def test_a_download_that_never_ended_is_listed_as_one(self) -> None:
        with pytest.raises(RetryError):
            polyfolio("download", SOURCE, "AAA", "--to", "data/us", "--start", "2024-01-01", "--set", "fail_at=1")
        Path("data").mkdir(exist_ok=True)
        assert "holds no dataset" in polyfolio("list")

    def test_an_empty_folder_says_so_and_none_is_refused(self) -> None:
        Path("data").mkdir()
        assert "holds no dataset and no stored tape" in polyfolio("list", "data")
        with pytest.raises(DataError, match="a folder that exists"):
            polyfolio("list", "nowhere")


class TestShow:
    def test_a_dataset_is_shown_with_its_versions(self) -> None:
        Dataset("us").add({"AAA": bars("AAA", findings=("gap: 3 bars",))})
        Dataset("us").add({"BBB": bars("BBB")})
        out = polyfolio("show", "us", "--verify")
        for word in ("2 of 2", "AAA: gap: 3 bars", "BBB: new, 20 bars", "Everything is as it was written"):
            assert word in out
        assert "1 of 2" in polyfolio("show", "us@1")

    def test_a_digest_leads_to_the_version(self) -> None:
        version = Dataset("us").add({"AAA": bars("AAA")})
        digest = Dataset("us").tape(start="2024-01-05").digest()
        out = polyfolio("show", "us", "--digest", digest)
        assert version.id in out
        assert f"us@{version.id[:12]}" in out

    def test_damage_is_found(self) -> None:
        Dataset("us").add({"AAA": bars("AAA")})
        next(Path("us/bars").rglob("*.parquet")).write_bytes(b"rubbish")
        with pytest.raises(DataError, match="what was written there"):
            polyfolio("show", "us", "--verify")
        store_tape(tape(), "x")
        content = bytearray(Path("x/close.npy").read_bytes())
        content[-1] ^= 1
        Path("x/close.npy").write_bytes(bytes(content))
        polyfolio("show", "x")
        with pytest.raises(DataError, match=r"close\.npy"):
            polyfolio("show", "x", "--verify")

    def test_a_file_is_shown_as_the_tape_it_makes(self) -> None:
        table().to_parquet("x.parquet")
        out = polyfolio("show", "x.parquet")
        assert read_parquet("x.parquet").digest() in out
        assert "2: AAA, BBB" in out

    def test_a_folder_of_tapes_is_none_and_the_way_to_list_it_is_named(self) -> None:
        store_tape(tape(), "tapes/x")
        with pytest.raises(DataError, match="`polyfolio data list tapes`"):
            polyfolio("show", "tapes")

    def test_many_findings_are_cut_short_and_shown_on_request(self) -> None:
        Dataset("us").add({f"S{number:02}": bars(f"S{number:02}", findings=("odd",)) for number in range(20)})
        assert "and 8 more (--all shows them)" in polyfolio("show", "us")
        assert "S19: odd" in polyfolio("show", "us", "--all")


class TestConvert:
    def test_a_table_becomes_a_stored_tape_and_a_table_again(self) -> None:
        table().to_csv("x.csv", index=False)
        out = polyfolio("convert", "x.csv", "tapes/x", "--symbol", "BBB", "--start", "2024-01-10")
        expected = read_csv("x.csv", symbols=["BBB"], start="2024-01-10")
        assert expected.digest() in out
        assert Tape.digest(open_stored("tapes/x")) == expected.digest()
        polyfolio("convert", "tapes/x", "back.parquet")
        polyfolio("convert", "back.parquet", "back.csv.gz")
        assert read_csv("back.csv.gz").digest() == expected.digest()

    def test_a_folder_of_folders_is_stored_by_duckdb(self) -> None:
        for symbol in ("AAA", "BBB"):
            Path("deep", symbol).mkdir(parents=True)
            days(30, symbol).to_parquet(f"deep/{symbol}/x.parquet")
        polyfolio("convert", "deep", "tapes/x", "--interval", "1d")
        made = open_stored("tapes/x")
        assert made.symbols == ("AAA", "BBB")
        assert made.digest() == read_parquet("deep/*/x.parquet", interval="1d").digest()
        polyfolio("convert", "deep", "x.csv")
        assert read_csv("x.csv").digest() == made.digest()

    def test_a_users_file_becomes_a_version(self) -> None:
        table().to_csv("x.csv", index=False)
        polyfolio("convert", "x.csv", "mine", "--as", "dataset", "--interval", "1d")
        table(count=41).to_csv("x.csv", index=False)
        polyfolio("convert", "x.csv", "mine", "--interval", "1d")
        assert [version.bars for version in Dataset("mine").versions()] == [80, 82]
        polyfolio("convert", "mine@1", "old.csv")
        assert len(pd.read_csv("old.csv")) == 80
        with pytest.raises(ConfigError, match="given for a dataset"):
            polyfolio("convert", "x.csv", "mine")

    def test_a_name_with_an_ending_nobody_writes_is_no_folder_by_mistake(self) -> None:
        table().to_csv("x.csv", index=False)
        with pytest.raises(ConfigError, match=r"x.feather.*\.pq, or a folder without an ending.*--as tape"):
            polyfolio("convert", "x.csv", "x.feather")
        assert not Path("x.feather").exists()
        polyfolio("convert", "x.csv", "bars.v2", "--as", "tape")
        polyfolio("convert", "bars.v2", "x.pq")
        assert read_parquet("x.pq", interval="1d").digest() == open_stored("bars.v2").digest()

    def test_the_bars_of_a_stored_tape_are_made(self) -> None:
        table().to_csv("x.csv", index=False)
        polyfolio("convert", "x.csv", "x")
        with pytest.raises(ConfigError, match=r"left out for a stored tape.*resample"):
            polyfolio("convert", "x", "weekly", "--interval", "1w")
        assert not Path("weekly").exists()

    def test_the_bundled_tape_is_a_source_too(self) -> None:
        polyfolio("convert", "demo", "x.parquet", "--symbol", "BTC/USDT", "--end", "2024-01-02")
        assert set(pd.read_parquet("x.parquet")["symbol"]) == {"BTC/USDT"}

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            (("nowhere.csv", "x"), "a file, a folder or a pattern that exists"),
            (("x.csv", "x", "--symbol", "CCC"), "symbols: got 'CCC'"),
            (("x.csv", "x", "--set", "wrong=1"), "option: got 'wrong'"),
            (("x.csv", "x", "--interval", "1h"), "the smallest step of the rows"),
            (("x.csv", "x", "--format", "csb"), "one of csv, parquet"),
        ],
    )
    def test_wrong_input_is_refused_and_nothing_is_written(self, line: tuple[str, ...], message: str) -> None:
        table().to_csv("x.csv", index=False)
        with pytest.raises((DataError, ConfigError), match=message):
            polyfolio("convert", *line)
        assert not Path("x").exists()


class TestSplit:
    @pytest.fixture(autouse=True)
    def _tape(self) -> None:
        store_tape(tape(40, 2), "x")

    def parts(self) -> dict[str, Tape]:
        return {
            row["name"]: open_stored(f"parts/{row['name']}")
            for row in json.loads(Path("parts/splits.json").read_text())["parts"]
        }

    def test_by_dates(self) -> None:
        out = polyfolio("split", "x", "--to", "parts", "--date", "2024-01-22", "--date", "2024-02-01")
        rows = {name: ((part.times - FIRST) // DAY).tolist() for name, part in self.parts().items()}
        # A bar that closes at midnight belongs to the day before.
        assert rows == {"train": list(range(21)), "validation": list(range(21, 31)), "test": list(range(31, 40))}
        assert "validation" in out

    def test_by_fractions_with_rows_left_out_for_labels(self) -> None:
        polyfolio("split", "x", "--to", "parts", "--fraction", "0.5", "--fraction", "0.5", "--horizon", "3")
        rows = {name: ((part.times - FIRST) // DAY).tolist() for name, part in self.parts().items()}
        assert rows == {"train": list(range(17)), "test": list(range(20, 40))}

    def test_walk_forward(self) -> None:
        polyfolio("split", "x", "--to", "parts", "--folds", "3", "--test", "8", "--train", "10", "--horizon", "2")
        spans = {name: ((part.times[[0, -1]] - FIRST) // DAY).tolist() for name, part in self.parts().items()}
        assert spans == {
            "train-1": [5, 14], "test-1": [16, 23],
            "train-2": [13, 22], "test-2": [24, 31],
            "train-3": [21, 30], "test-3": [32, 39],
        }  # fmt: skip

    def test_a_gap_holds_without_a_horizon_too(self) -> None:
        polyfolio("split", "x", "--to", "parts", "--folds", "1", "--test", "8", "--gap", "60h")
        spans = {name: ((part.times[[0, -1]] - FIRST) // DAY).tolist() for name, part in self.parts().items()}
        assert spans == {"train-1": [0, 29], "test-1": [32, 39]}

    def test_a_part_has_the_values_of_its_rows(self) -> None:
        polyfolio("split", "x", "--to", "parts", "--date", "2024-01-22")
        assert np.array_equal(self.parts()["test"].close, tape(40, 2).close[21:], equal_nan=True)
        assert json.loads(Path("parts/splits.json").read_text())["digest"] == tape(40, 2).digest()

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ((), "one of --date, --fraction and --folds"),
            (("--date", "2024-01-22", "--folds", "2"), "one of --date"),
            (("--folds", "2"), "given with --folds"),
            (("--date", "2030-01-01"), "Name a day inside the tape"),
            (("--fraction", "0.5", "--fraction", "0.4"), "with the sum 1"),
            (("--folds", "30", "--test", "2"), "Take fewer folds"),
        ],
    )
    def test_a_wrong_split_is_refused(self, line: tuple[str, ...], message: str) -> None:
        with pytest.raises((DataError, ConfigError), match=message):
            polyfolio("split", "x", "--to", "parts", *line)
        assert not Path("parts").exists()

    def test_splits_are_not_mixed(self) -> None:
        polyfolio("split", "x", "--to", "parts", "--date", "2024-01-22")
        with pytest.raises(DataError, match="new or empty"):
            polyfolio("split", "x", "--to", "parts", "--date", "2024-01-23")


class TestCheck:
    def test_a_clean_file_passes(self) -> None:
        table().to_csv("x.csv", index=False)
        assert "findings: 0 errors" in polyfolio("check", "x.csv", "--calendar", "24/7", "--interval", "1d")

    def test_a_bad_file_gives_a_report_a_copy_and_an_exit_code(self) -> None:
        frame = table()
        frame = pd.concat([frame, frame.iloc[[3]]])
        frame.to_csv("x.csv", index=False)
        out = polyfolio("check", "x.csv", "--calendar", "24/7", "--report", "checks", "--fix", "clean.csv", code=3)
        assert "ERROR" in out
        assert {place.name for place in Path("checks").iterdir()} == {
            "report.txt", "report.html", "clean.csv", "clean.changes.csv",
        }  # fmt: skip
        assert len(pd.read_csv("checks/clean.csv")) == 80
        polyfolio("check", "checks/clean.csv", "--calendar", "24/7")

    def test_datasets_tapes_and_sources_are_checked_too(self) -> None:
        Dataset("us").add({"AAA": bars("AAA", 60)})
        polyfolio("check", "us", "--calendar", "24/7")
        store_tape(Dataset("us").tape(), "x")
        assert "calendar  24/7" in polyfolio("check", "x")
        polyfolio("check", SOURCE, "AAA", "--start", "2024-01-02", "--interval", "1d", "--calendar", "24/7")
        assert [call[0] for call in CALLS] == ["AAA"]

    def test_a_question_that_lacks_something_is_refused(self) -> None:
        table().to_csv("x.csv", index=False)
        with pytest.raises(ConfigError, match="given with --report"):
            polyfolio("check", "x.csv", "--fix", "clean.csv")
        with pytest.raises(ConfigError, match="given for a source"):
            polyfolio("check", SOURCE, "AAA")
