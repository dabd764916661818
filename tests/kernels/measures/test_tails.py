from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels.measures import tails
from tests.kernels.measures.tools import both, series

TWENTY = [
    -0.05,
    -0.03,
    -0.02,
    -0.01,
    -0.005,
    0,
    0.005,
    0.01,
    0.015,
    0.02,
    0.025,
    0.03,
    -0.04,
    0.035,
    0.04,
    0.002,
    -0.002,
    0.001,
    -0.001,
    0.003,
]


def measured(returns, confidence=0.95, minimum=1):
    returns = np.asarray(returns, dtype=float)
    n, out = returns.size, np.zeros(len(tails.NAMES))
    both(tails.summary)(returns, confidence, minimum, np.ones(tails.STATE_SIZE), np.zeros(n), np.zeros(n), out)
    return dict(zip(tails.NAMES, out.tolist(), strict=True))


@pytest.mark.pitfall("MET-04")
@pytest.mark.pitfall("MET-10")
@pytest.mark.parametrize(("confidence", "var", "es"), [(0.95, 0.05, 0.05), (0.90, 0.04, 0.045), (0.88, 0.03, 0.0425)])
def test_the_order_statistic_and_the_fractional_tail_of_twenty_returns(confidence, var, es):
    found = measured(TWENTY, confidence)
    assert found["var_historical"] == pytest.approx(var, rel=1e-14)
    assert found["es_historical"] == pytest.approx(es, rel=1e-12)


def test_normal_and_cornish_fisher_are_the_closed_forms():
    returns, _, _ = series("f1")
    found = measured(returns)
    mean, deviation, z = returns.mean(), returns.std(ddof=1), scipy.stats.norm.ppf(0.05)
    skew, excess = scipy.stats.skew(returns), scipy.stats.kurtosis(returns)
    bent = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    assert found["var_normal"] == pytest.approx(-(mean + deviation * z), rel=1e-12)
    assert found["es_normal"] == pytest.approx(-(mean - deviation * scipy.stats.norm.pdf(z) / 0.05), rel=1e-12)
    assert found["var_cornish_fisher"] == pytest.approx(-(mean + deviation * bent), rel=1e-12)
    assert found["tail_ratio"] == pytest.approx(abs(np.quantile(returns, 0.95) / np.quantile(returns, 0.05)), rel=1e-13)


def test_cornish_fisher_outside_its_valid_region_is_undefined():
    spiked = np.concatenate([np.zeros(99), [1.0]]) + 0.001 * np.arange(100)
    found = measured(spiked)
    assert math.isnan(found["var_cornish_fisher"])
    assert math.isfinite(found["var_normal"])


@pytest.mark.pitfall("MET-10")
@given(st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=80), st.floats(0.5, 0.999))
def test_the_shortfall_is_never_below_the_value_at_risk(values, confidence):
    found = measured(values, confidence)
    for method in ("historical", "normal", "ewma"):
        var, es = found[f"var_{method}"], found[f"es_{method}"]
        assert not es < var - 1e-15, method


def test_a_short_sample_has_no_tail():
    assert all(math.isnan(v) for v in measured(TWENTY, minimum=21).values())
    assert all(math.isnan(v) for v in measured([]).values())


def test_a_series_that_does_not_vary_has_no_parametric_tail():
    found = measured(np.zeros(70))
    assert found["var_historical"] == 0.0
    for name in ("var_normal", "es_normal", "var_cornish_fisher", "var_ewma", "es_ewma", "tail_ratio"):
        assert math.isnan(found[name]), name
