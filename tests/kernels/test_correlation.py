from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import correlation, counts
from tests.kernels.limit_tools import free, seeds, wants
from tests.kernels.risk_tools import both, triangle


def damp(want, rho, limit, factor, frozen=None):
    want = np.array(want, dtype=float)
    mask = free(want.size) if frozen is None else np.array(frozen, np.uint8)
    both(correlation.damp)(want, triangle(np.array(rho)), limit, factor, mask, np.empty(want.size))
    return want


def drop(want, rho, limit, frozen=None, rank=None):
    want = np.array(want, dtype=float)
    order = np.empty(want.size, np.int64)
    rank = np.arange(want.size) if rank is None else np.array(rank)
    both(counts.largest_first)(want, rank, order, np.empty(want.size))
    mask = free(want.size) if frozen is None else np.array(frozen, np.uint8)
    dropped = both(correlation.drop)(want, triangle(np.array(rho)), limit, order, mask)
    return want, dropped


def symmetric(rho):
    """NumPy's correlations differ in their last bit above and below the diagonal."""
    return np.tril(rho) + np.tril(rho, -1).T


PAIR = [[1.0, 0.85], [0.85, 1.0]]


def test_both_names_of_a_correlated_pair_are_damped_by_the_formula():
    # (0.85 - 0.7) / 0.3 = 0.5; times a = 0.5: 1 - 0.25.
    np.testing.assert_allclose(damp([0.4, 0.2], PAIR, 0.7, 0.5), [0.3, 0.15], rtol=1e-12)


def test_a_hedge_is_not_punished_and_two_names_that_move_apart_held_on_both_sides_are():
    np.testing.assert_array_equal(damp([0.4, -0.2], PAIR, 0.7, 0.5), [0.4, -0.2])
    apart = [[1.0, -0.85], [-0.85, 1.0]]
    np.testing.assert_allclose(damp([0.4, -0.2], apart, 0.7, 0.5), [0.3, -0.15], rtol=1e-12)
    np.testing.assert_array_equal(damp([0.4, 0.2], apart, 0.7, 0.5), [0.4, 0.2])


def test_only_the_largest_excess_of_a_name_counts():
    rho = [[1.0, 0.8, 0.9], [0.8, 1.0, 0.0], [0.9, 0.0, 1.0]]
    np.testing.assert_allclose(damp([1.0, 1.0, 1.0], rho, 0.6, 1.0), [0.25, 0.5, 0.25], rtol=1e-12)


def test_names_that_are_not_wanted_and_unknown_correlations_damp_nobody():
    np.testing.assert_array_equal(damp([0.4, 0.0], PAIR, 0.7, 0.5), [0.4, 0.0])
    unknown = [[1.0, math.nan], [math.nan, 1.0]]
    np.testing.assert_array_equal(damp([0.4, 0.2], unknown, 0.7, 0.5), [0.4, 0.2])


@pytest.mark.parametrize("limit", [1.0, math.inf])
def test_a_limit_of_one_or_none_damps_nothing(limit):
    np.testing.assert_array_equal(damp([0.4, 0.2], [[1.0, 1.0], [1.0, 1.0]], limit, 1.0), [0.4, 0.2])


def test_a_frozen_name_damps_others_and_stays_itself():
    np.testing.assert_allclose(damp([0.4, 0.2], PAIR, 0.7, 0.5, [1, 0]), [0.4, 0.15], rtol=1e-12)


@given(wants(5), seeds, st.permutations(range(5)))
def test_the_order_of_slots_does_not_change_damping(want, seed, places):
    rho = symmetric(np.corrcoef(np.random.default_rng(seed).normal(size=(5, 6))))
    places = list(places)
    moved = damp(want[places], rho[np.ix_(places, places)], 0.1, 1.0)
    np.testing.assert_array_equal(moved, damp(want, rho, 0.1, 1.0)[places])


def test_drop_keeps_the_larger_of_a_pair_and_then_what_fits_beside_it():
    rho = [[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]]
    # The middle one is the largest: both neighbours go. As the smallest it goes alone.
    book, dropped = drop([0.2, 0.5, 0.3], rho, 0.7)
    np.testing.assert_array_equal(book, [0.0, 0.5, 0.0])
    assert dropped == 2
    np.testing.assert_array_equal(drop([0.2, 0.1, 0.3], rho, 0.7)[0], [0.2, 0.0, 0.3])


def test_drop_keeps_a_frozen_name_before_a_larger_one():
    np.testing.assert_array_equal(drop([0.1, 0.5], PAIR, 0.7, [1, 0])[0], [0.1, 0.0])


@given(wants(6), seeds, st.floats(0.0, 0.95), st.permutations(range(6)))
def test_after_drop_no_pair_exceeds_the_limit_and_every_dropped_name_would(want, seed, limit, places):
    rho = symmetric(np.corrcoef(np.random.default_rng(seed).normal(size=(6, 5))))
    book, dropped = drop(want, rho, limit)
    signed = rho * np.sign(np.outer(book, book))
    np.fill_diagonal(signed, -1.0)
    assert (signed <= limit + 1e-15).all()
    assert both(correlation.largest_correlation)(book, triangle(rho)) <= limit
    gone = (book == 0.0) & (want != 0.0)
    assert gone.sum() == dropped
    for i in np.flatnonzero(gone):
        assert any(rho[i, j] * np.sign(want[i] * book[j]) > limit for j in np.flatnonzero(book))
    places = list(places)
    moved, _ = drop(want[places], rho[np.ix_(places, places)], limit, rank=places)
    np.testing.assert_array_equal(moved, book[places])


def test_a_book_without_pairs_has_the_lowest_correlation():
    assert both(correlation.largest_correlation)(np.array([0.5, 0.0]), triangle(np.array(PAIR))) == -1.0
