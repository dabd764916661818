"""The terms of a cost as a function of the share traded: their sum is what the walk charges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Commission, Impact, Slippage
from polyfolio.core.records import RULES
from polyfolio.engine.memory import records
from polyfolio.kernels.compile import callable_kernel
from polyfolio.kernels.cost_terms import TERMS, cost_terms, exposure_bounds
from polyfolio.kernels.costs import trade_costs
from tests.kernels.cost_tools import THREE_TIERS, rules, tiers

charged = callable_kernel(trade_costs)
EQUITY = 2e6
PRICE, UNIT = np.array([50.0, 4.0, 800.0]), np.array([1.0, 25.0, 1.0])
SPREAD, VOLUME = np.array([0.1, np.nan, 0.4]), np.array([1e5, 4e4, 9e3])
SIGMA = np.array([0.02, 0.01, 0.03])
SHARES = np.array([0.2, -0.05, 0.6])
MODELS: list[dict[str, Any]] = [
    {"commission_model": Commission.PERCENTAGE, "percentage_fee": 0.001},
    {"commission_model": Commission.PER_UNIT, "per_unit_fee": 0.005},
    {"half_spread": 0.5},
    {"slippage_model": Slippage.PERCENTAGE, "base_slippage": 0.0005},
    {"slippage_model": Slippage.LINEAR, "base_slippage": 0.0005, "volume_impact": 1e-7},
    {"slippage_model": Slippage.SQUARE_ROOT, "base_slippage": 0.0005, "volume_impact": 1e-6},
    {"slippage_model": Slippage.VOLUME_SHARE, "base_slippage": 0.0005, "volume_impact": 0.1},
    {"impact_model": Impact.LINEAR, "temporary_impact": 0.05, "permanent_impact": 0.1},
    {"impact_model": Impact.SQUARE_ROOT, "temporary_impact": 0.05, "permanent_impact": 0.1},
    {"impact_model": Impact.PERMANENT_TEMPORARY, "temporary_impact": 0.05, "permanent_impact": 0.1},
    {"slippage_model": Slippage.LINEAR, "volume_impact": 1e-7, "impact_model": Impact.LINEAR, "temporary_impact": 0.1},
]


def terms(record: Any, table: Any = None, volume: Any = VOLUME) -> Any:
    out = np.full((TERMS, 3), np.nan)
    lanes = np.zeros(1, RULES)
    for name in RULES.names:
        lanes[name][0] = record[name]
    schedule = tiers() if table is None else table
    cost_terms(EQUITY, PRICE, UNIT, SPREAD, volume, SIGMA, records(lanes), schedule, out)
    return out


@pytest.mark.parametrize("model", MODELS, ids="-".join)
def test_the_terms_add_up_to_what_a_trade_is_charged(model: dict[str, Any]) -> None:
    record = rules(**model)
    trade, costs = SHARES * EQUITY / (PRICE * UNIT), np.empty(3)
    charged(trade, PRICE, UNIT, SPREAD, VOLUME, SIGMA, record, tiers(), 0.0, np.zeros(3), costs)
    size = np.abs(SHARES)
    found = np.stack([size, size**1.5, size**2, size**1.6, size**3])
    np.testing.assert_allclose((terms(record) * found).sum(axis=0), costs / EQUITY, rtol=1e-12)


def test_a_schedule_counts_with_its_first_tier_and_a_rebate_with_nothing() -> None:
    record = rules(commission_model=Commission.TIERED)
    np.testing.assert_allclose(terms(record, THREE_TIERS)[0], 0.001, rtol=1e-12)
    rebate = rules(commission_model=Commission.PERCENTAGE, percentage_fee=-0.001)
    assert (terms(rebate) == 0.0).all()


def test_an_unknown_volume_has_no_impact() -> None:
    record = rules(impact_model=Impact.SQUARE_ROOT, temporary_impact=0.05, permanent_impact=0.1)
    found = terms(record, volume=np.array([np.nan, 0.0, 9e3]))
    assert (found[:, :2] == 0.0).all()
    assert (found[1:3, 2] > 0.0).all()


def test_bounds_are_the_tighter_of_two_limits() -> None:
    lanes = np.zeros(1, RULES)
    lanes["max_gross"], lanes["max_leverage"], lanes["max_net"], lanes["min_net"] = 1.5, 1.2, 0.9, -0.3
    lanes["min_cash_reserve"] = 0.25
    out = np.empty(3)
    exposure_bounds(records(lanes), out)
    np.testing.assert_allclose(out, [1.2, 0.75, -0.3])
