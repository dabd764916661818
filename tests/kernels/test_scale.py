from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from polyfolio.core.codes import Reason, VarMethod, Warmup
from polyfolio.kernels import scale
from tests.kernels.limit_tools import covariance_of, free, kinds, rules, seeds, view, wants
from tests.kernels.risk_tools import both

YEAR = math.sqrt(252)
Z = scipy.stats.norm.ppf(0.95)
ES = scipy.stats.norm.pdf(Z) / 0.05


def risk_scale(want, risk, record, frozen=None, upper=1.0):
    """The scale and the two reasons."""
    out = np.full(2, -7, np.int64)
    mask = free(len(want)) if frozen is None else np.array(frozen, np.uint8)
    result = both(scale.risk_scale)(np.array(want, dtype=float), mask, risk, record, upper, out)
    return result, Reason(int(out[0])), Reason(int(out[1]))


def historical(sample, confidence=0.95):
    """VaR and ES of a sample, written out: the k-th worst loss, the mean of the worst alpha n with a fraction."""
    ordered = np.sort(sample)
    tail = (1 - confidence) * len(sample)
    k = math.ceil(tail - 1e-9)
    whole = math.floor(tail + 1e-9)
    part = (tail - whole) * ordered[whole] if tail - whole > 1e-9 else 0.0
    return -ordered[k - 1], -(ordered[:whole].sum() + part) / tail


def holds(value, bound):
    return value <= bound * (1 + 1e-9) + 1e-12


NO_RISK = view(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("want", "limits", "expected", "reason"),
    [
        ((0.6, -0.4), {"max_gross": 0.5}, 0.5, Reason.MAX_GROSS),
        ((0.6, -0.4), {"max_gross": 0.5, "max_leverage": 0.25}, 0.25, Reason.MAX_LEVERAGE),
        ((0.6, 0.4), {"max_net": 0.8}, 0.8, Reason.MAX_NET),
        ((-0.6, -0.4), {"max_net": 0.8}, 1.0, Reason.NONE),
        ((-0.6, -0.4), {"min_net": -0.25}, 0.25, Reason.MIN_NET),
        ((0.6, 0.4), {"min_cash_reserve": 0.3}, 0.7, Reason.MIN_CASH_RESERVE),
        ((0.9, -0.4), {"min_cash_reserve": 0.3}, 1.0, Reason.NONE),
        ((0.6, 0.9), {"min_cash_reserve": 0.0}, 1.0, Reason.NONE),
        ((0.6, 0.4), {"min_net": 0.0, "max_net": 0.0}, 0.0, Reason.MAX_NET),
        ((0.6, -0.4), {}, 1.0, Reason.NONE),
    ],
)
def test_exposure_limits_scale_by_bound_over_value(want, limits, expected, reason):
    result, binding, unknown = risk_scale(want, NO_RISK, rules(**limits))
    assert result == pytest.approx(expected, rel=1e-15)
    assert (binding, unknown) == (reason, Reason.NONE)


@pytest.mark.pitfall("VAL-09")
def test_five_equal_positions_with_correlation_one_leave_within_their_limit():
    # Each position's own risk 0.05 is at its limit; together they have 0.25 against 0.15.
    covariance = np.full((5, 5), (1.0 / YEAR) ** 2)
    record = rules(max_volatility=0.15, max_position_risk=0.05)
    result, reason, _ = risk_scale([0.05] * 5, view(covariance), record)
    assert result == pytest.approx(0.15 / 0.25, rel=1e-12)
    assert reason == Reason.MAX_VOLATILITY


def test_normal_var_and_es_scale_by_their_factors():
    covariance = np.diag([0.02**2, 0.02**2])
    sigma = 0.02 * math.sqrt(0.5)
    assert risk_scale([0.5, 0.5], view(covariance), rules(max_var=0.01))[0] == pytest.approx(0.01 / (Z * sigma))
    assert risk_scale([0.5, 0.5], view(covariance), rules(max_es=0.01))[0] == pytest.approx(0.01 / (ES * sigma))


def test_historical_var_and_es_scale_by_the_sample():
    sample = np.array([[-0.05, 0.01, -0.04, 0.02, 0.03, -0.03, 0.0, 0.01, 0.02, 0.01]])
    risk = view(np.array([[1e-4]]), sample)
    method = {"var_method": int(VarMethod.HISTORICAL), "var_confidence": 0.8}
    # k = 2: VaR 0.04 and ES 0.045.
    assert risk_scale([1.0], risk, rules(max_var=0.01, **method))[:2] == (pytest.approx(0.25), Reason.MAX_VAR)
    assert risk_scale([1.0], risk, rules(max_es=0.009, **method))[:2] == (pytest.approx(0.2), Reason.MAX_ES)


def test_a_quiet_book_and_an_empty_book_are_not_scaled():
    record = rules(max_volatility=0.5, max_var=0.1, max_gross=1.0)
    risk = view(np.eye(2) * 1e-4)
    assert risk_scale([0.3, 0.3], risk, record)[0] == 1.0
    assert risk_scale([0.0, 0.0], risk, record)[0] == 1.0


