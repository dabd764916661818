from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.codes import Covariance
from polyfolio.kernels.covariance_rows import covariance_rows, state_size
from tests.kernels.risk_tools import both, full, plain

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "risk.json").read_text(encoding="utf-8"))
SAMPLE, EWMA, SHRUNK, GARCH = (int(code) for code in Covariance)


class Rows:
    """One call of the entry: `covariance`, `correlation`, `sigma` at the counts from `first` on."""

    def __init__(
        self,
        returns,
        first,
        last,
        method=SAMPLE,
        *,
        window=252,
        history=2,
        needed=None,
        garch=None,
        state=None,
        run=covariance_rows,
    ):
        n = returns.shape[0]
        self.n, self.first = n, first
        self.covariance = np.full((last - first, n * (n + 1) // 2), 7.0)
        self.correlation, self.sigma = self.covariance.copy(), np.full((last - first, n), 7.0)
        needed = np.ones(last - first, dtype=np.uint8) if needed is None else needed
        garch = np.empty((n, 1)) if garch is None else garch
        state = np.zeros(state_size(n, window)) if state is None else state
        run(
            *(returns, first, last, method, window, history, 0.94, garch, state),
            *(self.covariance, self.correlation, self.sigma, needed),
        )

    def at(self, count):
        return full(self.covariance[count - self.first], self.n)


def shifting(observations=600):
    """Returns whose level and scale jump, one of them listed late."""
    rng = np.random.default_rng(6)
    returns = rng.standard_normal((4, observations)) * 0.01 + 0.005 * rng.standard_normal(observations)
    returns[0, observations // 3 :] += 5.0
    returns[1, observations // 2] = 100.0
    returns[2, : observations // 4] = np.nan
    returns[3, 2 * observations // 3 :] *= 1e-4
    return returns


def largest_error(rows, returns, window, counts):
    worst = 0.0
    for count in counts:
        expected = np.cov(returns[:, max(count - window, 0) : count])
        np.testing.assert_array_equal(np.isnan(rows.at(count)), np.isnan(expected))
        scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        worst = max(worst, np.nanmax(np.abs(rows.at(count) - expected) / scale))
    return worst


def test_ten_thousand_rows_stay_at_the_direct_value_through_shifts_of_level():
    returns = shifting(10_000)
    rows = Rows(returns, 0, 10_001)
    assert largest_error(rows, returns, 252, range(2, 10_001, 13)) < 1e-12


@pytest.mark.parametrize("window", [2, 3, 20, 63, 64, 65, 127, 128, 300, 1000])
def test_every_window_equals_numpy_at_every_count(window):
    returns = shifting()
    rows = Rows(returns, 0, 601, window=window)
    assert largest_error(rows, returns, window, range(2, 601, 5)) < 1e-12


def test_the_value_at_a_count_depends_neither_on_the_start_of_a_run_nor_on_its_other_needs():
    returns = shifting()
    whole = Rows(returns, 0, 601)
    needed = np.zeros(601, dtype=np.uint8)
    needed[[3, 70, 300, 301, 383, 384, 600]] = 1
    some = Rows(returns, 0, 601, needed=needed)
    for count in range(601):
        row = some.covariance[count]
        np.testing.assert_array_equal(row, whole.covariance[count] if needed[count] else np.full(10, 7.0))
    for first, last in ((5, 40), (64, 200), (301, 302), (330, 601)):
        part = Rows(returns, first, last)
        np.testing.assert_array_equal(part.covariance, whole.covariance[first:last])
        np.testing.assert_array_equal(part.correlation, whole.correlation[first:last])
        np.testing.assert_array_equal(part.sigma, whole.sigma[first:last])


@pytest.mark.parametrize("method", [SAMPLE, EWMA, SHRUNK])
def test_the_value_at_a_count_knows_no_later_observation(method):
    returns = shifting()
    changed = returns.copy()
    changed[:, 321:] = -3.0
    before = Rows(returns, 0, 340, method)
    after = Rows(changed, 0, 340, method)
    np.testing.assert_array_equal(before.covariance[:322], after.covariance[:322])
    assert not np.array_equal(before.covariance[322], after.covariance[322])


def test_no_observation_beyond_the_last_is_read():
    # Un-jitted, reading past the end would raise.
    returns = shifting(140)
    rows = Rows(returns, 128, 141, window=20, run=plain(covariance_rows))
    assert largest_error(rows, returns, 20, [140]) < 1e-12


@pytest.mark.parametrize("method", [SAMPLE, EWMA, SHRUNK, GARCH])
def test_compiled_and_plain_rows_are_equal_to_the_bit(method):
    returns = shifting(100)
    sigma = np.abs(np.random.default_rng(1).standard_normal((4, 100)))
    run = both(covariance_rows)
    Rows(returns, 0, 101, method, window=20, history=5, garch=sigma, run=run)
    Rows(returns, 37, 90, method, window=20, history=5, garch=sigma, run=run)


@pytest.mark.parametrize("method", [SAMPLE, EWMA, SHRUNK, GARCH])
def test_too_short_a_history_is_unknown(method):
    returns = np.random.default_rng(2).standard_normal((2, 80))
    rows = Rows(returns, 0, 81, method, history=60, garch=np.ones((2, 80)))
    assert np.isnan(rows.covariance[:60]).all()
    assert np.isnan(rows.correlation[:60]).all()
    assert np.isnan(rows.sigma[:60]).all()
    assert np.isfinite(rows.covariance[60:]).all()


def test_a_late_listing_is_unknown_until_its_window_is_full_and_then_exact():
    returns = shifting()  # slot 2 is listed at observation 150
    rows = Rows(returns, 0, 601, window=100)
    for count in range(2, 601):
        assert np.isnan(rows.at(count)[2]).all() == (count < 250), count
        assert np.isfinite(rows.at(count)[0, 1])


def test_shrunk_rows_equal_scikit_learn():
    returns = np.array(FROZEN["ledoit_wolf"]["plain"]["returns"])
    expected = np.array(FROZEN["ledoit_wolf"]["plain"]["covariance"])
    early = np.random.default_rng(3).standard_normal((6, 77)) * 3.0
    joined = np.ascontiguousarray(np.hstack([early, returns]))
    rows = Rows(joined, 190, 198, SHRUNK, window=120)
    np.testing.assert_allclose(rows.at(197), expected, rtol=1e-12, atol=1e-13 * expected.max())
    short = Rows(returns, 120, 121, SHRUNK, window=252)  # the window is not full yet
    np.testing.assert_allclose(short.at(120), expected, rtol=1e-12, atol=1e-13 * expected.max())


def test_the_first_rows_of_a_shrunk_model_use_its_own_divisor():
    returns = np.array(FROZEN["ledoit_wolf"]["wide"]["returns"])  # 8 observations: no core to build on
    expected = np.array(FROZEN["ledoit_wolf"]["wide"]["covariance"])
    np.testing.assert_allclose(Rows(returns, 8, 9, SHRUNK).at(8), expected, rtol=1e-12, atol=1e-13 * expected.max())


def test_ewma_rows_equal_pandas_in_one_call_in_many_and_after_going_back():
    returns = np.random.default_rng(4).standard_normal((3, 200)) * 0.01
    whole = Rows(returns, 0, 201, EWMA)
    state = np.zeros(state_size(3, 252))
    for first in (0, 64, 128, 30):
        part = Rows(returns, first, first + 64, EWMA, state=state)
        np.testing.assert_array_equal(part.covariance, whole.covariance[first : first + 64])
    for count in (2, 77, 200):
        expected = pd.Series(returns[2] * returns[0])[:count].ewm(alpha=0.06, adjust=False).mean().iloc[-1]
        assert whole.at(count)[2, 0] == pytest.approx(expected, rel=1e-12, abs=0)


def test_an_ewma_slot_waits_for_its_own_history():
    returns = np.random.default_rng(4).standard_normal((2, 100))
    returns[1, :30] = np.nan
    rows = Rows(returns, 0, 101, EWMA, history=20)
    for count in range(20, 101):
        assert np.isfinite(rows.at(count)[0, 0])
        assert np.isnan(rows.at(count)[1]).all() == (count < 50), count


def test_garch_rows_are_the_sample_correlation_with_the_forecast_after_the_last_observation():
    returns = np.random.default_rng(5).standard_normal((3, 150))
    forecasts = np.random.default_rng(6).uniform(0.01, 0.05, (3, 150))
    rows = Rows(returns, 100, 151, GARCH, window=80, garch=forecasts)
    for count in (100, 128, 150):
        sigma = forecasts[:, count - 1]
        expected = np.corrcoef(returns[:, count - 80 : count]) * np.outer(sigma, sigma)
        np.testing.assert_allclose(rows.at(count), expected, rtol=1e-11, atol=1e-16)
        np.testing.assert_allclose(rows.sigma[count - 100], sigma, rtol=1e-14)


def test_correlation_and_sigma_stand_beside_the_covariance():
    returns = np.random.default_rng(7).standard_normal((4, 300))
    rows = Rows(returns, 290, 301)
    np.testing.assert_allclose(full(rows.correlation[10], 4), np.corrcoef(returns[:, 48:300]), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(rows.sigma[10], returns[:, 48:300].std(axis=1, ddof=1), rtol=1e-12)


@pytest.mark.pitfall("VAL-07")
@pytest.mark.parametrize("method", [SAMPLE, EWMA, SHRUNK, GARCH])
def test_more_slots_than_observations_give_no_negative_variance_beyond_rounding(method):
    returns = np.random.default_rng(8).standard_normal((30, 20))
    returns[7] = returns[3]  # two equal slots
    returns[9] = 0.0  # one that does not move
    rows = Rows(returns, 20, 21, method, garch=np.full((30, 20), 0.02))
    values = np.linalg.eigvalsh(rows.at(20))
    assert values[0] > -1e-14 * values[-1]
