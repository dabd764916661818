"""A run in the registry: what would be recorded of it, whether it is there already, how it ended; and run again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from polyfolio.backtests.again import again, same_or_refused
from polyfolio.backtests.recorded import Recording, earlier, files, read, run_in, run_of, standing
from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.saved import open_run
from polyfolio.rules.load import load
from polyfolio.store.runs import Runs
from tests.report import runs


@pytest.fixture
def registry(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs.sqlite")


def recorded(registry: Runs, folder: Path) -> None:
    with Recording(registry, run_of(runs.result().spec, runs.tape())) as record:
        record.saved(runs.result(), runs.result().save(folder))


def test_what_is_recorded_before_is_what_the_run_is_called_after(registry: Runs, tmp_path: Path) -> None:
    before = run_of(runs.result().spec, runs.tape())
    assert before.run == runs.result().run_id
    saved = run_in(open_run(runs.result().save(tmp_path / "run")))
    assert (saved.run, saved.seed, saved.versions) == (before.run, before.seed, before.versions)
    assert saved.digests == {**before.digests, "journal": runs.result().journal.digest()}
    assert saved.spec == json.loads(json.dumps(before.spec))


def test_a_run_is_there_while_its_results_are(registry: Runs, tmp_path: Path) -> None:
    run = run_of(runs.result().spec, runs.tape()).run
    assert earlier(registry, run) is None
    recorded(registry, tmp_path / "run")
    found = earlier(registry, run)
    assert found is not None
    assert standing(found) == "there"
    other = backtest(runs.spec(lanes=runs.spec()["lanes"][:1]), runs.tape())
    other.save(tmp_path / "run")
    assert standing(found) == "replaced"
    assert earlier(registry, run) is None
    shutil.rmtree(tmp_path / "run")
    assert standing(found) == "gone"
    assert standing(run_of(runs.result().spec, runs.tape())) == "none"


@pytest.mark.parametrize(
    ("error", "status"), [(None, "done"), (KeyboardInterrupt(), "interrupted"), (DataError("x", 1, "2", "y"), "failed")]
)
def test_how_the_block_ends_is_recorded_and_errors_go_on(error, status: str, registry: Runs, tmp_path: Path) -> None:
    def work() -> None:
        with Recording(registry, run_of(runs.result().spec, runs.tape())) as record:
            record.saved(runs.result(), runs.result().save(tmp_path / "run"))
            if error is not None:
                raise error

    if error is None:
        work()
    else:
        with pytest.raises(type(error)):
            work()
    run = registry.one("last")
    assert run.status == status
    assert run.metrics["paying"]["closed_trades"] == 1.0
    assert run.note == ("x: got 1, must be 2. y" if status == "failed" else "")
    assert (earlier(registry, run.run) is not None) == (status == "done")


def test_the_files_of_a_tape_are_a_file_a_folder_or_a_pattern(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv", "notes.txt"):
        (tmp_path / name).write_text(name)
    assert [path.name for path in files(tmp_path / "*.csv")] == ["one.csv", "two.csv"]
    assert [path.name for path in files(tmp_path)] == ["notes.txt", "one.csv", "two.csv"]
    assert files(tmp_path / "gone.csv") == []
    demo = run_of(load({"name": "d", "tape": {"format": "demo"}, "lanes": [{"name": "a"}]}), runs.tape())
    assert [Path(link.path).name for link in read(demo)] == ["bars.parquet", "instruments.csv"]


def test_a_recorded_run_is_run_again_and_held_against_then(registry: Runs, tmp_path: Path) -> None:
    recorded(registry, tmp_path / "run")
    found = again(registry.one("last"), tape=runs.tape())
    assert found.same
    assert found.changed == ()
    assert same_or_refused(found).journal == runs.result().journal


def test_another_tape_is_another_run_and_is_refused_by_name(registry: Runs, tmp_path: Path) -> None:
    recorded(registry, tmp_path / "run")
    close = np.array(runs.tape().close)
    close[40, 0] *= 1.0005
    found = again(registry.one("last"), tape=replace(runs.tape(), close=close, high=close * 1.001))
    assert not found.same
    assert found.changed == ("tape", "journal")
    with pytest.raises(DataError, match="Since then the data changed"):
        same_or_refused(found)


def test_a_run_whose_tape_came_from_code_says_what_to_do(registry: Runs, tmp_path: Path) -> None:
    recorded(registry, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"result\.report\(folder\)"):
        again(registry.one("last"))


def test_what_was_not_recorded_then_did_not_change(registry: Runs, tmp_path: Path) -> None:
    """A folder that an older version wrote has no digest of the code."""
    recorded(registry, tmp_path / "run")
    run = registry.one("last")
    digests = {name: digest for name, digest in run.digests.items() if name != "code"}
    assert again(replace(run, digests=digests), tape=runs.tape()).changed == ()
