"""What a signal of 1 asks for, positions that are not resized, and limits in money, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from tests.kernels.tapes import cuts, engine_for, fills, flat_tape, refusals, weights

NAN = float("nan")
PRICES = [[100.0, 100.0, 125.0, 125.0, 50.0, 50.0, 50.0]]


def traded(signals, prices=PRICES, **sections):
    tape = flat_tape(prices)
    rows = np.array(signals, dtype=np.float64).reshape(tape.rows, -1)
    given = weights(**{key: value for key, value in sections.items() if key != "sizing"})
    given["sizing"] = {**given["sizing"], **sections.get("sizing", {})}
    return engine_for(tape, rows, **given).run()


@pytest.mark.parametrize(
    ("sizing", "quantity"),
    [
        ({"method": "weights", "per_signal": 0.02}, 200.0),  # 0.02 of 1,000,000 at 100
        ({"method": "money", "per_signal": 1000.0}, 10.0),
        ({"method": "units", "per_signal": 7.0}, 7.0),
    ],
)
def test_a_signal_of_one_asks_for_so_much(sizing, quantity):
    assert fills(traded([1, NAN, NAN, NAN, NAN, NAN, NAN], sizing=sizing)) == [(1, 0, quantity, 100.0)]


def test_a_position_on_its_signals_side_is_not_resized():
    sizing = {"method": "money", "per_signal": 1000.0, "resize": False}
    engine = traded([1, 1, 1, 1, -1, -1, 1], sizing=sizing)
    # bought once, though its worth moves; at row 4 turned: 10 sold and 1000 / 50 = 20 short, once
    assert [row for row, *_ in fills(engine)] == [1, 5]
    assert [quantity for _, _, quantity, _ in fills(engine)] == pytest.approx([10.0, -30.0], rel=1e-12)
    resized = traded([1, 1, 1, 1, -1, -1, 1], sizing={**sizing, "resize": True})
    assert len(fills(resized)) > 2


def test_sleeves_on_one_symbol_are_not_resized_either():
    sleeves = [{"name": "one", "symbol": "A"}, {"name": "two", "symbol": "A"}]
    sizing = {"method": "money", "allow_short": True, "per_signal": 1000.0, "resize": False}
    free = {"market_impact": {"participation_rate_limit": None}}
    signals = [[1, 0], [1, 0], [1, 1], [1, 1], [1, 1], [0, 1], [0, 0]]
    engine = engine_for(flat_tape(PRICES), signals, sizing=sizing, execution=free, sleeves=sleeves).run()
    rows = engine.journal.fills
    assert [(int(f["row"]), int(f["sleeve"])) for f in rows] == [(1, 0), (3, 1), (6, 0)]
    assert rows["quantity"].tolist() == pytest.approx([10.0, 8.0, -10.0], rel=1e-12)


def test_a_limit_in_money_caps_each_name_and_stands_in_the_certificate():
    engine = traded([[0.5, 0.1]] * 7, prices=[PRICES[0], [10.0] * 7], limits={"max_position_value": 200_000.0})
    assert fills(engine)[0] == (1, 0, 2000.0, 100.0)
    assert fills(engine)[1] == (1, 1, 10_000.0, 10.0)
    assert (0, 0, Reason.MAX_POSITION_VALUE) in cuts(engine)
    # at 125 the position is worth 250,000: cut back to 200,000
    assert (3, 0, -400.0, 125.0) in fills(engine)
    # at 50 there is room for 4,000, of which 1,600 are held
    assert (5, 0, 2400.0, 50.0) in fills(engine)


def test_a_budget_of_turnover_spreads_the_way_to_a_target_over_decisions():
    engine = traded([[0.5, 0.3]] * 7, prices=[[100.0] * 7, [100.0] * 7], limits={"max_turnover": 0.25})
    assert [(row, slot) for row, slot, *_ in fills(engine)] == [(1, 0), (2, 1), (3, 0), (4, 1)]
    assert [quantity for _, _, quantity, _ in fills(engine)] == pytest.approx([2500.0, 2500.0, 2500.0, 500.0])
    assert (0, 1, Reason.TURNOVER) in cuts(engine)
    assert not refusals(engine)


def test_so_many_trades_a_decision_open():
    engine = traded([[0.2, 0.3, 0.1]] * 7, prices=[[100.0] * 7] * 3, limits={"max_trades": 1})
    assert [(row, slot) for row, slot, _, _ in fills(engine)] == [(1, 1), (2, 0), (3, 2)]
    assert (0, 0, Reason.MAX_TRADES) in cuts(engine)


@pytest.mark.parametrize("sizing", [{"method": "units", "per_signal": 7.0}, {"method": "money", "per_signal": 700.0}])
def test_units_and_money_are_not_made_smaller_by_costs(sizing):
    execution = {
        "commission": {"model": "percentage", "percentage_fee": 0.01},
        "market_impact": {"participation_rate_limit": None},
    }
    engine = traded([1, 1, 1, 1, 1, 1, 1], prices=[[100.0] * 7], sizing=sizing, execution=execution)
    assert [(row, quantity) for row, _, quantity, _ in fills(engine)] == [(1, 7.0)]
