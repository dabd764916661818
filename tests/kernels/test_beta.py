from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from polyfolio.kernels.beta import book_beta, series_beta
from tests.kernels.risk_tools import both

REFERENCE = np.array(
    json.loads((Path(__file__).parents[1] / "oracles" / "risk.json").read_text(encoding="utf-8"))["reference"]
)


def panel():
    return np.random.default_rng(5).standard_normal((4, 90)) * 0.01


def test_a_series_has_the_beta_of_its_covariance_matrix():
    returns = panel()
    covariance = np.cov(returns[1, 30:90], returns[0, 30:90])
    beta = both(series_beta)(np.ascontiguousarray(returns[1, 30:90]), returns, 0, 90, 60)
    assert beta == pytest.approx(covariance[0, 1] / covariance[1, 1], rel=1e-12, abs=0)


def test_the_book_has_the_weighted_beta_of_its_slots():
    returns, want = panel(), np.array([-0.4, 0.6, 0.0, 0.5])
    returns[2] = np.nan  # not wanted
    window = returns[:, 20:80]
    betas = [np.cov(window[i], window[0])[0, 1] / window[0].var(ddof=1) for i in (0, 1, 3)]
    beta = both(book_beta)(want, returns, 0, 80, 60, np.empty(60))
    assert beta == pytest.approx(np.dot(want[[0, 1, 3]], betas), rel=1e-12, abs=0)


def test_the_benchmark_alone_has_beta_one():
    returns = REFERENCE.reshape(1, -1)
    assert both(book_beta)(np.array([1.0]), returns, 0, 700, 252, np.empty(252)) == 1.0
    assert both(book_beta)(np.array([-0.5]), returns, 0, 700, 252, np.empty(252)) == pytest.approx(
        -0.5, rel=1e-14, abs=0
    )


@pytest.mark.parametrize("price_return", [0.0, 0.1])
def test_a_benchmark_that_stands_still_has_no_beta(price_return):
    returns = panel()
    returns[0] = price_return
    assert math.isnan(both(book_beta)(np.full(4, 0.25), returns, 0, 90, 60, np.empty(60)))


def test_a_missing_return_or_too_short_a_window_has_no_beta():
    returns = panel()
    assert math.isnan(both(book_beta)(np.full(4, 0.25), returns, 0, 90, 1, np.empty(60)))
    returns[3, 40] = np.nan
    assert math.isnan(both(book_beta)(np.full(4, 0.25), returns, 0, 90, 60, np.empty(60)))
    returns = panel()
    returns[0, 40] = np.nan
    assert math.isnan(both(book_beta)(np.array([0.0, 1.0, 0.0, 0.0]), returns, 0, 90, 60, np.empty(60)))
