from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.records import FILL, MARK
from polyfolio.kernels import attribution
from tests.kernels.measures.tools import both

KINDS = attribution.COST_KINDS


def mark(lane, equity, **terms):
    record = np.zeros((), dtype=MARK)
    record["lane"], record["equity"] = lane, equity
    for name, value in terms.items():
        record[name] = value
    return record


def split(marks, lane, start):
    out = np.zeros(attribution.COST_SIZE)
    state, terms = np.ones(attribution.COST_STATE_SIZE), np.zeros(len(KINDS))
    worst = both(attribution.cost_kinds)(np.array(marks, dtype=MARK), lane, start, state, terms, out)
    return dict(zip((*KINDS, "total", "remainder"), out.tolist(), strict=True)), worst


def test_cost_kinds_of_two_bars_by_hand():
    marks = [
        mark(0, 1045.0, gain=60.0, commission=10.0, slippage=3.0, impact=2.0),
        mark(1, 500.0, gain=-500.0),
        mark(0, 1153.0, gain=10.0, dividends=4.0, interest=1.0, flows=100.0, borrow=5.0, funding=2.0),
    ]
    found, worst = split(marks, 0, 1000.0)
    assert found == {
        "gain": 70.0,
        "dividends": 4.0,
        "interest": 1.0,
        "flows": 100.0,
        "commission": -10.0,
        "slippage": -3.0,
        "impact": -2.0,
        "borrow": -5.0,
        "funding": -2.0,
        "total": 153.0,
        "remainder": 0.0,
    }
    assert worst == 0.0


def test_money_that_no_kind_explains_is_the_remainder():
    found, worst = split([mark(0, 1050.0, gain=60.0), mark(0, 1050.0)], 0, 1000.0)
    assert found["remainder"] == -10.0
    assert worst == 10.0
    _, unknown = split([mark(0, math.nan, gain=60.0), mark(0, 1050.0)], 0, 1000.0)
    assert math.isnan(unknown)


@given(st.lists(st.lists(st.floats(-1e4, 1e4), min_size=9, max_size=9), min_size=1, max_size=30))
def test_kinds_add_up_to_the_change_of_equity(bars):
    equity, marks = 1e6, []
    for terms in bars:
        equity += sum(terms[:4]) - sum(terms[4:])
        marks.append(mark(0, equity, **dict(zip(KINDS, terms, strict=True))))
    found, worst = split(marks, 0, 1e6)
    assert sum(found[kind] for kind in KINDS) == pytest.approx(equity - 1e6, abs=1e-9 * 1e6)
    assert worst <= 1e-9 * 1e6


def test_assets_and_what_belongs_to_none_add_up_to_the_account():
    # gain, dividends, commission, slippage, impact, borrow, funding
    terms = np.array([[100.0, 5.0, 1.0, 2.0, 0.5, 0.0, 0.0], [-40.0, 0.0, 1.0, 0.0, 0.0, 3.0, -1.0]])
    out = np.zeros(2)
    rest = both(attribution.by_asset)(terms, 70.0, out)
    assert out.tolist() == [101.5, -43.0]
    assert rest == 11.5


@pytest.mark.parametrize("gains", [[1e16, 1.0, -1e16], [1.0, 1e16, -1e16]])
def test_assets_of_very_different_size_lose_nothing(gains):
    terms = np.zeros((3, 7))
    terms[:, 0] = gains
    assert both(attribution.by_asset)(terms, 1.5, np.zeros(3)) == 0.5


def test_timing_is_the_price_between_decision_and_fill():
    fills = np.zeros(4, dtype=FILL)
    fills["slot"] = [0, 0, 1, 1]
    fills["quantity"] = [10.0, -4.0, -5.0, 3.0]
    fills["reference"] = [101.0, 99.0, 50.0, 20.0]
    decided = np.array([100.0, 100.0, 51.0, np.nan])
    out = np.ones(2)
    moved = both(attribution.timing)(fills, decided, np.array([1.0, 100.0]), out)
    # bought one dearer, sold one cheaper, sold one cheaper at multiplier 100; a stop has no decision price
    assert out.tolist() == [-10.0 - 4.0, -500.0]
    assert moved == -514.0


