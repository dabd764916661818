"""Saved runs: read back byte for byte, replaced whole, never half there, old formats carried forward."""

from __future__ import annotations

import csv
import errno
import json
import resource
import shutil
from pathlib import Path

import pytest

from polyfolio.errors import DataError, RetryError
from polyfolio.report import folders, saved
from tests.report import runs

OLD = Path(__file__).with_name("data") / "run_v0"
FILES = {
    "meta.json",
    "metrics.json",
    "events.parquet",
    "fills.parquet",
    "marks.parquet",
    "times.parquet",
    "trades.csv",
    "equity.csv",
    "attribution.csv",
}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_saved_run_is_read_back_byte_for_byte(tmp_path: Path) -> None:
    result = runs.result()
    folder = result.save(tmp_path / "run")
    assert names(folder) == FILES
    assert names(tmp_path) == {"run"}
    opened = saved.open_run(folder)
    assert opened.journal == result.journal
    assert opened.run_id == result.run_id
    assert (opened.times == result.tape.times).all()
    assert opened.metrics == json.loads(json.dumps(result.record()))
    assert opened.journal.why("paying", "UP", 0) == result.why("paying", "UP", 0)


@pytest.mark.pitfall("REP-05")
def test_saving_twice_gives_the_same_files(tmp_path: Path) -> None:
    first, second = (runs.result().save(tmp_path / name) for name in ("a", "b"))
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_saving_again_replaces_the_folder_as_a_whole(tmp_path: Path) -> None:
    folder = runs.result().save(tmp_path / "run")
    (folder / "left.txt").write_text("of the run before")
    runs.result().save(folder)
    assert names(folder) == FILES
    assert names(tmp_path) == {"run"}


def test_the_tables_hold_what_the_run_did(tmp_path: Path) -> None:
    result = runs.result()
    folder = result.save(tmp_path / "run")
    with (folder / "equity.csv").open() as file:
        equity = list(csv.DictReader(file))
    assert len(equity) == result.tape.rows
    assert equity[0]["time"] == "2024-01-02T00:00:00Z"
    assert float(equity[-1]["paying"]) == result.equity("paying")[-1]
    with (folder / "trades.csv").open() as file:
        trades = list(csv.DictReader(file))
    assert len(trades) == sum(result.trades(lane).size for lane in result.lanes)
    assert {trade["symbol"] for trade in trades} <= {"UP", "FLAT"}


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError) as caught:
        runs.result().save(tmp_path)
    assert "would be replaced" in caught.value.remedy
    assert names(tmp_path) == {"thesis.txt"}


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_a_place_that_cannot_take_a_folder_is_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    place = tmp_path / "file" if kind == "a file" else tmp_path / "file" / "run"
    with pytest.raises(DataError) as caught:
        folders.probe(place)
    assert caught.value.field == "results folder"
    assert caught.value.value == str(place)


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(folders.tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        folders.probe(tmp_path / "run")


@pytest.mark.parametrize("before", [False, True], ids=["new", "over an older run"])
def test_a_full_disk_leaves_nothing_half_written(before: bool, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    if before:
        runs.result().save(folder)
        kept = {name: (folder / name).read_bytes() for name in FILES}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(RetryError) as caught:
            runs.result().save(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.value == str(folder)
    assert names(tmp_path) == ({"run"} if before else set())
    if before:
        assert {name: (folder / name).read_bytes() for name in FILES} == kept


def test_a_disk_that_fails_at_the_last_step_keeps_the_older_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = runs.result().save(tmp_path / "run")
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if ".part-" in self.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(RetryError, match="No space left on device"):
        runs.result().save(folder)
    assert names(tmp_path) == {"run"}
    assert saved.open_run(folder).run_id == runs.result().run_id


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "_trade_lines", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runs.result().save(tmp_path / "run")
    assert names(tmp_path) == set()


def test_a_run_of_format_0_is_carried_forward() -> None:
    opened = saved.open_run(OLD)
    assert opened.meta["format"] == saved.FORMAT
    assert opened.meta["digests"] == {"tape": "t" * 64, "kernels": "k" * 64}
    assert opened.journal.marks.size == 3
    assert "signal 0.5 asked for 50.0 % of equity" in opened.journal.why("only", "A", 0)


def test_every_older_format_has_a_migration_and_a_fixture() -> None:
    assert set(saved.MIGRATIONS) == set(range(saved.FORMAT))
    for number in range(saved.FORMAT):
        assert OLD.with_name(f"run_v{number}").is_dir()


def test_a_newer_format_is_refused_with_a_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(OLD, folder)
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "format": 99}))
    with pytest.raises(DataError) as caught:
        saved.open_run(folder)
    assert (caught.value.field, caught.value.value) == ("format", 99)
    assert "upgrade polyfolio" in caught.value.remedy


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "no json"])
def test_a_damaged_run_is_refused(damage: str, tmp_path: Path) -> None:
    folder = runs.result().save(tmp_path / "run")
    if damage == "missing":
        (folder / "fills.parquet").unlink()
    elif damage == "cut":
        whole = (folder / "marks.parquet").read_bytes()
        (folder / "marks.parquet").write_bytes(whole[: len(whole) // 2])
    elif damage == "changed":
        shutil.copy(OLD / "marks.parquet", folder / "marks.parquet")
    else:
        (folder / "meta.json").write_text("{")
    with pytest.raises(DataError) as caught:
        saved.open_run(folder)
    assert "run again" in caught.value.remedy.lower()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"meta\.json"):
        saved.open_run(tmp_path)
