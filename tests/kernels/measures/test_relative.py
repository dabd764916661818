from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.kernels.measures import relative
from tests.kernels.measures.tools import compiled, series, summary

R = np.array([0.03, -0.01, 0.02, 0.00])
B = np.array([0.02, -0.02, 0.01, 0.00])


def measured(returns, benchmark, rate=0.0, n_year=252.0):
    returns = np.asarray(returns, dtype=float)
    return summary(relative, returns, np.asarray(benchmark, dtype=float), np.full(returns.size, rate), n_year)


def test_four_returns_against_their_benchmark_by_hand():
    found = measured(R, B)
    beta = np.cov(R, B)[0, 1] / np.var(B, ddof=1)
    active = R - B
    assert found["beta"] == pytest.approx(beta, rel=1e-13)
    assert found["alpha"] == pytest.approx(252 * (0.01 - beta * 0.0025), rel=1e-13)
    assert found["correlation"] == pytest.approx(np.corrcoef(R, B)[0, 1], rel=1e-13)
    assert found["r_squared"] == pytest.approx(found["correlation"] ** 2, rel=1e-14)
    assert found["active_return"] == pytest.approx(252 * active.mean(), rel=1e-13)
    assert found["tracking_error"] == pytest.approx(active.std(ddof=1) * math.sqrt(252), rel=1e-13)
    assert found["information_ratio"] == pytest.approx(active.mean() / active.std(ddof=1) * math.sqrt(252), rel=1e-13)
    assert found["treynor"] == pytest.approx(252 * 0.01 / beta, rel=1e-13)
    up = (math.sqrt(1.03 * 1.02) - 1) / (math.sqrt(1.02 * 1.01) - 1)
    assert found["up_capture"] == pytest.approx(up, rel=1e-12)
    assert found["down_capture"] == pytest.approx(0.5, rel=1e-12)
    assert found["capture_ratio"] == pytest.approx(up / 0.5, rel=1e-12)
    assert found["batting_average"] == 0.75


def test_a_series_is_its_own_benchmark():
    found = measured(R, R)
    assert found["beta"] == pytest.approx(1.0, rel=1e-15)
    assert found["alpha"] == pytest.approx(0.0, abs=1e-14)
    assert found["tracking_error"] == 0.0
    assert math.isnan(found["information_ratio"])
    assert (found["up_capture"], found["down_capture"]) == (1.0, 1.0)
    assert found["batting_average"] == 0.0


def test_the_risk_free_rate_leaves_beta_and_moves_alpha():
    plain, rate = measured(R, B), measured(R, B, rate=0.001)
    assert rate["beta"] == pytest.approx(plain["beta"], rel=1e-13)
    beta = plain["beta"]
    assert rate["alpha"] == pytest.approx(plain["alpha"] - 252 * 0.001 * (1 - beta), rel=1e-12)
    assert rate["tracking_error"] == plain["tracking_error"]


def test_a_benchmark_that_does_not_move_has_no_beta():
    found = measured(R, np.zeros(4))
    for name in ("beta", "alpha", "correlation", "treynor", "up_capture", "down_capture", "capture_ratio"):
        assert math.isnan(found[name]), name
    assert found["batting_average"] == 0.5


def test_nothing_common_is_undefined():
    assert all(math.isnan(value) for value in measured([], []).values())


def test_bar_by_bar_equals_the_whole_series_to_the_last_bit():
    returns, benchmark, _ = series("f1")
    rates = np.full(returns.size, 1e-5)
    state, out, whole = np.zeros(relative.SIZE), np.zeros(12), np.zeros(12)
    compiled(relative.init)(state)
    for i in range(returns.size):
        compiled(relative.update)(state, returns[i], benchmark[i], rates[i])
        if i in (0, 1, 5, 755):
            compiled(relative.finish)(state, 252.0, out)
            n = i + 1
            cut = [array[:n].copy() for array in (returns, benchmark, rates)]
            relative.summary(*cut, 252.0, np.zeros(relative.SIZE), whole)
            np.testing.assert_array_equal(out, whole)
