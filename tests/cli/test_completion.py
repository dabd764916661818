"""Completion: a script per shell, and what the shell is offered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from polyfolio.cli import app, completing
from polyfolio.store.runs import Runs
from tests.cli.lines import polyfolio
from tests.house.sources import PACKAGE
from tests.store.test_runs import run


def offered(line: str) -> list[str]:
    """What the program answers a shell that asks to complete the last word of a line."""
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_POLYFOLIO_COMPLETE": "complete_bash"}
    done = CliRunner().invoke(app, [], prog_name="polyfolio", env=asked)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_program(shell: str, tmp_path: Path) -> None:
    done = polyfolio("completion", shell)
    assert done.exit_code == 0
    assert "_POLYFOLIO_COMPLETE" in done.stdout
    assert "polyfolio" in done.stdout
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout)
        assert subprocess.run([shell, "-n", str(script)], check=False).returncode == 0


def test_another_shell_is_refused() -> None:
    assert polyfolio("completion", "csh").exit_code == 2


def test_verbs_and_options_are_offered() -> None:
    assert {"backtest", "runs", "report", "why"} <= set(offered("polyfolio "))
    assert "backtest" in offered("polyfolio b")
    assert {"--referee", "--report"} <= set(offered("polyfolio backtest --re"))
    assert {"list", "show", "diff", "reproduce"} == set(offered("polyfolio runs "))


def test_files_and_runs_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text("")
    (tmp_path / "one.csv").write_text("")
    Runs(tmp_path / "results" / "runs.sqlite").begin(run("b"))
    assert offered("polyfolio backtest o") == ["one.yaml"]
    assert offered("polyfolio runs show bb") == ["b" * 12]


def test_a_shell_is_answered_by_the_program_itself(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "_POLYFOLIO_COMPLETE": "complete_bash"}
    environment |= {"COMP_WORDS": "polyfolio comp", "COMP_CWORD": "1"}
    command = [sys.executable, "-c", "from polyfolio.cli import main; main()"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "completion" in done.stdout.split()


def test_configurations_below_a_folder_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    for name in ("deep/two.yml", "deep/.hidden.yaml", "three.yaml"):
        (tmp_path / name).write_text("")
    assert list(completing.configurations("")) == ["deep/", "three.yaml"]
    assert list(completing.configurations("deep/")) == ["deep/two.yml"]
    assert list(completing.configurations("nowhere/")) == []


def test_strategies_are_offered_by_name() -> None:
    assert "momentum" in completing.strategies("mom")
    assert completing.strategies("nothing") == []


def test_strategies_are_offered_to_the_verb_that_shows_them() -> None:
    assert offered("polyfolio strategies show mome") == ["momentum"]
