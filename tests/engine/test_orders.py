"""Orders and fills given one by one."""

from __future__ import annotations

import pytest

from polyfolio.core.codes import Reason
from polyfolio.errors import ConfigError, DataError
from tests.kernels.tapes import account, engine_for, fills, flat_tape, orders

STILL = [100.0] * 4


def quiet(**execution: object) -> object:
    return engine_for(flat_tape([STILL, [50.0] * 4]), [0.0, 0.0], **orders(**execution))


def test_a_submitted_order_fills_at_the_next_row() -> None:
    engine = quiet().run(1)
    engine.submit("a", "B", 10.0).run()
    assert fills(engine) == [(1, 1, 10.0, 50.0)]
    assert engine.journal.fills["reason"][0] == Reason.USER_ORDER


def test_an_order_before_the_first_row_fills_in_it() -> None:
    assert fills(quiet().submit(0, "A", -3.0).run()) == [(0, 0, -3.0, 100.0)]


def test_a_later_order_replaces_the_one_that_works() -> None:
    engine = quiet().run(1)
    engine.submit("a", "A", 10.0, order_type="limit", limit=90.0, time_in_force="gtc")
    engine.submit("a", "A", 4.0).run()
    assert fills(engine) == [(1, 0, 4.0, 100.0)]


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({"order_type": "limit"}, "limit"),
        ({"order_type": "stop"}, "stop"),
        ({"order_type": "stop_limit", "stop": 1.0}, "limit"),
        ({"order_type": "iceberg"}, "order_type"),
        ({"time_in_force": "forever"}, "time_in_force"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(terms: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        quiet().submit("a", "A", 1.0, **terms)


def test_a_quantity_must_be_finite_and_a_symbol_known() -> None:
    with pytest.raises(ConfigError, match="quantity"):
        quiet().submit("a", "A", float("nan"))
    with pytest.raises(DataError, match="symbol"):
        quiet().submit("a", "Z", 1.0)
    with pytest.raises(ConfigError, match="lane"):
        quiet().submit("b", "A", 1.0)


def test_an_order_without_a_decision_price_waited_for_nothing() -> None:
    engine = quiet().run(1)
    engine.submit("a", "A", 10.0).run()
    assert account(engine)["total_timing"] == 0.0


def test_the_largest_slippage_of_a_submitted_order_counts_from_the_price_it_was_given_at() -> None:
    engine = quiet(max_slippage=0.01).run(1)
    engine.submit("a", "A", 10.0).run()
    assert fills(engine) == [(1, 0, 10.0, 100.0)]


def test_an_order_on_a_symbol_reaches_that_symbol_where_sleeves_share_slots() -> None:
    sleeves = [{"name": "x", "symbol": "A"}, {"name": "y", "symbol": "A"}, {"name": "z", "symbol": "B"}]
    engine = engine_for(flat_tape([STILL, [50.0] * 4]), [0.0, 0.0, 0.0], sleeves=sleeves, **orders()).run(1)
    engine.submit("a", "B", 10.0).run()
    assert fills(engine) == [(1, 1, 10.0, 50.0)]


def test_a_fill_from_outside_is_booked_at_its_price() -> None:
    engine = quiet().run(1).fill()
    engine.settle("a", "A", 10.0, 101.0, commission=3.0).mark()
    assert account(engine)["cash"] == 100_000.0 - 1010.0 - 3.0
    assert account(engine)["equity"] == 100_000.0 - 10.0 - 3.0
    assert account(engine)["commission"] == 3.0
    assert account(engine)["gain"] == -10.0
    assert engine.book.average_price[0, 0] == 101.0
    engine.run()
    assert account(engine)["residual"] <= 1e-12


def test_a_fill_from_outside_realises_its_profit_in_money() -> None:
    tape = flat_tape([[100.0, 100.0, 130.0, 130.0]], instruments={"multiplier": [5.0]})
    engine = engine_for(tape, [0.0], **orders()).run(1).fill()
    engine.settle("a", "A", 10.0, 100.0).mark().fill().settle("a", "A", -4.0, 130.0).mark()
    assert account(engine)["total_realised"] == 4 * 30 * 5
    assert account(engine)["total_gain"] == 10 * 30 * 5


@pytest.mark.parametrize("phases", [("run",), ("fill", "mark"), ("fill", "mark", "decide"), ("fill", "run")])
def test_a_fill_from_outside_is_refused_unless_its_row_is_filled_and_not_marked(phases: tuple[str, ...]) -> None:
    engine = quiet().run(1)
    for phase in phases:
        getattr(engine, phase)()
    with pytest.raises(ConfigError, match="settle") as caught:
        engine.settle("a", "A", 10.0, 100.0, commission=3.0)
    assert caught.value.bound == "between fill() and mark() of a row"
    assert account(engine)["cash"] == 100_000.0
    assert account(engine)["total_commission"] == 0.0


def test_a_fill_from_outside_stands_in_the_journal() -> None:
    engine = quiet().run(1).fill()
    engine.settle("a", "A", 10.0, 101.0, commission=3.0).mark()
    assert fills(engine) == [(1, 0, 10.0, 101.0)]
