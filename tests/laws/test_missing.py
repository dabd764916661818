"""Missing prices hold at the last good one: nothing in the book or the marks is ever NaN."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.engine.engine import Engine
from tests.laws.tapes import Shape, shapes
from tests.laws.worlds import CAPITAL, World, of, run, single, worlds

# A want of NaN is the mark of a slot that the decision left alone; limits and stops of no order are empty.
EMPTY_BY_DESIGN = {"want", "sleeve_want", "orders.limit", "orders.stop", "exits.stop", "exits.target"}


def undefined(engine: Engine) -> list[str]:
    """Fields of the book, fills and marks that hold a NaN, and infinite money."""
    columns = {}
    for name, array in {**engine.book.arrays(), "fills": engine.journal.fills, "marks": engine.journal.marks}.items():
        parts = array.dtype.names
        columns |= {name: array} if parts is None else {f"{name}.{part}": array[part] for part in parts}
    return [
        name
        for name, values in columns.items()
        if name not in EMPTY_BY_DESIGN
        and (np.isnan(values).any() or (name != "volume_left" and np.isinf(values).any()))
    ]


holey = st.builds(
    lambda shape, missing, late, thin: dataclasses.replace(shape, missing=missing, late=late, thin=thin),
    shapes,
    of(0.1, 0.4, 0.9),
    st.booleans(),
    st.booleans(),
)


@given(worlds(holey))
@pytest.mark.pitfall("DAT-01", "DAT-07")
def test_missing_prices_never_give_nan(world: World) -> None:
    assert not undefined(run(world))


def test_a_nan_in_the_book_is_found() -> None:
    engine = run(single(Shape()))
    engine.book.value[0, 1] = np.nan
    engine.journal.fills["price"][0] = np.inf
    assert undefined(engine) == ["value", "fills.price"]


@pytest.mark.pitfall("DAT-01")
def test_a_missing_bar_is_valued_at_the_last_good_price() -> None:
    world = single(
        Shape(rows=12, slots=1, volatility=0.05), account={"initial_capital": CAPITAL}, sizing={"method": "orders"}
    )
    tape = world.tape()
    tradable = np.array(tape.tradable)
    tradable[6:9] = 0
    prices = {name: np.where(tradable == 0, np.nan, getattr(tape, name)) for name in ("open", "high", "low", "close")}
    signals = np.zeros((1, 12, 1))
    signals[0, 0] = 10.0
    equity = run(world, tape=dataclasses.replace(tape, tradable=tradable, **prices), signals=signals).journal.marks[
        "equity"
    ]
    expected = CAPITAL + 10.0 * (np.array(tape.close)[:, 0] - tape.open[1, 0])
    expected[6:9] = expected[5]
    assert equity[1:] == pytest.approx(expected[1:], rel=1e-12)


@pytest.mark.pitfall("DAT-09")
@given(of(*range(2, 11)), st.booleans())
def test_a_delisted_position_stays_at_its_last_mark(last: int, orders: bool) -> None:
    world = single(
        Shape(rows=12, slots=2, volatility=0.05),
        account={"initial_capital": CAPITAL},
        sizing={"method": "orders" if orders else "equal_weight"},
    )
    tape = world.tape()
    tradable = np.array(tape.tradable)
    tradable[last:, 0] = 0
    prices = {name: np.where(tradable == 0, np.nan, getattr(tape, name)) for name in ("open", "high", "low", "close")}
    signals = np.zeros((1, 12, 2)) if orders else np.ones((1, 12, 2))
    signals[0, 0, 0] = 10.0
    engine = run(world, tape=dataclasses.replace(tape, tradable=tradable, **prices), signals=signals)
    assert engine.book.quantity[0, 0] > 0.0
    assert engine.book.value[0, 0] == engine.book.quantity[0, 0] * tape.close[last - 1, 0]


@pytest.mark.pitfall("DAT-11")
@given(worlds(holey))
def test_nothing_fills_without_a_bar_or_without_volume(world: World) -> None:
    engine = run(world)
    for fill in engine.journal.fills:
        if fill["reason"] in (46, 54) and fill["moment"] == 2:
            continue  # the end of a run sells at the last mark
        assert engine.tape.tradable[fill["row"], fill["slot"]]
        assert engine.tape.volume[fill["row"], fill["slot"]] != 0.0