def brinson(weights, benchmark_weights, returns, benchmark_returns):
    out, totals = np.zeros((len(weights), 3)), np.zeros(4)
    arrays = [np.array(a, dtype=float) for a in (weights, benchmark_weights, returns, benchmark_returns)]
    both(attribution.brinson)(*arrays, out, totals)
    return out, totals


def test_brinson_of_two_groups_by_hand():
    out, totals = brinson([0.6, 0.4], [0.5, 0.5], [0.10, 0.02], [0.08, 0.04])
    assert totals == pytest.approx([0.068, 0.06, 0.008, 0.008], abs=1e-15)
    assert out[0] == pytest.approx([0.1 * 0.02, 0.5 * 0.02, 0.1 * 0.02], abs=1e-15)
    assert out[1] == pytest.approx([-0.1 * -0.02, 0.5 * -0.02, -0.1 * -0.02], abs=1e-15)


def test_a_group_absent_on_one_side_takes_the_other_sides_return():
    out, totals = brinson(
        [0.5, 0.5, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0], [0.1, 0.2, np.nan, np.nan], [0.1, np.nan, 0.04, np.nan]
    )
    assert out[1] == pytest.approx([0.5 * (0.2 - 0.07), 0.0, 0.0], abs=1e-15)
    assert out[2] == pytest.approx([-0.5 * (0.04 - 0.07), 0.0, 0.0], abs=1e-15)
    assert out[3].tolist() == [0.0, 0.0, 0.0]
    assert totals[3] == pytest.approx(totals[2], abs=1e-15)
    assert totals[2] == pytest.approx(0.15 - 0.07, abs=1e-15)


@given(st.integers(1, 8), st.integers(0, 10_000))
def test_brinson_parts_sum_to_the_active_return(groups, seed):
    rng = np.random.default_rng(seed)
    weights, benchmark_weights = rng.random((2, groups)) * (rng.random((2, groups)) > 0.3) + 1e-300
    weights, benchmark_weights = weights / weights.sum(), benchmark_weights / benchmark_weights.sum()
    returns, benchmark_returns = rng.normal(0.0, 0.03, (2, groups))
    _, totals = brinson(weights, benchmark_weights, returns, benchmark_returns)
    assert totals[3] == pytest.approx(totals[2], abs=1e-15)
    assert totals[2] == pytest.approx(weights @ returns - benchmark_weights @ benchmark_returns, abs=1e-15)


def link(parts, returns, benchmark_returns):
    out, totals = np.zeros(parts.shape[1]), np.zeros(4)
    both(attribution.carino)(parts, returns, benchmark_returns, out, totals)
    return out, totals


def test_two_linked_periods_by_hand():
    returns, benchmark = np.array([0.10, 0.20]), np.array([0.05, 0.00])
    parts = np.array([[0.05, 0.0], [0.0, 0.20]])
    out, totals = link(parts, returns, benchmark)
    first = (math.log(1.10) - math.log(1.05)) / 0.05
    second = math.log(1.20) / 0.20
    whole = (math.log(1.32) - math.log(1.05)) / (1.32 - 1.05)
    assert out == pytest.approx([first / whole * 0.05, second / whole * 0.20], rel=1e-13)
    assert totals == pytest.approx([0.32, 0.05, 0.27, 0.27], rel=1e-12)


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_linked_parts_sum_to_the_compounded_active_return(periods, seed):
    rng = np.random.default_rng(seed)
    parts = rng.normal(0.0, 0.01, (periods, 3))
    benchmark = rng.normal(0.0, 0.03, periods)
    parts[rng.random(periods) < 0.2] = 0.0  # periods without an active return
    out, totals = link(parts, benchmark + parts.sum(axis=1), benchmark)
    assert out.sum() == pytest.approx(totals[2], abs=1e-12)
    assert totals[0] == pytest.approx(np.prod(1 + benchmark + parts.sum(axis=1)) - 1, abs=1e-12)


def test_equal_returns_link_by_the_limit_and_a_total_loss_by_nothing():
    assert both(attribution.carino_factor)(0.25, 0.25) == 0.8
    assert both(attribution.carino_factor)(0.25, 0.25 - 1e-9) == pytest.approx(0.8, rel=1e-8)
    assert math.isnan(both(attribution.carino_factor)(-1.0, 0.1))
