"""Moving windows against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.kernels.measures import rolling
from tests.kernels.measures.tools import both

N = 252.0


def moved(returns, benchmark, ends, window, rate=0.0):
    out = np.full((ends.size, len(rolling.NAMES)), 9.0)
    rates = np.full(returns.size, rate)
    both(rolling.windows)(returns, rates, benchmark, ends, window, N, np.empty(rolling.SIZE), out)
    return out


def test_every_window_is_measured_from_its_own_returns() -> None:
    rng = np.random.default_rng(3)
    returns, benchmark = rng.normal(0.001, 0.01, 80), rng.normal(0.0005, 0.02, 80)
    ends, rate = np.array([19, 20, 55, 79]), 0.0001
    found = moved(returns, benchmark, ends, 20, rate)
    for row, end in zip(found, ends, strict=True):
        own, other = returns[end - 19 : end + 1], benchmark[end - 19 : end + 1]
        assert row[0] == pytest.approx(own.std(ddof=1) * np.sqrt(N), rel=1e-12)
        excess = own - rate
        assert row[1] == pytest.approx(excess.mean() / excess.std(ddof=1) * np.sqrt(N), rel=1e-12)
        assert row[2] == pytest.approx(np.cov(excess, other - rate)[0, 1] / (other - rate).var(ddof=1), rel=1e-11)


def test_without_a_benchmark_there_is_no_beta_and_a_flat_series_has_no_sharpe() -> None:
    found = moved(np.zeros(10), np.zeros(0), np.array([4, 9]), 5)
    assert (found[:, 0] == 0.0).all()
    assert np.isnan(found[:, 1:]).all()
