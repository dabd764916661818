from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels.measures import order, sums
from tests.kernels.measures.tools import both

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


def test_a_sum_keeps_what_a_plain_sum_loses():
    state = np.zeros(2)
    for value in (1.0, 1e100, 1.0, -1e100):
        both(sums.add)(state, 0, value)
    assert both(sums.total)(state, 0) == 2.0
    assert 1.0 + 1e100 + 1.0 - 1e100 == 0.0


@given(numbers)
def test_a_sum_is_the_rounded_exact_sum(values):
    state = np.zeros(2)
    for value in values:
        both(sums.add)(state, 0, value)
    assert both(sums.total)(state, 0) == pytest.approx(math.fsum(values), rel=1e-15, abs=1e-20)


def test_a_quotient_without_a_denominator_is_undefined():
    assert math.isnan(both(sums.ratio)(1.0, 0.0))
    assert math.isnan(both(sums.ratio)(1.0, math.nan))
    assert both(sums.ratio)(1.0, -4.0) == -0.25


def test_a_deviation_of_rounding_size_is_no_risk():
    assert math.isnan(both(sums.over_deviation)(0.01, 1e-15))
    assert math.isnan(both(sums.over_deviation)(0.01, math.nan))
    assert both(sums.over_deviation)(0.01, 0.02) == 0.5


@given(numbers)
def test_the_heap_sort_sorts(values):
    array = np.array(values)
    both(order.sort)(array, array.size)
    assert array.tolist() == sorted(values)


def test_only_the_first_n_values_are_sorted():
    array = np.array([3.0, 1.0, 2.0, 0.0])
    both(order.sort)(array, 3)
    assert array.tolist() == [1.0, 2.0, 3.0, 0.0]


@given(numbers, st.floats(0.0, 1.0))
def test_the_quantile_is_numpys(values, level):
    ordered = np.sort(np.array(values))
    assert both(order.quantile)(ordered, ordered.size, level) == pytest.approx(
        np.quantile(ordered, level), rel=1e-12, abs=1e-12
    )


def test_an_empty_sample_has_no_quantile():
    assert math.isnan(both(order.quantile)(np.empty(0), 0, 0.5))
