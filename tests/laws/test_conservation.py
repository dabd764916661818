"""Double entry: every bar of every lane adds up, by the engine's own identity and by books kept apart from it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from polyfolio.core.codes import Moment
from polyfolio.engine.engine import Engine
from polyfolio.errors import StopTrading
from tests.laws.books import rows_of
from tests.laws.tapes import Shape
from tests.laws.worlds import CAPITAL, World, engine_of, run, single, worlds

TOLERANCE = 1e-9
TERMS = ("dividends", "interest", "borrow", "funding")
COSTS = ("commission", "slippage", "impact")


def size_of(mark: Any) -> float:
    """What 1e-9 is taken of: the money at stake."""
    return CAPITAL + abs(float(mark["equity"])) + float(mark["gross"])


def disagreements(engine: Engine, lane: int) -> list[str]:
    """Where the engine's marks differ from the second set of books."""
    marks = engine.journal.marks[engine.journal.marks["lane"] == lane]
    found = []
    for row, mark in zip(rows_of(engine, lane), marks, strict=True):
        pairs = {"cash": row.cash, "equity": row.equity, "gross": row.gross}
        pairs |= {name: getattr(row, name) for name in TERMS}
        pairs |= {name: float(row.fills[name].sum()) for name in COSTS}
        bound = TOLERANCE * size_of(mark)
        found += [
            f"row {row.row} {name}: {float(mark[name])!r}, books {value!r}"
            for name, value in pairs.items()
            if not abs(float(mark[name]) - value) <= bound
        ]
    return found


def identity_gaps(engine: Engine) -> np.ndarray:
    """Change of equity less its terms, relative to the money at stake, for every mark."""
    gaps = []
    for lane in range(engine.plan.lanes):
        marks = engine.journal.marks[engine.journal.marks["lane"] == lane]
        before = np.append(CAPITAL, marks["equity"][:-1])
        gained = marks["gain"] + marks["dividends"] + marks["interest"] + marks["flows"]
        paid = marks["commission"] + marks["slippage"] + marks["impact"] + marks["borrow"] + marks["funding"]
        stake = CAPITAL + abs(marks["equity"]) + marks["gross"]
        gaps.append(abs(marks["equity"] - before - gained + paid) / stake)
    return np.concatenate(gaps)


def fails(engine: Engine) -> list[str]:
    return [f"lane {lane} {line}" for lane in range(engine.plan.lanes) for line in disagreements(engine, lane)]


@given(worlds())
@pytest.mark.pitfall("ACC-14", "ACC-15")
def test_every_bar_adds_up(world: World) -> None:
    engine = run(world)
    assert (identity_gaps(engine) <= TOLERANCE).all()
    assert not fails(engine), fails(engine)[:5]


@pytest.mark.slow
@settings(max_examples=2000)
@given(worlds(lanes=5))
def test_every_bar_of_many_worlds_adds_up(world: World) -> None:
    engine = run(world)
    assert (identity_gaps(engine) <= TOLERANCE).all()
    assert not fails(engine), fails(engine)[:5]


BUSY = single(
    Shape(seed=3, rows=40, slots=4, missing=0.1, dividends=True, splits=True, spread=True, borrow=True, funding=True),
    account={"initial_capital": CAPITAL, "interest_rate": 0.03},
    limits={"max_leverage": 2.0},
    sizing={"method": "weights", "allow_short": True},
    execution={
        "commission": {"model": "percentage", "percentage_fee": 0.001},
        "slippage": {"model": "percentage", "base_slippage": 0.001},
        "market_impact": {"model": "square_root", "temporary_impact": 0.1},
    },
)


def test_the_busy_world_has_every_kind_of_money() -> None:
    marks = run(BUSY).journal.marks
    assert all((marks[name] != 0.0).any() for name in (*TERMS, *COSTS)), marks


@pytest.mark.parametrize("name", COSTS)
def test_a_cost_lost_in_the_journal_is_found(name: str) -> None:
    engine = run(BUSY)
    largest = int(np.argmax(abs(engine.journal.fills[name])))
    engine.journal.fills[name][largest] *= 1.01
    assert fails(engine)


@pytest.mark.parametrize("name", ("equity", "gain", "commission", "borrow"))
def test_a_changed_mark_is_found(name: str) -> None:
    engine = run(BUSY)
    engine.journal.marks[name][20] += 1e-3 * CAPITAL
    assert (identity_gaps(engine) > TOLERANCE).any()


def test_checked_mode_stops_when_money_appears() -> None:
    engine = engine_of(BUSY)
    engine.run(10)
    engine.book.account["cash"][0] += 1.0
    with pytest.raises(StopTrading, match="residual of lane"):
        engine.run()


def test_unchecked_mode_lets_it_pass() -> None:
    world = dataclasses.replace(BUSY, spec={"checked": False})
    engine = engine_of(world)
    engine.run(10)
    engine.book.account["cash"][0] += 1.0
    assert engine.run().book.account["residual"][0] > TOLERANCE


@given(worlds())
@pytest.mark.pitfall("ACC-07")
def test_costs_are_never_income(world: World) -> None:
    fills = run(world).journal.fills
    assert (fills["slippage"] >= 0.0).all()
    assert ((fills["quantity"] != 0.0) & np.isin(fills["moment"], [int(moment) for moment in Moment])).all()
