"""The audit of other libraries says what it could not do; that it can be done is tried by hand, with a network."""

from __future__ import annotations

import json
from pathlib import Path

from tests.house.sources import ROOT, run_python

SCRIPT = str(ROOT / "benchmarks" / "audit_peers.py")


def test_it_explains_itself() -> None:
    done = run_python(SCRIPT, "--help", timeout=60)
    assert done.returncode == 0, done.stderr
    assert "gym_trading_env,gym_anytrading,finrl" in done.stdout.replace("\n", "").replace(" ", "")


def test_a_peer_that_cannot_be_asked_is_named_with_its_reason(tmp_path: Path) -> None:
    kept = tmp_path / "reports.json"
    done = run_python(SCRIPT, "--only", "finrl", "--python", "finrl=/no/such/python", "--json", str(kept), timeout=60)
    assert done.returncode == 1
    assert json.loads(kept.read_text(encoding="utf-8"))[0]["peer"] == "finrl"
    assert "finrl failed under /no/such/python" in done.stdout


def test_a_name_nobody_knows_is_refused() -> None:
    done = run_python(SCRIPT, "--python", "nobody=/x", timeout=60)
    assert done.returncode == 2
    assert "NAME=PATH" in done.stderr
