"""Schedules of an order: closed forms, and the least cost found by an independent solver."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.kernels import rows as row_kernels
from polyfolio.kernels import schedule as kernels
from tests.kernels.cost_tools import both

urgency_of = both(kernels.urgency_of)
left_by_urgency = both(kernels.left_by_urgency)


def test_without_urgency_equal_parts_are_left():
    assert [left_by_urgency(0.0, 4, n) for n in range(5)] == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_what_is_left_follows_the_hyperbolic_sine():
    for n in range(6):
        expected = math.sinh(0.7 * (5 - n)) / math.sinh(0.7 * 5)
        assert left_by_urgency(0.7, 5, n) == pytest.approx(expected, abs=1e-14)


def test_a_large_urgency_does_not_overflow():
    assert left_by_urgency(900.0, 50, 1) == 0.0
    assert left_by_urgency(900.0, 50, 0) == 1.0


def test_urgency_solves_its_equation_and_small_ones_keep_their_digits():
    k = urgency_of(1e-6, 0.02, 5e7, 0.1)
    assert math.cosh(k) == pytest.approx(1.0 + 1e-6 * 0.02 * 5e7 / (2 * 0.1), rel=1e-14)
    tiny = urgency_of(1e-30, 0.02, 5e7, 0.1)
    assert tiny == pytest.approx(math.sqrt(1e-30 * 0.02 * 5e7 / 0.1), rel=1e-9)


@pytest.mark.parametrize(
    ("sigma", "turnover", "impact"), [(math.nan, 1e6, 0.1), (0.02, math.nan, 0.1), (0.02, 1e6, 0.0)]
)
def test_without_volatility_volume_or_impact_parts_are_equal(sigma, turnover, impact):
    assert urgency_of(1e-6, sigma, turnover, impact) == 0.0


def test_the_schedule_costs_least_among_all_schedules():
    """Impact eta sum n_k^2 + L (sigma P)^2 sum x_k^2 over parts n_k >= 0, minimised by solving its linear equations."""
    sigma, price, volume, c, aversion, bars = 0.02, 50.0, 1e6, 0.3, 3e-6, 6
    eta, risk = c * sigma * price / volume, aversion * (sigma * price) ** 2
    # x_1..x_5 unknown, x_0 = 1, x_6 = 0: the gradient of the cost is linear in x.
    matrix = np.zeros((bars - 1, bars - 1))
    right = np.zeros(bars - 1)
    for k in range(bars - 1):
        matrix[k, k] = 4.0 * eta + 2.0 * risk
        if k > 0:
            matrix[k, k - 1] = matrix[k - 1, k] = -2.0 * eta
    right[0] = 2.0 * eta
    best = np.linalg.solve(matrix, right)
    k = urgency_of(aversion, sigma, price * volume, c)
    ours = [left_by_urgency(k, bars, n) for n in range(1, bars)]
    np.testing.assert_allclose(ours, best, rtol=1e-12)


def test_the_expected_volume_is_the_mean_of_the_same_time_of_day_two_sessions_back():
    # three bars a day, six days; the volume of day d and bar b is 100 d + b
    session = np.repeat(np.arange(6), 3)
    clock = np.tile(np.arange(3), 6)
    volume = (100.0 * session + clock)[:, None].copy()
    volume[4, 0] = np.nan  # day 1, bar 1 is not known
    out = np.empty((18, 1))
    row_kernels.expected_volumes(volume, clock, session, 3, np.empty((3, 6)), out)
    assert np.isnan(out[:6, 0]).all()
    assert out[6:9, 0].tolist() == [0.0, 1.0, 2.0]  # day 2 knows day 0
    assert out[9:12, 0].tolist() == [50.0, 1.0, 52.0]  # day 3: days 0 and 1, bar 1 without day 1
    # day 5: days 1 to 3, bar 1 without day 1
    assert out[15:18, 0].tolist() == [200.0, 251.0, 202.0]


def test_the_future_changes_no_expected_volume():
    random = np.random.default_rng(3)
    session, clock = np.repeat(np.arange(30), 4), np.tile(np.arange(4), 30)
    volume = random.uniform(1, 9, (120, 2))
    whole, other = np.empty((120, 2)), np.empty((120, 2))
    row_kernels.expected_volumes(volume, clock, session, 20, np.empty((4, 30)), whole)
    changed = volume.copy()
    changed[60:] = 1e6
    row_kernels.expected_volumes(changed, clock, session, 20, np.empty((4, 30)), other)
    # An order of day 14 may be worked into day 15 and expects its volumes: day 15 (row 60 on) still knows them.
    np.testing.assert_array_equal(whole[:64], other[:64])
