"""Costs of a set of trades: the array form is the scalar formulas, slot by slot."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from polyfolio.core.codes import Commission, Impact, Slippage
from polyfolio.kernels import commission as commission_kernels
from polyfolio.kernels import costs as kernels
from tests.kernels.cost_tools import THREE_TIERS, both, rules

trade_costs = both(kernels.trade_costs)
fill_rate = both(kernels.fill_rate)
fill_price = both(kernels.fill_price)
commission = both(commission_kernels.commission)

KEYS = {
    "fixed_fee": 1.0,
    "percentage_fee": 0.001,
    "per_unit_fee": 0.005,
    "min_fee": 0.5,
    "max_fee": 40.0,
    "base_slippage": 0.0001,
    "volume_impact": 1e-8,
    "half_spread": 0.5,
    "permanent_impact": 0.1,
    "temporary_impact": 0.05,
}
TRADE = np.array([100.0, -250.0, 0.0, 7.5, -3000.0, 0.0, 12.0])
PRICE = np.array([100.0, 20.0, math.nan, 3000.0, 1.5, 50.0, 80.0])
UNIT = np.array([1.0, 1.0, 1.0, 0.5, 50.0, 1.0, 1.25])
SPREAD = np.array([0.02, math.nan, math.nan, -1.0, 0.01, 0.02, 0.05])
VOLUME = np.array([1e4, 5e3, math.nan, 1e3, math.nan, 0.0, 900.0])
SIGMA = np.array([0.01, 0.02, math.nan, 0.015, 0.01, 0.01, math.nan])
COMBINATIONS = list(itertools.product(Commission, Slippage, Impact))


CALM = np.zeros(TRADE.size)


def cost_of(keys: object, trade: np.ndarray = TRADE, pressure: np.ndarray = CALM) -> tuple[float, np.ndarray]:
    out = np.full(trade.size, math.nan)
    total = trade_costs(trade, PRICE, UNIT, SPREAD, VOLUME, SIGMA, keys, THREE_TIERS, 0.0, pressure, out)
    return total, out


@pytest.mark.parametrize(("fee", "slip", "push"), COMBINATIONS)
def test_each_slot_costs_its_rate_times_notional_and_the_fee_at_the_price_it_pays(fee, slip, push):
    keys = rules(commission_model=fee, slippage_model=slip, impact_model=push, **KEYS)
    total, out = cost_of(keys)
    for i, quantity in enumerate(TRADE):
        if quantity == 0.0:
            assert out[i] == 0.0
            continue
        rate = fill_rate(quantity, PRICE[i], SPREAD[i], VOLUME[i], SIGMA[i], keys)
        paid = PRICE[i] * (1.0 + math.copysign(rate, quantity))
        expected = commission(quantity, paid, UNIT[i], keys, THREE_TIERS, 0.0)
        expected += abs(quantity) * PRICE[i] * UNIT[i] * rate
        assert out[i] == pytest.approx(expected, rel=1e-13)
    assert total == pytest.approx(math.fsum(out), rel=1e-14)


def test_a_hand_computed_book_of_two_trades():
    keys = rules(
        commission_model=Commission.PERCENTAGE,
        percentage_fee=0.001,
        slippage_model=Slippage.PERCENTAGE,
        base_slippage=0.0005,
    )
    total, out = cost_of(keys, np.array([10.0, -100.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    # 10 at 100.05: 0.5 beyond the reference and 0.1 % of 1000.5; 100 at 19.99: 1 beyond it and 0.1 % of 1999
    assert out[:2] == pytest.approx([1.5005, 2.999], rel=1e-13)
    assert total == pytest.approx(4.4995, rel=1e-13)


@pytest.mark.parametrize("model", [Commission.PERCENTAGE, Commission.TIERED])
def test_earlier_pressure_costs_who_trades_with_it_and_pays_nobody(model):
    keys = rules(
        commission_model=model, percentage_fee=0.001, impact_model=Impact.LINEAR, propagate=1, permanent_impact=0.0
    )
    pressure = np.array([0.01, 0.01, math.nan, -0.02, -0.02, 0.0, 0.0])
    # buy 8 at 100 and sell 250 at 20 into a price pushed up 1 %, buy 0.1 at 3000 and sell 10 at 1.5 into one pushed
    # down 2 %: only the first and the last trade with the push, at 101 and 1.47. All pay 0.1 %, the first tier too
    trade = np.array([8.0, -250.0, 0.0, 0.1, -10.0, 0.0, 0.0])
    total, out = cost_of(keys, trade, pressure)
    expected = [8.0 + 0.808, 5.0, 0.0, 0.15, 15.0 + 0.735, 0.0, 0.0]
    assert out == pytest.approx(expected, rel=1e-12)
    assert total == pytest.approx(sum(expected), rel=1e-12)


def test_earlier_pressure_costs_nothing_where_it_does_not_propagate():
    keys = rules(impact_model=Impact.LINEAR, **KEYS)
    np.testing.assert_array_equal(cost_of(keys, TRADE, CALM + 0.05)[1], cost_of(keys)[1])


def test_without_any_model_nothing_costs_anything():
    total, out = cost_of(rules(min_fee=3.0))
    assert total == 0.0
    assert not out.any()


@pytest.mark.pitfall("ACC-12")
def test_buying_and_selling_back_costs_both_sides():
    keys = rules(commission_model=Commission.PER_UNIT, slippage_model=Slippage.LINEAR, **KEYS)
    there, back = cost_of(keys), cost_of(keys, -TRADE)
    assert there[0] == back[0] > 0.0
    np.testing.assert_array_equal(there[1], back[1])


def test_a_fill_is_priced_against_the_trader_on_both_sides():
    assert fill_price(100.0, 1.0, 0.0015) == pytest.approx(100.15, rel=1e-14)
    assert fill_price(100.0, -1.0, 0.0015) == pytest.approx(99.85, rel=1e-14)


def test_the_rate_of_a_fill_adds_slippage_spread_and_impact():
    keys = rules(slippage_model=Slippage.LINEAR, impact_model=Impact.SQUARE_ROOT, **KEYS)
    # base 1e-4 + 5e-7; half of 0.02 on 100; 0.05 * 0.02 * sqrt(0.05) + half of 0.1 * 0.02 * 0.05
    expected = 1.005e-4 + 1e-4 + 2.2360679774997898e-4 + 5e-5
    assert fill_rate(-50.0, 100.0, 0.02, 1000.0, 0.02, keys) == pytest.approx(expected, rel=1e-13)
