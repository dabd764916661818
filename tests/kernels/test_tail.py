from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import tail
from tests.kernels.risk_tools import both, triangle

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "risk.json").read_text(encoding="utf-8"))
REFERENCE = np.array(FROZEN["reference"])
BOUNDARY = np.array(FROZEN["boundary"])


def var_and_es(sample, confidence):
    out = np.empty(2)
    both(tail.historical_tail)(sample, sample.size, confidence, np.empty(sample.size), out)
    return out


@pytest.mark.pitfall("MET-04")
@pytest.mark.parametrize(("confidence", "var", "es"), [(0.95, 0.05, 0.05), (0.90, 0.04, 0.045), (0.88, 0.03, 0.0425)])
def test_the_boundary_sample_gives_the_order_statistic_and_the_fractional_tail(confidence, var, es):
    assert var_and_es(BOUNDARY, confidence) == pytest.approx([var, es], rel=1e-14, abs=0)
    assert var_and_es(BOUNDARY, confidence)[1] == pytest.approx(
        FROZEN["skfolio"]["boundary_cvar"][str(confidence)], rel=1e-14, abs=0
    )


@pytest.mark.pitfall("MET-04")
def test_a_whole_rank_is_not_pushed_up_by_the_binary_form_of_the_confidence():
    assert math.ceil((1 - 0.95) * 20) == 2  # what a bare ceil would take
    assert both(tail.tail_rank)(20, 0.95) == 1
    assert both(tail.tail_rank)(252, 0.95) == 13
    assert both(tail.tail_rank)(5, 0.95) == 1


def test_the_reference_series_has_the_recorded_var_and_es():
    var, es = var_and_es(REFERENCE, 0.95)
    assert var == pytest.approx(FROZEN["skfolio"]["value_at_risk_95"], rel=1e-14, abs=0)
    assert var == pytest.approx(0.019750633328, abs=1e-12)
    assert es == pytest.approx(0.026954675905, abs=1e-12)
    for confidence, value in FROZEN["skfolio"]["cvar"].items():
        assert var_and_es(REFERENCE, float(confidence))[1] == pytest.approx(value, rel=1e-12, abs=0)


def test_var_alone_equals_var_beside_es():
    for confidence in (0.5, 0.9, 0.95, 0.99, 0.999):
        alone = both(tail.historical_var)(REFERENCE, REFERENCE.size, confidence, np.empty(REFERENCE.size))
        assert alone == var_and_es(REFERENCE, confidence)[0]


@pytest.mark.pitfall("MET-10")
@given(
    st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.88, 0.9, 0.95, 0.975, 0.99]),
)
def test_es_is_the_rockafellar_uryasev_minimum_and_at_least_var(values, confidence):
    sample = np.array(values)
    var, es = var_and_es(sample, confidence)
    assert es >= var - 1e-12
    # ES = min over v of v + E[(-r - v)+] / alpha, and the minimum is at one of the losses.
    losses = [v + np.mean(np.maximum(-sample - v, 0.0)) / (1.0 - confidence) for v in -sample]
    assert es == pytest.approx(min(losses), abs=1e-12)


@pytest.mark.pitfall("MET-10")
def test_es_averages_the_tail_instead_of_repeating_var_or_a_normal_threshold():
    sample = np.array([-0.30, -0.02, -0.01, *np.linspace(0.0, 0.01, 37)])
    var, es = var_and_es(sample, 0.95)  # alpha n = 2
    assert (var, es) == pytest.approx((0.02, 0.16), rel=1e-14, abs=0)


def test_an_empty_sample_or_a_missing_return_has_no_tail():
    out = np.zeros(2)
    both(tail.historical_tail)(REFERENCE, 0, 0.95, np.empty(1), out)
    assert np.isnan(out).all()
    assert math.isnan(both(tail.historical_var)(REFERENCE, 0, 0.95, np.empty(1)))
    spoiled = REFERENCE.copy()
    spoiled[400] = np.nan
    assert np.isnan(var_and_es(spoiled, 0.95)).all()


