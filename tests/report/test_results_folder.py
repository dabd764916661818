"""The files of a run for people: a folder per portfolio, a summary over all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape, Universe, instrument_table
from polyfolio.errors import DataError
from polyfolio.report.page.parts import Section, Words
from polyfolio.report.results_folder import SUMMARY, folder_names, write_pages
from tests.report.run_page import runs

FILES = {"report.html", "performance.json", "trades.csv", "positions.parquet", "weights.parquet", "equity.parquet"}


def test_each_portfolio_has_its_folder_and_all_have_a_summary(tmp_path: Path) -> None:
    own = Section("own", "Own words", (Words("own-words", ("Said of one lane.",)),))
    files = write_pages(runs.result(), tmp_path / "run", extra={"both sides": [own], SUMMARY: [own]})
    assert files[0] == tmp_path / "run" / SUMMARY
    assert {path.name for path in (tmp_path / "run" / "careful_i").iterdir()} == FILES
    assert {path.name for path in (tmp_path / "run" / "both_sides").iterdir()} == FILES
    assert set(files) == {path for path in (tmp_path / "run").rglob("*") if path.is_file()}
    said = {path: "Said of one lane." in path.read_text() for path in files if path.suffix == ".html"}
    assert [said[tmp_path / "run" / name] for name in (SUMMARY, "both_sides/report.html", "careful_i/report.html")] == [
        True,
        True,
        False,
    ]


@pytest.mark.pitfall("MET-15")
def test_the_numbers_beside_a_page_are_those_of_the_run(tmp_path: Path) -> None:
    result = runs.result()
    write_pages(result, tmp_path)
    folder = tmp_path / "both_sides"
    record = json.loads((folder / "performance.json").read_text())
    assert record["metrics"] == result.record()["lanes"]["both sides"]["metrics"]
    assert record["conventions"]["fill"] == "next_open"
    with (folder / "trades.csv").open() as file:
        rows = list(csv.DictReader(file))
    table = result.trade_table()
    profits = sorted(table["profit"][table["lane"] == "both sides"].tolist())
    assert sorted(float(row["profit"]) for row in rows) == profits
    equity = parquet.read_table(folder / "equity.parquet")
    np.testing.assert_array_equal(equity["equity"].to_numpy(), result.equity("both sides"))
    held = parquet.read_table(folder / "positions.parquet")
    assert held["SPLIT"].to_pylist()[-1] == result.book.held[1, 1]
    assert str(held["time"][0]) == "2022-01-02 00:00:00+00:00"
    assert parquet.read_table(folder / "weights.parquet").column_names == held.column_names


def test_what_reporting_turns_off_is_not_written(tmp_path: Path) -> None:
    quiet = backtest(runs.spec(reporting={"separate_reports": False}), runs.tape(60))
    assert write_pages(quiet, tmp_path / "a") == [tmp_path / "a" / SUMMARY]
    apart = backtest(runs.spec(reporting={"combined_summary": False}), runs.tape(60))
    files = write_pages(apart, tmp_path / "b")
    assert files[0].name == "report.html"
    assert not (tmp_path / "b" / SUMMARY).exists()
    none = backtest(runs.spec(reporting={"combined_summary": False, "separate_reports": False}), runs.tape(60))
    assert write_pages(none, tmp_path / "c") == []


def test_a_single_portfolio_has_no_summary(tmp_path: Path) -> None:
    spec = runs.spec()
    spec["lanes"].pop()
    files = write_pages(backtest(spec, runs.tape(60)), tmp_path)
    assert files[0] == tmp_path / "careful_i" / "report.html"
    assert not (tmp_path / SUMMARY).exists()


def test_folders_are_named_by_system_apart_from_each_other_and_from_the_run_s_files() -> None:
    spec = runs.spec()
    names = ["a/b", "a:b", "trades.csv", "...", "Ä"]
    spec["lanes"] = [{**spec["lanes"][1], "name": name} for name in names]
    spec["lanes"].append({**spec["lanes"][1], "name": "lane", "system": "System A"})
    found = folder_names(backtest(spec, runs.tape(40)))
    assert list(found.values()) == ["a_b", "a_b_2", "trades.csv_2", "portfolio", "Ä", "System_A"]


def test_changing_one_portfolio_moves_no_number_beside_the_other_s_page(tmp_path: Path) -> None:
    changed = runs.spec()
    changed["lanes"][1]["account"]["initial_capital"] = 1234.0
    changed["lanes"][1]["execution"] = {"fill": "next_close"}
    for name, spec in (("a", runs.spec()), ("b", changed)):
        write_pages(backtest(spec, runs.tape(120)), tmp_path / name)
    for name in FILES - {"report.html"}:
        one, other = (tmp_path / place / "careful_i" / name for place in ("a", "b"))
        assert one.read_bytes() == other.read_bytes(), name


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="Choose another folder"):
        write_pages(runs.result(), tmp_path / "file")


def test_at_level_summary_there_are_no_trades_and_positions(tmp_path: Path) -> None:
    write_pages(runs.summary(), tmp_path)
    assert {path.name for path in (tmp_path / "careful_i").iterdir()} == {
        "report.html",
        "performance.json",
        "equity.parquet",
    }


@pytest.mark.slow
def test_ten_years_of_a_hundred_tickers_make_a_page_below_eight_megabytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    spec = runs.spec()
    spec["lanes"] = spec["lanes"][1:]
    spec["lanes"][0]["rebalance"] = {"every": 1}
    wide = runs.tape(2520)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0002, 0.015, (2520, 100)), axis=0))
    market = Tape(
        wide.times,
        close,
        close * 1.01,
        close * 0.99,
        close,
        np.full(close.shape, 1e6),
        np.ones(close.shape, np.uint8),
        wide.calendar,
        Universe(tuple(f"S{at:03d}" for at in range(100))),
        instrument_table(100),
    )
    files = write_pages(backtest(spec, market), tmp_path)
    assert files[0].stat().st_size < 8_000_000


def test_a_portfolio_that_was_stopped_is_told_of_beside_the_only_one_left(tmp_path: Path) -> None:
    one = backtest(runs.spec(lanes=runs.spec()["lanes"][:1]), runs.tape(120))
    stopped = {"gone": DataError("strategy", "nothing", "signals", "Correct it.")}
    found = write_pages(one, tmp_path, failed=stopped)
    assert found[0].name == SUMMARY
    text = found[0].read_text(encoding="utf-8")
    assert "gone: strategy: got" in text
    assert "1 portfolio on the same 120 bars" in text
