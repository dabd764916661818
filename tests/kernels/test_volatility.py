from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from polyfolio.kernels.volatility import drawdown, ewma_volatility, running_peak, trailing_mean, trailing_std
from tests.kernels.risk_tools import both


def tape():
    values = np.random.default_rng(8).standard_normal((120, 3)) * [0.01, 0.1, 5.0]
    values[:30, 1] = np.nan  # listed later
    values[70, 2] = np.nan
    return values


@pytest.mark.parametrize("window", [1, 2, 20, 120, 121])
def test_trailing_mean_equals_pandas(window):
    values, out = tape(), np.empty((120, 3))
    both(trailing_mean)(values, window, out)
    np.testing.assert_allclose(out, pd.DataFrame(values).rolling(window).mean(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("window", [2, 20, 60, 121])
def test_trailing_std_equals_pandas(window):
    values, out = tape(), np.empty((120, 3))
    both(trailing_std)(values, window, np.empty(3), out)
    np.testing.assert_allclose(out, pd.DataFrame(values).rolling(window).std(), rtol=1e-9, atol=1e-12)


def test_one_bar_has_no_spread():
    out = np.zeros((120, 3))
    both(trailing_std)(tape(), 1, np.empty(3), out)
    assert np.isnan(out).all()


def test_a_huge_bar_leaves_nothing_behind_once_it_is_out_of_the_window():
    values = np.random.default_rng(9).standard_normal((200, 1))
    with_spike = values.copy()
    with_spike[50] = 1e12
    clean, spiked, scratch = np.empty((200, 1)), np.empty((200, 1)), np.empty(1)
    for measure, extra in ((trailing_mean, ()), (trailing_std, (scratch,))):
        both(measure)(values, 20, *extra, clean)
        both(measure)(with_spike, 20, *extra, spiked)
        np.testing.assert_array_equal(clean[70:], spiked[70:])
        assert (clean[50:70] != spiked[50:70]).all()


def test_the_value_at_a_row_knows_no_later_row():
    values, changed = tape(), tape()
    changed[60:] = 99.0
    for measure, extra in ((trailing_mean, (20,)), (trailing_std, (20, np.empty(3))), (ewma_volatility, (0.94,))):
        first, second = np.empty((120, 3)), np.empty((120, 3))
        both(measure)(values, *extra, first)
        both(measure)(changed, *extra, second)
        np.testing.assert_array_equal(first[:60], second[:60])
        assert not np.array_equal(first[60], second[60], equal_nan=True)


def test_ewma_volatility_equals_pandas_and_skips_missing_returns():
    values, out = tape(), np.empty((120, 3))
    both(ewma_volatility)(values, 0.94, out)
    expected = (pd.DataFrame(values) ** 2).ewm(alpha=0.06, adjust=False, ignore_na=True).mean() ** 0.5
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_drawdown_is_measured_from_the_running_peak():
    peak, seen = 100.0, []
    for equity in (90.0, 110.0, 99.0, 120.0):
        peak = both(running_peak)(equity, peak)
        seen.append(both(drawdown)(equity, peak))
    assert peak == 120.0
    assert seen == pytest.approx([-0.1, 0.0, -0.1, 0.0], abs=1e-15)


def test_an_unknown_equity_keeps_the_peak_and_without_a_peak_there_is_no_drawdown():
    assert both(running_peak)(math.nan, 100.0) == 100.0
    assert math.isnan(both(drawdown)(math.nan, 100.0))
    assert math.isnan(both(drawdown)(50.0, 0.0))