def test_normal_var_and_es_equal_the_closed_form_and_quantstats():
    mean, sigma = float(REFERENCE.mean()), float(REFERENCE.std(ddof=1))
    var, es = both(tail.normal_var)(mean, sigma, 0.95), both(tail.normal_es)(mean, sigma, 0.95)
    assert var == pytest.approx(FROZEN["quantstats"]["var_95"], rel=1e-14, abs=0)
    assert es == pytest.approx(0.025424123850, abs=1e-12)
    z = scipy.stats.norm.ppf(0.05)
    assert var == pytest.approx(-(mean + sigma * z), rel=1e-14, abs=0)
    assert es == pytest.approx(-(mean - sigma * scipy.stats.norm.pdf(z) / 0.05), rel=1e-14, abs=0)
    assert es > var


def test_normal_tail_of_a_confidence_that_is_none_is_nan():
    for confidence in (0.0, 1.0, 1.5):
        assert math.isnan(both(tail.normal_var)(0.0, 0.01, confidence))
        assert math.isnan(both(tail.normal_es)(0.0, 0.01, confidence))


def test_moments_equal_scipy():
    out = np.empty(4)
    both(tail.moments)(REFERENCE, REFERENCE.size, out)
    expected = [REFERENCE.mean(), REFERENCE.std(ddof=1), scipy.stats.skew(REFERENCE), scipy.stats.kurtosis(REFERENCE)]
    assert out == pytest.approx(expected, rel=1e-12, abs=0)
    assert out[2:] == pytest.approx([0.044598889666, 1.082152678304], abs=1e-12)


def test_moments_that_do_not_exist_are_nan():
    out = np.empty(4)
    both(tail.moments)(np.array([0.5]), 1, out)
    np.testing.assert_array_equal(out, [0.5, np.nan, np.nan, np.nan])
    both(tail.moments)(np.empty(0), 0, out)
    assert np.isnan(out).all()
    for constant in (0.0, 0.1, 1e-3):
        both(tail.moments)(np.full(7, constant), 7, out)
        assert out[1] == pytest.approx(0.0, abs=1e-16)
        assert np.isnan(out[2:]).all()


def test_cornish_fisher_var_equals_the_closed_form_of_scipy_moments():
    value = both(tail.cornish_fisher_var)(REFERENCE, REFERENCE.size, 0.95, np.empty(4))
    s, k, z = scipy.stats.skew(REFERENCE), scipy.stats.kurtosis(REFERENCE), scipy.stats.norm.ppf(0.05)
    adjusted = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    assert value == pytest.approx(-(REFERENCE.mean() + REFERENCE.std(ddof=1) * adjusted), rel=1e-14, abs=0)
    assert value == pytest.approx(0.019806001466, abs=1e-12)


def test_cornish_fisher_without_skew_and_kurtosis_is_the_normal_quantile():
    assert both(tail.cornish_fisher_quantile)(0.95, 0.0, 0.0) == pytest.approx(
        scipy.stats.norm.ppf(0.05), rel=1e-15, abs=0
    )


def test_cornish_fisher_is_nan_exactly_where_its_curve_turns_back():
    quantile = both(tail.cornish_fisher_quantile)
    z = np.linspace(-60.0, 60.0, 240_001)
    seen = set()
    for skew in (-2.0, -1.0, -0.3, 0.0, 0.5, 1.2, 3.0):
        for excess in (-1.0, 0.05, 1.0, 3.0, 6.0, 7.9, 9.0):
            slope = 1 + z * skew / 3 + (z**2 - 1) * excess / 8 - (6 * z**2 - 5) * skew**2 / 36
            valid = bool((slope >= 0).all())
            assert math.isnan(quantile(0.95, skew, excess)) is not valid, (skew, excess)
            seen.add(valid)
    assert seen == {True, False}


def test_cornish_fisher_agrees_with_a_population_of_slightly_fat_tails():
    # Student t with 34 degrees of freedom has excess kurtosis 6 / 30. The normal quantile is off by 1.8e-2 here.
    population = scipy.stats.t(34)
    exact = population.ppf(0.01) / population.std()
    assert both(tail.cornish_fisher_quantile)(0.99, 0.0, 0.2) == pytest.approx(exact, rel=3e-3, abs=0)


