"""The set-up: starts under an old Python, does nothing twice, and says what is missing and how to get it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bootstrap
from tests.house.sources import ROOT

PYTHON = {
    "version": [3, 11, 7],
    "executable": "/usr/bin/python3.11",
    "venv": "yes",
    "ensurepip": "yes",
    "virtualenv": "",
    "pip": "23.2",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own with an environment that holds nothing."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    kernels = tmp_path / "src" / "polyfolio" / "kernels"
    kernels.mkdir(parents=True)
    (kernels / "fee.py").write_text("FEE = 1\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(bootstrap, "UNFINISHED", tmp_path / ".venv" / "unfinished")
    python = bootstrap.environment_python()
    python.parent.mkdir(parents=True)
    python.write_text("")
    return tmp_path


@pytest.fixture
def done(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a set-up would do, noted instead of done."""
    notes: list[str] = []

    def run_pip(inside: dict[str, Any], arguments: list[str], report: bootstrap.Reporter) -> None:
        notes.append(arguments[-1])

    monkeypatch.setattr(bootstrap, "probe", lambda command: dict(PYTHON))
    monkeypatch.setattr(bootstrap, "run_pip", run_pip)
    monkeypatch.setattr(bootstrap, "warm", lambda report: notes.append("warm"))
    return notes


def test_its_syntax_is_that_of_python_3_8() -> None:
    text = (ROOT / "bootstrap.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))


def test_it_imports_the_standard_library_alone() -> None:
    module = ast.parse((ROOT / "bootstrap.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_the_second_call_does_nothing(done: list[str]) -> None:
    assert bootstrap.main(["--quiet"]) == 0
    assert done == ["setuptools", ".", "warm"]
    assert bootstrap.main(["--quiet"]) == 0
    assert len(done) == 3


def test_extras_accumulate(done: list[str]) -> None:
    bootstrap.main(["--extras", "test", "--quiet"])
    bootstrap.main(["--extras", "dev", "--no-warm", "--quiet"])
    assert [item for item in done if item.startswith(".")] == [".[test]", ".[dev,test]"]
    bootstrap.main(["--quiet"])
    assert [item for item in done if item.startswith(".")] == [".[test]", ".[dev,test]"]


def test_another_lock_installs_again_and_another_kernel_only_compiles(done: list[str], project: Path) -> None:
    bootstrap.main(["--quiet"])
    done.clear()
    (project / "src" / "polyfolio" / "kernels" / "fee.py").write_text("FEE = 2\n")
    bootstrap.main(["--quiet"])
    assert done == ["warm"]
    done.clear()
    (project / "constraints.txt").write_text("numpy==1\n")
    bootstrap.main(["--quiet"])
    assert done == ["setuptools", ".", "warm"]


def test_check_changes_nothing(done: list[str], project: Path) -> None:
    assert bootstrap.main(["--check", "--quiet"]) == 1
    bootstrap.main(["--quiet"])
    assert bootstrap.main(["--check", "--quiet"]) == 0
    assert bootstrap.main(["--check", "--extras", "test", "--quiet"]) == 1
    assert done == ["setuptools", ".", "warm"]


def test_what_a_killed_set_up_leaves_is_made_again(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(bootstrap, "make_environment", lambda report: made.append("environment") or dict(PYTHON))
    bootstrap.main(["--quiet"])
    assert not made
    bootstrap.UNFINISHED.write_text("")
    bootstrap.main(["--quiet"])
    assert made == ["environment"]
    assert not bootstrap.UNFINISHED.exists()


def test_a_folder_that_was_moved_is_made_again(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(bootstrap, "make_environment", lambda report: made.append("environment") or dict(PYTHON))
    bootstrap.main(["--quiet"])
    stamp = json.loads(bootstrap.STAMP.read_text())
    bootstrap.STAMP.write_text(json.dumps(dict(stamp, root="/elsewhere", installed="")))
    bootstrap.main(["--quiet"])
    assert made == ["environment"]


def test_an_unknown_extra_is_refused_with_the_names_there_are(
    done: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["--extras", "tests"]) == 1
    message = capsys.readouterr().err
    assert "'tests'" in message
    assert "'test'" in message
    assert not done


def test_the_extras_are_those_of_pyproject() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert bootstrap.known_extras() == sorted(project["optional-dependencies"])


def no_other_python(found: list[dict[str, Any]]) -> Any:
    def interpreters() -> Iterator[dict[str, Any]]:
        return iter(found)

    return interpreters


def test_without_a_fitting_python_it_says_which_to_get(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap.environment_python().unlink()
    monkeypatch.setattr(bootstrap, "interpreters", no_other_python([dict(PYTHON, version=[3, 9, 2])]))
    assert bootstrap.main([]) == 2
    message = capsys.readouterr().err
    assert "needs Python 3.11, 3.12 or 3.13" in message
    assert "3.9.2" in message
    assert "apt install" in message


def test_a_python_that_has_everything_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = dict(PYTHON, executable="bare", ensurepip="")
    monkeypatch.setattr(bootstrap, "interpreters", no_other_python([bare, dict(PYTHON, executable="whole")]))
    assert bootstrap.find_python()["executable"] == "whole"
    monkeypatch.setattr(bootstrap, "interpreters", no_other_python([bare]))
    assert bootstrap.find_python()["executable"] == "bare"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["-m", "venv", "--clear"]),
        ({"ensurepip": ""}, ["-m", "venv", "--clear", "--without-pip"]),
        ({"ensurepip": "", "pip": "20.3.4", "virtualenv": "20.1"}, ["-m", "virtualenv", "--clear"]),
    ],
)
def test_without_ensurepip_pip_or_virtualenv_step_in(
    changes: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = PYTHON | changes
    monkeypatch.setattr(bootstrap, "interpreters", no_other_python([python]))
    assert bootstrap.creation_command(python) == [python["executable"], *words, str(bootstrap.VENV)]


def test_with_nothing_to_step_in_it_names_the_system_package(monkeypatch: pytest.MonkeyPatch) -> None:
    python = PYTHON | {"ensurepip": "", "pip": ""}
    monkeypatch.setattr(bootstrap, "interpreters", no_other_python([python]))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(bootstrap.SetupError, match=r"apt install python3\.11-venv") as caught:
        bootstrap.creation_command(python)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "ERROR: No matching distribution found for llvmlite==0.50.0",
            "no wheel of llvmlite==0.50.0 for Python 3.11.7",
        ),
        ("[Errno 28] No space left on device", "disk is full"),
        ("Failed to establish a new connection: NewConnectionError", "cannot reach its package index"),
        ("requested (constraint) numpy==2.4.6", "no wheel of numpy==2.4.6"),
        ("something else", ""),
    ],
)
def test_a_failing_pip_is_explained(output: str, words: str) -> None:
    text = bootstrap.advice(output, [3, 11, 7])
    assert words in text
    assert bool(text) is bool(words)


def test_pip_is_shown_in_few_words() -> None:
    line = "  Downloading numba-0.68.1-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (2.9 kB)\n"
    assert (
        bootstrap.progress_line("  Downloading numba-0.68.1-cp311-cp311-manylinux_2_27_x86_64.whl (3.8 MB)\n")
        == "  numba 0.68.1 (3.8 MB)"
    )
    assert bootstrap.progress_line(line) == ""
    assert bootstrap.progress_line("Requirement already satisfied: numpy") == ""


def test_a_call_with_nothing_to_do_is_quick() -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "bootstrap.py", "--check", "--quiet"], cwd=ROOT, check=False)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.4
