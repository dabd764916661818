"""Target weights to orders: the self-financing equation, lots, smallest sizes, what an order is written as."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason
from tests.kernels.tapes import account, engine_for, fills, flat_tape, orders, refusals, weights

NAN = float("nan")
TEN = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "market_impact": {"participation_rate_limit": None},
}


@pytest.mark.pitfall("ACC-11")
def test_from_cash_the_equity_after_is_the_equity_before_over_one_and_the_fee() -> None:
    engine = engine_for(
        flat_tape([[100.0] * 3, [50.0] * 3, [20.0] * 3]),
        [0.4, 0.3, 0.3],
        **weights(execution=TEN | {"fill": "same_close"}),
    ).run(1)
    assert account(engine)["equity"] == pytest.approx(999000.9990009991, abs=1e-9 * 1e6)
    assert abs(account(engine)["cash"]) <= 1e-9 * 1e6
    assert list(engine.book.value[0] / account(engine)["equity"]) == pytest.approx([0.4, 0.3, 0.3], abs=1e-9)


@pytest.mark.pitfall("ACC-11")
def test_the_worked_rebalancing_from_holdings_ends_at_its_equity() -> None:
    """x = (500,000, 200,000, 300,000), w = (.4, .3, .3), ten basis points."""
    free = weights(execution={"fill": "same_close"})
    tape = flat_tape([[100.0] * 3, [50.0] * 3, [20.0] * 3])
    engine = engine_for(tape, [[0.5, 0.2, 0.3], [0.4, 0.3, 0.3], [NAN] * 3], **free).run(1)
    before = engine.book.snapshot()
    paying = engine_for(
        tape, [[0.5, 0.2, 0.3], [0.4, 0.3, 0.3], [NAN] * 3], **weights(execution=TEN | {"fill": "same_close"})
    )
    paying.step()
    paying.book.restore(before)
    paying.step()
    assert account(paying)["equity"] == pytest.approx(999799.9199679872, abs=1e-9 * 1e6)
    assert abs(account(paying)["cash"]) <= 1e-9 * 1e6


@pytest.mark.pitfall("ACC-11")
@pytest.mark.pitfall("ACC-04")
def test_a_fee_on_the_slipped_price_is_part_of_the_equation() -> None:
    execution = {
        "commission": {"model": "percentage", "percentage_fee": 0.01},
        "slippage": {"model": "percentage", "base_slippage": 0.01},
        "fill": "same_close",
        "market_impact": {"participation_rate_limit": None},
    }
    engine = engine_for(flat_tape([[100.0] * 3]), [1.0], **weights(execution=execution)).run(1)
    # V' = V - V' (s + f (1 + s)) = V / (1 + 0.01 + 0.0101)
    assert account(engine)["equity"] == pytest.approx(1e6 / 1.0201, rel=1e-9)
    assert account(engine)["cash"] >= -1e-9 * 1e6


@pytest.mark.pitfall("RND-02")
def test_targets_are_rounded_towards_zero_in_lots() -> None:
    tape = flat_tape([[300.0] * 3, [70.0] * 3], instruments={"lot": [1.0, 0.25]})
    engine = engine_for(tape, [0.5, -0.5], **weights(account={"initial_capital": 10_000.0})).run()
    assert fills(engine) == [(1, 0, 16.0, 300.0), (1, 1, -71.25, 70.0)]


@pytest.mark.pitfall("RND-03")
def test_a_target_of_zero_ends_at_exactly_zero() -> None:
    tape = flat_tape([[0.1 + 0.2] * 6], instruments={"lot": 0.1, "min_notional": 50.0})
    signals = [[1.0], [0.7], [1 / 3], [0.0], [0.0], [0.0]]
    engine = engine_for(tape, signals, **weights(account={"initial_capital": 1000.0})).run()
    assert engine.book.quantity[0, 0] == 0.0
    assert engine.book.average_price[0, 0] == 0.0
    assert account(engine)["cash"] == pytest.approx(1000.0, rel=1e-12)


@pytest.mark.pitfall("DAT-13")
def test_what_is_below_the_smallest_notional_can_still_be_closed() -> None:
    tape = flat_tape([[100.0, 100.0, 1.0, 1.0, 1.0]], instruments={"min_notional": 50.0})
    engine = engine_for(tape, [[0.1], [NAN], [0.0], [NAN], [NAN]], **weights(account={"initial_capital": 1e4})).run()
    assert fills(engine) == [(1, 0, 10.0, 100.0), (3, 0, -10.0, 1.0)]


@pytest.mark.pitfall("RND-06")
@pytest.mark.parametrize(
    ("limits", "instruments"),
    [
        ({"min_notional": 60.0}, {}),
        ({}, {"min_notional": 60.0}),
        ({"min_notional": 20.0}, {"min_notional": 60.0}),
    ],
)
def test_orders_below_the_smallest_notional_are_refused_with_the_reason(limits: Any, instruments: Any) -> None:
    tape = flat_tape([[100.0] * 3, [10.0] * 3], instruments=instruments)
    engine = engine_for(tape, [0.05, 0.07], **weights(account={"initial_capital": 1000.0}, limits=limits)).run()
    assert fills(engine) == [(1, 1, 7.0, 10.0)]
    assert set(refusals(engine)) == {(0, 0, Reason.MIN_NOTIONAL), (1, 0, Reason.MIN_NOTIONAL)}


@pytest.mark.pitfall("RND-04")
def test_a_quantity_that_rounds_to_zero_is_no_order() -> None:
    tape = flat_tape([[300.0] * 3], instruments={"lot": 1.0})
    engine = engine_for(tape, [0.02], **weights(account={"initial_capital": 10_000.0})).run()
    assert fills(engine) == []
    assert not (engine.journal.events["event"] == Event.ORDER).any()


@pytest.mark.pitfall("RND-04")
def test_a_quantity_that_rounds_to_zero_says_why() -> None:
    tape = flat_tape([[300.0] * 3], instruments={"lot": 1.0})
    engine = engine_for(tape, [0.02], **weights(account={"initial_capital": 10_000.0})).run()
    assert refusals(engine)[0] == (0, 0, Reason.LOT)


@pytest.mark.pitfall("RND-05")
def test_given_orders_are_rounded_to_lots_too() -> None:
    tape = flat_tape([[100.0] * 3], instruments={"lot": 1.0})
    engine = engine_for(tape, [[10.5], [0.0], [0.0]], **orders()).run()
    assert fills(engine) == [(1, 0, 10.0, 100.0)]


@pytest.mark.pitfall("DAT-13")
def test_a_given_order_may_close_a_rest_below_the_smallest_notional() -> None:
    tape = flat_tape([[100.0, 100.0, 1.0, 1.0]], instruments={"min_notional": 50.0})
    engine = engine_for(tape, [[10.0], [0.0], [-10.0], [0.0]], **orders()).run()
    assert engine.book.quantity[0, 0] == 0.0


def test_an_order_is_cut_to_the_impact_it_may_have() -> None:
    closes = [100.0 * (1.01 if t % 2 else 0.99) for t in range(30)]
    sigma = np.std([closes[t] / closes[t - 1] - 1.0 for t in range(5, 25)], ddof=1)
    impact = {"model": "linear", "temporary_impact": 0.5, "permanent_impact": 0.2, "participation_rate_limit": None}
    signals = np.zeros((30, 1))
    signals[24] = 500.0
    engine = engine_for(
        flat_tape([closes], volume=1000.0), signals, **orders(market_impact=impact, market_impact_limit=0.002)
    ).run()
    assert fills(engine)[0][2] == pytest.approx(0.002 / ((0.5 + 0.1) * sigma) * 1000.0, rel=1e-9)
    assert refusals(engine)[0] == (24, 0, Reason.MARKET_IMPACT)


def test_a_new_decision_replaces_the_working_order() -> None:
    execution = {"order_type": "limit", "price_threshold": 0.0, "time_in_force": "gtc"}
    closes = [100.0, 105.0, 104.0, 103.0, 103.0]
    engine = engine_for(
        flat_tape([closes]),
        [[0.1], [0.1], [0.1], [NAN], [NAN]],
        **weights(execution=execution, account={"initial_capital": 10_000.0}),
    ).run()
    # limits 100, 105, 104: the second is met at the open of 104; no order is left of the first
    assert fills(engine)[0] == (2, 0, 10_000.0 * 0.1 / 105.0, 104.0)


def test_a_replaced_order_says_so() -> None:
    execution = {"order_type": "limit", "time_in_force": "gtc"}
    engine = engine_for(
        flat_tape([[100.0, 105.0, 110.0, 110.0]]), [[0.1], [0.2], [0.2], [0.2]], **weights(execution=execution)
    ).run()
    assert (1, 0, Reason.REPLACED) in refusals(engine)


def test_a_want_that_cannot_trade_says_so() -> None:
    tape = flat_tape([[100.0] * 3, [50.0] * 3], missing=[(0, 1)])
    engine = engine_for(tape, [0.5, 0.5], **weights()).run()
    rows = engine.journal.events
    rows = rows[(rows["row"] == 0) & (rows["slot"] == 1)]
    assert int(Reason.UNTRADABLE) in rows["reason"]


def test_a_slot_without_a_signal_keeps_its_quantity() -> None:
    tape = flat_tape([[100.0, 100.0, 150.0, 150.0], [50.0] * 4])
    engine = engine_for(tape, [[0.5, 0.2], [NAN, 0.2], [NAN, 0.2], [NAN, 0.2]], **weights()).run()
    assert [f for f in fills(engine) if f[1] == 0] == [(1, 0, 5000.0, 100.0)]
    # 0.2 of 1,250,000 after row 2
    assert engine.book.quantity[0, 1] == pytest.approx(5000.0, rel=1e-12)
