"""The crossover of two averages, on closes small enough to work out by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.averages import exponential, simple, wilder
from polyfolio.strategies.ma_crossover import MACrossover
from tests.strategies.rows import NAN, said, same, tape_of

# Averages of two: -, 11, 11.5, 11, 12; the average of one is the close.
CLOSES = [10.0, 12.0, 11.0, 11.0, 13.0]


def crossover(**arguments: object) -> MACrossover:
    return MACrossover(**{"fast": 1, "slow": 2, **arguments})  # type: ignore[arg-type]


def test_the_fast_average_is_above_below_or_tied() -> None:
    rows = tape_of(CLOSES)
    same(said(crossover(), rows), [NAN, 1, 0, 0, 1])
    same(said(crossover(long_short=True), rows), [NAN, 1, -1, -1, 1])  # bar 3 ties: the side before it stays


def test_a_tie_before_any_side_says_nothing() -> None:
    same(said(crossover(), tape_of([5.0, 5.0, 6.0])), [NAN, NAN, 1])


def test_averages_of_equal_closes_tie_whatever_their_last_bits() -> None:
    closes = [0.1] * 30
    fast, slow = simple(np.array([closes]), 3)[0, -1], simple(np.array([closes]), 7)[0, -1]
    assert fast != slow  # the sums of 3 and of 7 tenths round differently
    assert np.isnan(said(MACrossover(fast=3, slow=7), tape_of(closes))).all()
    assert not np.isnan(said(MACrossover(fast=3, slow=7, epsilon=0.0), tape_of(closes))[-1])


def test_epsilon_is_a_share_of_the_slow_average() -> None:
    # close 12 over an average of 11: 9.09 %
    for epsilon, wanted in ((0.0908, 1.0), (0.091, NAN)):
        same(said(crossover(epsilon=epsilon), tape_of([10.0, 12.0])), [NAN, wanted])


def test_it_can_wait_for_the_first_cross() -> None:
    same(said(crossover(wait=True), tape_of(CLOSES)), [NAN, 0, 0, 0, 1])
    same(said(crossover(wait=True, long_short=True), tape_of(CLOSES)), [NAN, 0, -1, -1, 1])
    same(said(crossover(wait=True), tape_of([10.0, 12.0, 14.0, 16.0])), [NAN, 0, 0, 0])


def test_exponential_averages_start_with_a_mean() -> None:
    # 11; 11 + 2/3 (9 - 11) = 29/3; 29/3 + 2/3 (15 - 29/3) = 119/9
    np.testing.assert_allclose(
        exponential(np.array([[10.0, 12.0, 9.0, 15.0]]), 2)[0], [NAN, 11, 29 / 3, 119 / 9], rtol=1e-15
    )
    np.testing.assert_allclose(wilder(np.array([[4.0, 2.0, 6.0]]), 2)[0], [NAN, 3.0, 4.5], rtol=1e-15)
    same(said(crossover(kind="ema"), tape_of([10.0, 12.0, 9.0, 15.0])), [NAN, 1, 0, 1])


def test_an_average_of_more_values_than_there_are_is_none() -> None:
    for average in (simple, exponential, wilder):
        assert np.isnan(average(np.array([[1.0, 2.0]]), 3)).all()


@pytest.mark.pitfall("DAT-07")
def test_a_missing_bar_silences_its_row_alone() -> None:
    holes = [10.0, NAN, 12.0, 11.0, NAN, 11.0, 13.0]
    same(said(crossover(), tape_of(holes, [1.0] * 7)), [NAN, NAN, 1, 0, NAN, 0, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fast": 0}, "fast: got 0, must be a whole number >= 1."),
        ({"fast": 50, "slow": 50}, "fast: got 50, must be below slow (50)."),
        ({"kind": "emma"}, "kind: got 'emma', must be one of sma, ema. Did you mean `ema`?"),
        ({"epsilon": -1.0}, "epsilon: got -1.0, must be a number >= 0."),
    ],
)
def test_arguments_out_of_bounds_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        MACrossover(**arguments).signals(tape_of(CLOSES))  # type: ignore[arg-type]
