"""Fits against an independent library's frozen values, against brute force, on series of known parameters."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from polyfolio.errors import DataError
from polyfolio.kernels import garch_fit
from polyfolio.market.synthetic import garch_t, jump_fit
from polyfolio.market.synthetic.block import block_length
from polyfolio.market.synthetic.chain import fit_chain, log_density, smooth
from polyfolio.market.synthetic.degrees import degrees_of

FROZEN = json.loads((Path(__file__).parents[2] / "oracles" / "synthetic.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", FROZEN["blocks"], ids=["noise", "persistent", "absolute", "short"])
def test_a_block_length_is_archs(case):
    assert block_length(np.array(case["series"])) == pytest.approx(max(case["length"], 1.0), rel=1e-12)


def test_a_block_length_of_what_does_not_move_is_one():
    assert block_length(np.full(200, 0.5)) == 1.0
    assert block_length(np.arange(5.0)) == 1.0


@pytest.mark.parametrize("case", FROZEN["garch"], ids=["wild", "mild"])
def test_a_garch_fit_reaches_archs_likelihood_and_sigma(case):
    returns = np.array(case["returns"])
    model = garch_t.fit_garch_t(returns)
    assert model.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(np.sqrt(model.variances(returns)), case["sigma"], rtol=1e-4)
    found = [model.mu, model.omega, model.alpha, model.beta, model.degrees]
    np.testing.assert_allclose(found, case["parameters"], rtol=2e-3)


def test_the_garch_likelihood_at_archs_parameters_is_archs():
    case = FROZEN["garch"][0]
    returns, parameters = np.array(case["returns"]), np.array(case["parameters"])
    start = garch_t.fit_garch_t(returns).start
    value, _ = garch_t.likelihood(returns, np.r_[parameters[:4], 1.0 / parameters[4]], start)
    assert value == pytest.approx(case["log_likelihood"], abs=1e-6)


def test_variances_are_the_recursion_written_out():
    model = garch_t.GarchT(0.001, 2e-6, 0.1, 0.85, 5.0, 1e-4, 1.0, 0.0)
    returns = np.array([0.01, -0.02, 0.005])
    first = 2e-6 + 0.1 * 1e-4 + 0.85 * 1e-4
    second = 2e-6 + 0.1 * 0.009**2 + 0.85 * first
    third = 2e-6 + 0.1 * 0.021**2 + 0.85 * second
    np.testing.assert_allclose(model.variances(returns), [first, second, third], rtol=1e-13)
    np.testing.assert_allclose(model.residuals(returns)[1], -0.021 / math.sqrt(second), rtol=1e-13)


def test_a_path_is_the_recursion_written_out_and_its_variance_is_bounded():
    model = garch_t.GarchT(0.001, 2e-6, 0.1, 0.85, 5.0, 1e-4, 5e-5, 0.0)
    path = garch_t.simulate([model], np.array([[1.0], [-9.0], [1.0]]))[:, 0]
    first = 2e-6 / 0.05
    second = 2e-6 + 0.1 * first + 0.85 * first
    expected = [0.001 + math.sqrt(first), 0.001 - 9.0 * math.sqrt(second), 0.001 + math.sqrt(2.0 * 5e-5)]
    np.testing.assert_allclose(path, expected, rtol=1e-13)


def test_another_target_keeps_the_dynamics():
    model = garch_t.GarchT(0.001, 2e-6, 0.1, 0.85, 5.0, 1e-4, 1.0, 0.0).targeted(0.002, 9e-4)
    assert (model.mu, model.alpha, model.beta, model.degrees) == (0.002, 0.1, 0.85, 5.0)
    assert model.long_run() == pytest.approx(9e-4, rel=1e-12)


@pytest.mark.parametrize("module", [garch_t, jump_fit])
def test_a_gradient_is_the_slope_of_its_likelihood(module):
    returns = np.array(FROZEN["garch"][0]["returns"]) / 0.01
    at = np.array([0.02, 0.06, 0.1, 0.8, 0.2]) if module is garch_t else np.array([0.02, -0.2, -2.0, -0.3, 0.4])
    rest = (1.0,) if module is garch_t else ()
    slope = module.likelihood(returns, at, *rest)[1]
    numeric = scipy.optimize.approx_fprime(at, lambda x: module.likelihood(returns, x, *rest)[0], 1e-7)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-2)


def test_a_garch_fit_refuses_what_no_model_can_tell():
    with pytest.raises(DataError, match="at least 10"):
        garch_t.fit_garch_t(np.array([0.01, -0.01]))
    with pytest.raises(DataError, match="a series that moves"):
        garch_t.fit_garch_t(np.zeros(50))


def test_students_t_is_likelier_than_the_normal_model():
    returns = np.array(FROZEN["garch"][0]["returns"])
    assert garch_t.fit_garch_t(returns).log_likelihood > garch_fit.fit(returns).log_likelihood + 5.0


@pytest.mark.parametrize("degrees", [3.0, 6.0, 30.0])
def test_degrees_of_freedom_are_found_again(degrees):
    draws = np.random.default_rng(2).standard_t(degrees, 60_000) * math.sqrt((degrees - 2.0) / degrees)
    assert 1.0 / degrees_of(draws) == pytest.approx(1.0 / degrees, abs=0.015)


def test_what_does_not_move_has_no_tail():
    assert degrees_of(np.zeros(40)) == math.inf


def test_the_jump_likelihood_is_the_mixture_written_out():
    returns = np.array([0.1, -2.0, 0.7])
    mu, sigma, rate, size, spread = 0.05, 0.8, 0.2, -0.4, 1.5
    density = sum(
        scipy.stats.poisson.pmf(k, rate)
        * scipy.stats.norm.pdf(returns, mu + k * size, math.sqrt(sigma**2 + k * spread**2))
        for k in range(40)
    )
    at = np.array([mu, math.log(sigma), math.log(rate), size, math.log(spread)])
    assert jump_fit.likelihood(returns, at)[0] == pytest.approx(float(np.log(density).sum()), rel=1e-8)


def test_jumps_are_found_again():
    random = np.random.default_rng(8)
    count = random.poisson(0.05, 40_000)
    returns = 0.0004 + 0.01 * random.standard_normal(40_000)
    returns += count * -0.02 + np.sqrt(count) * 0.03 * random.standard_normal(40_000)
    model = jump_fit.fit_jumps(returns)
    found = [model.sigma, model.rate, model.size, model.spread]
    np.testing.assert_allclose(found, [0.01, 0.05, -0.02, 0.03], rtol=0.1)
    assert model.mu == pytest.approx(0.0004, abs=2e-4)
    assert math.sqrt(model.variance()) == pytest.approx(float(returns.std()), rel=0.02)
    assert model.log_likelihood > scipy.stats.norm.logpdf(returns, returns.mean(), returns.std()).sum() + 100.0


def by_brute_force(
    density: np.ndarray, start: np.ndarray, transition: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """State probabilities, expected moves and log-likelihood by adding up every path of states."""
    rows, states = density.shape
    weight, moves, total = np.zeros((rows, states)), np.zeros((states, states)), 0.0
    for path in itertools.product(range(states), repeat=rows):
        chance = start[path[0]] * math.exp(density[0, path[0]])
        for row in range(1, rows):
            chance *= transition[path[row - 1], path[row]] * math.exp(density[row, path[row]])
        total += chance
        for row in range(rows):
            weight[row, path[row]] += chance
            if row:
                moves[path[row - 1], path[row]] += chance
    return weight / total, moves / total, math.log(total)


@pytest.mark.parametrize(("rows", "states"), [(2, 2), (5, 3), (9, 2), (8, 3)])
def test_forward_and_backward_are_the_sum_over_all_paths(rows, states):
    random = np.random.default_rng(rows)
    start = random.dirichlet(np.ones(states))
    transition = random.dirichlet(np.ones(states), states)
    density = 3.0 * random.standard_normal((rows, states))
    weight, moves, likelihood = smooth(density, start, transition)
    expected = by_brute_force(density, start, transition)
    np.testing.assert_allclose(weight, expected[0], atol=1e-13)
    np.testing.assert_allclose(moves, expected[1], atol=1e-13)
    assert likelihood == pytest.approx(expected[2], rel=1e-12)


def test_a_states_density_is_students_t_of_that_deviation():
    values = np.array([-0.3, 0.0, 1.7])
    found = log_density(values, np.array([0.1, 0.2]), np.array([0.5, 2.0]), 5.0)
    for state, (mean, spread) in enumerate([(0.1, 0.5), (0.2, 2.0)]):
        expected = scipy.stats.t.logpdf(values, 5.0, mean, spread * math.sqrt(3.0 / 5.0))
        np.testing.assert_allclose(found[:, state], expected, rtol=1e-12)


def test_a_chain_is_found_again_and_its_likelihood_never_falls():
    random = np.random.default_rng(12)
    state, states = 0, []
    for _ in range(6000):
        state = state if random.random() < (0.98, 0.95)[state] else 1 - state
        states.append(state)
    where = np.array(states)
    noise = random.standard_t(6, 6000) * math.sqrt(4.0 / 6.0)
    series = np.where(where == 0, 0.1 + 0.5 * noise, -0.3 + 2.0 * noise)
    chain = fit_chain(series, 2)
    steps = np.diff(chain.log_likelihood)
    assert (steps > -1e-6).all()
    np.testing.assert_allclose(np.diag(chain.transition), [0.98, 0.95], atol=0.01)
    np.testing.assert_allclose(chain.mean, [0.1, -0.3], atol=0.12)
    np.testing.assert_allclose(chain.spread, [0.5, 2.0], rtol=0.08)
    assert 1.0 / chain.degrees == pytest.approx(1.0 / 6.0, abs=0.04)
    np.testing.assert_allclose(chain.stationary(), [5.0 / 7.0, 2.0 / 7.0], atol=0.05)
    assert (np.argmax(chain.weight, axis=1) == where).mean() > 0.93
