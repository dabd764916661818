"""Third parties' stages: compiled ones are part of the walk, plain Python ones give the same book bar by bar."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason, Stage
from polyfolio.engine import extend
from polyfolio.errors import ConfigError
from polyfolio.kernels import compile as compiling
from polyfolio.kernels.walk import walk as plain_walk
from tests.kernels.tapes import engine_for, flat_tape, weights

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests.engine.stages"
SKELETON = "skeletons.stage:halve_in_drawdown"
COMPILED, PYTHON = f"{HERE}:halve_first", f"{HERE}:halve_first_slowly"
ROWS = 12
TAPE = flat_tape([[100.0 + 3.0 * (row % 4) for row in range(ROWS)], [50.0 - row % 3 for row in range(ROWS)]])
SIGNALS = np.tile([0.4, -0.3], (1, ROWS, 1))
# One lane limits drawdown after the stage, the other has stages on both sides of it and a rule that holds the book.
SECTIONS = {
    "one": weights(limits={"max_position": 0.35}),
    "two": weights(limits={"max_position": 0.35, "max_gross": 0.6}, rebalance={"threshold": 0.05}),
}
PROGRAMS = {
    "one": ["size", "filter", "STAGE", "cap_position"],
    "two": ["size", "filter", "cap_position", "STAGE", "scale", "rebalance"],
}

# A second process: the walk comes from the disk, and says so.
SECOND = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.engine.test_extend import COMPILED, SIGNALS, engine_with
engine = engine_with(COMPILED).run()
compiled = engine._walk
print(json.dumps([sum(compiled.stats.cache_hits.values()), sum(compiled.stats.cache_misses.values()),
                  engine.journal.digest()]))
"""


def engine_with(stage: str, **more: Any) -> Any:
    """Two lanes with the stage in their programs."""
    lanes = [
        {"name": name, **sections, "program": [stage if word == "STAGE" else word for word in PROGRAMS[name]]}
        for name, sections in SECTIONS.items()
    ]
    return engine_for(TAPE, np.repeat(SIGNALS, 2, axis=0), lanes, **more)


def cuts(engine: Any, lane: int) -> list[tuple[int, int, float, float]]:
    """Row, slot, before and after of each cut by a third party's stage."""
    events = engine.journal.events
    mine = (events["lane"] == lane) & (events["event"] == Event.CUT) & (events["reason"] == Reason.EXTENSION)
    assert (events["stage"][mine] == Stage.EXTENSION).all()
    return [(int(e["row"]), int(e["slot"]), float(e["before"]), float(e["after"])) for e in events[mine]]


@pytest.fixture(scope="module")
def compiled() -> Any:
    return engine_with(COMPILED).run()


def test_a_compiled_stage_acts_at_its_place_in_the_program(compiled: Any) -> None:
    odd = range(1, ROWS - 1, 2)
    assert cuts(compiled, 0) == [(row, 0, 0.4, 0.2) for row in odd]  # before the cap
    assert cuts(compiled, 1) == [(row, 0, 0.35, 0.175) for row in odd]  # after it


def test_a_rule_in_a_stage_trades_as_the_same_rule_in_the_signals(compiled: Any) -> None:
    signals = SIGNALS.copy()
    signals[0, 1::2, 0] *= 0.5
    other = engine_for(TAPE, signals, [{"name": "one", **SECTIONS["one"]}]).run()
    ours = compiled.journal.fills[compiled.journal.fills["lane"] == 0]
    assert ours.size > 10
    assert ours.tobytes() == other.journal.fills.tobytes()
    assert compiled.book.quantity[0].tolist() == other.book.quantity[0].tolist()
    assert compiled.book.account["cash"][0] == other.book.account["cash"][0]


def test_generated_modules_stand_in_the_cache_and_serve_a_second_engine(compiled: Any) -> None:
    assert compiled._walk is not plain_walk
    module = sys.modules[compiled._walk.__module__]
    folder = Path(str(module.__file__)).parent
    assert folder.parent == Path(compiling.CACHE)
    assert {path.stem for path in folder.glob("*.py")} == set(extend.CHAIN)
    times = {path: path.stat().st_mtime_ns for path in folder.glob("*.py")}
    assert engine_with(COMPILED)._walk is compiled._walk
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.py")} == times


