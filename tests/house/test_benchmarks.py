"""The benchmarks run and say what they measured. How fast they are is read, never asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.house.sources import ROOT, run_python

NUMBERS = ("lane_bars_per_second", "asset_bars_per_second", "microseconds", "seconds", "megabytes")


@pytest.mark.slow
def test_the_engine_s_benchmark_prints_every_figure_and_keeps_them(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    done = run_python(str(ROOT / "benchmarks" / "engine.py"), "--quick", "--json", str(kept), timeout=280)
    assert done.returncode == 0, done.stderr
    rows = json.loads(kept.read_text(encoding="utf-8"))["rows"]
    assert len(done.stdout.splitlines()) == len(rows)
    assert all(any(row.get(name, -1.0) >= 0.0 for name in NUMBERS) for row in rows)
    assert {row["what"] for row in rows} >= {"bare loop", "cost", "parametric", "historical", "1/N of 100 assets"}
    assert all("journal" in row for row in rows if "lane_bars_per_second" in row)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["features.py", "tapes.py"])
def test_the_other_benchmarks_explain_themselves(name: str) -> None:
    done = run_python(str(ROOT / "benchmarks" / name), "--help", timeout=60)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
