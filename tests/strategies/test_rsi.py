"""Levels of the relative strength index, by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.rsi import RSI, relative_strength
from tests.strategies.rows import NAN, said, same, tape_of

# Changes +1, -2, -1, +0.5, +3.5; Wilder's averages of two:
# rises -, 0.5, 0.25, 0.375, 1.9375; falls -, 1, 1, 0.5, 0.25
CLOSES = [10.0, 11.0, 9.0, 8.0, 8.5, 12.0]
INDEX = [NAN, NAN, 100 / 3, 20.0, 100 * 0.375 / 0.875, 100 * 1.9375 / 2.1875]


def test_the_index_is_the_share_of_the_rises() -> None:
    np.testing.assert_allclose(relative_strength(np.array([CLOSES]), 2)[0], INDEX, rtol=1e-14)


def test_it_buys_below_and_leaves_at_the_middle() -> None:
    same(said(RSI(period=2), tape_of(CLOSES)), [NAN, NAN, 0, 1, 1, 0])
    same(said(RSI(period=2, long_short=True), tape_of(CLOSES)), [NAN, NAN, 0, 1, 1, -1])
    same(said(RSI(period=2, lower=15.0), tape_of(CLOSES)), [NAN, NAN, 0, 0, 0, 0])
    same(said(RSI(period=2, exit=42.8), tape_of(CLOSES)), [NAN, NAN, 0, 1, 0, 0])


def test_a_price_that_never_moved_has_no_index_and_is_not_bought() -> None:
    assert np.isnan(relative_strength(np.full((1, 6), 7.0), 2)).all()
    same(said(RSI(period=2), tape_of([7.0] * 5)), [NAN, NAN, 0, 0, 0])


def test_the_first_opinion_stands_in_the_last_row_of_the_warm_up() -> None:
    signals = said(RSI(period=3), tape_of(CLOSES))
    assert RSI(period=3).warmup == 4
    assert int(np.argmin(np.isnan(signals))) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"period": 0}, "period: got 0, must be a whole number >= 1."),
        ({"lower": 60.0}, "exit: got 50.0, must be from lower (60) to upper (70), all from 0 to 100."),
        ({"upper": "high"}, "upper: got 'high', must be a finite number."),
    ],
)
def test_levels_out_of_order_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        RSI(**arguments).signals(tape_of(CLOSES))  # type: ignore[arg-type]
