from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import counts
from tests.kernels.limit_tools import free, wants
from tests.kernels.risk_tools import both


def largest_first(want, rank):
    order = np.full(want.size, -1, np.int64)
    both(counts.largest_first)(want, np.asarray(rank, dtype=np.int64), order, np.empty(want.size))
    return order


@pytest.mark.parametrize("size", [1, 2, 31, 32, 33, 100, 257])
def test_slots_come_by_size_and_equal_ones_by_the_rank_of_their_symbol(size):
    generator = np.random.default_rng(size)
    want = np.round(generator.normal(size=size), 1)  # many ties
    rank = generator.permutation(size)
    np.testing.assert_array_equal(largest_first(want, rank), np.lexsort((rank, -np.abs(want))))


@given(wants(7), st.permutations(range(7)))
def test_the_order_of_slots_does_not_change_which_names_come_first(want, places):
    places = list(places)
    np.testing.assert_array_equal(np.array(places)[largest_first(want[places], places)], largest_first(want, range(7)))


@pytest.mark.parametrize(
    ("longs", "shorts", "total", "expected"),
    [
        (2, math.inf, math.inf, [0.5, 0.4, 0.0, -0.3, -0.1]),
        (math.inf, 1, math.inf, [0.5, 0.4, 0.2, -0.3, 0.0]),
        (math.inf, math.inf, 3, [0.5, 0.4, 0.0, -0.3, 0.0]),
        (1, math.inf, 3, [0.5, 0.0, 0.0, -0.3, -0.1]),
        (0, 0, math.inf, [0.0] * 5),
        (math.inf, math.inf, math.inf, [0.5, 0.4, 0.2, -0.3, -0.1]),
    ],
)
def test_the_largest_wants_stay(longs, shorts, total, expected):
    want = np.array([0.5, 0.4, 0.2, -0.3, -0.1])
    both(counts.cap_counts)(want, largest_first(want, range(5)), float(longs), float(shorts), float(total), free(5))
    np.testing.assert_array_equal(want, expected)


def test_a_frozen_position_counts_before_all_others():
    want = np.array([0.5, 0.4, 0.01])
    frozen = np.array([0, 0, 1], np.uint8)
    both(counts.cap_counts)(want, largest_first(want, range(3)), 2.0, math.inf, math.inf, frozen)
    np.testing.assert_array_equal(want, [0.5, 0.0, 0.01])
