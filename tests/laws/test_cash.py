"""What a lane may spend: gross exposure within leverage times equity, and no negative cash without leverage."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import Event, Moment, Reason
from polyfolio.engine.engine import Engine
from tests.laws.books import Row, rows_of
from tests.laws.tapes import Shape, shapes
from tests.laws.worlds import CAPITAL, World, changed, largest_gross, of, run, single, worlds

TOLERANCE = 1e-9
REFUSALS = (
    Reason.BUYING_POWER,
    Reason.PARTICIPATION,
    Reason.NO_VOLUME,
    Reason.UNTRADABLE,
    Reason.MAX_SLIPPAGE,
    Reason.EXPIRED,
    Reason.FILL_OR_KILL,
    Reason.LIMIT_NOT_REACHED,
)


def opened(row: Row, held_before: list[float]) -> bool:
    """Whether some position grew or turned in the open phase, by more than rounding."""
    smallest = TOLERANCE * CAPITAL
    return any(
        (abs(now) - abs(then) if now * then >= 0.0 else abs(now)) * price > smallest
        for now, then, price in zip(row.held_open, held_before, row.price_open, strict=True)
    )


def over_leverage(engine: Engine, lane: int) -> list[str]:
    """Rows at which openings at the open left gross beyond max_leverage times equity, at the open's prices."""
    bound = float(engine.plan.rules["max_leverage"][lane])
    found, held = [], [0.0] * engine.tape.slots
    for row in rows_of(engine, lane):
        limit = bound * row.equity_open
        split = engine.tape.splits is not None and (np.nan_to_num(engine.tape.splits[row.row], nan=1.0) != 1.0).any()
        if not split and opened(row, held) and not row.gross_open <= limit + TOLERANCE * (abs(limit) + CAPITAL):
            found.append(f"lane {lane} row {row.row}: gross {row.gross_open!r} above {limit!r}")
        held = list(row.held)
    return found


@given(worlds())
@pytest.mark.pitfall("CSH-01", "CSH-02")
def test_gross_after_the_open_is_within_leverage(world: World) -> None:
    engine = run(world)
    found = [line for lane in range(engine.plan.lanes) for line in over_leverage(engine, lane)]
    assert not found, found[:5]


def test_the_check_of_leverage_finds_a_larger_fill() -> None:
    world = single(Shape(volatility=0.0), account={"initial_capital": CAPITAL}, sizing={"method": "equal_weight"})
    engine = run(world, signals=np.ones((1, 1, 3)))
    assert not over_leverage(engine, 0)
    engine.journal.fills["quantity"][0] *= 1.001
    assert over_leverage(engine, 0)


proportional = st.fixed_dictionaries(
    {
        "commission": st.fixed_dictionaries({"model": of("percentage"), "percentage_fee": of(0.0, 0.001, 0.03)}),
        "slippage": st.fixed_dictionaries({"model": of("percentage"), "base_slippage": of(0.0, 0.002)}),
        "market_impact": st.fixed_dictionaries({"model": of("none", "linear"), "temporary_impact": of(0.1)}),
        "fill": of("next_open", "next_close", "next_typical", "same_close"),
        "sizing": of("decision", "fill"),
        "order_type": of("market", "limit", "stop"),
        "price_threshold": of(0.0, 0.01),
        "time_in_force": of("day", "gtc", "ioc"),
    }
)


def long_only(world: World, execution: dict[str, Any]) -> World:
    """The same world without leverage, shorts or funding."""

    def tamed(keys: dict[str, Any]) -> dict[str, Any]:
        limits = {
            key: value for key, value in keys["limits"].items() if key not in ("max_leverage", "max_short_positions")
        }
        gross = min(1.0, largest_gross(limits, short=False))
        sizing = {"allow_short": False, "gross_target": gross}
        return {**changed(keys, sizing=sizing), "limits": limits, "execution": execution}

    return dataclasses.replace(
        world, shape=dataclasses.replace(world.shape, funding=False), lanes=tuple(tamed(keys) for keys in world.lanes)
    )


@given(worlds(lanes=2), proportional)
@pytest.mark.pitfall("ACC-04", "ACC-16")
def test_without_leverage_and_shorts_cash_is_never_negative(world: World, execution: dict[str, Any]) -> None:
    engine = run(long_only(world, execution))
    marks = engine.journal.marks
    worst = int(np.argmin(marks["cash"]))
    assert marks["cash"][worst] >= -TOLERANCE * CAPITAL, marks[worst]
    assert (engine.book.quantity >= 0.0).all()


