"""The order in which symbols stand on the tape decides nothing, ties included."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import compile_spec
from tests.laws.tapes import Shape, permuted, shapes
from tests.laws.worlds import CAPITAL, World, engine_of, of, run, signals_of, single, spec_of, worlds

TOLERANCE = 1e-9
whole_free = st.builds(
    lambda shape, slots: dataclasses.replace(shape, lots=False, slots=slots), shapes, st.integers(2, 6)
)


def moved(world: World, order: Any) -> Engine:
    """The world run with its slots in another order, its signals moved along."""
    tape = world.tape()
    signals = signals_of(world, compile_spec(spec_of(world), tape.universe))
    return run(world, tape=permuted(tape, order), signals=signals[:, :, order])


def distance(one: Engine, other: Engine, order: Any) -> float:
    """Largest difference of money in books and marks, relative to the capital at stake."""
    held = one.book.value[:, order] - other.book.value
    money = [
        abs(one.journal.marks[name] - other.journal.marks[name]).max(initial=0.0)
        for name in ("equity", "cash", "gross", "commission", "slippage", "impact")
    ]
    stake = CAPITAL + one.journal.marks["gross"].max(initial=0.0)
    return float(max(abs(held).max(), *money) / stake)


@given(worlds(whole_free, lanes=2), st.randoms(use_true_random=False))
@pytest.mark.pitfall("ACC-10")
def test_results_do_not_depend_on_the_order_of_slots(world: World, random: Any) -> None:
    order = random.sample(range(world.shape.slots), world.shape.slots)
    assert distance(run(world), moved(world, order), order) <= TOLERANCE


TIES = {
    "counts": {"limits": {"max_positions": 2}},
    "labels": {"limits": {"labels": [{"by": "sector", "cap": 0.3}]}},
    "drop": {"correlation": {"limit": 0.0, "rule": "drop"}, "risk": {"min_history": 2, "covariance": {"window": 5}}},
    "cash": {"sizing": {"method": "weights"}, "limits": {"max_leverage": 1.0}},
}


@pytest.mark.parametrize("name", TIES)
@pytest.mark.parametrize("order", ([1, 0, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]))
def test_ties_go_by_symbol(name: str, order: list[int]) -> None:
    world = single(Shape(rows=25, slots=4, twins=True), **{"sizing": {"method": "equal_weight"}, **TIES[name]})
    tape = world.tape()
    signals = np.ones((1, 1, 4))
    one = engine_of(world, signals=signals).run()
    other = run(world, tape=permuted(tape, order), signals=signals)
    assert one.journal.fills.size
    assert distance(one, other, order) <= TOLERANCE


@pytest.mark.parametrize("kind", ("market", "limit", "stop"))
@pytest.mark.parametrize("jumps", (0.0, 0.02))
def test_orders_beyond_the_cash_are_cut_alike_in_any_order(kind: str, jumps: float) -> None:
    """Three names want 60 % of the money each; whichever stands first gets no more than the others."""
    world = single(
        Shape(rows=12, slots=3, jumps=jumps, volatility=0.02, seed=4),
        account={"initial_capital": CAPITAL},
        sizing={"method": "orders"},
        execution={"order_type": kind},
    )
    tape = world.tape()
    signals = np.zeros((1, 12, 3))
    signals[0, 2] = 0.6 * CAPITAL / tape.close[2]
    order = [2, 0, 1]
    one = run(world, signals=signals)
    other = run(world, tape=permuted(tape, order), signals=signals[:, :, order])
    assert one.journal.fills.size
    assert distance(one, other, order) <= TOLERANCE


def test_a_book_that_leans_on_the_first_slot_is_found() -> None:
    world = single(Shape(rows=25, slots=3), sizing={"method": "equal_weight"})
    one, other = run(world), moved(world, [2, 0, 1])
    assert distance(one, other, [2, 0, 1]) <= TOLERANCE
    other.journal.marks["equity"][7] += 1e-6 * CAPITAL
    assert distance(one, other, [2, 0, 1]) > TOLERANCE


@given(of(*range(5)), st.booleans())
def test_momentum_of_equal_names_is_the_same_in_any_order(seed: int, short: bool) -> None:
    world = single(
        Shape(seed=seed, slots=5, twins=True),
        sizing={"method": "signal_strength", "allow_short": short},
        limits={"max_long_positions": 2},
    )
    order = [4, 2, 0, 3, 1]
    assert distance(run(world), moved(world, order), order) <= TOLERANCE
