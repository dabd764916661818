"""The deflated Sharpe ratio against published values and a formula written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from polyfolio.errors import ConfigError
from polyfolio.report.deflated import deflated_sharpe, expected_maximum, sharpe_deviation


@pytest.mark.parametrize(
    ("trials", "wanted"), [(5, 1.192594), (10, 1.574598), (45, 2.235640), (100, 2.530603), (1000, 3.255122)]
)
def test_the_best_of_n_without_skill(trials: int, wanted: float) -> None:
    assert expected_maximum(trials) == pytest.approx(wanted, abs=5e-7)
    assert expected_maximum(trials, 0.04) == pytest.approx(0.2 * wanted, abs=5e-7)


def test_one_try_needs_no_correction_and_none_is_refused() -> None:
    assert expected_maximum(1) == 0.0
    with pytest.raises(ConfigError, match="trials: got 0, must be 1 or more"):
        expected_maximum(0)


def written_out(returns: np.ndarray, luck: float) -> float:
    ratio = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    wide = math.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
    return float(stats.norm.cdf((ratio - luck) * math.sqrt(returns.size - 1) / wide))


def test_it_is_the_probabilistic_ratio_at_the_luck_of_all_tries() -> None:
    random = np.random.default_rng(2)
    returns = random.standard_t(4, 500) * 0.01 + 0.0008
    ratios = random.normal(0.02, 0.03, 40)
    found = deflated_sharpe(returns, ratios.tolist())
    luck = expected_maximum(40, ratios.var(ddof=1))
    assert found.luck == pytest.approx(luck, rel=1e-12)
    assert found.probability == pytest.approx(written_out(returns, luck), rel=1e-10)
    assert (found.trials, found.source) == (40, "given: the ratio of every try")


def test_more_tries_make_less_sure_and_a_number_alone_scatters_by_the_standard_error() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.01, 400)
    one, many, most = (deflated_sharpe(returns, number) for number in (1, 10, 1000))
    assert one.probability == pytest.approx(written_out(returns, 0.0), rel=1e-10)
    assert one.probability > many.probability > most.probability
    assert many.deviation == sharpe_deviation(returns)
    # a normal sample with a small ratio: 1 / sqrt(n - 1)
    assert many.deviation == pytest.approx(1.0 / math.sqrt(399), rel=0.02)


def test_returns_that_do_not_vary_have_none() -> None:
    assert math.isnan(deflated_sharpe(np.zeros(50), 3).probability)
