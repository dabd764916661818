"""Distances from a mean, by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.mean_reversion import MeanReversion, distance
from tests.strategies.rows import NAN, said, same, tape_of

# Windows of three: (10, 10, 13) mean 11, deviations -1, -1, 2, squares 6; (10, 13, 11) mean 34/3, squares 14/3;
# (13, 11, 11) mean 35/3, squares 8/3; (11, 11, 5) mean 9, squares 24; (11, 5, 8) mean 8
CLOSES = [10.0, 10.0, 13.0, 11.0, 11.0, 5.0, 8.0]
AWAY = [NAN, NAN, 2 / 3**0.5, -1 / 3 / (7 / 3) ** 0.5, -2 / 3 / (4 / 3) ** 0.5, -4 / 12**0.5, 0.0]


def test_the_distance_is_in_deviations_of_the_window() -> None:
    np.testing.assert_allclose(distance(np.array([CLOSES]), 3, 1)[0], AWAY, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(distance(np.array([CLOSES]), 3, 0)[0], np.array(AWAY) * 1.5**0.5, rtol=1e-14, atol=1e-14)


def test_it_enters_far_away_and_leaves_at_the_mean() -> None:
    rows = tape_of(CLOSES)
    same(said(MeanReversion(lookback=3, entry=1.0, long_short=True), rows), [NAN, NAN, -1, 0, 0, 1, 0])
    same(said(MeanReversion(lookback=3, entry=1.0), rows), [NAN, NAN, 0, 0, 0, 1, 0])
    same(said(MeanReversion(lookback=3, entry=1.16, long_short=True), rows), [NAN, NAN, 0, 0, 0, 0, 0])


def test_a_side_is_held_until_the_exit() -> None:
    # (10, 10, 13) 1.15; (10, 13, 12) mean 35/3: 0.22; (13, 12, 12.2) mean 12.4: below the mean, -0.38
    closes = [10.0, 10.0, 13.0, 12.0, 12.2]
    same(said(MeanReversion(lookback=3, entry=1.0, long_short=True), tape_of(closes)), [NAN, NAN, -1, -1, 0])
    near = MeanReversion(lookback=3, entry=1.0, exit=0.3, long_short=True)
    same(said(near, tape_of(closes)), [NAN, NAN, -1, 0, 0])


def test_bollinger_counts_with_the_smaller_deviation() -> None:
    # 2 / sqrt(6 / 3) = 1.41 against 2 / sqrt(6 / 2) = 1.15
    for method, wanted in (("zscore", 0.0), ("bollinger", -1.0)):
        rule = MeanReversion(lookback=3, entry=1.3, method=method, long_short=True)
        same(said(rule, tape_of(CLOSES[:3])), [NAN, NAN, wanted])


def test_closes_that_do_not_vary_have_no_distance_and_what_is_held_stays() -> None:
    closes = [0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3]
    assert np.isnan(distance(np.array([closes]), 3, 1)[0, [2, 5, 6]]).all()
    same(said(MeanReversion(lookback=3, entry=1.0, long_short=True), tape_of(closes)), [NAN, NAN, 0, -1, -1, -1, -1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lookback": 1}, "lookback: got 1, must be a whole number >= 2."),
        ({"entry": 0.5, "exit": 0.5}, "entry: got 0.5, must be above exit (0.5)."),
        ({"exit": -0.1}, "exit: got -0.1, must be a number >= 0."),
        ({"method": "z"}, "method: got 'z', must be one of zscore, bollinger."),
    ],
)
def test_arguments_out_of_bounds_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        MeanReversion(**arguments).signals(tape_of(CLOSES))  # type: ignore[arg-type]
