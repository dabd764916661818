"""Documentation that fails: the README's blocks run, its commands exist, examples print what stands beside them."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.house.sources import ROOT, run_python

README = ROOT / "README.md"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "NOTATION.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks of these languages, in order."""
    fenced = re.findall(r"^```([^\n]*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [body for language, body in fenced if language.strip() in languages]


def commands(text: str) -> list[list[str]]:
    """The commands of the shell blocks, split into words."""
    lines = "\n".join(blocks(text, "sh", "bash", "console")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [command for command in words if command]


def readme() -> str:
    assert README.is_file(), "README.md is missing"
    return README.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_there(name: str) -> None:
    assert (ROOT / name).is_file(), f"{name} is missing"
    assert len((ROOT / name).read_text(encoding="utf-8")) > 200, f"{name} says nothing"


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{document.name}: {target}"
        for document in ROOT.glob("*.md")
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not dead, dead


@pytest.mark.pitfall("VER-05")
def test_the_python_blocks_of_the_readme_run_in_their_order(tmp_path: Path) -> None:
    code = blocks(readme(), "python")
    assert code, "README.md shows no Python"
    script = tmp_path / "readme.py"
    script.write_text("\n".join(code), encoding="utf-8")
    done = run_python(str(script), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_scripts_the_readme_names_exist() -> None:
    named = [command[0] for command in commands(readme()) if "/" in command[0]]
    assert "scripts/demo" in named, "README.md does not show scripts/demo"
    assert "scripts/test" in named, "README.md does not show scripts/test"
    missing = [name for name in named if not os.access(ROOT / name, os.X_OK)]
    assert not missing, f"named in README.md and not executable: {missing}"


def test_the_verbs_the_readme_names_exist() -> None:
    verbs = sorted({command[1] for command in commands(readme()) if command[0] == "polyfolio" and len(command) > 1})
    for verb in verbs:
        done = run_python("-m", "polyfolio", verb, "--help")
        assert done.returncode == 0, f"polyfolio {verb}: {done.stderr}"


def test_there_are_examples() -> None:
    assert EXAMPLES, "examples/ holds no *.py"


@pytest.mark.pitfall("ACC-17", "VER-05")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_prints_what_stands_beside_it(example: Path, tmp_path: Path) -> None:
    expected = example.with_suffix(".out")
    assert expected.is_file(), f"{expected.name} is missing: run the example and read its output before you keep it"
    done = run_python(str(example), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().splitlines() == expected.read_text(encoding="utf-8").rstrip().splitlines()


def test_blocks_and_commands_are_read() -> None:
    text = "```sh\nscripts/demo  # three\n$ polyfolio why \\\n  run\n```\n```python\nx = 1\n```\n```text\nno\n```\n"
    assert blocks(text, "python") == ["x = 1\n"]
    assert commands(text) == [["scripts/demo"], ["polyfolio", "why", "run"]]
