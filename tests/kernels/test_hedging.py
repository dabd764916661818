from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.kernels import hedging
from tests.kernels.limit_tools import rules, view
from tests.kernels.risk_tools import both

BENCHMARK = np.array([0.01, -0.02, 0.015, 0.005, -0.01, 0.02])
RETURNS = np.stack([1.5 * BENCHMARK + 0.001, 0.5 * BENCHMARK - 0.002, BENCHMARK])


def hedge(want, held, frozen=(0, 0, 0), returns=RETURNS, **settings):
    record = rules(**{"hedge_slot": 2, "hedge_beta": 0.0, "hedge_band": 0.1, "hedge_window": 6, **settings})
    book = np.array(want, dtype=float)
    risk = view(np.zeros((3, 3)), returns)
    beta = both(hedging.hedge)(book, np.array(held, dtype=float), np.array(frozen, np.uint8), risk, record)
    return book, beta


def test_a_book_outside_the_band_is_brought_to_the_target_beta():
    # 0.4 x 1.5 + 0.2 x 0.5 = 0.7
    book, beta = hedge([0.4, 0.2, 0.0], [0.0, 0.0, 0.0])
    assert beta == pytest.approx(0.7, rel=1e-12)
    np.testing.assert_allclose(book, [0.4, 0.2, -0.7], rtol=1e-12)
    np.testing.assert_allclose(hedge([0.4, 0.2, 0.0], [0.0, 0.0, 0.0], hedge_beta=0.3)[0][2], -0.4, rtol=1e-12)


def test_a_hedge_inside_the_band_stays_as_it_is_held():
    book, beta = hedge([0.4, 0.2, 0.9], [0.0, 0.0, -0.65])
    assert beta == pytest.approx(0.05, rel=1e-9)
    np.testing.assert_array_equal(book, [0.4, 0.2, -0.65])


def test_a_hedge_that_has_drifted_out_of_the_band_is_adjusted_from_where_it_is():
    np.testing.assert_allclose(hedge([0.4, 0.2, 0.0], [0.0, 0.0, -0.5])[0], [0.4, 0.2, -0.7], rtol=1e-12)


def test_the_hedge_keeps_to_the_largest_position_and_to_longs():
    np.testing.assert_allclose(hedge([0.4, 0.2, 0.0], [0.0] * 3, max_position=0.5)[0][2], -0.5)
    np.testing.assert_allclose(hedge([0.4, 0.2, 0.0], [0.0] * 3, allow_short=0)[0][2], 0.0, atol=0.0)


@pytest.mark.parametrize("settings", [{"hedge_window": 7}, {"frozen": (0, 0, 1)}])
def test_without_history_or_a_market_the_hedge_stays(settings):
    book, beta = hedge([0.4, 0.2, 0.3], [0.0, 0.0, -0.2], **settings)
    assert math.isnan(beta)
    np.testing.assert_array_equal(book, [0.4, 0.2, -0.2])


def test_a_benchmark_that_stands_still_moves_nothing():
    still = RETURNS.copy()
    still[2] = 0.0
    book, beta = hedge([0.4, 0.2, 0.0], [0.0, 0.0, -0.2], returns=still)
    assert math.isnan(beta)
    np.testing.assert_array_equal(book, [0.4, 0.2, -0.2])


def test_without_a_hedge_slot_nothing_changes():
    np.testing.assert_array_equal(hedge([0.4, 0.2, 0.3], [0.0] * 3, hedge_slot=-1)[0], [0.4, 0.2, 0.3])
