"""A trend in units of its own volatility, by hand."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.strategies.trend_following import TrendFollowing
from tests.strategies.rows import NAN, said, same, tape_of

UP_DOWN = [100.0, 110.0, 121.0, 108.9]
RISE, FALL = math.log(1.1), math.log(0.9)
SIGMA = (RISE - FALL) / math.sqrt(2.0)  # of the last two returns, divisor 1
TREND = (2.0 * RISE + FALL) / (SIGMA * math.sqrt(3.0))  # 0.347
CALM = 0.5 / (SIGMA * math.sqrt(365.25))  # 0.184


def rule(**arguments: object) -> TrendFollowing:
    return TrendFollowing(**{"lookback": 3, "window": 2, "target_volatility": 0.5, "share": 1.0, **arguments})  # type: ignore[arg-type]


def test_the_weight_is_the_trend_made_smaller_by_the_volatility() -> None:
    np.testing.assert_allclose(said(rule(), tape_of(UP_DOWN)), [NAN, NAN, NAN, TREND * CALM], rtol=1e-12)
    assert round(TREND, 3) == 0.347
    assert round(CALM, 3) == 0.184


def test_a_trend_is_whole_at_full_and_not_more() -> None:
    np.testing.assert_allclose(said(rule(full=0.5), tape_of(UP_DOWN))[3], 2.0 * TREND * CALM, rtol=1e-12)
    np.testing.assert_allclose(said(rule(full=0.1), tape_of(UP_DOWN))[3], CALM, rtol=1e-12)


def test_a_calm_name_gets_no_more_than_its_share() -> None:
    np.testing.assert_allclose(said(rule(target_volatility=9.0), tape_of(UP_DOWN))[3], TREND, rtol=1e-12)
    found = TrendFollowing(lookback=3, window=2, target_volatility=9.0).signals(tape_of(UP_DOWN, UP_DOWN))
    np.testing.assert_allclose(found[3], TREND / 2.0, rtol=1e-12)


def test_a_falling_name_is_sold_only_where_shorts_are_asked_for() -> None:
    down = [1.0 / close for close in UP_DOWN]
    assert said(rule(), tape_of(down))[3] == 0.0
    np.testing.assert_allclose(said(rule(long_short=True), tape_of(down))[3], -TREND * CALM, rtol=1e-12)


def test_a_name_that_does_not_move_or_rises_evenly_has_no_volatility_and_no_opinion() -> None:
    same(said(rule(), tape_of([5.0] * 5)), [NAN] * 5)
    same(said(rule(), tape_of([1.0, 2.0, 4.0, 8.0, 16.0])), [NAN] * 5)


def test_dividends_and_splits_are_part_of_the_return() -> None:
    # half the price after a split of two, and a tenth paid out at the last close: as if it had risen
    closes = [100.0, 110.0, 60.5, 49.5]
    splits, paid = np.array([[1.0], [1.0], [2.0], [1.0]]), np.array([[0.0], [0.0], [0.0], [4.95]])
    np.testing.assert_allclose(
        said(rule(), tape_of(closes, splits=splits, dividends=paid)), said(rule(), tape_of(UP_DOWN)), rtol=1e-9
    )


def test_a_tape_that_does_not_know_its_year_is_refused() -> None:
    rows = tape_of(UP_DOWN)
    unknown = replace(rows, calendar=replace(rows.calendar, bars_per_year=NAN))
    with pytest.raises(DataError, match="bars a year of the tape: got nan, must be known"):
        rule().signals(unknown)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 1}, "window: got 1, must be a whole number >= 2."),
        ({"target_volatility": 0.0}, "target_volatility: got 0.0, must be a number above 0."),
        ({"full": -1.0}, "full: got -1.0, must be a number >= 0."),
        ({"share": 1.5}, "share: got 1.5, must be a number above 0, at most 1."),
    ],
)
def test_arguments_out_of_bounds_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        rule(**arguments).signals(tape_of(UP_DOWN))
