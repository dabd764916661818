"""The benchmarks run and say what they measured. How fast they are is read, never asserted."""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.house.sources import ROOT, run_python

BACKTEST = str(ROOT / "benchmarks" / "backtest.py")
TASKS = ("crossover", "equal_weight", "portfolio", "systems")
NUMBERS = ("lane_bars_per_second", "asset_bars_per_second", "microseconds", "seconds", "megabytes")


@pytest.mark.slow
def test_the_engine_s_benchmark_prints_every_figure_and_keeps_them(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    done = run_python(str(ROOT / "benchmarks" / "engine.py"), "--quick", "--json", str(kept), timeout=280)
    assert done.returncode == 0, done.stderr
    rows = json.loads(kept.read_text(encoding="utf-8"))["rows"]
    assert len(done.stdout.splitlines()) == len(rows)
    assert all(any(math.isfinite(row.get(name, math.nan)) for name in NUMBERS) for row in rows)  # memory may shrink
    assert {row["what"] for row in rows} >= {"bare loop", "cost", "parametric", "historical", "1/N of 100 assets"}
    assert all("journal" in row for row in rows if "lane_bars_per_second" in row)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["features.py", "report.py", "tapes.py"])
def test_the_other_benchmarks_explain_themselves(name: str) -> None:
    done = run_python(str(ROOT / "benchmarks" / name), "--help", timeout=60)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("backtest_tasks")


@pytest.fixture
def tables(tasks: ModuleType) -> ModuleType:
    return importlib.import_module("backtest_tables")


def test_backtests_come_to_what_plain_loops_come_to(tmp_path: Path, tasks: ModuleType) -> None:
    kept = tmp_path / "figures.json"
    asked = [word for name in TASKS for word in ("--task", name)]
    done = run_python(BACKTEST, "--quick", "--repeats", "1", *asked, "--json", str(kept), timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(kept.read_text(encoding="utf-8"))["rows"]
    assert len(done.stdout.splitlines()) == len(rows)
    same = [row for row in rows if "difference" in row]
    assert {(row["what"], row["journal"]) for row in same} == {(n, j) for n in TASKS for j in ("full", "summary")}
    assert all(row["difference"] <= tasks.TOLERANCE and row["seconds"] > 0.0 for row in same)
    (more,) = [row for row in rows if row["what"] == "one more system"]
    assert more["systems"] == 3
    assert more["alone"] > 0.0


@pytest.mark.slow
def test_pages_and_the_demo_are_timed_and_weighed() -> None:
    pytest.importorskip("plotly")
    asked = ("--task", "report", "--task", "demo", "--markdown")
    done = run_python(BACKTEST, "--quick", "--repeats", "1", *asked, timeout=280)
    assert done.returncode == 0, done.stderr
    page, demo = done.stdout.splitlines()
    assert "300 days x 5 tickers" in page
    assert " MB" in page
    assert demo.startswith("- `polyfolio demo`")


def test_a_backtester_that_is_not_there_is_a_row_with_its_remedy() -> None:
    given = ("--peers", "--only", "backtesting", "--python", f"backtesting={sys.executable}", "--markdown")
    done = run_python(BACKTEST, "--quick", "--repeats", "1", "--task", "crossover", *given, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "backtesting==0.6.6" in done.stdout
    assert "polyfolio, journal full" in done.stdout


def test_every_backtester_has_a_script() -> None:
    done = run_python(str(ROOT / "benchmarks" / "peers.py"), "--help", timeout=60)
    named = done.stdout.split("--only {")[1].split("}")[0].split(",")
    assert len(named) >= 5
    assert not [name for name in named if not (ROOT / "benchmarks" / "peers" / f"with_{name}.py").is_file()]


def row_of(**given: Any) -> dict[str, Any]:
    row = {"what": "crossover", "peer": "other", "version": "1.0", "bars": 10, "assets": 1, "systems": 1}
    row |= {"seconds": 2.0, "all_seconds": [1.0, 2.0, 3.0], "asset_bars_per_second": 5.0, "difference": 0.0}
    return row | given


def test_the_table_says_where_another_is_faster_and_where_it_does_other_work(tables: ModuleType) -> None:
    said = tables.markdown([row_of(times=0.5), row_of(times=4.0, difference=0.2), row_of(error="no such release")])
    faster, slower, missing = said.splitlines()[-3:]
    assert "**faster than polyfolio, 2 times**" in faster
    assert "1 s to 3 s" in faster
    assert "polyfolio is 4 times as fast" in slower
    assert "2.0e-01: other work" in slower
    assert "no such release" in missing


def test_the_loops_do_what_can_be_done_by_hand(tasks: ModuleType) -> None:
    """Averages of 1 and 2 cross at the third close and back at the fourth; fills come one open later."""
    closes = np.array([10.0, 9.0, 11.0, 10.0, 12.0])
    task = tasks.Task("hand", "", 5, 1, ((1, 2),), False, 0.01, 100_000.0)
    opens = np.array([10.0, 9.5, 9.0, 10.5, 10.25])
    bought, sold = 4_000.0 * 10.5, 4_000.0 * 10.25
    assert tasks.final_equities(task, opens[:, None], closes[:, None]) == [
        pytest.approx(100_000.0 - bought * 1.01 + sold * 0.99)
    ]
    held = tasks.Task("hand", "", 3, 2, (), True, 0.01, 1_000.0)
    prices = np.array([[10.0, 20.0], [11.0, 20.0], [11.0, 22.0]])
    spent, first = 0.01 * 990.0, 495.0  # each asset gets 49.5 % at the first close
    equity = 1_000.0 - spent + first * 0.1
    second = 0.495 * equity
    traded = abs(second - first * 1.1) + abs(second - first)
    final = equity - 0.01 * traded + second * 0.1
    assert tasks.rebalanced(held, np.vstack([prices[:1], prices[:-1]]), prices) == pytest.approx(final)
