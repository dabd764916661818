"""Markets so plain that the result is known beforehand: flat prices, one short, a split."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.tape import NANOSECONDS_PER_DAY, PRICES, Calendar
from tests.laws.tapes import Shape, flat_tape, make_tape, shapes
from tests.laws.worlds import CAPITAL, Keys, World, lane_keys, of, run, single

flat_shapes = st.builds(
    lambda shape: dataclasses.replace(shape, volatility=0.0, jumps=0.0, foreign=False, splits=False, dividends=False),
    shapes,
)


@given(flat_shapes, lane_keys(), of(*range(20)))
def test_flat_prices_earn_only_costs_and_carry(shape: Shape, keys: Keys, seed: int) -> None:
    engine = run(World(shape, ({"name": "lane", **keys},), seed))
    marks = engine.journal.marks
    costs = sum(marks[name] for name in ("commission", "slippage", "impact", "borrow", "funding"))
    expected = CAPITAL + np.cumsum(marks["interest"] - costs)
    assert abs(marks["equity"] - expected).max() <= 1e-9 * (CAPITAL + marks["gross"].max())
    if not any("limit" in str(section) for section in (keys["execution"].get("order_type", ""),)):
        assert abs(marks["gain"]).max() <= 1e-9 * (CAPITAL + marks["gross"].max())


def short_lane(rate: float, days: int, quantity: float = -100.0, **account: float) -> float:
    """Equity after a short of 100 units at a flat 50 was held for so many nights."""
    world = single(
        Shape(rows=days + 2, slots=1),
        sizing={"method": "orders", "allow_short": True},
        account={"initial_capital": CAPITAL, "borrow_rate": rate, **account},
    )
    signals = np.zeros((1, days + 2, 1))
    signals[0, 0] = quantity
    return float(run(world, tape=flat_tape(days + 2, 50.0, 1), signals=signals).book.account["equity"][0])


@pytest.mark.pitfall("ACC-06")
@given(st.integers(1, 60), of(0.0, 0.02, 0.5), of(360.0, 365.0))
def test_borrow_is_linear_in_time(days: int, rate: float, day_count: float) -> None:
    paid = CAPITAL - short_lane(rate, days, day_count=day_count)
    assert paid == pytest.approx(days * 100.0 * 50.0 * rate / day_count, rel=1e-9, abs=1e-9)


def test_a_long_pays_no_borrow() -> None:
    assert short_lane(0.5, 30, quantity=100.0) == CAPITAL


def test_a_weekend_costs_three_days() -> None:
    tape = flat_tape(6, 50.0, 1)
    day = np.array([0, 1, 2, 5, 6, 7]) + 19_000
    tape = dataclasses.replace(
        tape, times=(day + 1) * NANOSECONDS_PER_DAY, calendar=Calendar("XNYS", 252.0, 252.0, "given", day)
    )
    signals = np.zeros((1, 6, 1))
    signals[0, 0] = -100.0
    world = single(
        Shape(rows=6, slots=1),
        sizing={"method": "orders", "allow_short": True},
        account={"initial_capital": CAPITAL, "borrow_rate": 0.36},
    )
    borrow = run(world, tape=tape, signals=signals).journal.marks["borrow"]
    assert borrow == pytest.approx([0.0, 0.0, 5.0, 15.0, 5.0, 5.0], rel=1e-12)


split_free = st.builds(
    lambda shape: dataclasses.replace(shape, splits=True, lots=False, thin=False, spread=False), shapes
)
COSTS = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "slippage": {"model": "percentage", "base_slippage": 0.0005},
    "market_impact": {"participation_rate_limit": None},
}


@given(split_free, lane_keys(), of(*range(20)), of("market", "limit", "stop"))
def test_splits_change_nothing(shape: Shape, keys: Keys, seed: int, kind: str) -> None:
    """A tape and the same tape in units before all splits give the same money, row by row."""
    execution = {**COSTS, "order_type": kind, "price_threshold": 0.01, "time_in_force": "gtc"}
    keys = {**keys, "execution": {**keys["execution"], **execution, "market_impact_limit": None}}
    world = World(shape, ({"name": "lane", **keys},), seed)
    tape = make_tape(shape)
    factor = np.cumprod(np.where(tape.splits > 0.0, tape.splits, 1.0), axis=0)
    whole = {name: getattr(tape, name) * factor for name in PRICES}
    if tape.dividends is not None:
        whole["dividends"] = tape.dividends * factor
    one = run(world)
    other = run(world, tape=dataclasses.replace(tape, splits=None, **whole))
    stake = CAPITAL + one.journal.marks["gross"].max()
    for name in ("equity", "cash", "gross", "gain", "commission"):
        assert abs(one.journal.marks[name] - other.journal.marks[name]).max() <= 1e-9 * stake, name
    assert one.book.quantity[0] == pytest.approx(other.book.quantity[0] * factor[-1], rel=1e-7, abs=1e-9 * CAPITAL)


def test_a_split_that_is_not_told_is_noticed() -> None:
    world = single(Shape(splits=True, seed=2), sizing={"method": "equal_weight"}, account={"initial_capital": CAPITAL})
    tape, signals = world.tape(), np.ones((1, 1, 3))
    told = run(world, tape=tape, signals=signals).journal.marks["equity"]
    silent = run(world, tape=dataclasses.replace(tape, splits=None), signals=signals).journal.marks["equity"]
    assert abs(told - silent).max() > 0.01 * CAPITAL
