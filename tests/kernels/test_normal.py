from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from polyfolio.kernels.normal import normal_cdf, normal_pdf, normal_quantile
from tests.kernels.risk_tools import both


def test_density_equals_scipy():
    density = both(normal_pdf)
    for x in np.linspace(-8.0, 8.0, 81):
        assert density(float(x)) == pytest.approx(scipy.stats.norm.pdf(x), rel=1e-14, abs=0)


def test_probability_equals_scipy_into_both_tails():
    probability = both(normal_cdf)
    for x in np.linspace(-8.0, 8.0, 81):
        assert probability(float(x)) == pytest.approx(scipy.stats.norm.cdf(x), rel=1e-13, abs=0)
        assert probability(float(x)) == pytest.approx(scipy.stats.norm.cdf(x), abs=1e-14)


def test_quantile_equals_scipy_in_all_three_regions():
    quantile = both(normal_quantile)
    for p in (1e-300, 1e-20, 1e-12, 1e-10, 1e-4, 0.01, 0.05, 0.0749, 0.0751, 0.3, 0.6, 0.925, 0.95, 0.99, 0.999999):
        assert quantile(p) == pytest.approx(scipy.stats.norm.ppf(p), rel=2e-15, abs=0)


def test_quantile_of_a_half_is_zero_and_symmetric_about_it():
    quantile = both(normal_quantile)
    assert quantile(0.5) == 0.0
    assert quantile(0.25) == -quantile(0.75)


def test_quantile_outside_the_open_interval_is_nan():
    quantile = both(normal_quantile)
    for p in (0.0, 1.0, -0.1, 1.1, math.nan):
        assert math.isnan(quantile(p))
