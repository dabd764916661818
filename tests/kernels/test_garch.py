from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.garch import backcast, conditional_variance, log_likelihood
from polyfolio.kernels.garch_fit import conditional_volatility, fit
from tests.kernels.risk_tools import both

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "risk.json").read_text(encoding="utf-8"))
SERIES = {name: np.array(FROZEN[name]) for name in ("reference", "clustered")}
CLUSTERED = SERIES["clustered"]


@pytest.mark.parametrize("name", ["reference", "clustered"])
def test_the_likelihood_at_archs_parameters_is_archs(name):
    returns, frozen = SERIES[name], FROZEN["garch"][name]
    start = both(backcast)(returns, returns.size)
    value = both(log_likelihood)(returns, returns.size, np.array(frozen["parameters"]), start, np.empty(4))
    assert value == pytest.approx(frozen["log_likelihood"], abs=1e-6)


@pytest.mark.parametrize("name", ["reference", "clustered"])
def test_a_fit_reaches_archs_likelihood_and_sigma(name):
    returns, frozen = SERIES[name], FROZEN["garch"][name]
    model = fit(returns)
    assert model.log_likelihood == pytest.approx(frozen["log_likelihood"], abs=1e-6)
    variance = np.empty(returns.size)
    both(conditional_variance)(returns, returns.size, model.parameters, model.backcast, variance)
    # ours[t] is the forecast made at t, arch's sigma[t] the one made before t
    np.testing.assert_allclose(np.sqrt(variance[:-1]), frozen["sigma"][1:], rtol=1e-4)
    assert np.sqrt(variance[-1]) == pytest.approx(frozen["forecast"], rel=1e-4, abs=0)


def test_the_gradient_is_the_slope_of_the_likelihood():
    scaled = CLUSTERED / CLUSTERED.std()
    start, at = backcast(scaled, scaled.size), np.array([0.05, 0.1, 0.12, 0.75])
    gradient = np.empty(4)
    log_likelihood(scaled, scaled.size, at, start, gradient)
    slope = scipy.optimize.approx_fprime(at, lambda p: log_likelihood(scaled, scaled.size, p, start, np.empty(4)), 1e-7)
    np.testing.assert_allclose(gradient, slope, rtol=1e-3, atol=1e-2)


def test_a_variance_that_turns_negative_has_no_likelihood():
    gradient = np.ones(4)
    value = both(log_likelihood)(CLUSTERED, 50, np.array([0.0, -1.0, 0.0, 0.0]), 1e-4, gradient)
    assert value == -np.inf
    np.testing.assert_array_equal(gradient, np.zeros(4))


def test_a_fit_does_not_care_about_the_unit_of_the_returns():
    model, percent = fit(CLUSTERED), fit(100.0 * CLUSTERED)
    np.testing.assert_allclose(percent.parameters, model.parameters * [1e2, 1e4, 1.0, 1.0], rtol=1e-9)
    assert percent.log_likelihood == pytest.approx(model.log_likelihood - CLUSTERED.size * np.log(100.0), abs=1e-6)


def test_walking_forward_each_volatility_is_the_forecast_of_a_fit_to_the_past_alone():
    sigma = conditional_volatility(CLUSTERED[:400], refit_every=50, min_history=250)
    assert np.isnan(sigma[:249]).all()
    assert np.isfinite(sigma[249:]).all()
    for fitted, at in ((250, 249), (250, 270), (300, 299), (350, 398), (400, 399)):
        model = fit(CLUSTERED[:fitted])
        variance = np.empty(at + 1)
        conditional_variance(CLUSTERED, at + 1, model.parameters, model.backcast, variance)
        assert sigma[at] == pytest.approx(np.sqrt(variance[at]), rel=1e-4, abs=0), (fitted, at)


def test_a_later_return_changes_no_earlier_volatility():
    changed = CLUSTERED[:400].copy()
    changed[320:] *= -7.0
    before = conditional_volatility(CLUSTERED[:400], refit_every=30, min_history=200)
    after = conditional_volatility(changed, refit_every=30, min_history=200)
    np.testing.assert_array_equal(before[:320], after[:320])
    assert before[320] != after[320]


def test_bars_before_the_listing_shift_the_volatilities_and_change_nothing_else():
    listed = conditional_volatility(CLUSTERED[:300], refit_every=40, min_history=200)
    late = conditional_volatility(
        np.concatenate([np.full(17, np.nan), CLUSTERED[:300]]), refit_every=40, min_history=200
    )
    np.testing.assert_array_equal(late[17:], listed)
    assert np.isnan(late[:17]).all()


def test_a_price_that_has_not_moved_has_no_volatility_until_it_does():
    returns = np.concatenate([np.zeros(120), CLUSTERED[:180]])
    sigma = conditional_volatility(returns, refit_every=50, min_history=100)
    assert np.isnan(sigma[:149]).all()
    assert np.isfinite(sigma[149:]).all()
    assert np.isnan(conditional_volatility(np.full(50, np.nan))).all()


@pytest.mark.parametrize(
    ("returns", "field"),
    [
        (CLUSTERED[:9], "returns"),
        (np.full(50, 1e-3), "returns"),
        (np.where(np.arange(60) == 33, np.nan, CLUSTERED[:60]), r"returns\[33\]"),
    ],
)
def test_a_series_that_cannot_be_fitted_is_refused_with_its_reason(returns, field):
    with pytest.raises(DataError, match=field):
        fit(returns)


def test_a_return_missing_after_the_listing_is_refused():
    returns = CLUSTERED[:300].copy()
    returns[210] = np.nan
    with pytest.raises(DataError, match=r"returns\[210\]"):
        conditional_volatility(returns, refit_every=50, min_history=200)


@pytest.mark.parametrize("wrong", [{"refit_every": 0}, {"min_history": 9}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        conditional_volatility(CLUSTERED[:300], **wrong)
