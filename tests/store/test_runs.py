"""The registry of runs: recorded, found again by what people call them, used by several processes at once."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from polyfolio.errors import DataError, RetryError
from polyfolio.store import database
from polyfolio.store.runs import PLACE, Link, Run, Runs, place
from tests.house.sources import PACKAGE, run_python


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "results" / "runs.sqlite")


def run(mark: str = "a", **more: object) -> Run:
    values = {"run": mark * 64, "name": "first", "seed": 7, "spec": {"lanes": [{"name": "x"}]}}
    facts = {"digests": {"tape": "t", "code": "c"}, "versions": {"numpy": "2"}, "command": "backtest"}
    return Run(**{**values, **facts, **more})  # type: ignore[arg-type]


def test_a_run_is_recorded_while_it_runs_and_when_it_ends(runs: Runs) -> None:
    number = runs.begin(run())
    assert number == 1
    begun = runs.one("1")
    assert (begun.status, begun.ended, begun.folder) == ("running", None, None)
    assert begun.directory == str(Path.cwd())
    folder = runs.file.parent / "first"
    links = [Link("data", "/bars.csv", "d" * 64, 10), Link("result", "meta.json", "e" * 64, 20)]
    metrics = {"x": {"sharpe": 1.5, "cagr": None}}
    runs.end(number, "done", folder, links, metrics=metrics, failed={"y": "why"}, note="n", digests={"journal": "j"})
    found = runs.one("1")
    assert found.status == "done"
    assert found.ended >= found.started > "2020"
    assert found.folder == str(folder)
    assert (found.metrics, found.failed, found.note, found.digests) == (metrics, {"y": "why"}, "n", {"journal": "j"})
    assert (found.spec, found.seed, found.versions) == ({"lanes": [{"name": "x"}]}, 7, {"numpy": "2"})
    assert found.links == tuple(links)
    assert json.loads(json.dumps(found.record()))["links"][0]["path"] == "/bars.csv"


def test_nothing_is_made_by_asking(runs: Runs) -> None:
    assert runs.all() == []
    assert runs.done("a" * 64) == []
    assert not runs.file.parent.exists()


def test_only_runs_that_came_to_their_end_count_as_done(runs: Runs) -> None:
    for status in ("done", "failed", "interrupted", "done"):
        runs.end(runs.begin(run()), status)  # type: ignore[arg-type]
    runs.begin(run())
    assert [done.number for done in runs.done("a" * 64)] == [4, 1]
    assert runs.done("b" * 64) == []


def test_runs_are_listed_the_newest_first_by_name_and_number(runs: Runs) -> None:
    for mark, name in (("a", "one"), ("b", "two"), ("c", "one")):
        runs.begin(run(mark, name=name))
    assert [found.number for found in runs.all()] == [3, 2, 1]
    assert [found.number for found in runs.all("one")] == [3, 1]
    assert [found.number for found in runs.all(limit=1)] == [3]


@pytest.mark.parametrize(
    ("asked", "number"), [("2", 2), ("#2", 2), ("bbbb", 2), ("b" * 64, 2), ("one", 3), ("last", 3), ("two", 2)]
)
def test_a_run_is_named_by_number_id_or_name(asked: str, number: int, runs: Runs) -> None:
    for mark, name in (("a", "one"), ("b", "two"), ("c", "one")):
        runs.begin(run(mark, name=name))
    assert runs.one(asked).number == number


def test_a_run_is_named_by_its_folder(runs: Runs, tmp_path: Path) -> None:
    runs.end(runs.begin(run()), "done", tmp_path / "results" / "mine")
    assert runs.one(str(tmp_path / "results" / "mine")).number == 1


def test_the_same_id_twice_means_the_newest(runs: Runs) -> None:
    runs.begin(run())
    runs.begin(run())
    assert runs.one("aaaa").number == 2


def test_a_word_that_means_two_ids_is_refused_with_both(runs: Runs) -> None:
    for tail in ("b", "c"):
        runs.begin(run(run="aaaa" + tail * 60))
    with pytest.raises(DataError) as caught:
        runs.one("aaaa")
    assert "aaaabbbbbbbb" in caught.value.bound
    assert "aaaacccccccc" in caught.value.bound
    assert caught.value.remedy == "Write more of it."


def test_a_word_that_means_no_run_is_refused_with_the_closest(runs: Runs) -> None:
    with pytest.raises(DataError, match="polyfolio backtest FILE"):
        runs.one("last")
    runs.begin(run(name="momentum"))
    with pytest.raises(DataError) as caught:
        runs.one("momentun")
    assert caught.value.remedy == "Did you mean `momentum`?"
    with pytest.raises(DataError, match="polyfolio runs list"):
        runs.one("aaa")


def test_a_folder_beside_the_registry_moves_with_it(runs: Runs, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "run"
    runs.end(runs.begin(run()), "done", runs.file.parent / "mine")
    runs.end(runs.begin(run()), "done", elsewhere)
    moved = tmp_path / "moved"
    runs.file.parent.rename(moved)
    found = Runs(moved / "runs.sqlite").all()
    assert [each.folder for each in found] == [str(elsewhere), str(moved / "mine")]


def test_a_run_whose_process_is_gone_was_interrupted(runs: Runs) -> None:
    code = f"from tests.store.test_runs import run, Runs; Runs({str(runs.file)!r}).begin(run())"
    root = PACKAGE.parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=paths(), check=False).returncode == 0
    mine = runs.begin(run())
    assert [(found.number, found.status) for found in runs.all()] == [(mine, "running"), (1, "interrupted")]
    assert runs.one("1").note == "Its process ended without a word."


def paths() -> dict[str, str]:
    root = PACKAGE.parents[1]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(root)])}


def test_two_processes_record_at_once(runs: Runs) -> None:
    """Both open a file that is not there yet, so both try to make it."""
    code = (
        "import sys; from tests.store.test_runs import run, Runs\n"
        "runs = Runs(sys.argv[1])\n"
        "for _ in range(20): runs.end(runs.begin(run(name=sys.argv[2])), 'done')\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(runs.file), name],
            cwd=PACKAGE.parents[1],
            env=paths(),
            stderr=subprocess.PIPE,
        )
        for name in ("one", "two", "three")
    ]
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors.decode()
    found = runs.all()
    assert sorted(each.number for each in found) == list(range(1, 61))
    assert {each.name for each in found} == {"one", "two", "three"}
    assert {each.status for each in found} == {"done"}


def test_who_reads_does_not_wait_for_who_writes(runs: Runs) -> None:
    runs.begin(run())
    with database.opened(runs.file) as connection, database.writing(connection):
        connection.execute("UPDATE runs SET name = 'changed'")
        assert [found.name for found in runs.done("a" * 64)] == []
        assert runs._read("", ())[0].name == "first"


def test_a_registry_that_stays_locked_says_try_again(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.begin(run())
    monkeypatch.setattr(database, "WAIT", 0.01)
    with (
        database.opened(runs.file) as connection,
        database.writing(connection),
        pytest.raises(RetryError, match="database is locked") as caught,
    ):
        runs.begin(run())
    assert caught.value.field == "run registry"


def test_a_change_that_fails_is_not_there_at_all(runs: Runs) -> None:
    number = runs.begin(run())
    with pytest.raises(DataError):
        runs.end(number, "finished")  # type: ignore[arg-type]
    assert runs.one(str(number)).status == "running"


def test_a_file_that_is_no_registry_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "runs.sqlite"
    file.write_text("years of work, and certainly no database")
    with pytest.raises(DataError) as caught:
        Runs(file).all()
    assert "Move the file away" in caught.value.remedy
    assert file.read_text().startswith("years")


def test_a_place_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError) as caught:
        Runs(tmp_path / "file" / "runs.sqlite").begin(run())
    assert PLACE in caught.value.remedy


def test_the_place_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    assert place() == Path("results/runs.sqlite")
    monkeypatch.setenv(PLACE, str(tmp_path / "mine.sqlite"))
    assert Runs().file == tmp_path / "mine.sqlite"


def test_an_older_schema_is_carried_forward_and_keeps_its_rows(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.begin(run())
    later = (*database.MIGRATIONS, "ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT ''")
    monkeypatch.setattr(database, "MIGRATIONS", later)
    assert runs.one("1").name == "first"
    with sqlite3.connect(runs.file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(later),)
        assert connection.execute("SELECT tags FROM runs").fetchone() == ("",)
    connection.close()


def test_a_newer_schema_is_refused_with_a_remedy(runs: Runs) -> None:
    runs.begin(run())
    with database.opened(runs.file) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DataError, match="upgrade polyfolio") as caught:
        runs.all()
    assert "not 99" in caught.value.bound


def test_asking_for_the_registry_imports_no_compiler() -> None:
    code = "import sys, polyfolio.store.runs\nassert 'numba' not in sys.modules\nassert 'pandas' not in sys.modules"
    assert run_python("-c", code).returncode == 0
