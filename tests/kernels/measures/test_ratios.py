from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.kernels.measures import partial, ratios
from tests.kernels.measures.tools import both, compiled, series, summary

FIVE = np.array([0.02, -0.01, 0.03, -0.02, 0.01])


def measured(returns, rate=0.0, target=0.0, threshold=0.0, n_year=252.0):
    returns = np.asarray(returns, dtype=float)
    return summary(ratios, returns, np.full(returns.size, rate), target, threshold, n_year)


def test_ratios_of_five_returns_by_hand():
    found = measured(FIVE)
    mean, variance = 0.006, sum((r - 0.006) ** 2 for r in FIVE) / 4
    downside = math.sqrt((0.01**2 + 0.02**2) / 5)
    assert found["sharpe"] == pytest.approx(mean / math.sqrt(variance) * math.sqrt(252), rel=1e-13)
    assert found["sortino"] == pytest.approx(mean / downside * math.sqrt(252), rel=1e-13)
    assert found["omega"] == pytest.approx(0.06 / 0.03, rel=1e-13)
    assert found["period_profit_factor"] == pytest.approx(2.0, rel=1e-13)
    assert found["gain_to_pain"] == pytest.approx(1.0, rel=1e-13)
    assert found["kelly_continuous"] == pytest.approx(mean / variance, rel=1e-13)
    assert found["annual_excess_return"] == pytest.approx(252 * mean, rel=1e-13)


def test_the_risk_free_rate_moves_the_excess_and_the_targets_move_their_own():
    plain, rate = measured(FIVE), measured(FIVE, rate=0.001)
    assert rate["sharpe"] == pytest.approx(plain["sharpe"] * 5 / 6, rel=1e-12)
    assert rate["sortino"] == plain["sortino"]
    target = measured(FIVE, target=0.01)
    downside = math.sqrt((0.02**2 + 0.03**2) / 5)
    assert target["sortino"] == pytest.approx((0.006 - 0.01) / downside * math.sqrt(252), rel=1e-13)
    assert target["omega"] == plain["omega"]
    assert measured(FIVE, threshold=0.01)["omega"] == pytest.approx(0.03 / 0.05, rel=1e-13)


@pytest.mark.pitfall("MET-09")
def test_the_downside_deviation_is_a_mean_over_all_returns():
    state = np.zeros(partial.SIZE)
    for value in FIVE:
        both(partial.update)(state, value, 0.0)
    assert both(partial.downside_deviation)(state) == pytest.approx(0.01, rel=1e-13)
    losses_only = math.sqrt((0.01**2 + 0.02**2) / 2)
    assert both(partial.downside_deviation)(state) != pytest.approx(losses_only, rel=1e-3)
    returns, _, _ = series("f1")
    assert measured(returns)["sortino"] == pytest.approx(0.351891648922, rel=2e-12)


@pytest.mark.pitfall("MET-09")
def test_a_series_without_losses_has_no_sortino():
    found = measured([0.01, 0.02, 0.03])
    for name in ("sortino", "omega", "period_profit_factor", "gain_to_pain"):
        assert math.isnan(found[name]), name
    assert found["sharpe"] == pytest.approx(2 * math.sqrt(252), rel=1e-13)


def test_a_constant_series_has_no_sharpe():
    wealth = 1000 * np.cumprod(np.full(300, 1.0001))
    returns = wealth[1:] / wealth[:-1] - 1  # equal but for rounding: a savings account
    assert 0.0 < returns.std() < 1e-14
    for values in (returns, np.full(20, 0.0001), np.zeros(20)):
        assert math.isnan(measured(values)["sharpe"])
        assert math.isnan(measured(values)["kelly_continuous"])


def test_stability_is_one_on_a_straight_line_and_undefined_without_wealth():
    assert measured([0.01] * 10)["stability"] == pytest.approx(1.0, rel=1e-12)
    assert math.isnan(measured(np.zeros(10))["stability"])
    assert math.isnan(measured([0.1, -1.0, 0.1])["stability"])
    logs = np.cumsum(np.log1p(FIVE))
    assert measured(FIVE)["stability"] == pytest.approx(np.corrcoef(np.arange(5), logs)[0, 1] ** 2, rel=1e-12)


def test_nothing_is_defined_without_returns():
    assert all(math.isnan(value) for value in measured([]).values())
    one = measured([0.01])
    assert all(math.isnan(one[name]) for name in ("sharpe", "kelly_continuous", "stability"))


def test_n_unknown_makes_only_yearly_numbers_unknown():
    found = measured(FIVE, n_year=math.nan)
    assert {name for name, value in found.items() if math.isnan(value)} == {
        "sharpe",
        "sortino",
        "annual_excess_return",
    }


def test_bar_by_bar_equals_the_whole_series_to_the_last_bit():
    returns, _, _ = series("f2")
    rates = np.linspace(0.0, 1e-4, returns.size)
    state, out, whole = np.zeros(ratios.SIZE), np.zeros(8), np.zeros(8)
    compiled(ratios.init)(state)
    for i, value in enumerate(returns):
        compiled(ratios.update)(state, value, rates[i], 0.0001, 0.0002)
        if i in (0, 1, 77, 500):
            compiled(ratios.finish)(state, 252.0, out)
            n = i + 1
            ratios.summary(returns[:n].copy(), rates[:n].copy(), 0.0001, 0.0002, 252.0, np.zeros(ratios.SIZE), whole)
            np.testing.assert_array_equal(out, whole)
