"""Ctrl-C: what was walked is kept and can be questioned, the registry knows, and the same line runs it whole later."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml

from polyfolio.cli import backtest, pages
from polyfolio.cli.interrupts import Patience, Stopped, held, patient
from polyfolio.report.saved import open_run
from polyfolio.store.runs import Runs
from tests.cli.lines import polyfolio, two_lanes
from tests.house.sources import run_python
from tests.report import runs

# The interrupt arrives as the system sends it, at a known row.
LINE = """
import os, signal
from polyfolio.cli import backtest, interrupts, main
backtest.ensure = lambda out: None
part, sent = interrupts.Patience.part, []
def interrupted(self, done, rows, engine):
    if done * 2 >= rows and not sent:
        sent.append(done)
        os.kill(os.getpid(), signal.SIGINT)
    part(self, done, rows, engine)
interrupts.Patience.part = interrupted
main(["backtest", "two.yaml", "--no-report"])
"""

OWN = """
import os, signal
from polyfolio import Strategy


class Interrupted(Strategy):
    def signals(self, tape):
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("never reached")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POLYFOLIO_RUNS", raising=False)
    for verb in ("backtest", "report"):
        monkeypatch.setattr(f"polyfolio.cli.{verb}.ensure", lambda out: None)
    two_lanes(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory):
    """A run that was interrupted at half of its rows, in a process of its own."""
    place = tmp_path_factory.mktemp("stopped")
    two_lanes(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("POLYFOLIO_RUNS", raising=False)
        return place, run_python("-c", LINE, cwd=place)


@pytest.fixture
def halted(stopped, folder: Path):
    """A copy of it to go on from."""
    shutil.copytree(stopped[0] / "results", folder / "results")
    return stopped[1]


def test_an_interrupted_run_is_kept_as_far_as_it_came(halted, folder: Path) -> None:
    done = halted
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "Interrupted after row 30 of 60." in done.stderr
    assert "results/two-lanes/" in done.stderr
    saved, whole = open_run("results/two-lanes"), runs.result()
    assert saved.meta["interrupted"] == {"rows": 30, "of": 60}
    assert saved.times.size == 30
    for lane in whole.lanes:
        mine, all_of_it = (journal.lane(lane).marks["equity"] for journal in (saved.journal, whole.journal))
        assert mine.tobytes() == all_of_it[:30].tobytes()
    assert polyfolio("why", "results/two-lanes", "--lane", "free", "--slot", "UP", "--at", "0").exit_code == 0
    run = Runs().one("last")
    assert (run.status, run.folder) == ("interrupted", str(folder / "results" / "two-lanes"))
    assert set(run.metrics) == {"free", "paying"}


def test_the_same_line_runs_an_interrupted_run_whole(halted, folder: Path) -> None:
    done = polyfolio("backtest", "two.yaml", "--no-report", "--json")
    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout)["lanes"].keys() == {"free", "paying"}
    assert "interrupted" not in open_run("results/two-lanes").meta
    second, first = Runs().all()
    assert (first.run, first.status) == (second.run, "interrupted")
    assert second.status == "done"


def test_an_interrupted_run_has_no_pages(halted, folder: Path) -> None:
    done = polyfolio("report", "results/two-lanes")
    assert "not to row 30 of 60" in done.exception.bound


def test_before_the_walk_an_interrupt_acts_at_once(folder: Path) -> None:
    """A strategy that learns for hours is left without waiting for it."""
    Path("own_stopped.py").write_text(OWN)
    data = yaml.safe_load(Path("two.yaml").read_text())
    data["lanes"] = [{"name": "a", "strategy": {"name": "own_stopped:Interrupted"}}]
    Path("two.yaml").write_text(yaml.safe_dump(data))
    done = run_python("-m", "polyfolio", "backtest", "two.yaml", "--no-report", "--json", cwd=folder)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "nothing is written" in done.stderr
    run = Runs().one("last")
    assert (run.status, run.folder) == ("interrupted", None)
    assert not Path("results/two-lanes").exists()


def test_pages_that_are_interrupted_leave_the_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = pages.write_pages

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pages, "write_pages", interrupted)
    done = polyfolio("backtest", "two.yaml")
    assert done.exit_code != 0
    assert "polyfolio report results/two-lanes" in done.stderr
    assert open_run("results/two-lanes").run_id == Runs().one("last").run
    assert Runs().one("last").status == "interrupted"
    monkeypatch.setattr(pages, "write_pages", write)
    assert polyfolio("report", "results/two-lanes").exit_code == 0
    assert Path("results/two-lanes/free/report.html").is_file()


def test_a_second_interrupt_acts_at_once() -> None:
    with patient() as patience:
        patience.walking = True
        os.kill(os.getpid(), signal.SIGINT)
        assert patience.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_usual_answer_to_an_interrupt_comes_back() -> None:
    usual = signal.getsignal(signal.SIGINT)
    with patient():
        assert signal.getsignal(signal.SIGINT) != usual
    assert signal.getsignal(signal.SIGINT) == usual


def test_elsewhere_than_in_the_main_thread_nothing_is_changed() -> None:
    usual, seen = signal.getsignal(signal.SIGINT), []

    def within() -> None:
        with patient():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=within)
    thread.start()
    thread.join()
    assert seen == [usual]


def test_one_row_is_no_result() -> None:
    class Engine:
        row, tape = 0, runs.tape()

    assert Stopped(Engine()).result(runs.result().spec, "id") is None  # type: ignore[arg-type]


def test_an_interrupt_after_the_last_row_changes_nothing() -> None:
    told: list[int] = []
    patience = Patience(lambda done, *_: told.append(done))
    for done in (1, 2):
        patience.part(done, 2, np)
    with pytest.raises(KeyboardInterrupt):
        patience.interrupt()
    assert told == [1, 2]


def test_an_interrupt_while_numbers_are_written_waits_for_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = backtest.Result.save

    def interrupted(result: backtest.Result, place: Path, **facts: object) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return write(result, place, **facts)

    monkeypatch.setattr(backtest.Result, "save", interrupted)
    done = polyfolio("backtest", "two.yaml", "--no-report")
    assert done.exit_code == 130
    assert "are complete" in done.stderr
    assert open_run("results/two-lanes").run_id == Runs().one("last").run


def test_a_second_interrupt_leaves_what_is_being_written() -> None:
    told = []

    def writes() -> None:
        with held(lambda: told.append("first")):
            os.kill(os.getpid(), signal.SIGINT)
            told.append("goes on")
            os.kill(os.getpid(), signal.SIGINT)
            told.append("never reached")

    with pytest.raises(KeyboardInterrupt):
        writes()
    assert told == ["first", "goes on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