def test_a_recovery_is_held_back_by_its_upper_end_and_says_so():
    assert risk_scale([0.5, 0.5], NO_RISK, rules(), upper=0.4)[:2] == (0.4, Reason.RISK_SPEED)
    assert risk_scale([0.5, 0.5], NO_RISK, rules(max_gross=0.2), upper=0.4)[:2] == (0.2, Reason.MAX_GROSS)


def test_an_unknown_risk_is_named_and_does_not_scale():
    covariance = np.array([[1e-4, np.nan], [np.nan, 1e-4]])
    result = risk_scale([0.5, 0.5], view(covariance), rules(max_volatility=0.01, max_gross=0.5))
    assert result == (0.5, Reason.MAX_GROSS, Reason.MAX_VOLATILITY)


@pytest.mark.parametrize("frozen", [(0, 0), (1, 0)])
def test_too_little_history_is_undefined_or_parametric_as_warm_up_says(frozen):
    short = view(np.diag([0.02**2, 0.0]), np.zeros((2, 5)))
    settings = {"max_var": 0.01, "var_method": int(VarMethod.HISTORICAL), "min_history": 60}
    assert risk_scale([0.2, 0.5], short, rules(**settings), frozen) == (1.0, Reason.NONE, Reason.MAX_VAR)
    record = rules(warmup=int(Warmup.PARAMETRIC), **settings)
    covariance = np.diag([0.0, 0.02**2])
    result = risk_scale([0.2, 0.8], view(covariance, np.zeros((2, 5))), record, frozen)
    assert result[0] == pytest.approx(0.01 / (Z * 0.02 * 0.8))
    assert result[1:] == (Reason.MAX_VAR, Reason.NONE)


def random_book(kind, seed, slots=4, days=60):
    """A covariance and returns that need not agree: both are given to the limits as they are."""
    generator = np.random.default_rng(seed)
    covariance = covariance_of(kind, slots, seed)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return covariance, root @ generator.standard_t(5, size=(slots, days))


def measured(book, covariance, returns, method):
    """Gross, net, volatility, VaR, ES by numpy."""
    sigma = math.sqrt(max(book @ covariance @ book, 0.0))
    var, shortfall = (Z * sigma, ES * sigma) if method == VarMethod.PARAMETRIC else historical(book @ returns)
    return np.abs(book).sum(), book.sum(), sigma * YEAR, var, shortfall


LIMITS = st.fixed_dictionaries(
    {
        "max_gross": st.sampled_from([0.5, 1.0, math.inf]),
        "max_net": st.sampled_from([0.0, 0.3, math.inf]),
        "max_volatility": st.sampled_from([0.02, 0.1, math.inf]),
        "max_var": st.sampled_from([0.001, 0.004, 0.02, math.inf]),
        "max_es": st.sampled_from([0.005, 0.03, math.inf]),
    }
)
METHODS = st.sampled_from([VarMethod.PARAMETRIC, VarMethod.HISTORICAL])


def all_hold(book, covariance, returns, method, limits, slack=1.0):
    values = measured(book, covariance, returns, method)
    bounds = [limits[name] for name in ("max_gross", "max_net", "max_volatility", "max_var", "max_es")]
    return all(value <= bound * slack * (1 + 1e-9) + 1e-12 for value, bound in zip(values, bounds, strict=True))


@pytest.mark.pitfall("VAL-07")
@pytest.mark.pitfall("VAL-09")
@given(wants(4), kinds, seeds, LIMITS, METHODS)
def test_every_limit_holds_after_the_scale_and_no_larger_scale_would_do(want, kind, seed, limits, method):
    covariance, returns = random_book(kind, seed)
    record = rules(var_method=int(method), **limits)
    result, reason, _ = risk_scale(want, view(covariance, returns), record)
    assert 0.0 <= result <= 1.0
    assert all_hold(result * want, covariance, returns, method, limits)
    if result < 1.0:
        assert reason != Reason.NONE
        larger = result * (1 + 1e-6) + 1e-6
        assert not all_hold(larger * want, covariance, returns, method, limits)


@given(wants(5), kinds, seeds, METHODS, st.permutations(range(5)))
def test_the_order_of_slots_does_not_change_the_scale(want, kind, seed, method, order):
    covariance, returns = random_book(kind, seed, slots=5)
    record = rules(max_volatility=0.05, max_var=0.005, max_gross=1.0, var_method=int(method))
    here = risk_scale(want, view(covariance, returns), record)[0]
    order = list(order)
    moved = view(covariance[np.ix_(order, order)], returns[order])
    assert risk_scale(want[order], moved, record)[0] == pytest.approx(here, rel=1e-9)


