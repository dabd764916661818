"""How much of an order a bar lets through, what the fill costs, and what it pushes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from polyfolio.kernels.fills import rest_of
from tests.kernels.cost_tools import both
from tests.kernels.tapes import account, bars_tape, engine_for, fills, flat_tape, orders, refusals, weights

NAN = float("nan")
CAP = {"participation_rate_limit": 0.1}


def swinging(rows: int, still: int) -> list[float]:
    """Closes 99 and 101 in turn, then 100 from row `still` on."""
    return [100.0 if t >= still else (101.0 if t % 2 else 99.0) for t in range(rows)]


def one_order(quantity: float, volume: Any, rows: int = 4, **execution: Any) -> Any:
    execution = {"market_impact": CAP, "time_in_force": "gtc"} | execution
    return engine_for(
        flat_tape([[100.0] * rows], volume=volume), [[quantity]] + [[0.0]] * (rows - 1), **orders(**execution)
    ).run()


def test_a_fill_takes_at_most_its_share_of_the_bars_volume() -> None:
    engine = one_order(25.0, [[1.0], [100.0], [120.0], [500.0]])
    assert fills(engine) == [(1, 0, 10.0, 100.0), (2, 0, 12.0, 100.0), (3, 0, 3.0, 100.0)]
    assert refusals(engine) == [(1, 0, Reason.PARTICIPATION), (2, 0, Reason.PARTICIPATION)]


@pytest.mark.pitfall("DAT-11")
def test_no_volume_no_fill() -> None:
    engine = one_order(5.0, [[100.0], [0.0], [0.0], [100.0]])
    assert fills(engine) == [(3, 0, 5.0, 100.0)]
    assert refusals(engine) == [(1, 0, Reason.NO_VOLUME), (2, 0, Reason.NO_VOLUME)]


def test_unknown_volume_takes_the_cap_off() -> None:
    assert fills(one_order(1e6, [[NAN]] * 4)) == [(1, 0, 1e6, 100.0)]


def test_fills_at_the_open_have_a_share_of_their_own() -> None:
    impact = {"participation_rate_limit": 0.1, "auction_share": 0.04}
    assert fills(one_order(25.0, 100.0, market_impact=impact)) == [(row, 0, 4.0, 100.0) for row in (1, 2, 3)]
    assert fills(one_order(25.0, 100.0, market_impact=impact, fill="next_close"))[0] == (1, 0, 10.0, 100.0)


def test_the_auction_share_is_one_for_all_sleeves_of_a_slot() -> None:
    impact = {"participation_rate_limit": 0.5, "auction_share": 0.1}
    sleeves = [{"name": "x", "symbol": "A"}, {"name": "y", "symbol": "A"}]
    engine = engine_for(
        flat_tape([[100.0] * 2], volume=1000.0),
        [0.3, 0.3],
        sleeves=sleeves,
        **weights(execution={"market_impact": impact}),
    ).run()
    assert sum(quantity for _, _, quantity, _ in fills(engine)) == 100.0


def test_a_bar_has_one_budget_of_volume_over_all_its_phases() -> None:
    bars = [(100.0,) * 4, (100.0, 100.0, 90.0, 92.0), (92.0,) * 4, (92.0,) * 4]
    lane = orders(market_impact=CAP)
    lane["exits"] = {"stop_loss": 0.05}
    engine = engine_for(bars_tape([bars], volume=100.0), [[8.0], [0], [0], [0]], **lane).run()
    # the open took 8 of 10, so the stop finds 2; the rest leaves at the next open
    assert fills(engine) == [(1, 0, 8.0, 100.0), (1, 0, -2.0, 95.0), (2, 0, -6.0, 92.0)]


def test_a_fixed_fee_is_paid_once_whatever_the_number_of_fills() -> None:
    engine = one_order(25.0, 100.0, commission={"model": "fixed", "fixed_fee": 7.0})
    assert list(engine.journal.fills["commission"]) == [7.0, 0.0, 0.0]


def test_the_tiers_of_a_partly_filled_order_go_on_where_they_stopped() -> None:
    tiers = [{"min_volume": 0, "max_volume": 15, "rate": 0.01}, {"min_volume": 15, "rate": 0.001}]
    engine = one_order(25.0, 100.0, commission={"model": "tiered", "tiered_rates": tiers})
    assert list(engine.journal.fills["commission"]) == pytest.approx([10.0, 5.5, 0.5], rel=1e-12)


def test_cumulative_tiers_start_anew_with_their_period() -> None:
    tiers = [{"min_volume": 0, "max_volume": 10, "rate": 0.01}, {"min_volume": 10, "rate": 0.001}]
    commission = {"model": "tiered", "tiered_rates": tiers, "volume_basis": "cumulative", "tier_period": "day"}
    tape = flat_tape([[100.0] * 5], days=[0, 1, 1, 2, 2])
    engine = engine_for(tape, [[10.0], [10.0], [10.0], [0], [0]], **orders(commission=commission)).run()
    assert list(engine.journal.fills["commission"]) == pytest.approx([10.0, 1.0, 10.0], rel=1e-12)


def test_half_the_spread_is_paid_on_each_side() -> None:
    tape = flat_tape([[100.0] * 4], spread=[[0.4]] * 4)
    engine = engine_for(tape, [[10.0], [-10.0], [0], [0]], **orders(slippage={"half_spread": 0.5})).run()
    assert [price for *_, price in fills(engine)] == pytest.approx([100.2, 99.8], rel=1e-14)
    assert account(engine)["total_slippage"] == pytest.approx(4.0, rel=1e-12)


def test_a_fill_beyond_the_largest_slippage_is_refused_with_its_reason() -> None:
    bars = [(100.0,) * 4, (103.0,) * 4, (101.0,) * 4, (101.0,) * 4]
    engine = engine_for(bars_tape([bars]), [[10.0], [10.0], [-10.0], [0]], **orders(max_slippage=0.02)).run()
    assert refusals(engine) == [(1, 0, Reason.MAX_SLIPPAGE)]
    assert fills(engine) == [(2, 0, 10.0, 101.0), (3, 0, -10.0, 101.0)]


def test_waiting_for_the_fill_is_told_apart_inside_the_gain() -> None:
    engine = engine_for(flat_tape([[100.0, 103.0, 103.0]]), [[10.0], [0], [0]], **orders()).run()
    assert account(engine)["total_timing"] == 30.0


def test_impact_by_trailing_volume_and_volatility() -> None:
    closes = swinging(30, 24)
    sigma = np.std([closes[t] / closes[t - 1] - 1.0 for t in range(5, 25)], ddof=1)
    impact = {
        "model": "square_root",
        "temporary_impact": 0.05,
        "permanent_impact": 0.1,
        "participation_rate_limit": None,
    }
    signals = np.zeros((30, 1))
    signals[24] = 50.0
    engine = engine_for(flat_tape([closes], volume=1000.0), signals, **orders(market_impact=impact)).run()
    rate = 0.05 * sigma * np.sqrt(0.05) + 0.1 * sigma * 0.05 / 2
    assert fills(engine)[0][3] == pytest.approx(100.0 * (1 + rate), rel=1e-14)
    assert account(engine)["total_impact"] == pytest.approx(5000.0 * rate, rel=1e-9)
    assert account(engine)["total_gain"] == 0.0  # the mark knows nothing of the own impact


def test_permanent_impact_stays_in_later_prices_and_decays() -> None:
    closes = swinging(30, 24)
    impact = {"model": "linear", "permanent_impact": 2.0, "participation_rate_limit": None}
    signals = np.zeros((30, 1))
    signals[24] = signals[25] = signals[27] = 50.0
    more = {"propagate": True, "impact_decay": 0.5}
    engine = engine_for(flat_tape([closes], volume=1000.0), signals, **orders(market_impact=impact | more)).run()
    sigma = [
        np.std([closes[t] / closes[t - 1] - 1.0 for t in range(last - 19, last + 1)], ddof=1) for last in (24, 25, 27)
    ]
    step = [2.0 * s * 0.05 for s in sigma]  # what each order leaves behind
    expected = [
        100 * (1 + step[0] / 2),
        100 * (1 + step[0] * 0.5 + step[1] / 2),
        100 * (1 + (step[0] * 0.5 + step[1]) * 0.25 + step[2] / 2),
    ]
    assert [price for *_, price in fills(engine)] == pytest.approx(expected, rel=1e-13)


def test_nobody_earns_by_pushing_a_price() -> None:
    volume = np.full((60, 1), 1e4)
    volume[26:] = 1e7
    signals = np.zeros((60, 1))
    signals[24], signals[50] = 3000.0, -3000.0
    impact = {"model": "linear", "permanent_impact": 5.0, "propagate": True, "participation_rate_limit": None}
    engine = engine_for(flat_tape([swinging(60, 25)], volume=volume), signals, **orders(market_impact=impact)).run()
    assert account(engine)["equity"] <= 100_000.0


@pytest.mark.pitfall("TIM-02")
def test_no_fill_has_a_price_below_zero() -> None:
    volume = np.full((40, 1), 1e4)
    volume[30:] = 100.0
    signals = np.zeros((40, 1))
    signals[30] = -9_000.0
    impact = {"model": "linear", "temporary_impact": 1.0, "participation_base": "bar", "participation_rate_limit": None}
    engine = engine_for(flat_tape([swinging(40, 40)], volume=volume), signals, **orders(market_impact=impact)).run()
    assert fills(engine)[0][3] >= 0.0


@pytest.mark.pitfall("ACC-18")
def test_an_order_of_which_too_little_can_fill_is_sliced_over_bars() -> None:
    engine = one_order(25.0, 100.0, time_in_force="ioc", min_fill=0.5)
    assert fills(engine) == [(1, 0, 10.0, 100.0), (2, 0, 10.0, 100.0), (3, 0, 5.0, 100.0)]


@pytest.mark.parametrize(("whole", "done", "rest"), [(10.0, 4.0, 6.0), (10.0, 10.0 - 1e-12, 0.0), (-3.0, -3.0, 0.0)])
def test_a_rest_of_rounding_size_is_nothing(whole: float, done: float, rest: float) -> None:
    assert both(rest_of)(whole, done) == rest
