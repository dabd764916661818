from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats

from polyfolio.kernels.measures import moments, pair
from tests.kernels.measures.tools import both, compiled, series, summary


def fed(values):
    state = np.zeros(moments.SIZE)
    both(moments.init)(state)
    for value in values:
        compiled(moments.update)(state, value)
    return state


def shape(values):
    return summary(moments, np.asarray(values, dtype=float), size=moments.SHAPE_SIZE)


def exact_deviation(values):
    x = [Fraction(v) for v in values]
    mean = sum(x) / len(x)
    return float(mean), math.sqrt(sum((v - mean) ** 2 for v in x) / (len(x) - 1))


def test_mean_and_deviation_of_three_values_by_hand():
    state = fed([0.01, 0.03, 0.02])
    assert both(moments.mean)(state) == pytest.approx(0.02, rel=1e-15)
    assert both(moments.deviation)(state, 1.0) == pytest.approx(0.01, rel=1e-14)
    assert both(moments.deviation)(state, 0.0) == pytest.approx(0.01 * math.sqrt(2 / 3), rel=1e-14)


@pytest.mark.parametrize("name", ["f1", "f2", "f3"])
def test_mean_and_deviation_equal_exact_arithmetic(name):
    returns, _, _ = series(name)
    mean, deviation = exact_deviation(returns.tolist())
    assert both(moments.mean)(fed(returns)) == pytest.approx(mean, rel=4e-16)
    assert both(moments.deviation)(fed(returns), 1.0) == pytest.approx(deviation, rel=1e-15)


def test_a_far_first_value_costs_no_digits_that_matter():
    values = [5.0, *np.random.default_rng(1).normal(0.0, 0.001, 400).tolist()]
    mean, deviation = exact_deviation(values)
    assert both(moments.deviation)(fed(values), 1.0) == pytest.approx(deviation, rel=1e-13)
    assert both(moments.mean)(fed(values)) == pytest.approx(mean, rel=1e-14)


def test_a_constant_series_has_a_deviation_of_exactly_zero():
    assert both(moments.deviation)(fed([0.1] * 7), 1.0) == 0.0
    assert math.isnan(shape([0.1] * 7)["skew"])
    assert math.isnan(shape([0.1] * 7)["kurtosis"])


def test_too_few_values_are_undefined():
    assert math.isnan(both(moments.mean)(fed([])))
    assert math.isnan(both(moments.deviation)(fed([0.1]), 1.0))
    assert math.isnan(shape([])["skew"])
    assert math.isnan(shape([0.1])["excess_kurtosis"])


def test_skew_and_kurtosis_of_four_values_by_hand():
    # mean 1, deviations -1 -1 -1 3: m2 = 3, m3 = 6, m4 = 21
    found = shape([0.0, 0.0, 0.0, 4.0])
    assert found["skew"] == pytest.approx(6 / 3**1.5, rel=1e-15)
    assert found["kurtosis"] == pytest.approx(21 / 9, rel=1e-15)
    assert found["excess_kurtosis"] == pytest.approx(21 / 9 - 3, rel=1e-14)


@pytest.mark.parametrize("name", ["f1", "f2", "f3"])
def test_skew_and_kurtosis_are_scipys_population_moments(name):
    returns, _, _ = series(name)
    assert shape(returns)["skew"] == pytest.approx(scipy.stats.skew(returns), rel=1e-12)
    assert shape(returns)["kurtosis"] == pytest.approx(scipy.stats.kurtosis(returns, fisher=False), rel=1e-12)


def test_a_covariance_by_hand():
    state = np.zeros(pair.SIZE)
    both(pair.init)(state)
    for x, y in ((1.0, 2.0), (2.0, 4.0), (3.0, 3.0)):
        both(pair.update)(state, x, y)
    assert both(pair.covariance)(state) == pytest.approx(0.5, rel=1e-15)
    assert both(pair.slope)(state) == pytest.approx(0.5, rel=1e-15)
    assert both(pair.correlation)(state) == pytest.approx(0.5, rel=1e-15)
    assert (both(pair.mean_x)(state), both(pair.mean_y)(state)) == (2.0, 3.0)


def test_a_pair_without_movement_has_no_slope():
    state = np.zeros(pair.SIZE)
    for x in (1.0, 2.0, 3.0):
        both(pair.update)(state, x, 0.25)
    assert math.isnan(both(pair.slope)(state))
    assert math.isnan(both(pair.correlation)(state))
