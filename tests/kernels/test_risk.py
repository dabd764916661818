from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from polyfolio.core.codes import VarMethod, Warmup
from polyfolio.kernels import risk
from polyfolio.kernels.risk import UNDEFINED
from tests.kernels.limit_tools import rules, view
from tests.kernels.risk_tools import both

Z = scipy.stats.norm.ppf(0.95)
ES = scipy.stats.norm.pdf(Z) / 0.05
RETURNS = np.random.default_rng(3).standard_t(8, size=(2, 300)) * 0.01
COVARIANCE = np.array([[1.0, 0.3], [0.3, 2.0]]) * 1e-4
WANT = np.array([0.5, -0.2])
SIGMA = math.sqrt(WANT @ COVARIANCE @ WANT)


def book_risk(record, want=WANT, covariance=COVARIANCE, returns=RETURNS):
    return both(risk.book_risk)(np.array(want, dtype=float), view(covariance, returns), record)


def test_a_normal_tail_is_sigma_times_its_factors():
    expected = (SIGMA * math.sqrt(252), Z * SIGMA, ES * SIGMA)
    assert book_risk(rules(max_volatility=1.0, max_var=1.0, max_es=1.0)) == pytest.approx(expected, rel=1e-12)


def test_a_historical_tail_is_that_of_the_wanted_book():
    ordered = np.sort(WANT @ RETURNS)
    result = book_risk(rules(max_var=1.0, var_method=int(VarMethod.HISTORICAL)))
    assert result[1:] == pytest.approx((-ordered[14], -ordered[:15].mean()), rel=1e-12)


def test_a_cornish_fisher_tail_has_the_samples_shape_and_the_covariances_size():
    sample = WANT @ RETURNS
    skew, excess = scipy.stats.skew(sample), scipy.stats.kurtosis(sample)
    z = -Z
    shape = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    result = book_risk(rules(max_var=1.0, var_method=int(VarMethod.CORNISH_FISHER)))
    assert result[1] == pytest.approx(-SIGMA * shape, rel=1e-10)


@pytest.mark.parametrize(("confidence", "skew", "excess"), [(0.95, -0.3, 1.0), (0.99, 0.2, 0.5), (0.9, 0.0, 0.0)])
def test_the_cornish_fisher_shortfall_is_the_mean_of_its_quantiles_below_alpha(confidence, skew, excess):
    alpha = 1 - confidence

    def quantile(p):
        z = scipy.stats.norm.ppf(p)
        third = (z**2 - 1) * skew / 6
        return z + third + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36

    mean = scipy.integrate.quad(quantile, 0.0, alpha, limit=200)[0] / alpha
    assert both(risk.cornish_fisher_es_factor)(confidence, skew, excess) == pytest.approx(-mean, rel=1e-6)


def test_a_shape_that_is_no_distribution_has_no_shortfall():
    assert math.isnan(both(risk.cornish_fisher_es_factor)(0.95, 3.0, 0.0))


def test_measures_whose_limit_is_off_are_not_taken():
    unknown = np.full((2, 2), np.nan)
    assert book_risk(rules(), covariance=unknown) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("method", list(VarMethod))
def test_an_empty_book_has_no_risk(method):
    record = rules(max_volatility=1.0, max_var=1.0, max_es=1.0, var_method=int(method))
    assert book_risk(record, want=[0.0, 0.0]) == (0.0, 0.0, 0.0)


def test_a_variance_just_below_zero_is_zero_and_an_unknown_one_stays_unknown():
    root = both(risk.root_of_variance)
    assert root(-1e-20) == 0.0
    assert root(4.0) == 2.0
    assert math.isnan(root(math.nan))


def test_too_little_history_asks_the_warm_up_rule():
    method = both(risk.tail_method)
    short = view(COVARIANCE, RETURNS[:, :30])
    historical = {"var_method": int(VarMethod.HISTORICAL)}
    assert method(short, rules(min_history=30, **historical)) == VarMethod.HISTORICAL
    assert method(short, rules(min_history=31, **historical)) == UNDEFINED
    parametric = rules(min_history=31, warmup=int(Warmup.PARAMETRIC), **historical)
    assert method(short, parametric) == VarMethod.PARAMETRIC
    assert method(short, rules(min_history=31)) == VarMethod.PARAMETRIC
    assert method(view(COVARIANCE), rules(**historical)) == UNDEFINED


def test_an_unknown_return_of_a_wanted_name_makes_the_tail_unknown_or_parametric():
    holes = RETURNS.copy()
    holes[0, 7] = np.nan
    record = rules(max_var=1.0, var_method=int(VarMethod.HISTORICAL))
    assert math.isnan(book_risk(record, returns=holes)[1])
    record.warmup = int(Warmup.PARAMETRIC)
    assert book_risk(record, returns=holes)[1] == pytest.approx(Z * SIGMA, rel=1e-12)
    # Nobody wants the name with the hole: its returns spoil nothing.
    record.warmup = int(Warmup.BLOCK)
    assert book_risk(record, want=[0.0, -0.2], returns=holes)[1] == pytest.approx(-np.sort(-0.2 * RETURNS[1])[14])
