"""Size by life-cycle stage: worked values and the consequences of the formula."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.presets import STAGE_BASE
from polyfolio.kernels import lifecycle as kernels
from tests.kernels.cost_tools import both

confidence_factor = both(kernels.confidence_factor)
lifecycle_size = both(kernels.lifecycle_size)

CASES = [
    ("MATURE", 2.1, 68.0, 0.9, 8118.0),
    ("VALIDATION", 1.4, 62.0, 0.7, 2338.0),
    ("MATURE", 1.8, 65.0, 0.0, 0.0),  # HOLD
    ("DISCOVERY", 0.8, 55.0, 0.6, 600.0),
    ("MATURE", 1.8, 65.0, 0.65, 5200.0),
    ("PAPER", 3.0, 80.0, 1.0, 0.0),
]


@pytest.mark.parametrize(("stage", "sharpe", "win_rate", "signal", "money"), CASES)
def test_the_formula_gives_the_worked_sizes(stage, sharpe, win_rate, signal, money):
    size = lifecycle_size(100_000.0, STAGE_BASE[stage], sharpe, win_rate, signal, 1)
    assert size == pytest.approx(money, rel=1e-12)


def test_the_first_four_configurations_take_eleven_percent_together():
    sizes = [lifecycle_size(100_000.0, STAGE_BASE[stage], *rest, 1) for stage, *rest, _ in CASES[:4]]
    assert sum(sizes) == pytest.approx(11_056.0, rel=1e-12)


@pytest.mark.parametrize(
    ("sharpe", "win_rate", "factor"),
    [
        (2.1, 68.0, 0.902),
        (1.4, 62.0, 0.668),
        (0.8, 55.0, 0.5),  # 0.46 before the floor
        (-2.0, 50.0, 0.5),
        (10.0, 100.0, 1.3),  # 0.6 * 1.5 + 0.4
        (10.0, 200.0, 1.5),
        (math.nan, 60.0, 0.5),
        (2.0, math.nan, 0.5),
    ],
)
def test_confidence_is_kept_between_a_half_and_one_and_a_half(sharpe, win_rate, factor):
    assert confidence_factor(sharpe, win_rate) == pytest.approx(factor, rel=1e-13)


@given(st.floats(-5, 8), st.floats(0, 100), st.floats(-1, 1))
def test_the_base_allocation_is_the_cap_and_the_sign_is_kept(sharpe, win_rate, signal):
    size = lifecycle_size(50_000.0, 0.1, sharpe, win_rate, signal, 1)
    assert abs(size) <= 5000.0
    assert size == -lifecycle_size(50_000.0, 0.1, sharpe, win_rate, -signal, 1)


def test_a_factor_above_one_acts_only_below_full_signal_unless_the_cap_is_off():
    assert lifecycle_size(100_000.0, 0.1, 10.0, 100.0, 1.0, 1) == 10_000.0
    assert lifecycle_size(100_000.0, 0.1, 10.0, 100.0, 0.5, 1) == pytest.approx(6500.0, rel=1e-13)
    assert lifecycle_size(100_000.0, 0.1, 10.0, 100.0, 1.0, 0) == pytest.approx(13_000.0, rel=1e-13)


@pytest.mark.parametrize(("capital", "signal"), [(0.0, 1.0), (-10.0, 1.0), (math.nan, 1.0), (1e5, math.nan)])
def test_without_capital_or_opinion_the_size_is_zero(capital, signal):
    assert lifecycle_size(capital, 0.1, 2.0, 60.0, signal, 1) == 0.0
