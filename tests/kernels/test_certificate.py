from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.core.codes import CorrelationRule, Reason, VarMethod
from polyfolio.kernels import certificate
from tests.kernels.limit_tools import free, rules, view
from tests.kernels.risk_tools import both

YEAR = math.sqrt(252)
LABELS = np.array([[0, 0, 1]])
CAPS = np.array([[0.0, 0.0, 0.5], [0.0, 1.0, 0.2]])
COVARIANCE = np.diag([0.01, 0.01, 0.02]) ** 2


def certify(want, record, frozen=None, covariance=COVARIANCE, returns=None, correlation=None, room=30):
    """{reason: (value, bound, grade)} in the order written, the number of breaches, and the rows."""
    rows = np.full((room, 4), np.nan)
    mask = free(3) if frozen is None else np.array(frozen, np.uint8)
    risk = view(covariance, returns, correlation)
    count, breaches = both(certificate.certify)(np.array(want, dtype=float), mask, risk, LABELS, CAPS, record, rows)
    assert np.isnan(rows[count:]).all()
    return [(Reason(int(r[0])), *r[1:].tolist()) for r in rows[:count]], breaches


def test_nothing_is_certified_when_nothing_is_limited():
    assert certify([0.5, -0.5, 0.3], rules()) == ([], 0)


def test_each_limit_that_is_on_has_a_row_with_its_value_and_bound():
    record = rules(
        max_position=0.4,
        max_position_risk=0.1,
        max_long_positions=2,
        max_short_positions=2,
        max_positions=4,
        max_gross=1.0,
        max_net=0.5,
        min_net=-0.3,
        max_volatility=0.2,
        max_var=0.05,
        max_es=0.06,
        label_caps_end=2,
        correlation_limit=0.7,
        correlation_rule=int(CorrelationRule.DROP),
    )
    rho = np.array([[1.0, -0.3, 0.0], [-0.3, 1.0, 0.0], [0.0, 0.0, 1.0]])
    rows, breaches = certify([0.4, -0.1, 0.1], record, correlation=rho)
    sigma = math.sqrt(0.004**2 + 0.001**2 + 0.002**2)
    expected = [
        (Reason.MAX_POSITION, 0.4, 0.4, 1.0),
        (Reason.MAX_POSITION_RISK, 0.004 * YEAR, 0.1, 0.0),
        (Reason.MAX_LONG_POSITIONS, 2.0, 2.0, 1.0),
        (Reason.MAX_SHORT_POSITIONS, 1.0, 2.0, 0.0),
        (Reason.MAX_POSITIONS, 3.0, 4.0, 0.0),
        (Reason.MAX_LABEL, 0.5, 0.5, 1.0),
        (Reason.MAX_LABEL, 0.1, 0.2, 0.0),
        (Reason.MAX_GROSS, 0.6, 1.0, 0.0),
        (Reason.MAX_NET, 0.4, 0.5, 0.0),
        (Reason.MIN_NET, 0.4, -0.3, 0.0),
        (Reason.MAX_VOLATILITY, sigma * YEAR, 0.2, 0.0),
        (Reason.MAX_VAR, sigma * 1.6448536269514722, 0.05, 0.0),
        (Reason.MAX_ES, sigma * 2.0627128075074257, 0.06, 0.0),
        (Reason.CORRELATION, 0.3, 0.7, 0.0),
    ]
    assert [row[0] for row in rows] == [row[0] for row in expected]
    np.testing.assert_allclose([row[1:] for row in rows], [row[1:] for row in expected], rtol=1e-12)
    assert breaches == 0
    assert len(rows) <= certificate.certificate_rows(2)


