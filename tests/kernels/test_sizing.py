"""Sizing methods against closed forms and an independent library's frozen weights."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import sizing as kernels
from tests.kernels.cost_tools import both, rules, triangle

equal_weight = both(kernels.equal_weight)
signal_strength = both(kernels.signal_strength)
inverse_volatility = both(kernels.inverse_volatility)
unit_weights = both(kernels.unit_weights)
money_weights = both(kernels.money_weights)
volatility_target = both(kernels.volatility_target)
target_risk = both(kernels.target_risk)
kelly_weights = both(kernels.kelly_weights)
kelly_fraction = both(kernels.kelly_fraction)

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "sizing.json").read_text())["cases"]
NAN, INF = math.nan, math.inf
SIGNALS = st.lists(st.one_of(st.floats(-1, 1), st.sampled_from([NAN, INF, 0.0])), min_size=1, max_size=9)


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def kelly(mean: np.ndarray, covariance: np.ndarray, **fields: float) -> tuple[int, np.ndarray]:
    out = np.full(mean.size, NAN)
    keys = rules(**({"kelly_fraction": 0.25, "allow_short": 1} | fields))
    code = kelly_weights(mean, triangle(covariance), keys, out, np.full(mean.size * (mean.size + 1) // 2, NAN))
    return code, out


def test_equal_weight_shares_the_gross_target_over_the_names_with_a_signal():
    out = array(9, 9, 9, 9, 9)
    assert equal_weight(array(0.2, -0.9, NAN, 0.0, 1.0), rules(gross_target=0.9), out) == 3
    np.testing.assert_allclose(out, [0.3, -0.3, 0, 0, 0.3], rtol=1e-15)


def test_signal_strength_shares_in_proportion():
    out = array(9, 9, 9, 9)
    assert signal_strength(array(0.5, -0.25, NAN, 0.25), rules(gross_target=2.0), out) == 3
    np.testing.assert_allclose(out, [1.0, -0.5, 0.0, 0.5], rtol=1e-15)


def test_inverse_volatility_keeps_signs_and_leaves_out_what_it_does_not_know():
    out = array(9, 9, 9, 9, 9)
    used = inverse_volatility(array(1, -1, 1, 1, 0), array(0.01, 0.02, NAN, 0.0, 0.01), rules(), out)
    assert used == 2
    np.testing.assert_allclose(out, [2 / 3, -1 / 3, 0, 0, 0], rtol=1e-15)


def test_inverse_volatility_of_a_name_that_hardly_moves_stays_finite():
    out = array(9, 9)
    inverse_volatility(array(1, 1), array(1e-310, 0.01), rules(), out)
    assert out[0] == 1.0
    assert 0.0 <= out[1] < 1e-300


@pytest.mark.parametrize("name", FROZEN)
def test_inverse_volatility_equals_an_independent_library(name):
    covariance = np.array(FROZEN[name]["covariance"])
    out = np.zeros(len(covariance))
    inverse_volatility(np.ones(len(covariance)), np.sqrt(np.diag(covariance)), rules(), out)
    np.testing.assert_allclose(out, FROZEN[name]["inverse_volatility"], rtol=1e-12)


@given(SIGNALS, st.floats(0.1, 3.0))
def test_every_signal_method_spends_the_gross_target_or_nothing(values, gross):
    signal, keys = array(*values), rules(gross_target=gross)
    heard = [abs(s) if 1e-300 < abs(s) < math.inf else 0.0 for s in values]
    for method in (equal_weight, signal_strength):
        out = np.full(signal.size, NAN)
        count = method(signal, keys, out)
        assert count == sum(h > 0.0 for h in heard)
        assert np.abs(out).sum() == pytest.approx(gross if count else 0.0, rel=1e-12)
    out = np.full(signal.size, NAN)
    count = inverse_volatility(signal, np.linspace(0.01, 0.02, signal.size), keys, out)
    assert np.abs(out).sum() == pytest.approx(gross if count else 0.0, rel=1e-12)


def test_units_and_money_become_shares_of_equity():
    out = array(9, 9, 9)
    unit_weights(array(10, -4, NAN), 1.0, array(50.0, 25.0, 10.0), array(2.0, 1.0, 1.0), 10_000.0, out)
    np.testing.assert_allclose(out, [0.1, -0.01, 0.0], rtol=1e-15)
    money_weights(array(500, -250, NAN), 1.0, 10_000.0, out)
    np.testing.assert_allclose(out, [0.05, -0.025, 0.0], rtol=1e-15)


@pytest.mark.parametrize("equity", [0.0, -5.0, NAN])
def test_units_and_money_without_equity_or_price_weigh_nothing(equity):
    out = array(9, 9)
    unit_weights(array(10, 10), 1.0, array(50.0, NAN), array(1.0, 1.0), equity, out)
    assert not out.any()
    money_weights(array(10, 10), 1.0, equity, out)
    assert not out.any()
    unit_weights(array(10, 10), 1.0, array(50.0, NAN), array(1.0, 1.0), 1000.0, out)
    np.testing.assert_array_equal(out, [0.5, 0.0])


def test_volatility_target_scales_down_to_the_target_and_never_up():
    # Two names at 20 % a year, correlation 0.5, half each: sigma_p = 0.2 * sqrt(0.75).
    covariance = np.array([[0.04, 0.02], [0.02, 0.04]]) / 252
    want = array(0.5, 0.5)
    scale = volatility_target(want, triangle(covariance), rules(target_volatility=0.1))
    assert scale == pytest.approx(0.1 / (0.2 * math.sqrt(0.75)), rel=1e-14)
    np.testing.assert_allclose(want, 0.5 * scale, rtol=1e-15)
    assert volatility_target(want, triangle(covariance), rules(target_volatility=0.3)) == 1.0
    np.testing.assert_allclose(want, 0.5 * scale, rtol=1e-15)


def test_a_volatility_that_is_unknown_or_zero_or_not_asked_for_leaves_the_want():
    unknown, none = np.array([[NAN, 0.0], [0.0, 0.01]]), np.zeros((2, 2))
    want = array(0.5, 0.5)
    assert volatility_target(want, triangle(unknown), rules(target_volatility=0.1)) == kernels.UNKNOWN_RISK
    assert volatility_target(want, triangle(unknown), rules()) == 1.0
    assert volatility_target(want, triangle(none), rules(target_volatility=0.1)) == 1.0
    np.testing.assert_array_equal(want, [0.5, 0.5])


def test_target_risk_scales_all_names_until_the_riskiest_is_at_the_target():
    want = array(0.5, -0.4, 0.1)
    assert target_risk(want, array(0.02, 0.1, 0.01), rules(target_risk=0.02)) == pytest.approx(0.5, rel=1e-14)
    np.testing.assert_allclose(want, [0.25, -0.2, 0.05], rtol=1e-14)
    assert target_risk(want, array(0.02, 0.1, 0.01), rules(target_risk=0.05)) == 1.0


def test_target_risk_without_a_sigma_says_so_unless_the_weight_is_zero():
    want = array(0.5, 0.0)
    assert target_risk(want, array(0.1, NAN), rules(target_risk=0.02)) == pytest.approx(0.4, rel=1e-14)
    want = array(0.5, 0.5)
    assert target_risk(want, array(0.1, NAN), rules(target_risk=0.02)) == kernels.UNKNOWN_RISK
    np.testing.assert_array_equal(want, [0.5, 0.5])


def test_one_bet_is_the_kelly_fraction():
    # 60 % at even odds is 0.2; a quarter of it 0.05.
    assert kelly_fraction(0.6, 1.0, 0.25, 0.01) == pytest.approx(0.05, rel=1e-12)
    assert kelly_fraction(0.5, 2.0, 1.0, 0.0) == pytest.approx(0.25, rel=1e-12)
    assert kelly_fraction(0.6, 1.0, 0.25, 0.06) == 0.0
    assert kelly_fraction(0.4, 1.0, 0.25, 0.0) == 0.0
    for odds in (0.0, -1.0, NAN):
        assert kelly_fraction(0.6, odds, 0.25, 0.01) == 0.0
    assert kelly_fraction(NAN, 1.0, 0.25, 0.01) == 0.0


@pytest.mark.parametrize("name", FROZEN)
def test_kelly_of_many_assets_is_the_fraction_of_the_inverse_times_the_mean(name):
    covariance = np.array(FROZEN[name]["covariance"])
    mean = 0.001 * np.sin(np.arange(len(covariance)) + 1.0)
    code, out = kelly(mean, covariance)
    assert code == kernels.KELLY_FULL
    np.testing.assert_allclose(out, 0.25 * np.linalg.solve(covariance, mean), rtol=1e-10, atol=1e-12)


def test_kelly_of_two_assets_is_the_closed_form():
    covariance = np.array([[0.04, 0.006], [0.006, 0.09]])
    determinant = 0.04 * 0.09 - 0.006**2
    expected = 0.5 * array(0.09 * 0.05 - 0.006 * 0.02, 0.04 * 0.02 - 0.006 * 0.05) / determinant
    np.testing.assert_allclose(kelly(array(0.05, 0.02), covariance, kelly_fraction=0.5)[1], expected, rtol=1e-12)


def test_kelly_without_shorts_drops_negatives_and_below_the_floor_everything():
    covariance = np.diag([0.04, 0.04, 0.04])
    mean = array(0.04, -0.04, 0.002)
    np.testing.assert_allclose(kelly(mean, covariance, allow_short=1)[1], [0.25, -0.25, 0.0125], rtol=1e-12)
    np.testing.assert_allclose(kelly(mean, covariance, allow_short=0)[1], [0.25, 0, 0.0125], rtol=1e-12)
    np.testing.assert_allclose(kelly(mean, covariance, allow_short=1, min_kelly=0.02)[1], [0.25, -0.25, 0], rtol=1e-12)


def test_kelly_leaves_out_names_without_a_mean_or_a_variance():
    covariance = np.array(FROZEN["ten_equal"]["covariance"])
    mean = np.linspace(-0.001, 0.002, 10)
    mean[3] = NAN
    covariance[6, :] = covariance[:, 6] = NAN
    kept = [0, 1, 2, 4, 5, 7, 8, 9]
    code, out = kelly(mean, covariance)
    assert code == kernels.KELLY_FULL
    np.testing.assert_allclose(
        out[kept], 0.25 * np.linalg.solve(covariance[np.ix_(kept, kept)], mean[kept]), rtol=1e-10
    )
    assert out[3] == out[6] == 0.0


@pytest.mark.pitfall("VAL-07")
@given(st.integers(2, 8), st.integers(0, 10_000))
def test_kelly_takes_no_rounding_error_for_a_risk(n, seed):
    # Half as many factors as names: the pivots that are left are rounding, of either sign.
    loading = np.random.default_rng(seed).normal(size=(n, n // 2)) * 0.02
    code, out = kelly(np.full(n, 0.001), loading @ loading.T)
    assert code == kernels.KELLY_DIAGONAL
    assert np.isfinite(out).all()


@pytest.mark.pitfall("VAL-07")
@pytest.mark.parametrize("kind", ["rank_one", "indefinite", "unknown_pair"])
def test_kelly_on_a_matrix_that_is_not_definite_takes_each_name_alone(kind):
    covariance = {
        "rank_one": np.outer([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        "indefinite": np.array([[0.01, 0.05, 0.0], [0.05, 0.04, 0.0], [0.0, 0.0, 0.09]]),
        "unknown_pair": np.array([[0.01, NAN, 0.0], [NAN, 0.04, 0.0], [0.0, 0.0, 0.09]]),
    }[kind]
    mean = array(0.01, 0.02, -0.03)
    code, out = kelly(mean, covariance)
    assert code == kernels.KELLY_DIAGONAL
    np.testing.assert_allclose(out, 0.25 * mean / array(0.01, 0.04, 0.09), rtol=1e-12)
