from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.kernels.measures import growth
from tests.kernels.measures.tools import both, compiled, plain, series, summary

FOUR = np.array([0.10, -0.05, 0.0, 0.02])


def test_growth_of_four_returns_by_hand():
    found = summary(growth, FOUR, 12.0, 0.5)
    wealth = 1.1 * 0.95 * 1.02
    deviation = math.sqrt(sum((r - 0.0175) ** 2 for r in FOUR) / 3)
    assert found["total_return"] == pytest.approx(wealth - 1, rel=1e-14)
    assert found["cagr"] == pytest.approx(wealth**2 - 1, rel=1e-14)
    assert found["mean_return"] == pytest.approx(0.0175, rel=1e-14)
    assert found["annual_mean"] == pytest.approx(0.21, rel=1e-14)
    assert found["period_volatility"] == pytest.approx(deviation, rel=1e-14)
    assert found["annual_volatility"] == pytest.approx(deviation * math.sqrt(12), rel=1e-14)
    assert (found["best"], found["worst"]) == (0.10, -0.05)
    assert found["positive_period_rate"] == pytest.approx(2 / 3, rel=1e-15)


def test_no_returns_and_one_return():
    assert all(math.isnan(value) for value in summary(growth, np.empty(0), 252.0, 1.0).values())
    one = summary(growth, np.array([0.01]), 252.0, 1.0)
    assert one["total_return"] == pytest.approx(0.01, rel=1e-13)
    assert math.isnan(one["period_volatility"])
    assert math.isnan(one["annual_volatility"])


def test_zero_returns_have_no_rate_of_positive_periods():
    assert math.isnan(summary(growth, np.zeros(5), 252.0, 1.0)["positive_period_rate"])


@pytest.mark.parametrize(("wealth", "years"), [(0.0, 1.0), (-0.5, 1.0), (1.1, 0.0), (1.1, math.nan), (1.1, 1e-6)])
def test_growth_without_wealth_or_time_has_no_yearly_rate(wealth, years):
    assert math.isnan(both(growth.cagr)(wealth, years))


def test_the_wealth_path_starts_at_one_and_names_the_ruin():
    out = np.empty(4)
    assert both(growth.wealth_path)(np.array([0.1, -0.5, 0.2]), out) == -1
    assert out == pytest.approx([1.0, 1.1, 0.55, 0.66], rel=1e-15)
    assert both(growth.wealth_path)(np.array([0.1, -1.0, 0.2]), out) == 2


def test_flows_are_no_return():
    out = np.empty(2)
    ruined = both(growth.returns_of)(np.array([100.0, 165.0, 148.5]), np.array([0.0, 50.0, 0.0]), out)
    assert ruined == -1
    assert out == pytest.approx([0.10, -0.10], rel=1e-14)


def test_capital_that_was_taken_out_whole_earns_nothing_and_is_no_ruin():
    out = np.empty(4)
    equity, flows = np.array([100.0, 110.0, 0.0, 0.0, 55.0]), np.array([0.0, 0.0, -110.0, 0.0, 50.0])
    assert both(growth.returns_of)(equity, flows, out) == -1
    assert out == pytest.approx([0.10, 0.0, 0.0, 0.10], rel=1e-14)


def test_no_return_is_made_after_the_ruin():
    out = np.empty(3)
    ruined = both(growth.returns_of)(np.array([100.0, 50.0, -10.0, 20.0]), np.zeros(4), out)
    assert ruined == 2
    assert out[:2] == pytest.approx([-0.5, -1.2], rel=1e-15)
    assert math.isnan(out[2])


def test_a_yearly_rate_is_brought_to_one_period():
    assert both(growth.per_period_rate)(0.05, 252.0) == pytest.approx(1.05 ** (1 / 252) - 1, rel=1e-12)
    assert both(growth.per_period_rate)(0.0, math.nan) == 0.0
    assert math.isnan(both(growth.per_period_rate)(0.05, math.nan))
    out = np.empty(3)
    both(growth.per_period_rates)(np.array([0.05]), 252.0, out)
    assert out.tolist() == [out[0]] * 3
    both(growth.per_period_rates)(np.array([0.0, 0.05, 0.1]), 252.0, out)
    assert out == pytest.approx([0.0, 1.05 ** (1 / 252) - 1, 1.1 ** (1 / 252) - 1], rel=1e-12)


def test_returns_compound_over_runs_of_labels():
    out, bars = np.empty(5), np.empty(5, dtype=np.int64)
    labels = np.array([3, 3, 4, 5, 5])
    runs = both(growth.compound_groups)(np.array([0.1, 0.1, -0.2, 0.0, 0.5]), labels, out, bars)
    assert out[:runs] == pytest.approx([0.21, -0.2, 0.5], rel=1e-14)
    assert bars[:runs].tolist() == [2, 1, 2]


def test_bar_by_bar_equals_the_whole_series_to_the_last_bit():
    returns, _, _ = series("f1")
    state, out = np.zeros(growth.SIZE), np.zeros(len(growth.NAMES))
    compiled(growth.init)(state)
    for i, value in enumerate(returns):
        compiled(growth.update)(state, value)
        if i in (0, 1, 200, 755):
            compiled(growth.finish)(state, 252.0, 2.0, out)
            whole = np.zeros(len(growth.NAMES))
            growth.summary(returns[: i + 1].copy(), 252.0, 2.0, np.zeros(growth.SIZE), whole)
            np.testing.assert_array_equal(out, whole)
    plain(growth.finish)(state, 252.0, 2.0, out)
    np.testing.assert_array_equal(out, whole)
