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


def test_an_unknown_covariance_spoils_the_result_even_beside_a_zero_weight():
    covariance = np.eye(5)
    covariance[4, 1] = np.nan
    want = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    out = np.empty(5)
    assert np.isnan(both(portfolio_variance)(want, triangle(covariance)))
    both(covariance_times)(want, triangle(covariance), out)
    np.testing.assert_array_equal(np.isnan(out), [False, True, False, False, True])


def test_an_empty_book_has_no_variance():
    assert both(portfolio_variance)(np.empty(0), np.empty(0)) == 0.0
