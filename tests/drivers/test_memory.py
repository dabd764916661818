"""Nothing is allocated per bar: the memory of a run with the journal off does not depend on its length."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import compile_spec
from tests.drivers.runs import SHAPE, signals_of, spec_of
from tests.laws.tapes import make_tape

PLAIN = dataclasses.replace(SHAPE, late=False, splits=False, dividends=False)


def engine_of(rows: int) -> Engine:
    tape = make_tape(dataclasses.replace(PLAIN, rows=rows))
    plan = compile_spec(spec_of(journal="off"), tape.universe)
    return Engine(plan, tape, signals_of(plan, rows))


def peak_of(engine: Engine, stop: int | None = None) -> int:
    """Largest number of bytes that a run held beyond what stood before it."""
    tracemalloc.start()
    try:
        engine.run(stop)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.pitfall("SPD-01")
def test_the_memory_of_a_run_does_not_grow_with_its_rows() -> None:
    peak_of(engine_of(200))
    short, long = peak_of(engine_of(2_000)), peak_of(engine_of(20_000))
    assert long <= short + 64 * 1024, (short, long)


@pytest.mark.pitfall("SPD-01")
def test_a_late_step_allocates_no_more_than_an_early_one() -> None:
    engine = engine_of(6_000)
    engine.run(64)
    early = peak_of(engine, 65)
    engine.run(5_952)
    late = peak_of(engine, 5_953)
    assert late <= early + 4_096, (early, late)


def test_the_measure_sees_what_a_journal_keeps() -> None:
    tape = make_tape(dataclasses.replace(PLAIN, rows=2_000))
    plan = compile_spec(spec_of(journal="full"), tape.universe)
    keeping = Engine(plan, tape, signals_of(plan, 2_000))
    assert peak_of(keeping) > peak_of(engine_of(2_000)) + 256 * 1024
    assert np.isfinite(keeping.book.account["equity"]).all()
