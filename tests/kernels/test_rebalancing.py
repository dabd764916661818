from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from polyfolio.kernels import rebalancing
from tests.kernels.limit_tools import rules, view
from tests.kernels.risk_tools import both

YEAR = math.sqrt(252)
RISK = view(np.diag([0.2 / YEAR, 0.2 / YEAR]) ** 2)


def judge(want, held, record, cost=0.0, breach=0, frozen=(0, 0), risk=RISK):
    out = np.full(1, -7, np.int64)
    result = both(rebalancing.worth_trading)(
        np.array(want, dtype=float),
        np.array(held, dtype=float),
        np.array(frozen, np.uint8),
        cost,
        breach,
        risk,
        record,
        np.empty(2),
        out,
    )
    return result, Reason(int(out[0]))


def test_without_a_rule_every_decision_trades():
    assert judge([0.5, 0.5], [0.5, 0.5], rules()) == (1, Reason.NONE)


@pytest.mark.parametrize(("held", "trade"), [(0.451, 0), (0.45, 0), (0.44, 1), (0.56, 1)])
def test_a_threshold_asks_for_the_largest_distance(held, trade):
    expected = Reason.NONE if trade else Reason.THRESHOLD
    assert judge([0.5, 0.5], [0.5, held], rules(threshold=0.05 + 1e-12)) == (trade, expected)


def test_a_distance_in_a_frozen_slot_is_no_occasion():
    assert judge([0.5, 0.5], [0.5, 0.1], rules(threshold=0.05), frozen=(0, 1)) == (0, Reason.THRESHOLD)


@pytest.mark.parametrize(("held", "trade"), [(0.4, 1), (0.5, 0), (0.7, 0), (0.8, 1)])
def test_a_risk_band_holds_while_the_predicted_volatility_is_inside(held, trade):
    # volatility 0.2 x weight against [0.09, 0.15]
    expected = Reason.NONE if trade else Reason.RISK_BAND
    assert judge([0.1, 0.0], [held, 0.0], rules(risk_band_low=0.09, risk_band_high=0.15)) == (trade, expected)


def test_an_empty_book_enters_although_its_risk_is_inside_the_band():
    assert judge([0.5, 0.0], [0.0, 0.0], rules(risk_band_high=0.15)) == (1, Reason.NONE)


def test_either_occasion_is_enough():
    record = rules(threshold=0.05, risk_band_low=0.05, risk_band_high=0.1)
    assert judge([0.6, 0.0], [0.6, 0.0], record) == (1, Reason.NONE)  # 0.12 is outside the band
    assert judge([0.2, 0.0], [0.4, 0.0], record) == (1, Reason.NONE)  # inside, but far from the target
    assert judge([0.41, 0.0], [0.4, 0.0], record) == (0, Reason.RISK_BAND)


@pytest.mark.parametrize(("cost", "trade"), [(0.00079, 1), (0.00081, 0)])
def test_a_cost_is_paid_only_for_a_larger_gain(cost, trade):
    # (4 / 2) x 0.1^2 x 0.2^2 = 0.0008
    expected = Reason.NONE if trade else Reason.NOT_WORTH_COST
    assert judge([0.5, 0.1], [0.4, 0.1], rules(cost_aware=1, risk_aversion=4.0), cost) == (trade, expected)


def test_a_cost_is_a_veto_over_an_occasion():
    record = rules(cost_aware=1, risk_aversion=4.0, threshold=0.05)
    assert judge([0.5, 0.1], [0.4, 0.1], record, cost=0.01) == (0, Reason.NOT_WORTH_COST)


def test_a_book_in_breach_trades_whatever_it_costs():
    record = rules(cost_aware=1, threshold=0.9, risk_band_high=9.0)
    assert judge([0.5, 0.0], [0.6, 0.0], record, cost=1.0, breach=1) == (1, Reason.NONE)


def test_an_unknown_risk_holds_nothing_back():
    unknown = view(np.diag([np.nan, 1e-4]))
    record = rules(risk_band_low=0.1, risk_band_high=0.2, cost_aware=1, risk_aversion=1.0)
    assert judge([0.5, 0.0], [0.4, 0.0], record, cost=0.1, risk=unknown) == (1, Reason.NONE)
