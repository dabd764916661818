"""The benchmark of the environments runs and says what it measured. How fast they are is read, never asserted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT, run_python

FOLDER = ROOT / "benchmarks"


def test_a_peer_that_is_not_there_is_a_row_with_its_remedy() -> None:
    """No peer is in the tests' own interpreter; the other figures of a run must not be lost for it."""
    here = f"gym_anytrading={sys.executable}"
    done = run_python(str(FOLDER / "env_peers.py"), "--only", "gym_anytrading", "--python", here, timeout=60)
    assert done.returncode == 1, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["peer"] == "gym_anytrading"
    assert "gym-anytrading==2.0.0" in row["error"]


def test_every_peer_has_a_script() -> None:
    done = run_python(str(FOLDER / "env_peers.py"), "--help", timeout=60)
    named = done.stdout.split("--only {")[1].split("}")[0].split(",")
    assert len(named) >= 4
    assert not [name for name in named if not (FOLDER / "env_peers" / f"with_{name}.py").is_file()]


@pytest.mark.slow
def test_every_kind_of_figure_is_printed_and_kept(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    done = run_python(str(FOLDER / "envs.py"), "--quick", "--json", str(kept), timeout=290)
    assert done.returncode == 0, done.stderr
    rows = json.loads(kept.read_text(encoding="utf-8"))["rows"]
    assert len(done.stdout.splitlines()) == len(rows)
    wanted = {"single", "vector", "bare loop", "CartPole vector", "PPO", "PPO on idle env", "memory grown"}
    assert {row["what"] for row in rows} == wanted
    assert all(row["steps_per_second"] > 0.0 for row in rows if row["what"] != "memory grown")
    assert all("info" in row and "rules" in row for row in rows if "steps_per_second" in row)
    assert next(row["share_of_idle"] for row in rows if row["what"] == "PPO") > 0.0
