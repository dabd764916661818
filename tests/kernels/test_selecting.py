"""Which trades a budget of turnover or of trades lets through, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import selecting
from tests.kernels.cost_tools import both

keep_turnover = both(selecting.keep_turnover)
keep_trades = both(selecting.keep_trades)
openings = both(selecting.openings)


def selected(function, want, held, bound, *, frozen=None, rank=None):
    size = len(want)
    out = np.array(want, dtype=np.float64)
    marks = np.zeros(size, np.uint8) if frozen is None else np.array(frozen, dtype=np.uint8)
    places = np.arange(size) if rank is None else np.array(rank)
    work = (np.zeros(size, np.int64), np.zeros(size), np.zeros(size))
    function(out, np.array(held, dtype=np.float64), marks, float(bound), places, *work)
    return out.tolist()


def test_a_change_splits_into_what_reduces_and_what_opens():
    out = np.zeros(5)
    held = np.array([0.1, 0.3, 0.2, 0.0, 0.1])
    want = np.array([0.4, 0.1, -0.1, 0.2, 0.5])
    # grows by 0.3; shrinks by 0.2; closes 0.2 and opens -0.1; opens 0.2; frozen
    reduced = openings(want, held, np.array([0, 0, 0, 0, 1], np.uint8), out)
    np.testing.assert_allclose(out, [0.3, 0.0, -0.1, 0.2, 0.0], atol=1e-16)
    assert reduced == pytest.approx(0.4, abs=1e-15)


def test_reductions_pass_and_count_and_the_largest_openings_use_what_is_left():
    # reductions 0.2; a budget of 0.5 leaves 0.3: the opening of 0.25 whole, 0.05 of the next, nothing of the third
    found = selected(keep_turnover, [0.25, 0.1, 0.15, 0.05], [0.0, 0.3, 0.0, 0.0], 0.5)
    assert found == pytest.approx([0.25, 0.1, 0.05, 0.0], abs=1e-15)


def test_a_budget_used_by_reductions_lets_no_opening_through_and_cuts_no_reduction():
    assert selected(keep_turnover, [0.0, 0.2], [0.4, 0.0], 0.3) == [0.0, 0.0]


def test_a_short_is_opened_on_its_own_side():
    assert selected(keep_turnover, [-0.4, 0.1], [0.0, 0.0], 0.3) == pytest.approx([-0.3, 0.0], abs=1e-15)


def test_only_so_many_openings_are_made_and_ties_go_by_symbol():
    assert selected(keep_trades, [0.2, 0.2, 0.3], [0.0, 0.0, 0.0], 2, rank=[1, 0, 2]) == [0.0, 0.2, 0.3]
    # a position that turns is closed, and opened only where it is among the largest
    assert selected(keep_trades, [-0.1, 0.3], [0.2, 0.0], 1) == pytest.approx([0.0, 0.3], abs=1e-15)
    assert selected(keep_trades, [0.2, 0.3], [0.1, 0.2], 0) == pytest.approx([0.1, 0.2], abs=1e-15)


NUMBERS = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.booleans()), min_size=1, max_size=40)


@given(NUMBERS, st.floats(0.01, 3.0))
def test_turnover_keeps_within_the_budget_or_within_what_reduces(rows, budget):
    want, held, frozen = (list(column) for column in zip(*rows, strict=True))
    found = np.array(selected(keep_turnover, want, held, budget, frozen=frozen))
    free = ~np.array(frozen)
    change = np.abs(found - held)[free].sum()
    reduced = openings(np.array(want), np.array(held), np.array(frozen, dtype=np.uint8), np.zeros(len(want)))
    assert change <= max(budget, reduced) + 1e-12
    assert (found[~free] == np.array(want)[~free]).all()
    between = (found - np.array(held)) * (found - np.array(want)) <= 1e-12
    assert between.all()  # never beyond the want, never away from it