@pytest.mark.parametrize(
    ("want", "limit", "reason", "value"),
    [
        ((0.5, 0.0, 0.0), {"max_position": 0.4}, Reason.MAX_POSITION, 0.5),
        ((0.5, 0.0, 0.0), {"max_position_risk": 0.05}, Reason.MAX_POSITION_RISK, 0.005 * YEAR),
        ((0.5, 0.1, 0.0), {"max_long_positions": 1}, Reason.MAX_LONG_POSITIONS, 2.0),
        ((-0.5, -0.1, 0.0), {"max_short_positions": 1}, Reason.MAX_SHORT_POSITIONS, 2.0),
        ((-0.5, 0.1, 0.0), {"max_positions": 1}, Reason.MAX_POSITIONS, 2.0),
        ((-0.5, 0.1, 0.0), {"allow_short": 0}, Reason.NO_SHORTING, 0.5),
        ((0.4, -0.2, 0.0), {"label_caps_end": 1}, Reason.MAX_LABEL, 0.6),
        ((0.4, -0.2, 0.0), {"max_gross": 0.5}, Reason.MAX_GROSS, 0.6),
        ((0.4, -0.2, 0.0), {"max_leverage": 0.5}, Reason.MAX_LEVERAGE, 0.6),
        ((0.4, -0.2, 0.0), {"max_net": 0.1}, Reason.MAX_NET, 0.2),
        ((0.4, -0.7, 0.0), {"min_net": -0.2}, Reason.MIN_NET, -0.3),
        ((0.8, 0.0, 0.0), {"min_cash_reserve": 0.3}, Reason.MIN_CASH_RESERVE, 0.8),
        ((0.5, 0.0, 0.0), {"max_volatility": 0.05}, Reason.MAX_VOLATILITY, 0.005 * YEAR),
        ((0.5, 0.0, 0.0), {"max_var": 0.005}, Reason.MAX_VAR, 0.005 * 1.6448536269514722),
        ((0.5, 0.0, 0.0), {"max_es": 0.005}, Reason.MAX_ES, 0.005 * 2.0627128075074257),
    ],
)
def test_a_limit_that_is_exceeded_is_the_one_breach(want, limit, reason, value):
    rows, breaches = certify(want, rules(**limit))
    assert breaches == 1
    assert rows[0][0] == reason
    assert rows[0][1] == pytest.approx(value, rel=1e-12)
    assert rows[0][3] == certificate.BREACH


def test_correlation_is_certified_only_for_drop():
    rho = np.full((3, 3), 0.9)
    np.fill_diagonal(rho, 1.0)
    record = rules(correlation_limit=0.7, correlation_rule=int(CorrelationRule.DROP))
    assert certify([0.1, 0.1, 0.0], record, correlation=rho)[1] == 1
    assert certify([0.1, 0.1, 0.0], rules(correlation_limit=0.7), correlation=rho) == ([], 0)


def test_a_breach_of_a_book_with_a_frozen_part_says_frozen():
    rows, breaches = certify([0.5, 0.3, 0.0], rules(max_gross=0.5), [1, 0, 0])
    assert breaches == 1
    assert rows == [
        (Reason.MAX_GROSS, pytest.approx(0.8), 0.5, certificate.BREACH),
        (Reason.FROZEN, 0.5, 0.0, certificate.BREACH),
    ]
    assert len(certify([0.5, 0.0, 0.0], rules(max_gross=0.5), [1, 0, 0])[0]) == 1


@pytest.mark.pitfall("VAL-09")
def test_an_unknown_risk_is_a_breach():
    covariance = COVARIANCE.copy()
    covariance[1, 0] = covariance[0, 1] = covariance[1, 1] = np.nan
    rows, breaches = certify([0.5, 0.3, 0.1], rules(max_volatility=9.0, max_position_risk=9.0), covariance=covariance)
    assert breaches == 2
    assert all(math.isnan(row[1]) for row in rows)


def test_historical_tails_are_those_of_the_sample():
    returns = np.array([[-0.05, 0.01, -0.04, 0.02], [0.0] * 4, [0.0] * 4])
    record = rules(max_var=0.01, max_es=1.0, var_confidence=0.5, var_method=int(VarMethod.HISTORICAL))
    rows, _ = certify([1.0, 0.0, 0.0], record, returns=returns)
    assert rows == [
        (Reason.MAX_VAR, pytest.approx(0.04), 0.01, 2.0),
        (Reason.MAX_ES, pytest.approx(0.045), 1.0, 0.0),
    ]


def test_a_table_that_is_too_short_is_not_written_beyond_its_end():
    rows, _ = certify([0.5, 0.0, 0.0], rules(max_gross=1.0, max_net=1.0, max_volatility=1.0), room=2)
    assert [row[0] for row in rows] == [Reason.MAX_GROSS, Reason.MAX_NET]


@pytest.mark.parametrize(
    ("value", "bound", "expected"),
    [
        (1.0, 1.0, True),
        (1.0 + 5e-10, 1.0, True),
        (1.0 + 5e-9, 1.0, False),
        (5e-13, 0.0, True),
        (5e-12, 0.0, False),
        (math.nan, 1.0, False),
        (1e300, math.inf, True),
    ],
)
def test_a_value_holds_up_to_the_rounding_of_its_sum_and_nan_never(value, bound, expected):
    assert bool(both(certificate.holds)(value, bound)) is expected
