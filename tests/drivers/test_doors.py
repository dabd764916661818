"""Every door, the same book and journal, byte for byte."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyfolio.engine.engine import Engine
from tests.drivers.runs import GROUP, LANES, SHAPE, digests, engine_of, of_lane, spec_of
from tests.house.sources import ROOT, run_python
from tests.laws.tapes import make_tape


@functools.cache
def reference() -> Engine:
    """The run that every other door is compared with."""
    return engine_of().run()


def test_the_reference_uses_what_it_has() -> None:
    engine = reference()
    fills = {name: int((engine.journal.fills["lane"] == lane).sum()) for lane, name in enumerate(engine.plan.names)}
    assert min(fills.values()) > 10, fills
    assert set(engine.journal.fills["moment"]) == {0, 1, 2}
    assert len(set(engine.journal.events["reason"])) > 12


def test_step_by_step() -> None:
    engine = engine_of()
    for _ in range(engine.tape.rows):
        engine.step()
    assert digests(engine) == digests(reference())


def test_fill_mark_and_decide_one_by_one() -> None:
    engine = engine_of()
    while engine.row + 1 < engine.tape.rows:
        engine.fill().mark().decide()
    assert digests(engine) == digests(reference())


@pytest.mark.parametrize("threads", (2, 3, 50))
@pytest.mark.pitfall("RND-01", "REP-06")
def test_threads(threads: int) -> None:
    assert digests(engine_of(threads=threads).run()) == digests(reference())


def test_slices_keep_groups_whole() -> None:
    engine = engine_of(threads=50)
    units = [tuple(unit) for part in engine._slices for unit in part.tolist()]
    first = [lane["name"] for lane in LANES].index(GROUP["lanes"][0])
    assert (first, first + 2) in units
    assert [lane for unit in units for lane in range(*unit)] == list(range(len(LANES)))


@pytest.mark.parametrize("name", [lane["name"] for lane in LANES if lane["name"] not in GROUP["lanes"]])
def test_a_lane_alone(name: str) -> None:
    lanes = tuple(lane for lane in LANES if lane["name"] == name)
    assert of_lane(engine_of(spec_of(lanes, ())).run(), name) == of_lane(reference(), name)


def test_a_group_alone() -> None:
    lanes = tuple(lane for lane in LANES if lane["name"] in GROUP["lanes"])
    engine = engine_of(spec_of(lanes)).run()
    assert [of_lane(engine, name) for name in GROUP["lanes"]] == [of_lane(reference(), name) for name in GROUP["lanes"]]


@pytest.mark.pitfall("RND-01", "REP-06")
def test_a_thousand_lanes() -> None:
    """Every lane of the batch is the lane alone, whatever stands beside it; short, so that the batch stays cheap."""
    tape = make_tape(dataclasses.replace(SHAPE, rows=40))
    single = [lane for lane in LANES if lane["name"] not in GROUP["lanes"]]
    lanes = tuple({**single[k % len(single)], "name": f"{single[k % len(single)]['name']} {k}"} for k in range(1000))
    engine = engine_of(spec_of(lanes, ()), tape, threads=2).run()
    marks, fills = engine.journal.marks.reshape(1000, tape.rows), engine.journal.fills
    for number, keys in enumerate(single):
        alone = engine_of(spec_of((keys,), ()), tape).run()
        for k in (number, number + 6 * 70, number + 6 * 165):
            assert of_lane(engine, lanes[k]["name"]) == of_lane(alone, keys["name"])
        books = {engine.book.lane_bytes(k) for k in range(number, 1000, len(single))}
        assert books == {alone.book.lane_bytes(0)}
        expected = alone.journal.marks["equity"]
        assert all((marks[k]["equity"] == expected).all() for k in range(number, 1000, len(single)))
        assert sum(int((fills["lane"] == k).sum()) for k in (number, number + 6)) == 2 * alone.journal.fills.size


@settings(max_examples=15)
@given(st.lists(st.integers(0, SHAPE.rows), max_size=5))
def test_any_split_of_the_run(stops: list[int]) -> None:
    engine = engine_of()
    for stop in sorted(stops):
        engine.run(stop)
    assert digests(engine.run()) == digests(reference())


@settings(max_examples=15)
@given(st.integers(1, SHAPE.rows - 1), st.integers(0, 60), st.booleans())
def test_a_snapshot_in_the_middle(at: int, further: int, fresh: bool) -> None:
    """Restored after the run went on, or in an engine that has seen nothing."""
    engine = engine_of().run(at)
    kept = engine.snapshot()
    engine.run(min(at + further, SHAPE.rows))
    resumed = (engine_of() if fresh else engine).restore(kept)
    assert resumed.row == at - 1
    assert digests(resumed.run()) == digests(reference())


def test_a_snapshot_is_a_copy() -> None:
    engine = engine_of().run(50)
    kept = engine.snapshot()
    before = {name: array.tobytes() for name, array in kept["book"].items()}
    engine.run()
    assert {name: array.tobytes() for name, array in kept["book"].items()} == before


def test_a_changed_bit_changes_the_digest() -> None:
    engine = engine_of().run(30)
    book, journal = digests(engine)
    engine.book.account["cash"][2] = np.nextafter(engine.book.account["cash"][2], np.inf)
    engine.journal.fills["price"][3] = np.nextafter(engine.journal.fills["price"][3], np.inf)
    assert engine.book.digest() != book
    assert engine.journal.digest() != journal


@pytest.mark.parametrize("level", ("off", "summary"))
def test_the_journal_level_changes_no_book(level: str) -> None:
    engine = engine_of(spec_of(journal=level)).run()
    quiet = [engine.book.account[name].tobytes() for name in engine.book.account.dtype.names]
    assert quiet == [reference().book.account[name].tobytes() for name in engine.book.account.dtype.names]
    assert engine.journal.events.size == 0
    assert engine.journal.marks.size == (0 if level == "off" else reference().journal.marks.size)


def test_another_process() -> None:
    done = run_python("-m", "tests.drivers.runs", str(SHAPE.rows), cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == list(digests(reference()))


@pytest.mark.pitfall("REP-06")
def test_un_jitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same functions as plain Python, in a process that compiles nothing."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    done = run_python("-m", "tests.drivers.runs", str(SHAPE.rows), cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == list(digests(reference()))


def test_a_tape_stored_by_columns_is_read_as_one_stored_by_rows() -> None:
    """Else the walk would be compiled anew for it."""
    tape = make_tape(dataclasses.replace(SHAPE, rows=20))
    names = ("open", "close", "volume", "tradable")
    columns = dataclasses.replace(tape, **{name: np.asfortranarray(getattr(tape, name)) for name in names})
    market = engine_of(tape=columns).rows.market
    assert all(array.flags.c_contiguous for array in market if array.ndim == 2)
