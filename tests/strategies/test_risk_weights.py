"""Maximum diversification and hierarchical risk parity: closed forms, other libraries' weights, who takes part."""

from __future__ import annotations

import warnings
from pathlib import Path

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
import scipy.cluster.hierarchy as sch

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.hierarchical_risk_parity import HierarchicalRiskParity
from polyfolio.strategies.least_variance import least_variance
from polyfolio.strategies.maximum_diversification import MaximumDiversification
from polyfolio.strategies.risk_weights import RiskWeights

DAY = 86_400_000_000_000
NAN = float("nan")
FROZEN = np.load(Path(__file__).parents[1] / "oracles" / "hrp.npz")
SYMBOLS = ("BTC/USDT", "DOGE/USDT", "ENA/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
RULES = [
    MaximumDiversification(lookback=30, min_observations=20),
    HierarchicalRiskParity(lookback=30, min_observations=20),
    HierarchicalRiskParity(lookback=30, min_observations=20, distance="columns", ordered=True),
]


def tape_of(returns: Floats) -> Tape:
    close = 100.0 * np.vstack([np.ones(returns.shape[1]), np.cumprod(1.0 + returns, axis=0)])
    return tape_of_closes(close)


def tape_of_closes(close: Floats) -> Tape:
    fields = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.ones_like(close)}
    names = [f"N{slot:02d}" for slot in range(close.shape[1])]
    return tape_from_arrays(np.arange(1, len(close) + 1) * DAY, names, fields, interval="1d")


def last(rule: RiskWeights, returns: Floats) -> Floats:
    """Weights at the last row of a tape with these returns."""
    return rule.signals(tape_of(returns))[-1]


@pytest.mark.pitfall("VAL-01")
def test_hierarchical_weights_are_those_of_two_libraries() -> None:
    returns = FROZEN["returns"]
    ordered = HierarchicalRiskParity(lookback=200, min_observations=200, ordered=True)
    np.testing.assert_allclose(last(ordered, returns), FROZEN["riskfolio"], atol=1e-12)
    plain = HierarchicalRiskParity(lookback=200, min_observations=200)
    np.testing.assert_allclose(last(plain, returns), FROZEN["pypfopt"], atol=1e-12)


@pytest.mark.shared
def test_the_frozen_weights_are_the_shared_ones(shared_data: Path) -> None:
    weights = pd.read_csv(shared_data / "oracles" / "riskfolio_HC_HRP.csv", index_col=0)["MV"]
    assert list(FROZEN["names"]) == list(weights.index)
    np.testing.assert_array_equal(FROZEN["riskfolio"], weights.to_numpy())
    prices = pd.read_csv(shared_data / "oracles" / "riskfolio_stock_prices.csv", index_col=0)
    # The shared prices lack one of the ten names; the returns of the others agree but for a later adjustment.
    there = [name for name in weights.index if name in prices.columns]
    assert len(there) == 9
    shared = prices[there].pct_change().dropna().iloc[-200:].to_numpy()
    ours = FROZEN["returns"][:, [list(weights.index).index(name) for name in there]]
    np.testing.assert_allclose(ours, shared, atol=5e-6)


