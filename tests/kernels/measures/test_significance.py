from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from polyfolio.kernels.measures import significance
from tests.kernels.measures.tools import both, series


def measured(returns, rate=0.0, reference=0.0, confidence=0.95):
    returns = np.asarray(returns, dtype=float)
    out = np.zeros(2)
    state = np.ones(significance.STATE_SIZE)
    both(significance.summary)(returns, np.full(returns.size, rate), reference, confidence, state, out)
    return tuple(out.tolist())


@pytest.mark.pitfall("MET-13")
def test_a_normal_sample_gives_the_closed_form_with_raw_kurtosis():
    psr = both(significance.psr)(0.1, 0.0, 101.0, 0.0, 3.0)
    assert psr == pytest.approx(scipy.stats.norm.cdf(0.1 * 10 / math.sqrt(1 + 0.1**2 / 2)), rel=1e-14)
    with_excess = both(significance.psr)(0.1, 0.0, 101.0, 0.0, 0.0)
    assert with_excess - psr > 5e-4


@pytest.mark.pitfall("MET-07")
def test_a_higher_risk_free_rate_lowers_the_probability():
    returns, _, _ = series("f1")
    chances = [measured(returns, rate)[0] for rate in (0.0, 0.0001, 0.0002, 0.002)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(0.663689276815, rel=2e-12)
    assert chances[2] < 0.5  # above the mean return: a negative Sharpe ratio
    assert chances[3] < 1e-4


def test_a_rate_that_varies_is_taken_off_before_any_moment():
    returns, _, _ = series("f2")
    returns = np.abs(returns)
    rates = np.linspace(0.0, 0.02, returns.size)
    out = np.zeros(2)
    both(significance.summary)(returns, rates, 0.0, 0.95, np.zeros(significance.STATE_SIZE), out)
    assert out.tolist() == list(measured(returns - rates))


def test_the_track_record_needed_is_rounded_up():
    returns, _, _ = series("f1")
    assert measured(returns)[1] == 11442.0
    sharpe = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = scipy.stats.skew(returns), scipy.stats.kurtosis(returns, fisher=False)
    needed = (1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2) * (scipy.stats.norm.ppf(0.95) / sharpe) ** 2
    assert needed + 1 == pytest.approx(11441.35, abs=5e-3)


def test_a_ratio_not_above_the_reference_can_never_be_shown():
    assert math.isnan(measured([-0.01, 0.0, -0.02])[1])
    assert math.isnan(measured([0.01, 0.0, 0.02], reference=5.0)[1])


def test_a_series_that_does_not_vary_has_neither():
    assert all(math.isnan(value) for value in measured([0.01] * 5))
    assert all(math.isnan(value) for value in measured([]))
