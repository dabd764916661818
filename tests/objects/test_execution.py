"""ExecutionSimulator and its models on their own, against values computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import (
    CommissionModel,
    ExecutionSimulator,
    MarketData,
    MarketImpactModel,
    SlippageModel,
    TradeRequest,
)

TIERED = {
    "model": "tiered",
    "fixed_fee": 1.0,
    "percentage_fee": 0.001,
    "tiered_rates": [
        {"min_volume": 0, "max_volume": 1000, "rate": 0.001},
        {"min_volume": 1000, "max_volume": 10000, "rate": 0.0008},
        {"min_volume": 10000, "max_volume": "inf", "rate": 0.0005},
    ],
}
BAR = MarketData(100.0, 103.0, 97.0, 101.0, volume=50_000.0, volatility=0.02)


@pytest.mark.parametrize(("shares", "fee"), [(999, 99.90), (1000, 100.0), (1001, 100.08), (12_500, 945.0)])
def test_tiers_charge_each_slice_its_own_rate(shares: float, fee: float) -> None:
    assert CommissionModel(TIERED).calculate(shares, 100.0) == pytest.approx(fee, rel=1e-12)


def test_models_say_their_name_and_follow_their_formula() -> None:
    assert CommissionModel({"model": "fixed", "fixed_fee": 1.5}).calculate(3, 7.0) == 1.5
    slippage = SlippageModel({"model": "linear", "base_slippage": 0.0001, "volume_impact": 1e-8})
    assert slippage.calculate(-5000, 100.0) == pytest.approx(0.00015)
    assert slippage.calculate(0, 100.0, spread=0.4) == pytest.approx(0.0001 + 0.002)
    impact = MarketImpactModel(
        {"model": "square_root", "permanent_impact": 0.1, "temporary_impact": 0.05, "participation_rate_limit": 0.1}
    )
    found = impact.calculate(100, 10_000.0, 0.02)
    assert found.permanent == pytest.approx(0.1 * 0.02 * 0.01)
    assert found.paid == pytest.approx(0.05 * 0.02 * 0.1 + 0.5 * found.permanent)
    assert impact.calculate(impact.largest_quantity(found.paid, 10_000.0, 0.02), 10_000.0, 0.02).paid == (
        pytest.approx(found.paid)
    )
    assert impact.calculate(100, math.nan, 0.02).paid == 0.0
    assert (slippage.model, impact.model, impact.participation_rate_limit) == ("linear", "square_root", 0.1)


ABOVE, UNKNOWN = "a finite number above 0", "a finite number of 0 or more, or NaN where unknown"


@pytest.mark.parametrize(
    ("ask", "field", "bound"),
    [
        (lambda: CommissionModel().calculate(3, -10), "price", ABOVE),
        (lambda: CommissionModel().calculate(3, 0.0), "price", ABOVE),
        (lambda: CommissionModel().calculate(3, math.nan), "price", ABOVE),
        (lambda: CommissionModel().calculate(math.inf, 10.0), "quantity", "a finite number"),
        (lambda: CommissionModel().calculate(3, 10.0, unit=-1.0), "unit", ABOVE),
        (lambda: CommissionModel().calculate(3, 10.0, period_volume=-1.0), "period_volume", UNKNOWN),
        (lambda: CommissionModel().calculate(3, 10.0, period_volume=math.nan), "period_volume", "a finite number"),
        (lambda: SlippageModel().calculate(3, -10.0), "price", ABOVE),
        (lambda: SlippageModel().calculate(3, 10.0, volume=-1.0), "volume", UNKNOWN),
        (lambda: SlippageModel().calculate(3, 10.0, spread=math.inf), "spread", UNKNOWN),
        (lambda: MarketImpactModel().calculate(3, -5.0, 0.1), "volume", UNKNOWN),
        (lambda: MarketImpactModel().calculate(3, 5.0, "0.1"), "volatility", UNKNOWN),
        (lambda: MarketImpactModel().largest_quantity(-0.1, 5.0, 0.1), "limit", ABOVE),
    ],
)
def test_models_refuse_what_no_fill_can_have(ask: Any, field: str, bound: str) -> None:
    with pytest.raises(DataError) as caught:
        ask()
    assert (caught.value.field, caught.value.bound, caught.value.remedy) == (field, bound, "Correct it.")


def test_numbers_of_numpy_are_numbers() -> None:
    model = CommissionModel({"model": "percentage", "percentage_fee": 0.001})
    assert model.calculate(np.int64(50), np.float32(20.0)) == 1.0


def test_a_market_order_fills_at_the_open_with_every_cost() -> None:
    simulator = ExecutionSimulator(
        {
            "commission": {"model": "percentage", "percentage_fee": 0.001},
            "slippage": {"model": "percentage", "base_slippage": 0.002},
            "market_impact": {"model": "linear", "temporary_impact": 0.5, "participation_rate_limit": 0.1},
        }
    )
    (trade,) = simulator.execute_trades([TradeRequest("A", -1000.0)], {"A": BAR})
    push = 0.5 * 0.02 * 1000.0 / 50_000.0
    assert trade.price == pytest.approx(100.0 * (1.0 - 0.002 - push))
    assert trade.commission == pytest.approx(0.001 * 1000.0 * trade.price)
    assert trade.slippage == pytest.approx(0.002 * 100_000.0)
    assert trade.impact == pytest.approx(push * 100_000.0)


def test_participation_caps_a_fill_and_gtc_carries_the_rest() -> None:
    simulator = ExecutionSimulator({"market_impact": {"participation_rate_limit": 0.1}})
    first = simulator.execute_trades([TradeRequest("A", 8000.0, "market", "gtc")], {"A": BAR})
    assert [trade.quantity for trade in first] == [5000.0]
    assert simulator.refused == [("A", 3000.0, "participation")]
    assert simulator.working() == [TradeRequest("A", 3000.0, "market", "gtc")]
    second = simulator.execute_trades([], {"A": BAR, "B": BAR})
    assert [trade.quantity for trade in second] == [3000.0]
    assert simulator.working() == []
    assert first[0].trade_id != second[0].trade_id


def test_a_day_order_ends_with_its_bar() -> None:
    simulator = ExecutionSimulator({"market_impact": {"participation_rate_limit": 0.1}})
    simulator.execute_trades([TradeRequest("A", 8000.0)], {"A": BAR})
    assert simulator.working() == []


def test_limit_and_stop_orders_meet_the_bar() -> None:
    data = dict.fromkeys("ABCD", BAR)
    trades = ExecutionSimulator({}).execute_trades(
        [
            TradeRequest("A", 1.0, "limit", limit_price=98.0),
            TradeRequest("B", 1.0, "limit", limit_price=96.0),
            TradeRequest("C", -1.0, "stop", stop_price=99.0),
            TradeRequest("D", 1.0, "limit", limit_price=105.0),
        ],
        data,
    )
    assert {trade.ticker: trade.price for trade in trades} == {"A": 98.0, "C": 99.0, "D": 100.0}


def test_orders_of_any_size_are_funded_when_it_stands_alone() -> None:
    simulator = ExecutionSimulator({"execution": {"market_impact": {"participation_rate_limit": None}}})
    (trade,) = simulator.execute_trades([TradeRequest("A", 1e9)], {"A": BAR})
    assert trade.quantity == 1e9


@pytest.mark.parametrize(
    ("requests", "kind", "names"),
    [
        ([TradeRequest("B", 1.0)], DataError, ("trade_requests['B']", "A")),
        ([TradeRequest("A", math.nan)], DataError, ("quantity", "nan")),
        ([TradeRequest("A", 1.0), TradeRequest("A", 2.0)], DataError, ("at most one",)),
        ([TradeRequest("A", 1.0, "markt")], ConfigError, ("order_type", "markt", "market")),
        ([TradeRequest("A", 1.0, "market", "gtd")], ConfigError, ("time_in_force", "gtd", "gtc")),
        ([TradeRequest("A", 1.0, "limit")], ConfigError, ("limit", "price above 0")),
    ],
)
def test_bad_requests_are_named(requests: Any, kind: type[Exception], names: tuple[str, ...]) -> None:
    with pytest.raises(kind) as error:
        ExecutionSimulator({}).execute_trades(requests, {"A": BAR})
    assert all(name in str(error.value) for name in names), str(error.value)


def test_a_wrong_section_is_named() -> None:
    with pytest.raises(ConfigError, match="percentage_fee"):
        ExecutionSimulator({"commission": {"model": "percentage", "percentagefee": 0.1}})
    with pytest.raises(ConfigError, match=r"tiered_rates"):
        CommissionModel({"model": "tiered"})
