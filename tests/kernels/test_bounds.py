from __future__ import annotations

import math

import pytest
import scipy.stats

from polyfolio.core.codes import Reason, VarMethod
from polyfolio.kernels import bounds
from tests.kernels.limit_tools import rules
from tests.kernels.risk_tools import both

Z = scipy.stats.norm.ppf(0.95)
ES = scipy.stats.norm.pdf(Z) / 0.05


def named(result):
    return result[0], Reason(int(result[1]))


def test_the_tighter_of_two_bounds_on_one_number_is_the_one_that_is_named():
    gross, net = both(bounds.gross_bound), both(bounds.net_bound)
    assert named(gross(rules(max_gross=1.0, max_leverage=2.0))) == (1.0, Reason.MAX_GROSS)
    assert named(gross(rules(max_gross=3.0, max_leverage=2.0))) == (2.0, Reason.MAX_LEVERAGE)
    assert named(net(rules(max_net=0.5, min_cash_reserve=0.3))) == (0.5, Reason.MAX_NET)
    assert named(net(rules(max_net=0.9, min_cash_reserve=0.3))) == (0.7, Reason.MIN_CASH_RESERVE)


@pytest.mark.parametrize("reserve", [0.0, -math.inf])
def test_a_cash_reserve_of_nothing_is_off_and_allows_leverage(reserve):
    assert both(bounds.net_bound)(rules(min_cash_reserve=reserve))[0] == math.inf


@pytest.mark.parametrize(
    ("limits", "method", "expected", "reason"),
    [
        ({"max_volatility": 0.2}, VarMethod.HISTORICAL, 0.2 / math.sqrt(252), Reason.MAX_VOLATILITY),
        ({"max_var": 0.02}, VarMethod.PARAMETRIC, 0.02 / Z, Reason.MAX_VAR),
        ({"max_es": 0.02}, VarMethod.PARAMETRIC, 0.02 / ES, Reason.MAX_ES),
        ({"max_var": 0.02, "max_es": 0.02}, VarMethod.PARAMETRIC, 0.02 / ES, Reason.MAX_ES),
        ({"max_var": 0.02, "max_volatility": 9.0}, VarMethod.PARAMETRIC, 0.02 / Z, Reason.MAX_VAR),
        ({"max_var": 0.02}, VarMethod.HISTORICAL, math.inf, Reason.NONE),
        ({}, VarMethod.PARAMETRIC, math.inf, Reason.NONE),
    ],
)
def test_the_bound_on_sigma_is_the_tightest_of_those_that_are_bounds_on_sigma(limits, method, expected, reason):
    value, named_reason = named(both(bounds.sigma_bound)(int(method), rules(**limits)))
    assert value == pytest.approx(expected, rel=1e-14)
    assert named_reason == reason
