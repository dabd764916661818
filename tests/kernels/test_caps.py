from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import caps, counts
from tests.kernels.limit_tools import free, rules, wants
from tests.kernels.risk_tools import both


def order_of(want):
    order = np.empty(want.size, np.int64)
    both(counts.largest_first)(want, np.arange(want.size), order, np.empty(want.size))
    return order


def test_a_position_is_clipped_and_no_other_grows():
    want = np.array([0.5, -0.4, 0.1, 0.6])
    both(caps.cap_position)(want, 0.2, np.array([0, 0, 0, 1], np.uint8))
    np.testing.assert_array_equal(want, [0.2, -0.2, 0.1, 0.6])


def test_hundred_shares_at_a_risk_of_seven_percent_become_seventy_one():
    want = np.array([0.1])
    sigma = np.array([0.7 / math.sqrt(252)])  # abs(w) x annualised sigma = 0.07
    both(caps.cap_position_risk)(want, sigma, 252.0, 0.05, free(1))
    assert want[0] / 0.1 == pytest.approx(0.05 / 0.07, rel=1e-15)
    assert math.floor(100 * want[0] / 0.1) == 71


def test_a_name_without_a_known_sigma_is_counted_and_left():
    want = np.array([0.5, 0.5, 0.0])
    sigma = np.array([np.nan, 0.1, np.nan])
    assert both(caps.cap_position_risk)(want, sigma, 1.0, 0.01, free(3)) == 1
    np.testing.assert_allclose(want, [0.5, 0.1, 0.0])


def test_a_label_keeps_its_largest_names_and_shrinks_the_one_that_crosses():
    want = np.array([0.1, 0.3, -0.2, 0.05, 0.9])
    labels = np.array([7, 7, 7, 7, 8])
    both(caps.cap_label)(want, labels, 7, 0.4, order_of(want), free(5))
    np.testing.assert_allclose(want, [0.0, 0.3, -0.1, 0.0, 0.9], atol=1e-16)


def test_a_frozen_name_takes_its_share_of_a_label_first():
    want = np.array([0.25, 0.3])
    both(caps.cap_label)(want, np.zeros(2, np.int64), 0, 0.4, order_of(want), np.array([1, 0], np.uint8))
    np.testing.assert_allclose(want, [0.25, 0.15], rtol=1e-15)


@given(wants(6), st.lists(st.integers(0, 2), min_size=6, max_size=6), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_every_label_cap_holds_and_nothing_that_fits_is_cut(want, labels, first, second):
    vectors = np.array([labels, [0, 0, 0, 1, 1, 1]])
    table = np.array([[0.0, 1.0, first], [1.0, 0.0, second], [1.0, 1.0, 0.0]])
    before = want.copy()
    both(caps.cap_labels)(want, vectors, table, rules(label_caps=0, label_caps_end=2), order_of(want), free(6))
    assert (np.abs(want) <= np.abs(before)).all()
    assert (want * before >= 0.0).all()
    sums = [np.abs(want[vectors[0] == 1]).sum(), np.abs(want[:3]).sum()]
    assert sums[0] <= first + 1e-15
    assert sums[1] <= second + 1e-15
    outside = (vectors[0] != 1) & (np.arange(6) >= 3)
    np.testing.assert_array_equal(want[outside], before[outside])  # the third row of the table is another lane's
    alone = (vectors[0] == 1) & (np.arange(6) >= 3)
    if np.abs(before[vectors[0] == 1]).sum() <= first:
        np.testing.assert_array_equal(want[alone], before[alone])


def test_small_and_short_wants_become_zero_and_frozen_ones_stay():
    want = np.array([0.009, -0.02, 0.01, -0.001])
    frozen = np.array([0, 0, 0, 1], np.uint8)
    both(caps.min_position)(want, 0.01, frozen)
    np.testing.assert_array_equal(want, [0.0, -0.02, 0.01, -0.001])
    both(caps.no_short)(want, frozen)
    np.testing.assert_array_equal(want, [0.0, 0.0, 0.01, -0.001])


def test_without_new_risk_a_want_lies_between_zero_and_what_is_held():
    want = np.array([0.5, 0.1, -0.3, -0.5, 0.2, 0.7])
    held = np.array([0.2, 0.2, 0.2, -0.2, 0.0, 0.1])
    both(caps.reduce_only)(want, held, np.array([0, 0, 0, 0, 0, 1], np.uint8))
    np.testing.assert_array_equal(want, [0.2, 0.1, 0.0, -0.2, 0.0, 0.7])
