from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.records import FILL
from polyfolio.kernels.measures import trades
from tests.kernels.measures.tools import both, compiled, summary


def fill(row, quantity, price, realised=0.0, commission=0.0, slot=0, lane=0):
    record = np.zeros((), dtype=FILL)
    record["row"], record["lane"], record["slot"] = row, lane, slot
    record["quantity"], record["price"], record["reference"] = quantity, price, price
    record["realised"], record["commission"] = realised, commission
    return record


def action(row, money=0.0, ratio=1.0, slot=0, lane=0):
    record = np.zeros((), dtype=trades.ACTION)
    for name, value in (("row", row), ("lane", lane), ("slot", slot), ("money", money), ("ratio", ratio)):
        record[name] = value
    return record


def closed(fills, actions=(), multipliers=(1.0,), lanes=1):
    fills = np.array(fills, dtype=FILL)
    between = np.array(list(actions), dtype=trades.ACTION)
    each = np.array(multipliers)
    found = np.zeros(max(fills.size, 1), dtype=trades.TRADE)
    positions = np.zeros((lanes * each.size, trades.OPEN_SIZE))
    k = both(trades.closed_trades)(fills, between, each, positions, found)
    return found[:k], positions


def test_a_round_trip_is_one_trade_net_of_both_commissions():
    found, positions = closed([fill(3, 10, 100.0, 0.0, 1.0), fill(8, -10, 110.0, 100.0, 1.1)])
    (trade,) = found
    assert (trade["entry_row"], trade["exit_row"], trade["side"], trade["fills"]) == (3, 8, 1, 2)
    assert (trade["quantity"], trade["entry_notional"]) == (10.0, 1000.0)
    assert trade["profit"] == pytest.approx(100 - 2.1, rel=1e-15)
    assert trade["commission"] == pytest.approx(2.1, rel=1e-15)
    assert not positions.any()


def test_adding_and_reducing_stay_one_trade_until_flat():
    found, _ = closed(
        [
            fill(0, 10, 100.0, 0.0, 1.0),
            fill(1, 10, 120.0, 0.0, 1.0),  # average 110
            fill(2, -5, 130.0, 100.0, 1.0),
            fill(3, -15, 100.0, -150.0, 1.0),
        ]
    )
    (trade,) = found
    assert (trade["quantity"], trade["entry_quantity"], trade["entry_notional"]) == (20.0, 20.0, 2200.0)
    assert trade["profit"] == pytest.approx(-54.0, rel=1e-15)
    assert trade["fills"] == 4


def test_a_change_of_sign_is_split_at_zero_with_the_commission_by_quantity():
    found, positions = closed(
        [fill(0, 10, 100.0, 0.0, 1.0), fill(1, -30, 110.0, 100.0, 3.0), fill(2, 20, 105.0, 100.0, 2.0)]
    )
    long, short = found
    assert (long["side"], long["profit"], long["commission"]) == (1, pytest.approx(98.0), pytest.approx(2.0))
    assert (short["side"], short["entry_row"], short["quantity"]) == (-1, 1, 20.0)
    assert (short["entry_notional"], short["profit"], short["commission"]) == (2200.0, 96.0, pytest.approx(4.0))
    assert not positions.any()


def test_thirds_of_a_coin_end_flat():
    found, positions = closed([fill(0, 0.1, 10.0), fill(1, 0.2, 10.0), fill(2, -0.3, 11.0, 0.3)])
    assert 0.1 + 0.2 - 0.3 != 0.0
    assert found.size == 1
    assert not positions.any()


def test_an_open_position_is_no_trade_yet():
    found, positions = closed([fill(0, 10, 100.0, 0.0, 1.0), fill(1, -4, 110.0, 40.0, 1.0)])
    assert found.size == 0
    assert positions[0, 0] == 6.0


def test_lanes_and_slots_do_not_mix():
    found, _ = closed(
        [
            fill(0, 1, 10.0, slot=0, lane=0),
            fill(0, 1, 20.0, slot=1, lane=0),
            fill(0, 1, 30.0, slot=0, lane=1),
            fill(1, -1, 11.0, 1.0, slot=0, lane=0),
            fill(2, -1, 33.0, 3.0, slot=0, lane=1),
            fill(3, -1, 18.0, -20.0, slot=1, lane=0),
        ],
        multipliers=(1.0, 10.0),
        lanes=2,
    )
    assert [(t["lane"], t["slot"], t["profit"]) for t in found] == [(0, 0, 1.0), (1, 0, 3.0), (0, 1, -20.0)]
    assert found[2]["entry_notional"] == 200.0


def test_dividends_borrow_and_splits_reach_the_trade_that_was_open():
    found, _ = closed(
        [fill(1, 10, 100.0), fill(5, -20, 55.0, 100.0)],
        [
            action(0, money=99.0),
            action(2, money=7.0),
            action(3, ratio=2.0),
            action(4, money=-1.5),
            action(9, money=50.0),
        ],
    )
    (trade,) = found
    assert (trade["quantity"], trade["entry_notional"], trade["side"]) == (20.0, 1000.0, 1)
    assert (trade["carry"], trade["profit"]) == (5.5, 105.5)


