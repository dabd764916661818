"""Each cost is taken, once, in full: doubling a rate lowers the final value by exactly what the rate had cost."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from polyfolio.engine.engine import Engine
from tests.laws.tapes import Shape, make_tape, shapes
from tests.laws.worlds import CAPITAL, Keys, changed, of, run, single

SHAPE = Shape(seed=11, rows=25, slots=3, spread=True, borrow=False)
ORDERS: Keys = {
    "sizing": {"method": "orders", "allow_short": True},
    "limits": {"max_leverage": 2.0},
    "account": {"initial_capital": CAPITAL},
}
# section, key, one rate, what else the rate needs, and the column of the marks it fills.
RATES = {
    "percentage": ("commission", "percentage_fee", 0.001, {"model": "percentage"}, "commission"),
    "fixed": ("commission", "fixed_fee", 2.0, {"model": "fixed"}, "commission"),
    "per unit": ("commission", "per_unit_fee", 0.01, {"model": "per_unit"}, "commission"),
    "minimum": ("commission", "min_fee", 3.0, {"model": "percentage"}, "commission"),
    "slippage": ("slippage", "base_slippage", 0.001, {"model": "percentage", "half_spread": 0.0}, "slippage"),
    "linear slippage": ("slippage", "volume_impact", 1e-6, {"model": "linear", "half_spread": 0.0}, "slippage"),
    "root slippage": ("slippage", "volume_impact", 1e-6, {"model": "square_root", "half_spread": 0.0}, "slippage"),
    "share slippage": ("slippage", "volume_impact", 40.0, {"model": "volume_share", "half_spread": 0.0}, "slippage"),
    "spread": ("slippage", "half_spread", 0.5, {}, "slippage"),
    "temporary impact": ("market_impact", "temporary_impact", 0.1, {"model": "square_root"}, "impact"),
    "permanent impact": ("market_impact", "permanent_impact", 50.0, {"model": "linear"}, "impact"),
    "power impact": ("market_impact", "temporary_impact", 0.1, {"model": "permanent_temporary"}, "impact"),
}


def signals_at(seed: int) -> np.ndarray:
    """Small round quantities to trade: most rows rest, buys and sells alternate, the cash is never short."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(-40, 60, (1, SHAPE.rows, SHAPE.slots)).astype(float)
    sizes[rng.random(sizes.shape) < 0.5] = 0.0
    sizes[:, :2] = 0.0
    return sizes


def with_rate(section: str, key: str, rate: float, needs: Keys, seed: int) -> Engine:
    off = {} if section == "slippage" else {"slippage": {"half_spread": 0.0}}
    execution = {**off, section: {**needs, key: rate}}
    return run(single(SHAPE, **changed(ORDERS, execution=execution)), signals=signals_at(seed))


def final(engine: Engine) -> float:
    return float(engine.book.account["equity"][0])


@pytest.mark.parametrize("name", RATES)
@given(seed=of(*range(12)))
@pytest.mark.pitfall("ACC-01", "ACC-18")
def test_doubling_a_rate_costs_exactly_what_it_had_cost(name: str, seed: int) -> None:
    section, key, rate, needs, column = RATES[name]
    free, once, twice = (with_rate(section, key, times * rate, needs, seed) for times in (0.0, 1.0, 2.0))
    assert free.book.quantity.tolist() == once.book.quantity.tolist() == twice.book.quantity.tolist()
    paid = final(free) - final(once)
    assert paid > 0.001
    assert final(once) - final(twice) == pytest.approx(paid, rel=1e-7, abs=1e-8)
    assert paid == pytest.approx(float(once.journal.marks[column].sum()), rel=1e-7, abs=1e-8)


@pytest.mark.pitfall("ACC-02")
@given(of(*range(12)))
def test_a_fee_is_the_rate_times_the_notional_of_the_fill(seed: int) -> None:
    execution = {
        "commission": {"model": "percentage", "percentage_fee": 0.0013},
        "slippage": {"model": "percentage", "base_slippage": 0.001},
    }
    fills = run(single(SHAPE, **changed(ORDERS, execution=execution)), signals=signals_at(seed)).journal.fills
    assert fills.size
    assert fills["commission"] == pytest.approx(0.0013 * abs(fills["quantity"]) * fills["price"], rel=1e-12)


