"""Average price, realised profit, carry, splits, margin and ruin, on hand-made tapes with hand-computed money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Reason, Status
from polyfolio.kernels.accounting import average_after, realised_by, round_to_lot
from polyfolio.kernels.carry import day_share
from tests.kernels.cost_tools import both
from tests.kernels.tapes import account, bars_tape, engine_for, fills, flat_tape, orders, weights

NAN = float("nan")


@pytest.mark.parametrize(
    ("held", "average", "quantity", "price", "after"),
    [
        (0.0, 0.0, 10.0, 100.0, 100.0),
        (10.0, 100.0, 30.0, 120.0, 115.0),  # (1000 + 3600) / 40
        (10.0, 100.0, -4.0, 130.0, 100.0),
        (10.0, 100.0, -25.0, 130.0, 130.0),
        (-10.0, 100.0, -10.0, 90.0, 95.0),
        (-10.0, 100.0, 10.0, 90.0, 0.0),
    ],
)
def test_average_price_is_weighted_while_growing_kept_while_shrinking_new_after_a_turn(
    held: float, average: float, quantity: float, price: float, after: float
) -> None:
    assert both(average_after)(held, average, quantity, price, held + quantity) == after


@pytest.mark.parametrize(
    ("held", "quantity", "price", "profit"),
    [
        (10.0, 5.0, 120.0, 0.0),
        (10.0, -4.0, 130.0, 240.0),  # 4 * 30 * 2
        (10.0, -25.0, 130.0, 600.0),
        (-10.0, 4.0, 90.0, 80.0),
        (-10.0, 25.0, 110.0, -200.0),
    ],
)
def test_realised_profit_is_what_was_closed_times_price_less_average(
    held: float, quantity: float, price: float, profit: float
) -> None:
    assert both(realised_by)(held, 100.0, quantity, price, 2.0) == profit


@pytest.mark.pitfall("RND-02")
def test_lots_round_towards_zero_and_forgive_binary_fractions() -> None:
    lots = both(round_to_lot)
    assert lots(0.3, 0.1) == pytest.approx(0.3, rel=1e-15)
    assert lots(0.00123456, 0.0001) == pytest.approx(0.0012, rel=1e-15)
    assert lots(-7.9, 1.0) == -7.0
    assert lots(0.9, 1.0) == 0.0
    assert lots(0.9, 0.0) == 0.9


def test_a_year_is_counted_in_the_days_asked_for() -> None:
    assert both(day_share)(3.0, 360.0) == 3.0 / 360.0


def test_realised_and_unrealised_add_up_to_the_gains() -> None:
    tape = flat_tape([[100.0, 100.0, 110.0, 130.0, 90.0, 95.0]])
    engine = engine_for(tape, [[10.0], [10.0], [-15.0], [-15.0], [0.0], [0.0]], **orders()).run()
    # 10 at 100, 10 at 110 (average 105), 15 sold at 130 (+375), 15 sold at 90: 5 * -15, then 10 short at 90.
    assert fills(engine) == [(1, 0, 10.0, 100.0), (2, 0, 10.0, 110.0), (3, 0, -15.0, 130.0), (4, 0, -15.0, 90.0)]
    assert list(engine.journal.fills["realised"]) == [0.0, 0.0, 375.0, -75.0]
    assert engine.book.average_price[0, 0] == 90.0
    unrealised = -10.0 * (95.0 - 90.0)
    assert account(engine)["total_realised"] == 300.0
    assert account(engine)["total_gain"] == 300.0 + unrealised
    assert account(engine)["equity"] == 100_250.0


@pytest.mark.pitfall("ACC-12")
def test_a_round_trip_at_one_price_costs_both_sides() -> None:
    fee = {"model": "percentage", "percentage_fee": 0.001}
    slip = {"model": "percentage", "base_slippage": 0.002}
    tape = flat_tape([[100.0] * 4])
    engine = engine_for(tape, [[10.0], [-10.0], [0.0], [0.0]], **orders(commission=fee, slippage=slip)).run()
    bought, sold = 10 * 100 * 1.002, 10 * 100 * 0.998
    assert account(engine)["equity"] == pytest.approx(100_000.0 - 0.001 * (bought + sold) - (bought - sold), rel=1e-14)
    assert account(engine)["total_commission"] == pytest.approx(2.0, rel=1e-13)
    assert account(engine)["total_slippage"] == pytest.approx(4.0, rel=1e-13)


@pytest.mark.pitfall("ACC-15")
@pytest.mark.parametrize("kind", ["commission", "slippage", "spread", "impact", "borrow", "loan", "funding"])
def test_each_cost_alone_leaves_equity_by_its_exact_amount(kind: str) -> None:
    rows = 30
    prices = [100.0 * (1.01 if t % 2 else 0.99) for t in range(rows - 5)] + [100.0] * 5
    execution: dict[str, Any] = {}
    section: dict[str, Any] = {}
    more: dict[str, Any] = {}
    if kind == "commission":
        execution["commission"] = {"model": "fixed", "fixed_fee": 3.0}
    elif kind == "slippage":
        execution["slippage"] = {"model": "percentage", "base_slippage": 0.001}
    elif kind == "spread":
        more["spread"] = np.full((rows, 1), 0.2)
    elif kind == "impact":
        execution["market_impact"] = {"model": "linear", "temporary_impact": 0.5, "participation_rate_limit": None}
        more["volume"] = 1000.0
    elif kind == "borrow":
        more["borrow"] = np.full((rows, 1), 0.36)
    elif kind == "loan":
        section["loan_rate"] = 0.36
    else:
        more["funding"] = [[0.01 if t == rows - 1 else NAN] for t in range(rows)]
    tape = flat_tape([prices], **more)
    size = {"borrow": -10.0, "loan": 2000.0}.get(kind, 10.0)
    signals = np.zeros((rows, 1))
    signals[-4] = size  # fills at row -3, where the price stands still
    lane = orders(**execution)
    lane["account"].update(section)
    engine = engine_for(tape, signals, **lane).run()
    sigma = np.std([prices[t] / prices[t - 1] - 1.0 for t in range(rows - 23, rows - 3)], ddof=1)
    cost = {
        "commission": 3.0,
        "slippage": 1.0,
        "spread": 1.0,
        "impact": 1000.0 * 0.5 * sigma * 0.01,
        "funding": 10.0,
        "borrow": 1000.0 * 0.36 * 2 / 360,
        "loan": 100_000 * 0.001 + (100_000 * 1.001) * 0.001,
    }[kind]
    assert account(engine)["equity"] == pytest.approx(100_000.0 - cost, rel=1e-12)
    assert account(engine)["total_gain"] == 0.0
    assert account(engine)["residual"] <= 1e-12


@pytest.mark.pitfall("ACC-06")
def test_borrow_over_k_days_is_k_times_one_day_weekends_included() -> None:
    tape = flat_tape([[100.0] * 6], days=[0, 1, 2, 3, 6, 8])
    lane = weights(account={"borrow_rate": 0.072, "initial_capital": 100_000.0})
    signals = [[-0.5], [NAN], [NAN], [NAN], [NAN], [NAN]]
    engine = engine_for(tape, signals, **lane).run()
    one_day = 50_000.0 * 0.072 / 360.0
    assert list(engine.journal.marks["borrow"]) == pytest.approx([0, 0, one_day, one_day, 3 * one_day, 2 * one_day])
    assert account(engine)["total_borrow"] == pytest.approx(7 * one_day, rel=1e-14)
    assert account(engine)["equity"] == pytest.approx(100_000.0 - 7 * one_day, rel=1e-14)


def test_idle_cash_earns_and_a_loan_pays_by_actual_days() -> None:
    tape = flat_tape([[100.0] * 4], days=[0, 1, 4, 5])
    lane = weights(account={"interest_rate": 0.036, "day_count": 365.0, "initial_capital": 1000.0})
    engine = engine_for(tape, [0.0], **lane).run()
    assert list(engine.journal.marks["interest"])[:3] == pytest.approx(
        [0.0, 0.036 * 1000 / 365, 3 * 0.036 * (1000 + 0.036 * 1000 / 365) / 365]
    )
    lane = weights(
        account={"loan_rate": 0.36, "initial_capital": 1000.0, "maintenance_margin": 0.0}, limits={"max_leverage": 2.0}
    )
    engine = engine_for(tape, [[2.0], [NAN], [NAN], [NAN]], **lane).run(3)
    assert account(engine)["total_interest"] == pytest.approx(-1000.0 * 0.36 * 3 / 360, rel=1e-14)


@pytest.mark.pitfall("ACC-14")
def test_a_short_is_the_mirror_of_a_long_at_no_cost() -> None:
    tape = flat_tape([[100.0, 100.0, 90.0, 97.0, 80.0]])
    long, short = (engine_for(tape, [[side * 10.0], [0], [0], [0], [0]], **orders()).run() for side in (1.0, -1.0))
    assert (np.diff(long.journal.marks["equity"]) == -np.diff(short.journal.marks["equity"])).all()
    assert account(short)["equity"] == 100_200.0


def test_dividends_come_to_longs_and_from_shorts_on_the_ex_date() -> None:
    dividends = [[NAN, NAN], [NAN, NAN], [2.0, 0.5], [NAN, NAN]]
    tape = flat_tape([[100.0, 100.0, 98.0, 98.0], [10.0] * 4], dividends=dividends)
    engine = engine_for(tape, [[10.0, -40.0], [0, 0], [0, 0], [0, 0]], **orders()).run()
    assert list(engine.journal.marks["dividends"]) == [0.0, 0.0, 20.0 - 20.0, 0.0]
    assert list(engine.book.carry[0]) == [20.0, -20.0]
    assert account(engine)["equity"] == 100_000.0 - 20.0 + 0.0
    assert account(engine)["total_gain"] == -20.0


@pytest.mark.pitfall("DAT-05")
def test_funding_is_paid_at_its_stamps_and_nothing_between() -> None:
    funding = [[NAN], [NAN], [0.001], [NAN], [-0.002], [NAN]]
    tape = flat_tape([[100.0, 100.0, 110.0, 110.0, 110.0, 110.0]], funding=funding)
    engine = engine_for(tape, [[10.0], [0], [0], [0], [0], [0]], **orders()).run()
    # position * mark of the close before * rate
    assert list(engine.journal.marks["funding"]) == pytest.approx([0, 0, 1.0, 0, -2.2, 0])
    assert account(engine)["equity"] == pytest.approx(100_100.0 - 1.0 + 2.2, rel=1e-14)


def test_a_split_changes_no_value_and_pays_the_rest_in_cash() -> None:
    splits = [[NAN], [NAN], [1.5], [NAN]]
    tape = flat_tape([[90.0, 90.0, 60.0, 60.0]], splits=splits, instruments={"lot": 1.0})
    engine = engine_for(tape, [[15.0], [0.0], [0.0], [0.0]], **orders()).run()
    assert engine.book.quantity[0, 0] == 22.0  # 22.5, half a share at 60 in cash
    assert engine.book.average_price[0, 0] == 60.0
    assert account(engine)["cash"] == 100_000.0 - 15 * 90.0 + 30.0
    assert list(engine.journal.marks["equity"]) == [100_000.0] * 4
    assert list(engine.journal.marks["gain"]) == [0.0] * 4


def test_a_split_moves_open_orders_and_stops_along() -> None:
    bars = [(100.0,) * 4, (100.0,) * 4, (50.0,) * 4, (50.0, 50.0, 46.0, 47.0), (47.0,) * 4]
    tape = bars_tape([bars], splits=[[NAN], [NAN], [2.0], [NAN], [NAN]])
    lane = orders()
    lane["exits"] = {"stop_loss": 0.06}
    engine = engine_for(tape, [[10.0], [0], [0], [0], [0]], **lane)
    engine.run(2)
    assert fills(engine) == [(1, 0, 10.0, 100.0)]
    engine.run()
    assert fills(engine)[1:] == [(3, 0, -20.0, 47.0)]  # the stop of 94 became 47
    engine = engine_for(tape, [0.0], **orders()).run(1)
    engine.submit("a", "A", 10.0, order_type="limit", limit=94.0, time_in_force="gtc")
    engine.run()
    assert fills(engine) == [(3, 0, 20.0, 47.0)]


def test_value_is_quantity_times_price_times_multiplier_times_the_rate_of_exchange() -> None:
    table = {"fx_slot": [1, -1], "multiplier": [50, 1]}
    tape = flat_tape([[100.0, 100.0, 110.0], [1.25, 1.25, 1.5]], instruments=table)
    engine = engine_for(tape, [[2.0, 0], [0, 0], [0, 0]], **orders()).run()
    assert account(engine)["cash"] == 100_000.0 - 2 * 100 * 50 * 1.25
    assert account(engine)["equity"] == 100_000.0 - 12_500.0 + 2 * 110 * 50 * 1.5
    tape = flat_tape([[100.0, 100.0, 110.0], [0.8, 0.8, 0.5]], instruments={"fx_slot": [1, -1], "fx_inverse": [1, 0]})
    engine = engine_for(tape, [[2.0, 0], [0, 0], [0, 0]], **orders()).run()
    assert account(engine)["equity"] == 100_000.0 - 250.0 + 2 * 110 * 2.0


@pytest.mark.pitfall("DAT-01")
def test_a_missing_price_is_held_at_the_last_good_one() -> None:
    tape = flat_tape([[100.0, 110.0, 120.0, 130.0], [50.0] * 4], missing=[(2, 0)])
    engine = engine_for(tape, [[10.0, 0.0], [0, 0], [0, 0], [0, 0]], **orders()).run()
    assert list(engine.journal.marks["equity"]) == [100_000.0, 100_000.0, 100_000.0, 100_200.0]


@pytest.mark.pitfall("DAT-07")
def test_a_name_without_a_price_yet_has_no_weight_and_poisons_nothing() -> None:
    tape = flat_tape([[100.0] * 5, [50.0] * 5], missing=[(0, 1), (1, 1), (4, 1)])
    engine = engine_for(tape, [0.5, 0.4], **weights()).run()
    assert fills(engine) == [(1, 0, 5000.0, 100.0), (3, 1, 8000.0, 50.0)]
    assert list(engine.journal.marks["equity"]) == [1e6] * 5


@pytest.mark.pitfall("DAT-07")
def test_a_rate_of_exchange_without_a_price_yet_keeps_its_slots_out() -> None:
    tape = flat_tape([[100.0] * 4, [1.25] * 4], missing=[(0, 1)], instruments={"fx_slot": [1, -1]})
    engine = engine_for(tape, [0.5, 0.0], **weights()).run()
    assert fills(engine) == [(2, 0, 4000.0, 100.0)]


@pytest.mark.pitfall("CSH-03")
def test_equity_below_the_maintenance_margin_liquidates_with_a_reason() -> None:
    tape = flat_tape([[100.0, 100.0, 60.0, 60.0, 60.0]])
    lane = weights(account={"initial_capital": 100_000.0, "maintenance_margin": 0.25}, limits={"max_leverage": 2.0})
    engine = engine_for(tape, [[2.0], [NAN], [NAN], [NAN], [NAN]], **lane).run()
    # 2000 units, 100,000 borrowed; at 60: equity 20,000 of gross 120,000, a sixth.
    assert fills(engine) == [(1, 0, 2000.0, 100.0), (3, 0, -2000.0, 60.0)]
    assert engine.journal.fills["reason"][1] == Reason.LIQUIDATION
    assert [Status(int(s)).name for s in engine.journal.marks["status"]] == [
        "LIVE",
        "LIVE",
        "LIQUIDATING",
        "LIVE",
        "LIVE",
    ]


@pytest.mark.pitfall("CSH-04")
def test_equity_at_or_below_zero_is_ruin_and_ends_trading() -> None:
    tape = flat_tape([[100.0, 100.0, 40.0, 40.0, 400.0]])
    lane = weights(account={"initial_capital": 100_000.0}, limits={"max_leverage": 2.0})
    engine = engine_for(tape, [2.0], **lane).run()
    assert [Status(int(s)).name for s in engine.journal.marks["status"]][-3:] == ["RUINED"] * 3
    assert fills(engine)[-1] == (3, 0, -2000.0, 40.0)
    assert account(engine)["equity"] == -20_000.0  # nothing traded at 400


@pytest.mark.pitfall("CSH-04")
def test_a_lane_liquidated_below_zero_is_ruined_at_once() -> None:
    tape = flat_tape([[100.0, 100.0, 74.0, 60.0, 60.0, 60.0]])
    engine = engine_for(tape, [3.0], **weights(limits={"max_leverage": 3.0})).run()
    assert engine.journal.marks["equity"][3] == -200_000.0
    assert engine.journal.marks["status"][3] == Status.RUINED


@pytest.mark.pitfall("CSH-04")
def test_a_ruined_lane_decides_nothing_any_more() -> None:
    tape = flat_tape([[100.0, 100.0, 100.0, 40.0, 40.0]])
    engine = engine_for(tape, [2.0], **weights(limits={"max_leverage": 2.0})).run()
    assert account(engine)["decided"] == 2


def test_a_liquidation_over_several_bars_is_one_order() -> None:
    volume = [[1e9], [1e9], [1e9], [60_000.0], [60_000.0], [60_000.0]]
    tape = flat_tape([[100.0, 100.0, 60.0, 60.0, 60.0, 60.0]], volume=volume)
    execution = {"commission": {"model": "fixed", "fixed_fee": 7.0}, "market_impact": {"participation_rate_limit": 0.1}}
    lane = weights(limits={"max_leverage": 2.0}, execution=execution)
    engine = engine_for(tape, [[1.9], [NAN], [NAN], [NAN], [NAN], [NAN]], **lane).run()
    rows = engine.journal.fills[engine.journal.fills["reason"] == Reason.LIQUIDATION]
    assert len(rows) == 3
    assert list(rows["commission"]) == [7.0, 0.0, 0.0]
