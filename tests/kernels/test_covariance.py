from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.kernels import covariance as kernels
from tests.kernels.risk_tools import both, full, triangle

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "risk.json").read_text(encoding="utf-8"))


def panel(n=5, observations=150):
    rng = np.random.default_rng(4)
    return 0.01 * rng.standard_normal(observations) + 0.01 * rng.standard_normal((n, observations))


def sample(returns, end, length):
    n = returns.shape[0]
    out = np.full(n * (n + 1) // 2, 7.0)
    both(kernels.sample_covariance)(returns, end, length, out)
    return full(out, n)


@pytest.mark.parametrize(("end", "length"), [(150, 150), (150, 60), (99, 63), (40, 2)])
def test_sample_covariance_equals_numpy(end, length):
    returns = panel()
    expected = np.cov(returns[:, end - length : end])
    np.testing.assert_allclose(sample(returns, end, length), expected, rtol=1e-12, atol=1e-14 * expected.max())


def test_one_observation_has_no_covariance():
    assert np.isnan(sample(panel(), 20, 1)).all()
    assert np.isnan(sample(panel(), 20, 0)).all()


def test_a_slot_that_is_unknown_in_the_window_is_unknown_and_nobody_else():
    returns = panel()
    returns[2, :100] = np.nan
    partly, known = sample(returns, 150, 51), sample(returns, 150, 50)
    assert np.isnan(partly[2]).all()
    assert np.isnan(partly[:, 2]).all()
    others = [0, 1, 3, 4]
    np.testing.assert_allclose(partly[np.ix_(others, others)], np.cov(returns[others, 99:]), rtol=1e-12)
    assert np.isfinite(known).all()


@pytest.mark.parametrize("name", ["plain", "wide", "single", "equal"])
def test_ledoit_wolf_equals_scikit_learn(name):
    returns = np.array(FROZEN["ledoit_wolf"][name]["returns"])
    expected = np.array(FROZEN["ledoit_wolf"][name]["covariance"])
    n, length = returns.shape
    out = np.empty(n * (n + 1) // 2)
    both(kernels.ledoit_wolf)(returns, length, length, out, np.empty(length))
    np.testing.assert_allclose(full(out, n), expected, rtol=1e-12, atol=1e-13 * expected.max())


def test_ledoit_wolf_shrinks_the_known_slots_as_if_the_others_were_not_there():
    returns = np.array(FROZEN["ledoit_wolf"]["plain"]["returns"])
    length = returns.shape[1]
    out, alone = np.empty(28), np.empty(21)
    widened = np.vstack([returns[:2], np.full((1, length), np.nan), returns[2:]])
    both(kernels.ledoit_wolf)(widened, length, length, out, np.empty(length))
    both(kernels.ledoit_wolf)(returns, length, length, alone, np.empty(length))
    matrix = full(out, 7)
    others = [0, 1, 3, 4, 5, 6]
    np.testing.assert_array_equal(matrix[np.ix_(others, others)], full(alone, 6))
    assert np.isnan(matrix[2]).all()


def test_ledoit_wolf_of_flat_prices_is_zero():
    out = np.ones(3)
    both(kernels.ledoit_wolf)(np.zeros((2, 30)), 30, 30, out, np.empty(30))
    np.testing.assert_array_equal(out, np.zeros(3))


def ewma(returns, decay=0.94):
    n = returns.shape[0]
    out = np.full(n * (n + 1) // 2, np.nan)
    for t in range(returns.shape[1]):
        both(kernels.ewma_covariance_update)(out, returns, t, decay, out)
    return full(out, n)


def test_ewma_covariance_equals_pandas_of_the_products():
    returns = panel()
    result = ewma(returns)
    for i in range(5):
        for j in range(5):
            expected = pd.Series(returns[i] * returns[j]).ewm(alpha=0.06, adjust=False).mean().iloc[-1]
            assert result[i, j] == pytest.approx(expected, rel=1e-12, abs=0)


def test_an_ewma_update_leaves_its_input_alone_when_told_to_write_elsewhere():
    returns, previous = panel(), triangle(np.cov(panel()))
    before, out = previous.copy(), np.empty(15)
    both(kernels.ewma_covariance_update)(previous, returns, 7, 0.9, out)
    np.testing.assert_array_equal(previous, before)
    np.testing.assert_allclose(
        full(out, 5), 0.9 * full(before, 5) + 0.1 * np.outer(returns[:, 7], returns[:, 7]), rtol=1e-13
    )


@pytest.mark.pitfall("VAL-07")
def test_ewma_stays_positive_semi_definite_with_late_listings_and_missing_returns():
    returns = panel()
    returns[1, :40] = np.nan
    returns[3, :41] = np.nan
    returns[4, 60:90] = np.nan
    n = 5
    out = np.full(15, np.nan)
    lowest, naive = 0.0, 0.0
    products = [
        [pd.Series(returns[i] * returns[j]).ewm(alpha=0.06, adjust=False).mean() for j in range(n)] for i in range(n)
    ]
    for t in range(returns.shape[1]):
        both(kernels.ewma_covariance_update)(out, returns, t, 0.94, out)
        matrix = full(out, n)
        listed = np.isfinite(np.diag(matrix))
        lowest = min(lowest, np.linalg.eigvalsh(matrix[np.ix_(listed, listed)])[0] / np.nanmax(out))
        pairwise = np.array([[products[i][j][t] for j in range(n)] for i in range(n)])
        naive = min(naive, np.linalg.eigvalsh(pairwise[np.ix_(listed, listed)])[0] / np.nanmax(out))
    assert lowest > -1e-15
    assert naive < -1e-3  # what the recursion pair by pair gives
    # A slot's variance is still the plain recursion from its first return on.
    assert full(out, n)[1, 1] == pytest.approx(products[1][1].iloc[-1], rel=1e-12, abs=0)


def test_a_missing_return_keeps_the_variance_and_lets_the_covariance_fall():
    previous = np.array([4e-4, 3e-4, 9e-4])
    returns, out = np.array([[0.01], [np.nan]]), np.empty(3)
    both(kernels.ewma_covariance_update)(previous, returns, 0, 0.81, out)
    np.testing.assert_allclose(out, [0.81 * 4e-4 + 0.19 * 1e-4, 0.9 * 3e-4, 9e-4], rtol=1e-14)
    both(kernels.ewma_covariance_update)(previous, np.full((2, 1), np.nan), 0, 0.81, out)
    np.testing.assert_array_equal(out, previous)


@pytest.mark.pitfall("VAL-07")
def test_equal_slots_stay_within_their_variances_while_one_is_not_quoted():
    returns = np.vstack([panel(1), panel(1)])
    returns[0, 100:] = 0.0
    returns[1, 100:] = np.nan
    matrix = ewma(returns)
    assert matrix[0, 1] ** 2 <= matrix[0, 0] * matrix[1, 1] * (1.0 + 1e-12)


def test_correlation_equals_numpy_and_sigma_is_the_root_of_the_diagonal():
    covariance = np.cov(panel())
    out, sigma = np.empty(15), np.empty(5)
    both(kernels.correlation_of)(triangle(covariance), out, sigma)
    np.testing.assert_allclose(full(out, 5), np.corrcoef(panel()), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sigma, np.sqrt(np.diag(covariance)), rtol=1e-15)


def test_a_slot_that_does_not_move_has_sigma_and_correlation_zero():
    # 1e-38 is what the mean of 30 equal returns of 0.1 leaves: no volatility to size a position by.
    covariance = np.array([[4e-4, 1e-30, np.nan], [1e-30, 1e-38, np.nan], [np.nan, np.nan, np.nan]])
    out, sigma = np.empty(6), np.empty(3)
    both(kernels.correlation_of)(triangle(covariance), out, sigma)
    np.testing.assert_array_equal(sigma, [0.02, 0.0, np.nan])
    np.testing.assert_array_equal(out, [1.0, 0.0, 1.0, np.nan, np.nan, np.nan])


def test_correlation_never_leaves_its_bounds_by_rounding():
    covariance = np.array([[1.0, 1.0 + 1e-12, -1.0], [1.0 + 1e-12, 1.0, -1.0 - 1e-12], [-1.0, -1.0 - 1e-12, 1.0]])
    out, sigma = np.empty(6), np.empty(3)
    both(kernels.correlation_of)(triangle(covariance), out, sigma)
    np.testing.assert_array_equal(out, [1.0, 1.0, 1.0, -1.0, -1.0, 1.0])


def test_constant_correlation_takes_the_given_volatilities():
    covariance, sigma = np.cov(panel()), np.array([0.01, 0.02, 0.03, 0.04, 0.0])
    out = triangle(covariance)
    both(kernels.constant_correlation)(out, sigma, out)
    expected = np.corrcoef(panel()) * np.outer(sigma, sigma)
    np.testing.assert_allclose(full(out, 5), expected, rtol=1e-12, atol=1e-18)


def test_constant_correlation_of_flat_and_unknown_slots():
    covariance = np.array([[1e-4, 0.0, np.nan], [0.0, 0.0, np.nan], [np.nan, np.nan, np.nan]])
    out = np.empty(6)
    both(kernels.constant_correlation)(triangle(covariance), np.array([0.02, 0.01, 0.03]), out)
    np.testing.assert_allclose(out, [4e-4, 0.0, 1e-4, np.nan, np.nan, np.nan], rtol=1e-15)
