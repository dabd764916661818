"""Holdings rebuilt from fills, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.core.records import FILL
from polyfolio.kernels import holdings
from tests.kernels.measures.tools import both


def fills(*rows):
    out = np.zeros(len(rows), FILL)
    for at, (row, sleeve, quantity) in enumerate(rows):
        out[at]["row"], out[at]["sleeve"], out[at]["quantity"] = row, sleeve, quantity
    return out


def walked(found, rows, slots, splits=None, lots=None, slot_of=None):
    owner = np.arange(slots) if slot_of is None else np.array(slot_of)
    out = np.full((rows, slots), 9.0)
    ratio = np.ones((1, slots)) if splits is None else splits
    steps = np.zeros(slots) if lots is None else np.array(lots)
    used = both(holdings.held_at_closes)(found, ratio, steps, owner, np.full(owner.size, 9.0), out)
    return out, used


def test_fills_add_up_and_a_rest_of_rounding_is_flat() -> None:
    found, used = walked(fills((1, 0, 0.1), (1, 0, 0.2), (2, 1, -5.0), (3, 0, -0.3)), 5, 2)
    np.testing.assert_allclose(found[:, 0], [0.0, 0.3, 0.3, 0.0, 0.0])
    assert found[3, 0] == 0.0
    np.testing.assert_array_equal(found[:, 1], [0.0, 0.0, -5.0, -5.0, -5.0])
    assert used == 4


def test_a_split_comes_before_the_fills_of_its_row_and_is_rounded_to_lots() -> None:
    splits = np.ones((3, 1))
    splits[1] = 1.5
    found, _ = walked(fills((0, 0, 5.0), (1, 0, 1.0)), 3, 1, splits, [1.0])
    np.testing.assert_array_equal(found[:, 0], [5.0, 8.0, 8.0])  # 7.5 -> 7, and 1 bought


def test_sleeves_of_one_slot_are_summed_and_each_is_rounded_alone() -> None:
    splits = np.ones((2, 1))
    splits[1] = 0.5
    found, _ = walked(fills((0, 0, 3.0), (0, 1, -1.0)), 2, 1, splits, [1.0], [0, 0])
    np.testing.assert_array_equal(found[:, 0], [2.0, 1.0])  # 1.5 -> 1 and -0.5 -> 0


def test_values_and_weights_need_no_price_where_nothing_is_held() -> None:
    held, mark = np.array([[2.0, 0.0], [2.0, -1.0]]), np.array([[10.0, math.nan], [11.0, 5.0]])
    value, weight = np.empty((2, 2)), np.empty((2, 2))
    both(holdings.valued)(held, mark, np.array([[1.0, 2.0]]), np.array([100.0, 0.0]), value, weight)
    np.testing.assert_array_equal(value, [[20.0, 0.0], [22.0, -10.0]])
    np.testing.assert_array_equal(weight[0], [0.2, 0.0])
    assert np.isnan(weight[1]).all()


def test_units_of_each_row_are_read_at_their_row() -> None:
    value, weight = np.empty((2, 1)), np.empty((2, 1))
    held, mark = np.ones((2, 1)), np.full((2, 1), 10.0)
    both(holdings.valued)(held, mark, np.array([[1.0], [2.0]]), np.array([10.0, 10.0]), value, weight)
    np.testing.assert_array_equal(weight[:, 0], [1.0, 2.0])


def test_shares_sums_and_paths_of_money() -> None:
    out = np.empty(3)
    both(holdings.share_of)(np.array([5.0, 5.0, 5.0]), np.array([10.0, 0.0, -1.0]), out)
    assert out[0] == 0.5
    assert np.isnan(out[1:]).all()
    both(holdings.summed)(np.array([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]]), out)
    np.testing.assert_array_equal(out, [1.5, 2.5, 3.5])
    both(holdings.grown)(200.0, np.array([1.0, 1.5, 0.5]), out)
    assert out == pytest.approx([200.0, 300.0, 100.0])
