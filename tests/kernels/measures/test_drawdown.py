from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels.measures import drawdown, growth
from tests.kernels.measures.tools import both, compiled, series

PATH = np.array([100.0, 110.0, 99.0, 88.0, 110.0, 121.0, 115.0])


def measured(wealth):
    wealth = np.asarray(wealth, dtype=float)
    out, depths = np.zeros(len(drawdown.NAMES)), np.zeros(wealth.size - 1)
    both(drawdown.summary)(wealth, np.ones(drawdown.SIZE), depths, out)
    return dict(zip(drawdown.NAMES, out.tolist(), strict=True)), depths


def episodes(wealth):
    wealth = np.asarray(wealth, dtype=float)
    spans, depths = np.zeros((wealth.size, 5), dtype=np.int64), np.zeros(wealth.size)
    k = both(drawdown.table)(wealth, spans, depths)
    return [(*spans[i].tolist(), pytest.approx(depths[i], rel=1e-13)) for i in range(k)]


def test_drawdowns_of_seven_levels_by_hand():
    found, depths = measured(PATH)
    assert depths == pytest.approx([0.0, -0.1, -0.2, 0.0, 0.0, 115 / 121 - 1], rel=1e-13)
    assert found["max_drawdown"] == pytest.approx(-0.2, rel=1e-13)
    assert found["current_drawdown"] == pytest.approx(115 / 121 - 1, rel=1e-13)
    last = 1 - 115 / 121
    assert found["ulcer_index"] == pytest.approx(math.sqrt((0.01 + 0.04 + last**2) / 6), rel=1e-13)
    assert found["pain_index"] == pytest.approx((0.3 + last) / 6, rel=1e-13)
    assert found["under_water_rate"] == 0.5
    assert found["longest_drawdown"] == 3.0


def test_the_table_names_peak_first_bar_trough_recovery_and_what_is_open():
    assert episodes(PATH) == [(1, 2, 3, 4, 0, -0.2), (5, 6, 6, 6, 1, 115 / 121 - 1)]


def test_the_peak_is_the_last_bar_at_the_maximum_and_meeting_it_is_a_recovery():
    assert episodes([1.0, 1.0, 1.0, 0.5, 1.0, 0.9, 0.8, 0.9]) == [(2, 3, 3, 4, 0, -0.5), (4, 5, 6, 7, 1, -0.2)]
    assert episodes([1.0, 1.1, 1.2]) == []


@pytest.mark.pitfall("MET-01")
def test_a_loss_in_the_first_period_is_a_drawdown():
    found, _ = measured([1.0, 0.95, 0.99])
    assert found["max_drawdown"] == pytest.approx(-0.05, rel=1e-13)
    assert episodes([1.0, 0.95, 0.99]) == [(0, 1, 1, 2, 1, -0.05)]


@pytest.mark.pitfall("MET-01")
def test_the_reference_series_keeps_its_first_loss():
    returns, _, _ = series("f1")
    wealth = np.empty(returns.size + 1)
    growth.wealth_path(returns, wealth)
    found, _ = measured(wealth)
    assert found["max_drawdown"] == pytest.approx(-0.440829734874, rel=2e-12)
    assert found["ulcer_index"] == pytest.approx(0.270199806207, rel=2e-12)
    lost_start, _ = measured(wealth[1:].copy())
    assert lost_start["max_drawdown"] == pytest.approx(-0.412820, abs=5e-7)
    assert episodes(wealth)[0][:2] == (0, 1)


@pytest.mark.pitfall("MET-12")
@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=40), st.sampled_from([10.0, 1e6, 1e-3]))
def test_ten_times_the_capital_has_the_same_drawdowns(levels, scale):
    one, _ = measured(levels)
    ten, _ = measured(np.array(levels) * scale)
    assert ten == pytest.approx(one, rel=1e-9, abs=1e-12)
    assert one["max_drawdown"] <= 0.0
    assert one["max_drawdown"] <= one["current_drawdown"]
    deepest = min((row[-1].expected for row in episodes(levels)), default=0.0)
    assert one["max_drawdown"] == deepest
    assert one["longest_drawdown"] == max((row[3] - row[0] for row in episodes(levels)), default=0)


def test_drawdown_at_risk_takes_the_worst_share_with_the_last_one_in_part():
    depths = np.array([0.0, -0.1, -0.2, -0.3, -0.05, 0.0, 0.0, 0.0, 0.0, 0.0])
    out = np.zeros(2)
    both(drawdown.tail)(depths, 0.75, np.zeros(10), np.zeros(10), out)
    assert out == pytest.approx([0.1, (0.3 + 0.2 + 0.5 * 0.1) / 2.5], rel=1e-14)
    both(drawdown.tail)(np.zeros(0), 0.75, np.zeros(0), np.zeros(0), out)
    assert np.isnan(out).all()


def test_ratios_to_a_drawdown_need_a_drawdown():
    found, _ = measured(PATH)
    falls = np.array(list(found.values()))
    out = np.zeros(3)
    both(drawdown.rewards)(falls, 0.1, 0.08, 0.15, out)
    assert out == pytest.approx([0.5, 0.08 / found["ulcer_index"], 0.75], rel=1e-13)
    up, _ = measured([1.0, 1.1, 1.2])
    both(drawdown.rewards)(np.array(list(up.values())), 0.1, 0.08, 0.15, out)
    assert np.isnan(out).all()


def test_a_path_of_one_level_has_no_drawdown_numbers():
    found, _ = measured([1.0])
    assert all(math.isnan(value) for value in found.values())


def test_bar_by_bar_equals_the_whole_path_to_the_last_bit():
    returns, _, _ = series("f3")
    wealth = 1e6 * np.cumprod(1 + returns)
    state, out, whole = np.zeros(drawdown.SIZE), np.zeros(6), np.zeros(6)
    compiled(drawdown.init)(state, wealth[0])
    for i in range(1, wealth.size):
        compiled(drawdown.update)(state, wealth[i])
        if i in (1, 2, 300, wealth.size - 1):
            compiled(drawdown.finish)(state, out)
            drawdown.summary(wealth[: i + 1].copy(), np.zeros(drawdown.SIZE), np.zeros(i), whole)
            np.testing.assert_array_equal(out, whole)
