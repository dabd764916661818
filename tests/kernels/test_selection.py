from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels.selection import smallest
from tests.kernels.risk_tools import both

numbers = st.lists(st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0, 1.0]), min_size=1, max_size=40)


@given(numbers, st.data())
def test_smallest_is_the_head_of_the_sorted_values(values, data):
    k = data.draw(st.integers(1, len(values)))
    scratch = np.empty(k)
    both(smallest)(np.array(values), len(values), k, scratch)
    np.testing.assert_array_equal(scratch, np.sort(values)[:k])


def test_only_the_first_n_values_count():
    scratch = np.empty(2)
    both(smallest)(np.array([3.0, 1.0, 2.0, -9.0]), 3, 2, scratch)
    np.testing.assert_array_equal(scratch, [1.0, 2.0])


@pytest.mark.parametrize("place", [0, 1, 2, 5])
def test_a_nan_anywhere_makes_every_rank_unknown(place):
    values = np.array([5.0, 4.0, 1.0, 2.0, 3.0, 0.0])
    values[place] = np.nan
    scratch = np.zeros(3)
    both(smallest)(values, values.size, 3, scratch)
    assert np.isnan(scratch).all()
