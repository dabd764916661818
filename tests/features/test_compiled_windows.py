"""Extremes of a trailing window that holds gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.features.compiled.windows import largest

NAN = float("nan")


def extremes(values: list[float], period: int, sign: float) -> np.ndarray:
    rows = np.array([values])
    out = np.empty_like(rows)
    largest(rows, period, sign, out)
    return out[0]


def test_a_gap_that_has_left_the_window_is_forgotten() -> None:
    found = extremes([NAN, 9.0, 10.0, 11.0, 12.0], 4, -1.0)
    np.testing.assert_array_equal(found, [NAN, NAN, NAN, NAN, 9.0])


@pytest.mark.parametrize("sign", [1.0, -1.0])
@given(st.lists(st.one_of(st.just(NAN), st.integers(-9, 9).map(float)), min_size=1, max_size=40), st.integers(1, 6))
def test_every_window_has_the_extreme_that_counting_finds(sign: float, values: list[float], period: int) -> None:
    found = extremes(values, period, sign)
    for t in range(len(values)):
        window = np.array(values[max(t - period + 1, 0) : t + 1])
        whole = window.size == period and not np.isnan(window).any()
        expected = sign * (sign * window).max() if whole else NAN
        np.testing.assert_array_equal(found[t], expected)
