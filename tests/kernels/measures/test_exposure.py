from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.kernels.measures import exposure
from tests.kernels.measures.tools import compiled, summary

EQUITY = np.array([100.0, 200.0, 50.0, 100.0])
GROSS = np.array([0.0, 300.0, 50.0, 20.0])
NET = np.array([0.0, 100.0, -50.0, 20.0])
TURNOVER = np.array([0.0, 1.5, 2.0, 0.5])


def test_exposure_and_turnover_of_four_bars_by_hand():
    found = summary(exposure, EQUITY, GROSS, NET, TURNOVER, 12.0)
    assert found["exposure_gross"] == pytest.approx((1.5 + 1.0 + 0.2) / 4, rel=1e-14)
    assert found["exposure_net"] == pytest.approx((0.5 - 1.0 + 0.2) / 4, rel=1e-14)
    assert found["leverage"] == 1.5
    assert found["turnover"] == 1.0
    assert found["annual_turnover"] == 12.0
    assert found["one_way_turnover"] == 0.5
    assert found["time_in_market"] == 0.75


def test_no_bars_are_undefined():
    assert all(math.isnan(v) for v in summary(exposure, *[np.empty(0)] * 4, 12.0).values())


def test_a_bar_without_equity_leaves_exposure_undefined_and_turnover_known():
    found = summary(exposure, np.array([100.0, 0.0, 100.0]), *[np.array([50.0, 50.0, 90.0])] * 2, np.ones(3), 12.0)
    assert all(math.isnan(found[name]) for name in ("exposure_gross", "exposure_net", "leverage"))
    assert found["turnover"] == 1.0


def test_bar_by_bar_equals_the_whole_run_to_the_last_bit():
    rng = np.random.default_rng(3)
    bars = rng.random((4, 200)) + 0.1
    state, out, whole = np.zeros(exposure.SIZE), np.zeros(7), np.zeros(7)
    compiled(exposure.init)(state)
    for column in bars.T:
        compiled(exposure.update)(state, *column)
    compiled(exposure.finish)(state, 252.0, out)
    exposure.summary(*bars, 252.0, np.zeros(exposure.SIZE), whole)
    np.testing.assert_array_equal(out, whole)