def test_a_second_process_takes_the_walk_from_the_disk(compiled: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SECOND, str(ROOT)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    hits, misses, digest = json.loads(done.stdout)
    assert (hits, misses) == (1, 0)
    assert digest == compiled.journal.digest()


def test_a_plain_python_stage_gives_the_same_journal_and_book(compiled: Any) -> None:
    slow = engine_with(PYTHON).run()
    assert slow._walk is plain_walk
    assert slow.journal.to_bytes() == compiled.journal.to_bytes()
    for name, array in compiled.book.arrays().items():
        assert array.tobytes() == slow.book.arrays()[name].tobytes(), name


def test_threads_and_steps_do_not_change_a_plain_python_stage(compiled: Any) -> None:
    slow = engine_with(PYTHON, threads=2)
    for _ in range(ROWS):
        slow.step()
    assert slow.journal.to_bytes() == compiled.journal.to_bytes()


def test_lanes_without_the_python_stage_run_beside_it_as_alone() -> None:
    lanes = [
        {"name": "plain", **SECTIONS["two"]},
        {"name": "own", **SECTIONS["one"], "program": ["size", "filter", PYTHON, "cap_position"]},
        {"name": "orders", "sizing": {"method": "orders", "allow_short": True}},
    ]
    signals = np.concatenate([SIGNALS, SIGNALS, np.full((1, ROWS, 2), 2.0)])
    together = engine_for(TAPE, signals, lanes).run()
    for index in (0, 2):
        alone = engine_for(TAPE, signals[index : index + 1], [lanes[index]]).run()
        assert alone.journal.to_bytes() == together.journal.lane(index).to_bytes()
        assert alone.journal.fills.size > 0


def test_a_python_stage_is_announced_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extend, "_announced", set())
    with caplog.at_level(logging.WARNING, logger="polyfolio"):
        engine_with(PYTHON)
        engine_with(PYTHON)
    assert len(caplog.records) == 1
    assert PYTHON in caplog.text
    assert "bar by bar" in caplog.text


def test_a_python_stage_in_a_group_is_refused() -> None:
    with pytest.raises(ConfigError, match="inside a group"):
        engine_with(PYTHON, groups=[{"name": "g", "lanes": ["one", "two"]}])


def test_a_python_stage_with_same_close_is_refused() -> None:
    lane = weights(execution={"fill": "same_close"}, program=["size", "filter", PYTHON])
    with pytest.raises(ConfigError, match="a later fill"):
        engine_for(TAPE, SIGNALS, [{"name": "one", **lane}])


def test_deciding_apart_is_refused_with_a_python_stage() -> None:
    engine = engine_with(PYTHON)
    engine.fill().mark()
    with pytest.raises(ConfigError, match="run or step"):
        engine.decide()


def test_a_python_stage_that_wants_nan_is_refused() -> None:
    with pytest.raises(ConfigError, match="finite weights"):
        engine_with(f"{HERE}:ruin_slowly").run()


def test_a_stage_inside_a_function_is_refused() -> None:
    @compiling.kernel
    def hidden(want: Any, lane: Any, bar: Any, risk: Any) -> None:
        want[0] = 0.0

    with pytest.raises(ConfigError, match="a function of a module"):
        extend._generated({int(Stage.EXTENSION): hidden})


def test_what_a_stage_does_to_a_frozen_slot_is_undone_in_both_forms() -> None:
    missing = flat_tape([[100.0] * 6, [50.0] * 6], missing=[(3, 0)])
    books = []
    for stage in (COMPILED, PYTHON):
        lane = {"name": "one", **weights(), "program": ["size", "filter", stage]}
        engine = engine_for(missing, [[0.4, 0.2]], [lane]).run()
        assert cuts(engine, 0) == [(1, 0, 0.4, 0.2)]  # row 3 is odd too, but its first slot has no price
        books.append(engine.journal.to_bytes())
    assert books[0] == books[1]


@pytest.mark.slow
def test_the_skeleton_stage_halves_in_a_drawdown() -> None:
    falling = flat_tape([[100.0, 100.0, 80.0, 80.0, 80.0]])
    lane = {"name": "one", **weights(), "program": ["size", "filter", SKELETON]}
    engine = engine_for(falling, [[0.8]], [lane]).run()
    assert cuts(engine, 0) == [(2, 0, 0.8, 0.4), (3, 0, 0.8, 0.4)]


@pytest.mark.slow
def test_a_compiled_stage_that_makes_nan_changes_nothing() -> None:
    lane = {"name": "one", **weights(), "program": ["size", "filter", f"{HERE}:ruin_first"]}
    engine = engine_for(TAPE, SIGNALS, [lane]).run()
    assert cuts(engine, 0) == []
    assert np.isfinite(engine.book.quantity).all()
