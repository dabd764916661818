"""Several sleeves on one slot: own average prices and exits, one net position."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.core.codes import Reason
from tests.kernels.tapes import account, bars_tape, engine_for, fills, flat_tape, weights

NAN = float("nan")
STILL = (100.0,) * 4
TWO = [{"name": "x", "symbol": "A"}, {"name": "y", "symbol": "A"}]
FEE: dict[str, Any] = {
    "commission": {"model": "percentage", "percentage_fee": 0.01},
    "market_impact": {"participation_rate_limit": None},
}


def by_sleeve(engine: Any) -> list[tuple[int, int, float, float]]:
    """(row, sleeve, quantity, price) of each fill."""
    return [(int(f["row"]), int(f["sleeve"]), float(f["quantity"]), float(f["price"])) for f in engine.journal.fills]


def test_sleeves_have_their_own_average_price_and_profit() -> None:
    tape = flat_tape([[100.0, 100.0, 120.0, 150.0, 150.0]])
    signals = [[1000.0, 0.0], [1000.0, 500.0], [0.0, 500.0], [0.0, 500.0], [0.0, 500.0]]
    lane = {"sizing": {"method": "units"}, "execution": {"market_impact": {"participation_rate_limit": None}}}
    engine = engine_for(tape, signals, sleeves=TWO, **lane).run()
    assert by_sleeve(engine) == [(1, 0, 1000.0, 100.0), (2, 1, 500.0, 120.0), (3, 0, -1000.0, 150.0)]
    assert list(engine.book.average_price[0]) == [0.0, 120.0]
    assert list(engine.book.held[0]) == [500.0]
    assert account(engine)["total_realised"] == 50_000.0
    assert account(engine)["total_gain"] == 50_000.0 + 500 * 30.0


def test_sleeves_are_stopped_one_by_one() -> None:
    bars = [STILL, STILL, (110.0, 110.0, 110.0, 110.0), (110.0, 110.0, 103.0, 104.0), (104.0,) * 4]
    lane = {
        "sizing": {"method": "units"},
        "exits": {"stop_loss": 0.05},
        "execution": {"market_impact": {"participation_rate_limit": None}},
    }
    signals = [[1000.0, 0.0], [1000.0, 500.0], [1000.0, 500.0], [1000.0, 500.0], [1000.0, 500.0]]
    engine = engine_for(bars_tape([bars]), signals, sleeves=TWO, **lane).run()
    # y came in at 110 and leaves at 104.5; x's stop stands at 95
    assert by_sleeve(engine)[-1] == (3, 1, -500.0, 104.5)
    assert engine.journal.fills["reason"][-1] == Reason.STOP_LOSS
    assert list(engine.book.quantity[0]) == [1000.0, 0.0]


def test_sleeves_that_pull_against_each_other_pay_for_the_rest_only() -> None:
    tape = flat_tape([[100.0] * 5])
    signals = [[0.3, 0.0], [0.1, 0.2], [NAN, NAN], [NAN, NAN], [NAN, NAN]]
    lane = weights(execution=FEE)
    engine = engine_for(tape, signals, sleeves=TWO, **lane).run()
    second = engine.journal.fills[engine.journal.fills["row"] == 2]
    assert list(second["sleeve"]) == [0, 1]
    assert abs(second["quantity"].sum()) < 0.02 * abs(second["quantity"][0])
    net = abs(float(second["quantity"].sum())) * 100.0
    assert second["commission"].sum() == pytest.approx(0.01 * net, rel=1e-9)


def test_opposite_sleeves_are_risk_of_their_net_only() -> None:
    tape = flat_tape([[100.0] * 4])
    lane = weights()
    engine = engine_for(tape, [0.9, -0.5], sleeves=TWO, **lane).run()
    assert list(engine.book.quantity[0]) == pytest.approx([9000.0, -5000.0], rel=1e-12)
    assert list(engine.book.held[0]) == pytest.approx([4000.0], rel=1e-12)
    assert account(engine)["gross"] == pytest.approx(400_000.0, rel=1e-12)


def test_a_sleeve_does_not_trade_for_free_with_an_order_that_did_not_fill() -> None:
    volume = [[1e9], [1e9], [600.0], [600.0]]
    execution = FEE | {"time_in_force": "ioc", "market_impact": {"participation_rate_limit": 0.1}}
    engine = engine_for(
        flat_tape([[100.0] * 4], volume=volume),
        [[0.0, 0.5], [0.5, 0.0], [NAN, NAN], [NAN, NAN]],
        sleeves=TWO,
        **weights(execution=execution),
    ).run()
    traded = engine.journal.fills[engine.journal.fills["row"] == 2]
    net = abs(float(traded["quantity"].sum()))
    assert traded["commission"].sum() == pytest.approx(0.01 * 100.0 * net, rel=1e-9)


def test_sleeves_of_different_slots_keep_their_slots() -> None:
    sleeves = [{"name": "z", "symbol": "B"}, {"name": "x", "symbol": "A"}]
    engine = engine_for(flat_tape([[100.0] * 3, [50.0] * 3]), [0.2, 0.3], sleeves=sleeves, **weights()).run()
    assert fills(engine) == [(1, 1, 4000.0, 50.0), (1, 0, 3000.0, 100.0)]


def test_a_split_keeps_every_sleeves_part() -> None:
    tape = flat_tape([[90.0, 90.0, 60.0, 60.0]], splits=[[NAN], [NAN], [1.5], [NAN]])
    lane = {
        "sizing": {"method": "units", "allow_short": True},
        "execution": {"market_impact": {"participation_rate_limit": None}},
    }
    engine = engine_for(tape, [[30.0, -10.0], [NAN, NAN], [NAN, NAN], [NAN, NAN]], sleeves=TWO, **lane).run()
    assert list(engine.book.quantity[0]) == [45.0, -15.0]
    assert list(engine.book.held[0]) == [30.0]
    assert list(engine.journal.marks["equity"]) == [1e6] * 4


def test_sleeves_of_a_slot_share_one_budget_of_volume() -> None:
    tape = flat_tape([[100.0] * 3], volume=[[1e9], [1000.0], [1000.0]])
    lane = {"sizing": {"method": "units"}, "execution": {"market_impact": {"participation_rate_limit": 0.1}}}
    engine = engine_for(tape, [80.0, 90.0], sleeves=TWO, **lane).run(2)
    assert sum(quantity for _, _, quantity, _ in by_sleeve(engine)) == pytest.approx(100.0, rel=1e-12)
