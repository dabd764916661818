from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import VarMethod
from polyfolio.kernels import feedback
from polyfolio.kernels.certificate import certify
from polyfolio.kernels.compile import callable_kernel
from polyfolio.kernels.relief import scale_to_limits
from tests.kernels.limit_tools import covariance_of, free, kinds, no_caps, rules, seeds, view, wants
from tests.kernels.risk_tools import both

YEAR = math.sqrt(252)
SCALE = callable_kernel(scale_to_limits)
CERTIFY = callable_kernel(certify)


def fed_back(want, covariance, record, frozen=None):
    book = np.array(want, dtype=float)
    mask = free(book.size) if frozen is None else np.array(frozen, np.uint8)
    return book, both(feedback.feedback)(book, mask, view(covariance), record)


def test_hundred_shares_over_their_own_limit_become_seventy_one_in_one_round():
    # Risks 0.07 and 0.03 against 0.05; the book's own 0.0762 is inside 0.15.
    covariance = np.diag([0.7 / YEAR, 0.6 / YEAR]) ** 2
    record = rules(max_position_risk=0.05, max_volatility=0.15, feedback_iterations=3, resize_threshold=0.5)
    book, rounds = fed_back([0.1, -0.05], covariance, record)
    assert rounds == 1
    assert math.floor(100 * book[0] / 0.1) == 71
    assert book[1] == -0.05


def test_a_round_cuts_by_no_more_than_its_floor():
    covariance = np.array([[(1.0 / YEAR) ** 2]])
    record = rules(max_position_risk=0.05, feedback_iterations=3, resize_threshold=0.5)
    book, rounds = fed_back([0.32], covariance, record)
    assert (book[0], rounds) == (pytest.approx(0.05, rel=1e-15), 3)  # 0.16, 0.08, 0.05
    book, rounds = fed_back([1.6], covariance, record)
    assert (book[0], rounds) == (pytest.approx(0.2, rel=1e-15), 3)  # 0.8, 0.4, 0.2: still in breach


def test_a_book_in_breach_without_a_position_in_breach_is_scaled_as_a_whole():
    covariance = np.full((5, 5), (1.0 / YEAR) ** 2)
    record = rules(max_volatility=0.15, max_position_risk=0.05, feedback_iterations=3, resize_threshold=0.5)
    book, rounds = fed_back([0.05] * 5, covariance, record)
    np.testing.assert_allclose(book, 0.03, rtol=1e-12)
    assert rounds == 1


def test_var_is_cured_like_volatility():
    covariance = np.array([[0.02**2]])
    record = rules(max_var=0.02, feedback_iterations=2, resize_threshold=0.1)
    book, _ = fed_back([1.0], covariance, record)
    assert book[0] == pytest.approx(0.02 / (1.6448536269514722 * 0.02))


def test_no_rounds_change_nothing_and_frozen_slots_stay():
    covariance = np.full((2, 2), (1.0 / YEAR) ** 2)
    assert fed_back([0.5, 0.5], covariance, rules(max_position_risk=0.1))[1] == 0
    record = rules(max_position_risk=0.1, max_volatility=0.1, feedback_iterations=1)
    np.testing.assert_allclose(fed_back([0.5, 0.5], covariance, record, [1, 0])[0], [0.5, 0.1], rtol=1e-12)


@pytest.mark.pitfall("VAL-09")
@given(wants(4), kinds, seeds, st.integers(0, 3), st.sampled_from([VarMethod.PARAMETRIC, VarMethod.HISTORICAL]))
def test_whatever_the_rounds_leave_the_scale_certifies(want, kind, seed, rounds, method):
    returns = np.random.default_rng(seed).normal(size=(4, 60)) * 0.02
    risk = view(covariance_of(kind, 4, seed), returns)
    record = rules(
        max_volatility=0.02,
        max_var=0.005,
        max_gross=1.0,
        feedback_iterations=rounds,
        resize_threshold=0.5,
        var_method=int(method),
    )
    book = want.copy()
    callable_feedback(book, free(4), risk, record)
    assert (np.abs(book) <= np.abs(want)).all()
    out = np.zeros(2, np.int64)
    SCALE(book, np.zeros(4), free(4), risk, record, 1.0, np.empty(4), np.empty(4), np.empty(12), out)
    rows = np.zeros((20, 4))
    count, breaches = CERTIFY(book, free(4), risk, *no_caps(), record, rows)
    assert (count, breaches) == (3, 0)
    largest = rows[:count, 1] / rows[:count, 2]
    assert largest.max() > 1 - 1e-9 or np.abs(book - want).max() < 1e-12


callable_feedback = callable_kernel(feedback.feedback)


@pytest.mark.parametrize(
    ("before", "now", "speed", "expected"),
    [(0.5, 0.3, 0.1, 0.3), (0.5, 0.9, 0.1, 0.6), (0.5, 0.55, 0.1, 0.55), (0.5, 1.0, math.inf, 1.0)],
)
def test_cuts_act_at_once_and_recovery_is_held_to_its_speed(before, now, speed, expected):
    assert both(feedback.recover)(before, now, speed) == pytest.approx(expected, rel=1e-15)
