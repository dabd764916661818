"""Strategies from outside the package: a file, an installed package's entry point, a registration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.house.sources import ROOT, run_python

SKELETON = (ROOT / "skeletons" / "strategy.py").read_text(encoding="utf-8")
RUN = """
import json, sys
import polyfolio as pf
{before}
lane = {{"name": "a", "strategy": {{"name": {name!r}, "params": {{"lookback": 48}}}}}}
spec = {{"name": "foreign", "journal": "full", "lanes": [lane]}}
result = pf.backtest(pf.Spec(**spec), pf.demo_tape(end="2024-01-31"))
print(json.dumps([result.journal.digest(), len(result.journal.fills), "my_rules" in sys.modules]))
"""


def ran(folder: Path, name: str, before: str = "") -> list[object]:
    """Digest of the journal of a run that names a strategy, in a process of its own started in a folder."""
    (folder / "run.py").write_text(RUN.format(name=name, before=before), encoding="utf-8")
    done = run_python("run.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def installed(folder: Path, target: str) -> None:
    """A tiny package as an installer leaves it: a module, and metadata with an entry point."""
    (folder / "my_rules.py").write_text(SKELETON, encoding="utf-8")
    metadata = folder / "my_rules-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-rules\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[polyfolio.strategy]\nnew_high = {target}\n", encoding="utf-8")


@pytest.mark.timeout(240)
def test_a_file_an_entry_point_and_a_registration_give_the_same_run(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "my_rules.py").write_text(SKELETON, encoding="utf-8")
    by_place = ran(tmp_path / "file", "my_rules:NewHigh")
    assert int(str(by_place[1])) > 10

    (tmp_path / "package").mkdir()
    installed(tmp_path / "package", "my_rules:NewHigh")
    assert ran(tmp_path / "package", "new_high") == by_place

    before = 'from my_rules import NewHigh\npf.register("strategy", "new_high")(NewHigh)'
    assert ran(tmp_path / "file", "new_high", before) == by_place


def test_an_entry_point_is_listed_and_imported_only_when_it_is_used(tmp_path: Path) -> None:
    installed(tmp_path, "my_rules:NewHigh")
    code = (
        "import sys; from polyfolio.rules import registry; print('new_high' in registry.names('strategy'));"
        "print('my_rules' in sys.modules); print(registry.resolve('strategy', 'new_high').__name__)"
    )
    done = run_python("-c", code, cwd=tmp_path)
    assert done.stdout.split() == ["True", "False", "NewHigh"], done.stderr


def test_an_entry_point_that_leads_nowhere_says_so_when_it_is_used(tmp_path: Path) -> None:
    installed(tmp_path, "my_rules:NoSuchClass")
    code = "from polyfolio.strategies.run import strategy_of; strategy_of('new_high')"
    done = run_python("-c", code, cwd=tmp_path)
    assert done.returncode == 1
    assert "must be found in my_rules. It has no NoSuchClass: correct the name." in done.stderr
