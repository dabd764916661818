"""Risk parity by its residual and by frozen weights of two libraries; minimum variance against a convex solver."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import parity as kernels
from tests.kernels.cost_tools import both, triangle

parity_kernel = both(kernels.risk_parity)
variance_kernel = both(kernels.min_variance)
variance_among_kernel = both(kernels.min_variance_among)

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "sizing.json").read_text())["cases"]
KINDS = ["full", "scales", "factor", "rank_one", "twins"]


def parity(covariance: np.ndarray, budget: np.ndarray) -> tuple[int, np.ndarray]:
    out = np.full(budget.size, math.nan)
    sweeps = parity_kernel(triangle(covariance), budget, out, np.full(budget.size, math.nan))
    return sweeps, out


def least(covariance: np.ndarray, budget: np.ndarray | None = None) -> tuple[int, np.ndarray]:
    n = len(covariance)
    out = np.full(n, math.nan)
    scratch = np.full(4 * n + n * (n + 1) // 2, math.nan)
    if budget is None:
        return variance_kernel(triangle(covariance), out, scratch), out
    return variance_among_kernel(triangle(covariance), budget, out, scratch[n:].copy()), out


def residual(covariance: np.ndarray, weights: np.ndarray, budget: np.ndarray) -> float:
    product = covariance @ weights
    return float(np.abs(weights * product / (weights @ product) - budget / budget.sum()).max())


def matrix(kind: str, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sample = rng.normal(size=(n, 3 * n))
    if kind == "twins":
        sample[1::2] = sample[::2][: n // 2]
    own = sample @ sample.T / (3 * n) * 1e-4
    if kind == "rank_one":
        loading = rng.uniform(0.005, 0.03, n)
        return np.outer(loading, loading)
    if kind == "factor":
        loading = rng.uniform(0.5, 1.5, n) * 0.02
        return np.outer(loading, loading) + np.diag(rng.uniform(0.002, 0.02, n) ** 2)
    if kind == "scales":
        scale = 10.0 ** rng.uniform(-4, 2, n)
        return own * np.outer(scale, scale)
    return own


@pytest.mark.parametrize("name", FROZEN)
def test_contributions_equal_the_budgets_and_two_libraries_agree(name):
    case = FROZEN[name]
    covariance, budget = np.array(case["covariance"]), np.array(case["budget"])
    sweeps, out = parity(covariance, budget)
    assert sweeps > 0
    assert residual(covariance, out, budget) <= 1e-10
    np.testing.assert_allclose(out, case["risk_parity_ffn"], atol=1e-8, rtol=0)
    np.testing.assert_allclose(out, case["risk_parity_skfolio"], atol=1e-5, rtol=0)


@pytest.mark.pitfall("VAL-08")
@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 12), st.integers(0, 10_000))
def test_risk_parity_is_long_only_fully_invested_and_exact(kind, n, seed):
    covariance = matrix(kind, n, seed)
    budget = np.random.default_rng(seed).uniform(0.1, 2.0, n)
    sweeps, out = parity(covariance, budget)
    assert sweeps > 0
    assert out.min() > 0.0
    assert out.sum() == pytest.approx(1.0, rel=1e-13)
    assert residual(covariance, out, budget) <= 1e-10


def test_uncorrelated_names_are_weighted_by_inverse_volatility():
    _, out = parity(np.diag([0.01, 0.04]), np.ones(2))
    np.testing.assert_allclose(out, [2 / 3, 1 / 3], rtol=1e-10)


def test_the_order_of_slots_changes_nothing():
    covariance, budget = matrix("factor", 8, 3), np.linspace(0.5, 2.0, 8)
    order = np.random.default_rng(5).permutation(8)
    there, back = parity(covariance, budget)[1], parity(covariance[np.ix_(order, order)], budget[order])[1]
    np.testing.assert_allclose(there[order], back, atol=1e-10, rtol=0)
    there, back = least(covariance)[1], least(covariance[np.ix_(order, order)])[1]
    np.testing.assert_allclose(there[order], back, atol=1e-10, rtol=0)


def test_what_stood_in_the_arrays_before_changes_no_bit():
    covariance, budget = triangle(matrix("full", 6, 1)), np.ones(6)
    for kernel, arguments in ((parity_kernel, (covariance, budget)), (variance_kernel, (covariance,))):
        results = []
        for before in (0.0, 0.3, math.nan):
            out = np.full(6, before)
            kernel(*arguments, out, np.full(60, before))
            results.append(out.tobytes())
        assert len(set(results)) == 1


@pytest.mark.parametrize("nothing", [0.0, -1.0, math.nan])
def test_names_without_a_budget_or_a_variance_have_no_weight(nothing):
    covariance, budget = matrix("full", 5, 2), np.ones(5)
    budget[1] = nothing
    covariance[3, :] = covariance[:, 3] = math.nan
    kept = [0, 2, 4]
    sweeps, out = parity(covariance, budget)
    assert sweeps > 0
    assert out[1] == out[3] == 0.0
    assert residual(covariance[np.ix_(kept, kept)], out[kept], np.ones(3)) <= 1e-10
    rounds, out = least(covariance, budget)
    assert rounds > 0
    assert out[1] == out[3] == 0.0
    np.testing.assert_allclose(out[kept], least(covariance[np.ix_(kept, kept)])[1], atol=1e-12, rtol=0)


def test_nobody_taking_part_is_no_failure():
    for solve in (parity, least):
        code, out = solve(matrix("full", 3, 1), np.zeros(3))
        assert code == 0
        assert not out.any()


@pytest.mark.pitfall("VAL-07")
def test_what_cannot_be_solved_says_so_and_leaves_no_weights():
    hedge = np.array([[0.04, -0.04], [-0.04, 0.04]])  # half each is free of risk: no budget can be met
    unknown = np.array([[0.04, math.nan], [math.nan, 0.04]])
    for covariance in (hedge, unknown):
        code, out = parity(covariance, np.ones(2))
        assert code == kernels.NOT_CONVERGED
        assert not out.any()
    code, out = least(unknown)
    assert code == kernels.NOT_CONVERGED
    assert not out.any()


@pytest.mark.parametrize("name", FROZEN)
def test_minimum_variance_is_as_low_as_the_solver_s(name):
    covariance, theirs = np.array(FROZEN[name]["covariance"]), np.array(FROZEN[name]["min_variance"])
    rounds, out = least(covariance)
    assert rounds > 0
    assert out @ covariance @ out == pytest.approx(theirs @ covariance @ theirs, rel=1e-9)
    np.testing.assert_allclose(out, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 12), st.integers(0, 10_000))
def test_no_long_only_book_has_less_variance(kind, n, seed):
    covariance = matrix(kind, n, seed)
    rounds, out = least(covariance)
    assert rounds > 0
    assert out.min() >= 0.0
    assert out.sum() == pytest.approx(1.0, rel=1e-12)
    variance = out @ covariance @ out
    # By convexity no feasible book lies below this bound, which touches the variance at the optimum. Beside a name
    # of a million times the risk the product itself is only known to that name's rounding.
    bound = 2.0 * (covariance @ out).min() - variance
    assert variance - bound <= 1e-9 * variance + 1e-16 * covariance.max()


@pytest.mark.parametrize(("rows", "seed"), [(60, 24), (60, 40), (80, 7), (80, 52)])
def test_minimum_variance_adds_the_names_that_the_first_sweeps_missed(rows, seed):
    sample = np.random.default_rng(seed).normal(size=(60, rows))
    covariance = sample @ sample.T * 1e-4
    rounds, out = least(covariance)
    assert rounds > 1
    product = covariance @ out
    np.testing.assert_allclose(product[out > 0.0], product.min(), rtol=1e-9)


@pytest.mark.pitfall("VAL-07")
def test_minimum_variance_finds_a_riskless_mixture_in_a_singular_matrix():
    loading = np.array([0.02, -0.01, 0.03])
    rounds, out = least(np.outer(loading, loading))
    assert rounds > 0
    assert out.min() >= 0.0
    assert out @ loading == pytest.approx(0.0, abs=1e-8)


def test_twins_hold_together_what_one_of_them_would():
    _, out = least(np.array([[0.04, 0.04, 0.0], [0.04, 0.04, 0.0], [0.0, 0.0, 0.04]]))
    assert out[0] + out[1] == pytest.approx(0.5, rel=1e-12)
    assert out[2] == pytest.approx(0.5, rel=1e-12)


def test_a_name_without_variance_takes_all():
    covariance = np.diag([0.04, 0.0, 0.0])
    code, out = least(covariance)
    assert code == 0
    np.testing.assert_array_equal(out, [0.0, 0.5, 0.5])
