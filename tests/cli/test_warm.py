"""`polyfolio warm`: no entry is forgotten, and a second call has nothing to do."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from polyfolio.cli import compiling, exercises, warming
from polyfolio.engine import warm
from polyfolio.kernels.compile import CACHE, entry
from polyfolio.kernels.walk import walk
from tests.house.sources import run_python


def test_entries_are_found_by_walking_the_modules() -> None:
    found = warm.entries()
    assert found["walk.walk"] is walk
    assert {"covariance_rows.covariance_rows", "rows.last_good", "measures.growth.summary"} <= set(found)
    assert not any(name.endswith(".decide") for name in found), "kernels that only kernels call have no wrapper"


def test_no_entry_is_forgotten() -> None:
    exercises.run()
    assert warm.cold() == []


def test_what_is_compiled_is_told_with_its_seconds() -> None:
    @entry
    def doubled(x: float) -> float:
        return 2.0 * x

    told: list[str] = []
    ended = lambda name, seconds: told.append(f"{name} {seconds >= 0.0}")  # noqa: E731
    listener = warm._Listener({doubled.py_func: "tests.doubled"}, told.append, ended)
    with warm.event.install_listener("numba:compile", listener):
        assert doubled(2.0) == 4.0
        assert doubled(3.0) == 6.0
    assert told in (["tests.doubled", "tests.doubled True"], [])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(warming, "note", lambda: tmp_path / "polyfolio" / "warm.json")
    return tmp_path


def test_a_note_holds_while_the_cache_and_what_it_depends_on_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cache / "numba"
    folder.mkdir()
    (folder / "a.nbi").write_text("")
    assert warming.noted() is None
    warming.write_note(folder)
    assert warming.noted() == str(folder)
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert warming.noted() is None
    monkeypatch.delenv("NUMBA_CPU_NAME")
    (folder / "a.nbi").unlink()
    assert warming.noted() is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"folder": 3}'])
def test_a_note_that_cannot_be_read_is_no_note(content: str, cache: Path) -> None:
    (cache / "polyfolio").mkdir()
    (cache / "polyfolio" / "warm.json").write_text(content)
    assert warming.noted() is None


def test_compiling_writes_the_note_and_says_where_the_cache_is(cache: Path) -> None:
    console = Console(width=300, record=True, file=io.StringIO())
    assert compiling.compile_all(console) == CACHE
    assert str(CACHE) in console.export_text()
    assert json.loads(warming.note().read_text())["files"] > 0
    assert warming.noted() == str(CACHE)


def test_a_second_call_says_warm_without_the_compiler() -> None:
    first = run_python("-m", "polyfolio", "warm")
    assert first.returncode == 0, first.stderr
    code = (
        "import sys\nfrom polyfolio.cli import main\ntry:\n main(['warm'])\nexcept SystemExit as end:\n"
        " print(end.code, 'numba' in sys.modules)"
    )
    done = run_python("-c", code)
    assert done.stdout.splitlines()[0].startswith("warm: everything is compiled"), done.stdout
    assert done.stdout.splitlines()[-1] == "0 False"