@given(shapes, st.lists(st.floats(-5.0, 5.0), min_size=6, max_size=6), of(1.0, 2.0), proportional)
@pytest.mark.pitfall("CSH-02")
def test_any_order_list_stays_within_leverage(
    shape: Shape, sizes: list[float], leverage: float, execution: dict[str, Any]
) -> None:
    lane = {
        "sizing": {"method": "orders", "allow_short": True},
        "limits": {"max_leverage": leverage},
        "account": {"initial_capital": CAPITAL},
        "execution": {**execution, "sizing": "decision", "fill": "next_open"},
    }
    world = single(shape, **lane)
    rng = np.random.default_rng(shape.seed)
    signals = rng.choice(sizes, (1, shape.rows, shape.slots)) * rng.integers(0, 500, (1, shape.rows, shape.slots))
    engine = run(world, signals=signals)
    assert not over_leverage(engine, 0), over_leverage(engine, 0)[:5]


@pytest.mark.pitfall("CSH-02")
def test_proceeds_of_a_short_are_not_spent_again() -> None:
    lane = {"sizing": {"method": "orders", "allow_short": True}, "account": {"initial_capital": 1000.0}}
    signals = np.zeros((1, 12, 2))
    signals[0, 0, 0] = -1e6
    signals[0, 3, 1] = 1e6
    engine = run(single(Shape(volatility=0.0, rows=12, slots=2), **lane), signals=signals)
    assert engine.book.account["gross"][0] <= 1000.0 * (1 + TOLERANCE)
    assert engine.book.account["gross"][0] >= 1000.0 * (1 - 1e-6)


@given(worlds())
@pytest.mark.pitfall("ACC-10")
def test_what_an_order_did_not_fill_has_a_reason(world: World) -> None:
    engine = run(world)
    events, fills = engine.journal.events, engine.journal.fills
    orders = events[events["event"] == Event.ORDER]
    for order in orders:
        lane, slot, row = int(order["lane"]), int(order["slot"]), int(order["row"])
        rules = engine.plan.rules[lane]
        if row + 1 > engine.row or rules["fill"] != 0 or rules["order_type"] != 0 or rules["sizing"] != 0:
            continue
        mine = (fills["lane"] == lane) & (fills["slot"] == slot) & (fills["row"] == row + 1)
        if engine.tape.splits is not None and np.nan_to_num(engine.tape.splits[row + 1, slot], nan=1.0) != 1.0:
            continue
        done = float(fills["quantity"][mine & (fills["moment"] == Moment.OPEN)].sum())
        # The last order of a row is the one that works.
        last = orders[(orders["lane"] == lane) & (orders["slot"] == slot) & (orders["row"] == row)][-1]
        if not engine.tape.tradable[row + 1, slot] or abs(done - float(last["after"])) <= 1e-9 * abs(
            float(last["after"])
        ):
            continue
        said = events[
            (events["lane"] == lane)
            & (events["slot"] == slot)
            & (events["event"] == Event.REFUSED)
            & np.isin(events["row"], (row, row + 1))
        ]
        closed = mine & (fills["reason"] != Reason.SIGNAL)
        assert said.size or closed.any(), (order, done)


def test_a_missing_price_of_a_held_name_does_not_stop_the_others() -> None:
    """Two names are held; one has no bar while the other is bought. What is bought is worth what was ordered."""
    world = single(
        Shape(rows=12, slots=2, volatility=0.0), sizing={"method": "orders"}, account={"initial_capital": CAPITAL}
    )
    tape = world.tape()
    tradable = np.array(tape.tradable)
    tradable[5, 0] = 0
    prices = {name: np.where(tradable == 0, np.nan, getattr(tape, name)) for name in ("open", "high", "low", "close")}
    signals = np.zeros((1, 12, 2))
    signals[0, 0, 0], signals[0, 4, 1] = 10.0, 7.0
    engine = run(world, tape=dataclasses.replace(tape, tradable=tradable, **prices), signals=signals)
    assert engine.book.quantity[0].tolist() == [10.0, 7.0]


@pytest.mark.parametrize("fill", ("next_open", "next_close", "next_typical"))
def test_a_missing_price_of_a_held_name_does_not_change_a_target_solved_at_the_fill(fill: str) -> None:
    world = single(
        Shape(rows=12, slots=2, volatility=0.0),
        sizing={"method": "weights"},
        account={"initial_capital": CAPITAL},
        execution={"fill": fill, "sizing": "fill"},
    )
    tape = world.tape()
    tradable = np.array(tape.tradable)
    tradable[5, 0] = 0
    prices = {name: np.where(tradable == 0, np.nan, getattr(tape, name)) for name in ("open", "high", "low", "close")}
    signals = np.tile([[[0.4, 0.5]]], (1, 12, 1))
    engine = run(world, tape=dataclasses.replace(tape, tradable=tradable, **prices), signals=signals)
    marks = engine.journal.marks
    assert marks["gross"][2:] == pytest.approx(0.9 * CAPITAL, rel=1e-9)
