"""Slippage and half spread as rates, by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import Slippage
from polyfolio.kernels import slippage as kernels
from tests.kernels.cost_tools import both, rules

slippage_rate = both(kernels.slippage_rate)
half_spread_rate = both(kernels.half_spread_rate)

KEYS = {"base_slippage": 0.0001, "volume_impact": 0.00000001}


def rate(model: Slippage, quantity: float, volume: float = math.nan, **keys: float) -> float:
    return slippage_rate(quantity, volume, rules(slippage_model=model, **(KEYS | keys)))


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_each_model_gives_the_worked_value_on_both_sides(side):
    assert rate(Slippage.NONE, side * 5000.0) == 0.0
    assert rate(Slippage.PERCENTAGE, side * 5000.0) == 0.0001
    assert rate(Slippage.LINEAR, side * 5000.0) == pytest.approx(0.00015, rel=1e-14)
    assert rate(Slippage.SQUARE_ROOT, side * 2500.0) == pytest.approx(0.0001 + 1e-8 * 50.0, rel=1e-14)


def test_volume_share_is_the_square_of_participation():
    # 2 % of the bar's volume at coefficient 0.1: 0.1 * 0.0004.
    assert rate(Slippage.VOLUME_SHARE, 200.0, 10_000.0, base_slippage=0.0, volume_impact=0.1) == pytest.approx(
        4e-5, rel=1e-14
    )


@pytest.mark.parametrize("volume", [math.nan, 0.0, -1.0])
def test_volume_share_without_a_volume_is_the_base_rate(volume):
    assert rate(Slippage.VOLUME_SHARE, 200.0, volume, volume_impact=0.1) == 0.0001


def test_half_spread_is_the_paid_share_of_the_quoted_spread():
    half = rules(half_spread=0.5)
    assert half_spread_rate(0.02, 100.0, half) == pytest.approx(0.0001, rel=1e-14)
    assert half_spread_rate(0.02, 100.0, rules(half_spread=0.0)) == 0.0


@pytest.mark.parametrize(
    ("spread", "price"), [(math.nan, 100.0), (-0.02, 100.0), (0.02, math.nan), (0.02, 0.0), (0.0, 100.0)]
)
def test_a_spread_that_is_unknown_or_crossed_costs_nothing(spread, price):
    assert half_spread_rate(spread, price, rules(half_spread=0.5)) == 0.0


@pytest.mark.pitfall("ACC-07")
@given(
    st.sampled_from(list(Slippage)),
    st.floats(-1e6, 1e6),
    st.one_of(st.just(math.nan), st.just(0.0), st.floats(1e-3, 1e7)),
)
def test_slippage_never_pays_the_trader_and_is_the_same_each_time(model, quantity, volume):
    first = rate(model, quantity, volume)
    assert first >= 0.0
    assert first == rate(model, quantity, volume) == rate(model, -quantity, volume)