def paper(returns: Floats) -> Floats:
    """The 2016 paper's program, step by step: it hands the square matrix to `linkage`, which reads it as points."""
    frame = pd.DataFrame(returns)
    covariance, correlation = frame.cov(), frame.corr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        link = sch.linkage(((1 - correlation) / 2.0) ** 0.5, "single").astype(int)
    order = pd.Series([link[-1, 0], link[-1, 1]])
    while order.max() >= link[-1, 3]:
        order.index = range(0, order.shape[0] * 2, 2)
        inner = order[order >= link[-1, 3]]
        at, which = inner.index, inner.values - link[-1, 3]
        order[at] = link[which, 0]
        order = pd.concat([order, pd.Series(link[which, 1], index=at + 1)]).sort_index()
    names = order.tolist()

    def variance(items: list[int]) -> float:
        block = covariance.loc[items, items].to_numpy()
        inverse = 1.0 / np.diag(block)
        inverse /= inverse.sum()
        return float(inverse @ block @ inverse)

    weights, parts = pd.Series(1.0, index=names), [names]
    while parts:
        parts = [p[j:k] for p in parts for j, k in ((0, len(p) // 2), (len(p) // 2, len(p))) if len(p) > 1]
        for left, right in zip(parts[::2], parts[1::2], strict=True):
            alpha = 1 - variance(left) / (variance(left) + variance(right))
            weights[left] *= alpha
            weights[right] *= 1 - alpha
    return weights.sort_index().to_numpy()


@pytest.mark.pitfall("VAL-01")
@pytest.mark.parametrize("seed", range(4))
def test_the_columns_variant_is_the_papers_program(seed: int) -> None:
    random = np.random.default_rng(seed)
    returns = 0.01 * (random.normal(size=(120, 9)) @ random.normal(size=(9, 9)))
    rule = HierarchicalRiskParity(lookback=120, min_observations=100, distance="columns")
    np.testing.assert_allclose(last(rule, returns), paper(returns), atol=1e-12)


def test_two_names_are_weighed_by_inverse_variance() -> None:
    # Deviations 0.01 and 0.02: 4 to 1.
    returns = np.tile([[0.01, 0.02], [-0.01, 0.02], [0.01, -0.02], [-0.01, -0.02]], (10, 1))
    np.testing.assert_allclose(last(HierarchicalRiskParity(lookback=40), returns), [0.8, 0.2], rtol=1e-9)


def test_uncorrelated_names_are_diversified_most_by_inverse_volatility() -> None:
    # Ratio sum w_i s_i / sqrt(sum w_i^2 s_i^2) is largest at equal w_i s_i: 2 to 1.
    returns = np.tile([[0.01, 0.02], [-0.01, 0.02], [0.01, -0.02], [-0.01, -0.02]], (10, 1))
    np.testing.assert_allclose(last(MaximumDiversification(lookback=40), returns), [2.0 / 3.0, 1.0 / 3.0], rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_no_long_only_book_is_more_diversified(seed: int) -> None:
    random = np.random.default_rng(seed)
    returns = 0.01 * (random.normal(size=(90, 7)) @ random.normal(size=(7, 7)))
    found = last(MaximumDiversification(lookback=90), returns)
    covariance = np.cov(returns, rowvar=False)
    sigma = np.sqrt(np.diag(covariance))
    scaled = cp.Variable(7, nonneg=True)
    cp.Problem(cp.Minimize(cp.quad_form(scaled, cp.psd_wrap(covariance))), [sigma @ scaled == 1]).solve(
        solver=cp.CLARABEL
    )
    np.testing.assert_allclose(found, scaled.value / scaled.value.sum(), atol=1e-6)
    assert found.min() >= 0.0


@pytest.mark.pitfall("DAT-07")
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_name_takes_part_once_it_was_listed_before_its_window(rule: RiskWeights) -> None:
    random = np.random.default_rng(3)
    close = 50.0 * np.exp(np.cumsum(0.01 * random.normal(size=(80, 4)), axis=0))
    close[:20, 1] = NAN  # listed at row 20: 30 returns at row 50
    close[:, 2] = 7.0  # never moves
    close[60, 3] = NAN  # no bar at row 60
    found = rule.signals(tape_of_closes(close))
    assert np.isnan(found[:30]).all()
    assert found[49, 1] == 0.0
    assert found[50, 1] > 0.0
    assert (found[30:, 2] == 0.0).all()
    assert np.isnan(found[60, 3])
    np.testing.assert_allclose(np.nansum(found[30:], axis=1), 1.0, rtol=1e-12)
    assert found[61, 3] > 0.0


@pytest.mark.pitfall("VAL-07")
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_twins_and_single_names_have_weights(rule: RiskWeights) -> None:
    one = 0.01 * np.random.default_rng(1).normal(size=(40, 1))
    np.testing.assert_allclose(last(rule, one), [1.0])
    for returns in (np.hstack([one, one]), np.hstack([one, one, -one])):
        found = last(rule, returns)
        assert abs(found.sum() - 1.0) <= 1e-9
        assert found.min() >= 0.0


def test_least_variance_says_where_there_is_none() -> None:
    assert least_variance(np.array([[1.0, np.nan], [np.nan, 1.0]])) is None
    np.testing.assert_allclose(least_variance(np.diag([1.0, 4.0])), [0.8, 0.2])


@pytest.mark.pitfall("LAH-04", "LAH-01")
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_each_rule_keeps_the_contract_in_any_order_of_slots(rule: RiskWeights) -> None:
    span = {"start": "2024-03-31", "end": "2024-04-06"}
    tape = demo_tape(symbols=SYMBOLS, **span)
    check_strategy(rule, tape)
    other = rule.signals(demo_tape(symbols=SYMBOLS[::-1], **span))
    np.testing.assert_array_equal(rule.signals(tape), other[:, ::-1])


def test_wrong_arguments_are_refused() -> None:
    returns = 0.01 * np.random.default_rng(1).normal(size=(40, 2))
    with pytest.raises(ConfigError, match="distance: got 'rows', must be entries or columns"):
        last(HierarchicalRiskParity(lookback=20, min_observations=20, distance="rows"), returns)
    with pytest.raises(ConfigError, match="ordered: got 'no', must be true or false"):
        last(HierarchicalRiskParity(lookback=20, min_observations=20, ordered="no"), returns)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="lookback: got 1, must be a whole number >= 2"):
        last(MaximumDiversification(lookback=1, min_observations=1), returns)
    with pytest.raises(ConfigError, match=r"min_observations: got 40, must be <= lookback \(20\)"):
        last(MaximumDiversification(lookback=20), returns)
