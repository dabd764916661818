"""Signals as numbers, words and probabilities."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.signal import StrategySignal, read_words


@pytest.mark.parametrize(
    ("word", "number", "sure"),
    [
        ("BUY", 1.0, 0.5),
        ("sell", -1.0, 0.5),
        ("Hold", 0.0, 0.5),
        ("STRONG_BUY", 1.0, 1.0),
        ("strong sell", -1.0, 1.0),
        (0.35, 0.35, 1.0),
        (-1, -1.0, 1.0),
    ],
)
def test_a_word_is_a_number_with_a_confidence(word: float | str, number: float, sure: float) -> None:
    assert (StrategySignal(word).number, StrategySignal(word).sure) == (number, sure)


def test_a_stated_confidence_holds_over_the_word_s_own() -> None:
    assert StrategySignal("STRONG_BUY", 0.2).sure == 0.2
    assert math.isnan(StrategySignal("").number)
    assert StrategySignal("").sure == 0.0


@pytest.mark.parametrize(("rise", "number"), [(0.5, 0.0), (1.0, 1.0), (0.3, -0.4)])
def test_a_probability_is_a_signal(rise: float, number: float) -> None:
    assert StrategySignal.of_probability(rise).number == pytest.approx(number, abs=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: StrategySignal("BYU"),
            "signal: got 'BYU', must be one of STRONG_BUY, BUY, HOLD, SELL, STRONG_SELL. Did",
        ),
        (lambda: StrategySignal(1.5), "signal: got 1.5, must be from -1 to 1, or NaN."),
        (lambda: StrategySignal(1.0, 2.0), "confidence: got 2.0, must be from 0 to 1."),
        (lambda: StrategySignal.of_probability(1.2), "probability: got 1.2, must be from 0 to 1."),
    ],
)
def test_what_is_no_signal_is_refused(make, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        make()


def test_arrays_of_words_become_two_arrays() -> None:
    signals, sure = read_words([["BUY", None], ["STRONG_SELL", "HOLD"]])
    np.testing.assert_array_equal(signals, [[1.0, np.nan], [-1.0, 0.0]])
    np.testing.assert_array_equal(sure, [[0.5, 0.0], [1.0, 0.5]])
    with pytest.raises(ConfigError, match=re.escape("members.x: got 'SEL', must be one of")):
        read_words([["SEL"]], "members.x")