def test_ewma_variance_equals_pandas():
    for n in (1, 2, 60, REFERENCE.size):
        expected = pd.Series(REFERENCE[:n] ** 2).ewm(alpha=0.06, adjust=False).mean().iloc[-1]
        assert both(tail.ewma_variance)(REFERENCE, n, 0.94) == pytest.approx(expected, rel=1e-12, abs=0)
    assert math.isnan(both(tail.ewma_variance)(REFERENCE, 0, 0.94))


def test_ewma_variance_meets_arch_once_the_start_has_faded():
    errors = np.array(FROZEN["clustered"]) - FROZEN["arch_ewma"]["mean"]
    for t in (600, 800, 999):  # arch's sigma[t] is the forecast made before t
        ours = math.sqrt(both(tail.ewma_variance)(errors, t, 0.94))
        assert ours == pytest.approx(FROZEN["arch_ewma"]["sigma"][t], rel=1e-12, abs=0)


def test_portfolio_returns_are_the_weighted_window():
    rng = np.random.default_rng(1)
    returns, want = rng.standard_normal((4, 50)), np.array([0.5, 0.0, -0.3, 0.2])
    returns[1] = np.nan  # nobody wants it
    out = np.full(10, 7.0)
    both(tail.portfolio_returns)(want, returns, 40, 10, out)
    np.testing.assert_allclose(out, want[[0, 2, 3]] @ returns[[0, 2, 3], 30:40], rtol=1e-14, atol=1e-15)


def test_a_wanted_slot_without_a_return_makes_that_bar_unknown():
    returns = np.ones((2, 5))
    returns[1, 2] = np.nan
    out = np.empty(5)
    both(tail.portfolio_returns)(np.array([1.0, 1e-9]), returns, 5, 5, out)
    np.testing.assert_array_equal(np.isnan(out), [False, False, True, False, False])


def test_horizon_returns_overlap_and_sigma_grows_with_the_square_root():
    out = np.empty(4)
    assert both(tail.horizon_returns)(np.array([1.0, 2.0, 4.0, 8.0]), 4, 2, out) == 3
    np.testing.assert_array_equal(out[:3], [3.0, 6.0, 12.0])
    assert both(tail.horizon_returns)(np.array([1.0]), 1, 2, out) == 0
    assert both(tail.horizon_sigma)(0.02, 9.0) == pytest.approx(0.06, rel=1e-15, abs=0)


def test_component_var_adds_up_and_equals_the_derivative():
    rng = np.random.default_rng(2)
    covariance = np.cov(rng.standard_normal((5, 60)) * 0.01)
    want, z = np.array([0.4, -0.2, 0.0, 0.5, 0.3]), 1.6448536269514722
    out = np.empty(5)
    both(tail.component_var)(want, triangle(covariance), z, out)
    total = z * math.sqrt(want @ covariance @ want)
    assert out.sum() == pytest.approx(total, rel=1e-14, abs=0)
    slope = scipy.optimize.approx_fprime(want, lambda w: z * math.sqrt(w @ covariance @ w), 1e-7)
    assert out == pytest.approx(want * slope, abs=1e-7)


def test_component_var_of_no_risk_is_zero_and_of_an_unknown_risk_is_nan():
    out = np.full(2, 9.0)
    both(tail.component_var)(np.zeros(2), np.array([1.0, 0.0, 1.0]), 1.6, out)
    np.testing.assert_array_equal(out, [0.0, 0.0])
    both(tail.component_var)(np.array([1.0, -1.0]), np.ones(3), 1.6, out)  # singular: the book is hedged to nothing
    np.testing.assert_array_equal(out, [0.0, 0.0])
    both(tail.component_var)(np.array([1.0, 0.0]), np.array([1.0, np.nan, 1.0]), 1.6, out)
    assert np.isnan(out).all()