def test_carry_of_the_closing_bar_comes_before_its_fills():
    found, _ = closed([fill(1, 10, 100.0), fill(5, -10, 100.0)], [action(5, money=-2.0)])
    assert found[0]["profit"] == -2.0


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(90, 110)), min_size=1, max_size=40))
def test_profits_of_closed_trades_add_up_to_the_realised_profit(orders):
    """Average price by plain arithmetic on whole numbers; what is still open is the rest."""
    held, average, fills = 0, 0.0, []
    for row, (quantity, price) in enumerate(orders):
        closing = min(abs(quantity), abs(held)) if held * quantity < 0 else 0
        realised = closing * (price - average) * (1 if held > 0 else -1)
        if held * quantity >= 0 and quantity:
            average = (abs(held) * average + abs(quantity) * price) / (abs(held) + abs(quantity))
        elif abs(quantity) > abs(held):
            average = float(price)
        held += quantity
        fills.append(fill(row, quantity, price, realised, 0.5 * abs(quantity)))
    found, positions = closed(fills)
    total = sum(f["realised"] - f["commission"] for f in fills)
    still_open = positions[0, 6] - positions[0, 7]
    assert found["profit"].sum() + still_open == pytest.approx(total, rel=1e-12, abs=1e-9)
    assert positions[0, 0] == pytest.approx(held)
    assert (found["quantity"] > 0).all()
    assert (found["exit_row"] >= found["entry_row"]).all()


def test_excursions_are_shares_of_the_average_entry_price():
    found, _ = closed(
        [fill(0, 10, 100.0, slot=0), fill(0, -10, 50.0, slot=1), fill(2, -10, 100.0), fill(2, 10, 50.0, slot=1)],
        multipliers=(1.0, 100.0),
    )
    high = np.array([[104.0, 52.0], [110.0, np.nan], [101.0, 51.0], [999.0, 999.0]])
    low = np.array([[99.0, 49.0], [95.0, np.nan], [90.0, 40.0], [1.0, 1.0]])
    adverse, favourable = np.zeros(2), np.zeros(2)
    both(trades.excursions)(found, np.array([1.0, 100.0]), high, low, adverse, favourable)
    assert adverse == pytest.approx([-0.10, -0.04], rel=1e-13)
    assert favourable == pytest.approx([0.10, 0.20], rel=1e-13)


def test_an_excursion_without_a_price_is_undefined():
    found, _ = closed([fill(0, 10, 100.0), fill(1, -10, 100.0)])
    adverse, favourable = np.zeros(1), np.zeros(1)
    missing = np.full((2, 1), np.nan)
    both(trades.excursions)(found, np.ones(1), missing, missing, adverse, favourable)
    assert math.isnan(adverse[0])
    assert math.isnan(favourable[0])


def with_profits(profits, notional=1000.0):
    found = np.zeros(len(profits), dtype=trades.TRADE)
    found["profit"], found["entry_notional"] = profits, notional
    found["exit_row"] = np.arange(len(profits)) + 2
    return found


def test_statistics_of_six_trades_by_hand():
    found = summary(trades, with_profits([30.0, -10.0, -20.0, 0.0, 50.0, -10.0]))
    assert found["closed_trades"] == 6.0
    assert found["win_rate"] == pytest.approx(2 / 6, rel=1e-15)
    assert found["payoff"] == pytest.approx(40 / (40 / 3), rel=1e-14)
    assert found["profit_factor"] == pytest.approx(2.0, rel=1e-14)
    assert found["expectancy"] == pytest.approx(40 / 6, rel=1e-14)
    assert found["expectancy_rate"] == pytest.approx(0.04 / 6, rel=1e-14)
    assert (found["best_trade"], found["worst_trade"]) == (50.0, -20.0)
    assert found["holding_bars"] == pytest.approx(4.5, rel=1e-15)
    assert found["longest_losing_run"] == 2.0
    assert found["kelly_trades"] == pytest.approx(1 / 3 - (2 / 3) / 3, rel=1e-13)


def test_no_trades_are_counted_and_all_else_is_undefined():
    found = summary(trades, with_profits([]))
    assert found.pop("closed_trades") == 0.0
    assert all(math.isnan(value) for value in found.values())


def test_winners_alone_have_no_payoff_profit_factor_or_kelly():
    found = summary(trades, with_profits([5.0, 7.0]))
    assert (found["win_rate"], found["longest_losing_run"]) == (1.0, 0.0)
    assert all(math.isnan(found[name]) for name in ("payoff", "profit_factor", "kelly_trades"))


def test_trade_by_trade_equals_all_trades_to_the_last_bit():
    found = with_profits(np.random.default_rng(5).normal(1.0, 30.0, 120))
    state, out, whole = np.zeros(trades.SIZE), np.zeros(11), np.zeros(11)
    compiled(trades.init)(state)
    for trade in found:
        bars = float(trade["exit_row"] - trade["entry_row"])
        compiled(trades.update)(state, trade["profit"], trade["entry_notional"], bars)
    compiled(trades.finish)(state, out)
    trades.summary(found, np.zeros(trades.SIZE), whole)
    np.testing.assert_array_equal(out, whole)