@given(wants(4), kinds, seeds, LIMITS, METHODS, st.lists(st.booleans(), min_size=4, max_size=4))
def test_with_a_frozen_part_the_scale_is_the_largest_that_holds(want, kind, seed, limits, method, frozen):
    covariance, returns = random_book(kind, seed)
    mask = np.array(frozen)
    assume(np.abs(want[mask]).sum() > 0.0)
    record = rules(var_method=int(method), **limits)
    result, reason, _ = risk_scale(want, view(covariance, returns), record, mask)
    books = [(x, np.where(mask, want, x * want)) for x in np.linspace(0.0, 1.0, 101)]
    tried = [x for x, book in books if all_hold(book, covariance, returns, method, limits)]
    if result < 0.0:
        assert reason == Reason.FROZEN
        assert not [x for x, book in books if all_hold(book, covariance, returns, method, limits, 1 - 1e-6)]
        return
    assert all_hold(np.where(mask, want, result * want), covariance, returns, method, limits, 1 + 1e-9)
    assert result >= max(tried, default=0.0) - 1e-9


def test_a_frozen_part_makes_the_scale_the_root_of_a_quadratic():
    # sigma^2 = 0.3^2 + 2 x 0.3 x 0.4 x 0.5 s + 0.4^2 s^2 in units of 0.01^2; bound 0.5: 0.16 s^2 + 0.12 s - 0.16 = 0
    covariance = np.array([[1.0, 0.5], [0.5, 1.0]]) * 0.01**2
    result, reason, _ = risk_scale([0.3, 0.4], view(covariance), rules(max_volatility=0.005 * YEAR), (1, 0))
    assert result == pytest.approx((-0.12 + math.sqrt(0.12**2 + 4 * 0.16 * 0.16)) / 0.32, rel=1e-12)
    assert reason == Reason.MAX_VOLATILITY


def test_a_hedge_of_a_frozen_part_that_is_in_breach_alone_is_let_through():
    # The frozen 0.5 has volatility 0.5 alone and 0.1 beside the wanted hedge of -0.4 in its twin.
    covariance = np.full((2, 2), (1.0 / YEAR) ** 2)
    assert risk_scale([0.5, -0.4], view(covariance), rules(max_volatility=0.2), (1, 0))[0] == 1.0
    # An overdone hedge is scaled to the last point that holds: 1.5 x - 0.5 = 0.2.
    assert risk_scale([0.5, -1.5], view(covariance), rules(max_volatility=0.2), (1, 0))[0] == pytest.approx(0.7 / 1.5)


def test_a_frozen_part_in_breach_that_no_scale_cures_is_infeasible():
    covariance = np.full((2, 2), (1.0 / YEAR) ** 2)
    assert risk_scale([0.5, 0.4], view(covariance), rules(max_volatility=0.2), (1, 0))[:2] == (-1.0, Reason.FROZEN)
    assert risk_scale([0.5, 0.4], NO_RISK, rules(max_gross=0.4), (1, 0))[:2] == (-1.0, Reason.FROZEN)


def test_historical_var_with_a_frozen_part_finds_the_feasible_scale_beyond_a_hole():
    # Two days. Frozen -0.02 and 0; tradable +0.05 and -0.04. Worst loss (k = 1) against 0.02:
    # day one holds for x >= 0, day two for x <= 0.5.
    returns = np.array([[-0.02, 0.0], [0.05, -0.04]])
    record = rules(max_var=0.02, var_method=int(VarMethod.HISTORICAL))
    risk = view(np.zeros((2, 2)), returns)
    assert risk_scale([1.0, 1.0], risk, record, (1, 0))[0] == pytest.approx(0.5, rel=1e-12)
    # With 0.01 day one needs x >= 0.2 and day two x <= 0.25: x = 0 breaks, and so does x = 1.
    assert risk_scale([1.0, 1.0], risk, rules(max_var=0.01, var_method=0), (1, 0))[0] == pytest.approx(0.25, rel=1e-12)
    # With 0.005 day one needs x >= 0.3 and day two x <= 0.125.
    assert risk_scale([1.0, 1.0], risk, rules(max_var=0.005, var_method=0), (1, 0))[0] == -1.0


@given(wants(3), seeds, st.sampled_from([0.005, 0.02]), st.booleans())
def test_cornish_fisher_holds_after_the_scale(want, seed, bound, freeze):
    covariance, returns = random_book("regular", seed, slots=3, days=250)
    record = rules(max_var=bound, max_es=1.3 * bound, var_method=int(VarMethod.CORNISH_FISHER))
    mask = np.array([freeze, False, False])
    result, _, unknown = risk_scale(want, view(covariance, returns), record, mask)
    assume(result >= 0.0 and unknown == Reason.NONE)
    book = np.where(mask, want, result * want)
    assume(np.abs(book).sum() > 1e-9)
    sample = book @ returns
    skew, excess = scipy.stats.skew(sample), scipy.stats.kurtosis(sample)

    def quantile(z):
        third = (z**2 - 1) * skew / 6
        return z + third + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36

    sigma = math.sqrt(book @ covariance @ book)
    assert holds(-sigma * quantile(-Z), bound * (1 + 1e-9))
    middles = scipy.stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000 * 0.05)
    shortfall = -sigma * quantile(middles).mean()
    assert holds(shortfall, 1.3 * bound * (1 + 1e-3))
    if not freeze and result < 1.0:
        assert max(-sigma * quantile(-Z) / bound, shortfall / (1.3 * bound)) > 1 - 1e-3