CARRY = {
    "borrow": ("borrow_rate", 0.1, -60.0),
    "interest paid": ("loan_rate", 0.2, 1200.0),
    "interest": ("interest_rate", -0.05, 60.0),
}


@pytest.mark.parametrize("name", CARRY)
@pytest.mark.pitfall("ACC-01")
def test_a_higher_rate_of_carry_lowers_the_final_value(name: str) -> None:
    key, rate, quantity = CARRY[name]
    signals = np.zeros((1, SHAPE.rows, SHAPE.slots))
    signals[0, 2, 0] = quantity
    values = [
        final(run(single(SHAPE, **changed(ORDERS, account={key: times * rate})), signals=signals))
        for times in (0.0, 1.0, 2.0)
    ]
    assert values[0] - values[1] > 0.1
    assert values[1] - values[2] == pytest.approx(values[0] - values[1], rel=0.05)


@pytest.mark.parametrize("field", ("funding", "borrow", "spread"))
@pytest.mark.pitfall("ACC-01")
def test_doubling_a_rate_of_the_tape_costs_exactly_what_it_had_cost(field: str) -> None:
    tape = make_tape(dataclasses.replace(SHAPE, spread=False))
    signals = np.zeros((1, SHAPE.rows, SHAPE.slots))
    signals[0, 2, 0] = -60.0 if field == "borrow" else 60.0
    rate = 0.1 if field == "spread" else 0.001

    def value(times: float) -> float:
        charged = dataclasses.replace(tape, **{field: np.full((tape.rows, tape.slots), times * rate)})
        return final(run(single(SHAPE, **ORDERS), tape=charged, signals=signals))

    paid = value(0.0) - value(1.0)
    assert paid > 0.1
    assert value(1.0) - value(2.0) == pytest.approx(paid, rel=1e-9)


def test_a_rate_that_is_not_used_is_found() -> None:
    """The same comparison on a key that the model leaves aside: no cost, so the law's first line fails."""
    free, once = (with_rate("commission", "per_unit_fee", times * 0.01, {"model": "percentage"}, 0) for times in (0, 1))
    assert final(free) == final(once)


@pytest.mark.pitfall("ACC-05")
@given(of(*range(12)))
def test_the_fee_of_an_order_does_not_depend_on_the_others(seed: int) -> None:
    """All orders together pay what each slot's orders pay alone."""
    execution = {
        "commission": {"model": "percentage", "percentage_fee": 0.001, "min_fee": 1.0},
        "slippage": {"model": "linear", "volume_impact": 1e-6},
    }
    world = single(SHAPE, **changed(ORDERS, execution=execution))
    signals = signals_at(seed)
    together = run(world, signals=signals).journal.fills
    for slot in range(SHAPE.slots):
        own = np.zeros_like(signals)
        own[:, :, slot] = signals[:, :, slot]
        alone = run(world, signals=own).journal.fills
        mine = together[together["slot"] == slot]
        for name in ("quantity", "price", "commission", "slippage"):
            assert mine[name].tolist() == alone[name].tolist()


@pytest.mark.pitfall("ACC-12")
@given(shapes, of(0.0, 0.001, 0.02), of(0.0, 0.003))
def test_a_round_trip_at_one_price_costs_both_sides(shape: Shape, fee: float, slip: float) -> None:
    still = dataclasses.replace(
        shape,
        volatility=0.0,
        jumps=0.0,
        splits=False,
        dividends=False,
        funding=False,
        spread=False,
        missing=0.0,
        late=False,
        thin=False,
        foreign=False,
        lots=False,
    )
    execution: Any = {
        "commission": {"model": "percentage", "percentage_fee": fee},
        "slippage": {"model": "percentage", "base_slippage": slip},
    }
    signals = np.zeros((1, still.rows, still.slots))
    signals[0, 2, 0], signals[0, 6, 0] = 10.0, -10.0
    engine = run(single(still, **changed(ORDERS, execution=execution)), signals=signals)
    price = float(engine.tape.open[0, 0])
    expected = 10.0 * price * (2.0 * slip + fee * ((1.0 + slip) + (1.0 - slip)))
    assert CAPITAL - final(engine) == pytest.approx(expected, rel=1e-9, abs=1e-9)
