from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import Reason, VarMethod
from polyfolio.kernels import relief
from tests.kernels.limit_tools import covariance_of, free, kinds, rules, seeds, view, wants
from tests.kernels.risk_tools import both

YEAR = math.sqrt(252)
TWINS = np.full((3, 3), (1.0 / YEAR) ** 2)  # one risk, 1 a year, in three names


def scale_to_limits(want, held, frozen, risk, record, before=1.0):
    book = np.array(want, dtype=float)
    out = np.zeros(2, np.int64)
    n = book.size
    mask = np.array(frozen, np.uint8)
    held = np.array(held, dtype=float)
    result = both(relief.scale_to_limits)(
        book, held, mask, risk, record, before, np.empty(n), np.empty(n), np.empty(12), out
    )
    return book, result, Reason(int(out[0]))


def test_a_feasible_scale_is_applied_to_what_can_trade():
    record = rules(max_gross=0.8)
    book, scale, reason = scale_to_limits([0.4, 0.4, 0.4], [0.4, 0.0, 0.0], [1, 0, 0], view(TWINS), record)
    np.testing.assert_allclose(book, [0.4, 0.2, 0.2], rtol=1e-12)
    assert (scale, reason) == (pytest.approx(0.5), Reason.MAX_GROSS)


def test_risk_returns_by_at_most_the_speed_per_decision():
    record = rules(risk_adjustment_speed=0.1)
    book, scale, reason = scale_to_limits([0.4, 0.4, 0.4], [0.0] * 3, [0, 0, 0], view(TWINS), record, before=0.5)
    np.testing.assert_allclose(book, 0.24, rtol=1e-12)
    assert (scale, reason) == (pytest.approx(0.6), Reason.RISK_SPEED)


def test_a_limit_that_only_a_larger_scale_meets_comes_before_the_speed():
    # Frozen 0.5; the hedge of -0.4 is needed nearly whole for 0.2.
    record = rules(max_volatility=0.2, risk_adjustment_speed=0.1)
    book, scale, _ = scale_to_limits([0.5, -0.4, 0.0], [0.5, 0.0, 0.0], [1, 0, 0], view(TWINS), record, before=0.3)
    np.testing.assert_array_equal(book, [0.5, -0.4, 0.0])
    assert scale == 1.0


def test_with_a_frozen_part_in_breach_sales_pass_and_purchases_do_not():
    # Frozen 0.5 against 0.2: the second name is sold down, the third would be bought.
    record = rules(max_volatility=0.2)
    book, scale, reason = scale_to_limits([0.5, 0.1, 0.4], [0.5, 0.3, 0.2], [1, 0, 0], view(TWINS), record, before=0.7)
    np.testing.assert_allclose(book, [0.5, 0.1, 0.2], rtol=1e-12)
    assert (scale, reason) == (0.7, Reason.FROZEN)


def test_a_hedge_that_does_not_cure_the_breach_passes_too():
    record = rules(max_volatility=0.2)
    book, _, reason = scale_to_limits([0.5, -0.1, 0.0], [0.5, 0.0, 0.0], [1, 0, 0], view(TWINS), record)
    np.testing.assert_allclose(book, [0.5, -0.1, 0.0], rtol=1e-12)
    assert reason == Reason.FROZEN


def test_closing_a_hedge_of_the_frozen_part_does_not_pass():
    book, _, _ = scale_to_limits([0.5, 0.0, 0.0], [0.5, -0.1, 0.0], [1, 0, 0], view(TWINS), rules(max_volatility=0.2))
    np.testing.assert_array_equal(book, [0.5, -0.1, 0.0])


def test_a_gross_breach_lets_positions_only_shrink_and_not_turn():
    record = rules(max_gross=0.4)
    book, _, _ = scale_to_limits([0.5, -0.5, 0.3], [0.5, 0.2, 0.1], [1, 0, 0], view(np.zeros((3, 3))), record)
    np.testing.assert_allclose(book, [0.5, 0.0, 0.1], atol=1e-15)


def test_a_net_breach_lets_only_sales_pass_from_above_and_purchases_from_below():
    flat = view(np.zeros((3, 3)))
    book, _, _ = scale_to_limits([0.5, 0.3, 0.1], [0.5, 0.2, 0.2], [1, 0, 0], flat, rules(max_net=0.3))
    np.testing.assert_allclose(book, [0.5, 0.2, 0.1], rtol=1e-12)
    book, _, _ = scale_to_limits([-0.5, -0.3, -0.1], [-0.5, -0.2, -0.2], [1, 0, 0], flat, rules(min_net=-0.3))
    np.testing.assert_allclose(book, [-0.5, -0.2, -0.1], rtol=1e-12)


def test_a_trade_is_taken_in_part_where_the_whole_of_it_would_overshoot():
    # Independent names, frozen 0.2 alone beyond 0.05. From 0.3 to -3.7 in the second: -1.7 by a half, -0.7 by a
    # quarter, -0.2 by an eighth, the first that is no more than the 0.3 of today.
    independent = np.eye(3) / 252
    book, _, reason = scale_to_limits(
        [0.2, -3.7, 0.0], [0.2, 0.3, 0.0], [1, 0, 0], view(independent), rules(max_volatility=0.05)
    )
    np.testing.assert_allclose(book, [0.2, -0.2, 0.0], rtol=1e-12)
    assert reason == Reason.FROZEN


@given(
    wants(4),
    wants(4),
    kinds,
    seeds,
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.sampled_from([VarMethod.PARAMETRIC, VarMethod.HISTORICAL]),
)
def test_no_limit_ends_further_beyond_its_bound_than_today(want, held, kind, seed, frozen, method):
    covariance = covariance_of(kind, 4, seed)
    returns = np.random.default_rng(seed).normal(size=(4, 40)) * 0.01
    want = np.where(frozen, held, want)
    bounds = {"max_gross": 0.8, "max_net": 0.4, "max_volatility": 0.05, "max_var": 0.01}
    record = rules(var_method=int(method), **bounds)
    book, _, reason = scale_to_limits(want, held, frozen, view(covariance, returns), record)
    np.testing.assert_array_equal(book[frozen], held[frozen])

    def measures(weights):
        sigma = math.sqrt(max(weights @ covariance @ weights, 0.0))
        var = 1.6448536269514722 * sigma if method == VarMethod.PARAMETRIC else -np.sort(weights @ returns)[1]
        return np.abs(weights).sum(), weights.sum(), sigma * YEAR, var

    for after, today, bound in zip(measures(book), measures(held), bounds.values(), strict=True):
        allowed = max(bound, today) if reason == Reason.FROZEN else bound
        assert after <= allowed * (1 + 3e-9) + 3e-12


def test_nothing_frozen_is_never_frozen():
    _, scale, reason = scale_to_limits([3.0, 0.0, 0.0], [0.0] * 3, free(3), view(TWINS), rules(max_gross=1.0))
    assert (scale, reason) == (pytest.approx(1 / 3), Reason.MAX_GROSS)
