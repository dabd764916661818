"""`polyfolio audit`: what it prints, writes and returns."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from polyfolio.cli.audit import app
from polyfolio.errors import ConfigError, DataError
from polyfolio.testing.audit import CHECKS

MAKERS = """
from tests.testing.wrong_envs import NoFee, RightEnv, subject

right = subject(RightEnv)
wrong = subject(NoFee)
number = 3
"""


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "makers_here.py").write_text(MAKERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_an_id_is_audited_and_the_lines_are_printed() -> None:
    done = call("CartPole-v1", "--only", "api", "--only", "fee")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "CartPole-v1: 1 passed, 0 failed, 1 skipped (seed 0)"
    assert re.fullmatch(r"SKIPPED fee +the subject has no fee", lines[2])


def test_an_object_of_this_folder_is_audited_and_a_failure_is_the_exit_code() -> None:
    assert call("makers_here:right", "--only", "fee").exit_code == 0
    done = call("makers_here:wrong", "--only", "fee")
    assert done.exit_code == 1
    assert "FAILED  fee           the fee changes nothing" in done.stdout
    assert "remedy" in done.stdout


def test_json_is_printed_alone_and_the_page_is_written() -> None:
    done = call("makers_here:wrong", "--only", "fee", "--json", "--html", "out/audit.html")
    assert json.loads(done.stdout)["failed"] == ["fee"]
    page = Path("out/audit.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "the fee changes nothing" in page


def test_a_page_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = call("CartPole-v1", "--only", "api", "--html", str(tmp_path / "file" / "audit.html"))
    assert isinstance(done.exception, DataError)
    assert done.exception.field == "--html"


def test_a_module_that_registers_ids_is_imported_first(tmp_path: Path) -> None:
    lines = "import gymnasium\ngymnasium.register('Here-v0', entry_point='tests.testing.wrong_envs:RightEnv')\n"
    (tmp_path / "registers_here.py").write_text(lines)
    done = call("Here-v0", "--import", "registers_here", "--only", "api")
    assert done.exit_code == 0


def test_arguments_reach_the_environment() -> None:
    assert "unexpected keyword" in call("CartPole-v1", "--set", "colour=red", "--only", "api").stdout


def test_the_list_has_a_law_for_each_check() -> None:
    lines = call("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(CHECKS)
    assert all(line.endswith((".", "it.")) and len(line) > 40 for line in lines)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ([], "ENV_ID"),
        (["Nothing-v7"], "id"),
        (["polyfolio/Nothing-v7"], "id"),
        (["CartPole-v1", "--import", "no_such_module"], "--import"),
        (["makers_here:nothing"], "target"),
        (["makers_here:number"], "int"),
        (["makers_here:right", "--set", "a=1"], "--set"),
        (["CartPole-v1", "--only", "money"], "only"),
    ],
)
def test_what_is_wrong_in_the_line_is_named(words: list[str], field: str) -> None:
    done = call(*words)
    assert isinstance(done.exception, ConfigError)
    assert done.exception.field == field
