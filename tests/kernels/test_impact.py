"""Market impact as rates: worked values, laws of shape, and the cap as the inverse of the rate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import Impact
from polyfolio.kernels import impact as kernels
from tests.kernels.cost_tools import both, rules

temporary_impact = both(kernels.temporary_impact)
permanent_impact = both(kernels.permanent_impact)
impact_rate = both(kernels.impact_rate)
impact_quantity_cap = both(kernels.impact_quantity_cap)
decay_pressure = both(kernels.decay_pressure)

MODELS = [Impact.LINEAR, Impact.SQUARE_ROOT, Impact.PERMANENT_TEMPORARY]
UNKNOWN = [(math.nan, 0.02), (0.0, 0.02), (1000.0, math.nan), (1000.0, 0.0), (1000.0, -0.02)]


def with_model(model: Impact, **keys: float) -> object:
    return rules(impact_model=model, **({"temporary_impact": 0.05, "permanent_impact": 0.1} | keys))


@pytest.mark.parametrize(
    ("model", "temporary"),
    [
        (Impact.LINEAR, 5.0e-5),
        (Impact.SQUARE_ROOT, 2.2360679774997898e-4),
        (Impact.PERMANENT_TEMPORARY, 0.05 * 0.02 * 0.05**0.6),
    ],
)
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_five_percent_of_volume_at_two_percent_volatility_costs_the_worked_values(model, temporary, side):
    keys = with_model(model)
    assert temporary_impact(side * 50.0, 1000.0, 0.02, keys) == pytest.approx(temporary, rel=1e-13)
    assert permanent_impact(side * 50.0, 1000.0, 0.02, keys) / 2 == pytest.approx(5.0e-5, rel=1e-13)
    assert impact_rate(side * 50.0, 1000.0, 0.02, keys) == pytest.approx(temporary + 5.0e-5, rel=1e-13)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("volume", "sigma"), UNKNOWN)
def test_an_unknown_volume_or_volatility_gives_no_impact_and_no_cap(model, volume, sigma):
    keys = with_model(model)
    assert temporary_impact(50.0, volume, sigma, keys) == 0.0
    assert permanent_impact(50.0, volume, sigma, keys) == 0.0
    assert impact_rate(50.0, volume, sigma, keys) == 0.0
    assert impact_quantity_cap(0.001, volume, sigma, keys) == math.inf


def test_no_model_no_impact():
    keys = with_model(Impact.NONE)
    assert temporary_impact(50.0, 1000.0, 0.02, keys) == permanent_impact(50.0, 1000.0, 0.02, keys) == 0.0
    assert impact_quantity_cap(0.001, 1000.0, 0.02, keys) == math.inf


@pytest.mark.parametrize("model", MODELS)
@given(st.floats(1, 1e5), st.floats(1, 1e5))
def test_permanent_impact_is_the_same_for_one_order_and_for_its_parts(model, first, second):
    keys = with_model(model)
    parts = permanent_impact(first, 1e6, 0.02, keys) + permanent_impact(second, 1e6, 0.02, keys)
    assert parts == pytest.approx(permanent_impact(first + second, 1e6, 0.02, keys), rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
@given(
    st.floats(1e-7, 0.5), st.floats(10.0, 1e9), st.floats(1e-4, 0.2), st.floats(0.0, 1.0), st.floats(0.0, 1.0),
    st.floats(0.2, 1.0),
)  # fmt: skip
def test_the_cap_is_the_quantity_at_which_the_rate_reaches_the_limit(
    model, limit, volume, sigma, temporary, permanent, exponent
):
    if 0.0 < temporary < 1e-6 or 0.0 < permanent < 1e-6:
        return
    keys = with_model(model, temporary_impact=temporary, permanent_impact=permanent, impact_exponent=exponent)
    cap = impact_quantity_cap(limit, volume, sigma, keys)
    if temporary == permanent == 0.0:
        assert cap == math.inf
        return
    assert impact_rate(cap, volume, sigma, keys) == pytest.approx(limit, rel=1e-11)
    assert impact_rate(cap * 1.001, volume, sigma, keys) > limit


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("limit", "cap"), [(math.inf, math.inf), (math.nan, math.inf), (0.0, 0.0), (-1.0, 0.0)])
def test_no_limit_caps_nothing_and_a_limit_of_nothing_everything(model, limit, cap):
    assert impact_quantity_cap(limit, 1000.0, 0.02, with_model(model)) == cap


def test_the_linear_cap_is_the_hand_computed_one():
    # (0.05 + 0.1 / 2) * 0.02 * rho = 0.0005 gives rho = 0.25.
    assert impact_quantity_cap(0.0005, 1000.0, 0.02, with_model(Impact.LINEAR)) == pytest.approx(250.0, rel=1e-13)


def test_pressure_decays_by_a_factor_each_bar():
    keys = rules(impact_decay=0.5)
    assert decay_pressure(decay_pressure(-0.004, keys), keys) == pytest.approx(-0.001, rel=1e-14)
