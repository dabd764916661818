from __future__ import annotations

import numpy as np
import pytest

from polyfolio.kernels.quadratic import covariance_times, portfolio_variance
from tests.kernels.risk_tools import both, triangle


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 9, 17])
def test_products_equal_numpy_for_every_remainder_of_the_unrolled_loop(n):
    rng = np.random.default_rng(n)
    covariance = np.atleast_2d(np.cov(rng.standard_normal((n, 40))))
    want, out = rng.standard_normal(n), np.full(n, 7.0)
    assert both(portfolio_variance)(want, triangle(covariance)) == pytest.approx(
        want @ covariance @ want, rel=1e-13, abs=0
    )
    both(covariance_times)(want, triangle(covariance), out)
    np.testing.assert_allclose(out, covariance @ want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("want", [[1.0, 0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0, 2.0], [1.0, -1.0, 1.0, 1.0, 0.0]])
def test_an_unknown_covariance_beside_a_zero_weight_does_not_spoil_the_variance(want):
    covariance = np.eye(5) + 0.25
    covariance[4, 1] = covariance[1, 4] = np.nan
    variance = both(portfolio_variance)(np.array(want), triangle(covariance))
    weights = np.array(want)
    assert variance == pytest.approx(weights @ np.nan_to_num(covariance) @ weights, rel=1e-14)


def test_an_unknown_covariance_between_two_names_that_are_held_spoils_the_variance():
    covariance = np.eye(5)
    covariance[4, 1] = np.nan
    assert np.isnan(both(portfolio_variance)(np.array([0.0, 0.5, 0.0, 0.0, -0.5]), triangle(covariance)))
    covariance[4, 1], covariance[1, 1] = 0.0, np.nan
    assert np.isnan(both(portfolio_variance)(np.array([0.0, 0.5, 0.0, 0.0, 0.0]), triangle(covariance)))


def test_a_product_with_an_unknown_covariance_is_unknown_in_both_its_rows():
    covariance = np.eye(5)
    covariance[4, 1] = np.nan
    want = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    out = np.empty(5)
    both(covariance_times)(want, triangle(covariance), out)
    np.testing.assert_array_equal(np.isnan(out), [False, True, False, False, True])


def test_an_empty_book_has_no_variance():
    assert both(portfolio_variance)(np.empty(0), np.empty(0)) == 0.0
