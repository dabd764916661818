"""The demo as a stranger runs it: what it prints, what it writes, and that every amount in it adds up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyfolio.core.codes import Event
from polyfolio.report.saved import open_run
from polyfolio.store.runs import Runs
from tests.house.sources import run_python

LANES = ("momentum", "mean_reversion")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    """One demo in a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    done = run_python("-m", "polyfolio", "demo", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_it_prints_table_plot_accounting_conventions_benchmark_and_two_answers_and_ends_with_the_page(demo) -> None:
    _, text = demo
    for lane in LANES:
        assert text.count(lane) >= 3
    for word in (
        "Sharpe",
        "max. drawdown",
        "turnover a year",
        "costs USD",
        "costs bp",
        "Equity, USD",
        "Every cent accounted for",
        "By instrument, the largest first",
        "N = 8,766 bars (bars a year of the calendar 24/7)",
        "risk-free rate 0.0 %",
        "Fills: next_open",
        "Beside portfolios that anybody could have held",
        "minimum variance",
        "is not distinguishable from",
        "Why?",
        "results/demo/",
        "polyfolio why results/demo --lane momentum --slot",
    ):
        assert word in text, word
    answers = text.split("Why?")[1].split("results/demo/")[0]
    assert answers.count("in lane momentum:") == 2
    assert "ordered +" in answers
    assert "\x1b[" not in text
    assert text.splitlines()[-1] == "Page: results/demo/combined_summary.html"


def test_it_writes_everything_and_the_suggested_question_is_answered(demo) -> None:
    folder, text = demo
    assert {path.name for path in (folder / "results").iterdir()} == {"demo", "runs.sqlite"}
    line = next(line for line in text.splitlines() if line.startswith("polyfolio why"))
    done = run_python("-m", *line.split(), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "signal 1 asked for" in done.stdout


def test_every_cent_is_accounted_for(demo) -> None:
    folder, _ = demo
    saved = open_run(folder / "results" / "demo")
    for lane in LANES:
        terms = saved.metrics["lanes"][lane]["accounting"]
        assert abs(terms["remainder"]) < 1e-6
        assert terms["largest_residual"] < 1e-6
        assert terms["commission"] < 0.0
        last = saved.journal.lane(lane).marks["equity"][-1]
        assert 100_000.0 + terms["change"] == pytest.approx(last, abs=1e-6)


def test_the_momentum_lane_trades_under_the_full_risk_program(demo) -> None:
    saved = open_run(demo[0] / "results" / "demo")
    lane = saved.journal.lane("momentum")
    limits = {row["reason"] for row in lane.events[lane.events["event"] == Event.LIMIT]}
    assert len(limits) >= 8
    assert lane.fills.size > 50
    assert (lane.events["event"] == Event.CUT).sum() > 100


def test_a_second_run_replaces_the_first_and_is_the_same(demo) -> None:
    folder, text = demo
    place = folder / "results" / "demo"
    before = contents(place)
    done = run_python("-m", "polyfolio", "demo", "--threads", "2", cwd=folder)
    assert done.stdout.split("\n\n", 1)[1] == text.split("\n\n", 1)[1]
    assert contents(place) == before
    assert {path.name for path in place.parent.iterdir()} == {"demo", "runs.sqlite"}
    first, second = reversed(Runs(place.parent / "runs.sqlite").all())
    assert (first.run, first.digests, first.command) == (second.run, second.digests, "demo")


def contents(place: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_each_portfolio_and_the_benchmark_have_a_page_that_needs_nothing_else(demo) -> None:
    place = demo[0] / "results" / "demo"
    pages = {str(path.relative_to(place)) for path in place.rglob("*.html")}
    lanes = {f"{lane}/report.html" for lane in LANES}
    assert pages == {"combined_summary.html", "benchmark/benchmark.html"} | lanes
    for page in pages:
        text = (place / page).read_text()
        assert text.startswith("<!doctype html>")
        assert 'src="http' not in text
    record = json.loads((place / "benchmark" / "benchmark.json").read_text())
    assert set(record["judged"]) == set(LANES)


@pytest.mark.pitfall("REP-05")
def test_the_numbers_are_those_of_its_id(demo) -> None:
    place: Path = demo[0] / "results" / "demo"
    meta, metrics = (json.loads((place / name).read_text()) for name in ("meta.json", "metrics.json"))
    assert meta["run"] == metrics["run"]
    assert meta["run"][:16] in demo[1]
    assert len(meta["digests"]["kernels"]) == 64
    assert set(metrics["lanes"]) == set(LANES)
    assert metrics["lanes"]["momentum"]["metrics"]["beta"] is not None
