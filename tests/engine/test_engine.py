"""The engine's verbs: run, step, halves of a row, snapshots, threads, what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Universe
from polyfolio.engine.engine import Engine, slices, units_of
from polyfolio.errors import ConfigError, DataError, StopTrading
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from tests.kernels.tapes import account, engine_for, flat_tape, orders, weights

CLOSES = [[100.0, 104.0, 96.0, 99.0, 103.0, 120.0], [50.0, 49.0, 53.0, 51.0, 50.0, 48.0]]
COSTS: dict[str, Any] = {
    "commission": {"model": "percentage", "percentage_fee": 0.002},
    "slippage": {"model": "percentage", "base_slippage": 0.001},
}


def one(threads: int = 1, lanes: int = 1) -> Engine:
    made = [
        {
            "name": f"lane{k}",
            **weights(execution=COSTS | {"order_type": "market"}, signal="s", limits={"max_position": 0.5 - 0.01 * k}),
        }
        for k in range(lanes)
    ]
    return engine_for(flat_tape(CLOSES), [0.6, 0.3], made, threads=threads)


def test_steps_and_a_run_write_the_same_book_and_journal() -> None:
    whole, parts = one().run(), one()
    for _ in range(6):
        parts.step()
    assert parts.book.digest() == whole.book.digest()
    assert parts.journal == whole.journal
    assert parts.row == 5


def test_a_run_may_stop_and_go_on() -> None:
    parts = one().run(3)
    assert parts.row == 2
    assert parts.run().book.digest() == one().run().book.digest()


def test_threads_change_nothing() -> None:
    whole, parts = one(1, 7).run(), one(3, 7).run()
    assert parts.book.digest() == whole.book.digest()
    assert parts.journal == whole.journal


def test_a_lane_is_the_same_alone_and_in_company() -> None:
    company, alone = one(1, 3).run(), one(1, 1).run()
    assert company.book.lane_bytes(0) == alone.book.lane_bytes(0)
    assert company.journal.lane("lane0").digest() == alone.journal.lane("lane0").digest()


def test_a_snapshot_restored_goes_on_byte_for_byte() -> None:
    engine = one().run(3)
    kept = engine.snapshot()
    first = engine.run().journal.digest(), engine.book.digest()
    engine.restore(kept)
    assert engine.row == 2
    assert (engine.run().journal.digest(), engine.book.digest()) == first


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    one().run(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (6, 6)


def test_a_live_tape_decides_at_its_last_row() -> None:
    tape = flat_tape([[100.0] * 3])
    spec = Spec(name="x", journal="full", checked=True, lanes=[{"name": "a", **weights()}])
    plan = compile_spec(spec, tape.universe)
    ended, live = (Engine(plan, tape, [[[0.5]]], live=live).run() for live in (False, True))
    assert ended.book.account["decided"][0] == 1
    assert live.book.account["decided"][0] == 2


def test_no_step_goes_beyond_the_tape() -> None:
    with pytest.raises(DataError, match="tape has ended"):
        one().run().step()


def test_a_plan_for_other_symbols_is_refused() -> None:
    spec = Spec(name="x", lanes=[{"name": "a"}])
    with pytest.raises(ConfigError, match=r"plan\.symbols"):
        Engine(compile_spec(spec, Universe(("X", "Y"))), flat_tape(CLOSES), np.zeros((1, 1, 2)))


@pytest.mark.parametrize("signals", [np.zeros((1, 1, 3)), np.zeros((1, 4, 2)), np.full((1, 1, 2), np.inf)])
def test_signals_of_another_shape_or_infinite_are_refused(signals: Any) -> None:
    with pytest.raises(DataError, match="signals"):
        engine_for(flat_tape(CLOSES), signals, **weights())


def test_checked_mode_stops_where_the_books_do_not_add_up() -> None:
    engine = one().run(3)
    engine.book.account["cash"][0] += 1.0
    with pytest.raises(StopTrading, match="residual of lane 'lane0'"):
        engine.step()


def test_units_keep_groups_whole_and_slices_keep_units_whole() -> None:
    units = units_of(np.array([-1, 0, 0, 1, 1, 1, -1]))
    assert units.tolist() == [[0, 1], [1, 3], [3, 6], [6, 7]]
    assert [part.tolist() for part in slices(units, 2)] == [[[0, 1], [1, 3]], [[3, 6], [6, 7]]]


@pytest.mark.pitfall("ACC-14")
def test_nothing_traded_nothing_gained() -> None:
    engine = engine_for(flat_tape(CLOSES), [0.0, 0.0], **orders()).run()
    assert list(engine.journal.marks["equity"]) == [100_000.0] * 6
    assert account(engine)["fills"] == 0
