"""Comparisons across slots, and features of longer bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError
from polyfolio.features.averages import Sma
from polyfolio.features.clock import DayOfWeek
from polyfolio.features.prices import Candle, Returns
from polyfolio.features.ranks import CrossExcess, CrossZscore, Rank
from polyfolio.features.timeframe import Timeframe
from polyfolio.features.volume import RelativeVolume
from tests.features.tapes import random_tape

TAPE = random_tape(21, rows=60, slots=7, missing=0.15)


def test_a_rank_is_the_mean_rank_of_the_slots_that_have_a_value() -> None:
    inner = Returns(period=2).compute(TAPE)[0]
    values = Rank(of=Returns(period=2)).compute(TAPE)[0]
    for row in range(TAPE.rows):
        there = np.isfinite(inner[row])
        count = there.sum()
        expected = (stats.rankdata(inner[row, there]) - 1) / (count - 1) if count > 1 else [0.5] * count
        assert values[row, there].tolist() == list(expected)
        assert np.isnan(values[row, ~there]).all()


def test_equal_values_share_a_rank_and_one_alone_stands_in_the_middle() -> None:
    rank = Rank(of=Returns())
    rows = np.array([[1.0, 3.0, 3.0, 5.0], [np.nan, 2.0, np.nan, np.nan], [4.0, 4.0, 4.0, 4.0], [np.nan] * 4])
    expected = [[0.0, 0.5, 0.5, 1.0], [np.nan, 0.5, np.nan, np.nan], [0.5] * 4, [np.nan] * 4]
    np.testing.assert_array_equal(rank.compare(rows), expected)


def test_zscores_and_excesses_are_taken_over_the_row() -> None:
    inner = Returns(period=2).compute(TAPE)[0]
    for kind, scaled in ((CrossZscore, True), (CrossExcess, False)):
        values = kind(of=Returns(period=2)).compute(TAPE)[0]
        for row in range(3, TAPE.rows):
            there = inner[row][np.isfinite(inner[row])]
            if there.size < 2:
                continue
            expected = (there - there.mean()) / (there.std(ddof=1) if scaled else 1.0)
            np.testing.assert_allclose(values[row][np.isfinite(inner[row])], expected, rtol=1e-9, atol=1e-15)
    flat = np.array([[2.0, 2.0, np.nan], [np.nan, 7.0, np.nan]])
    np.testing.assert_array_equal(CrossZscore(of=Returns()).compare(flat), [[0.0, 0.0, np.nan], [np.nan, 0.0, np.nan]])


def test_names_say_what_is_compared() -> None:
    assert Rank(of=Candle()).columns() == (
        "rank_candle_body",
        "rank_candle_range",
        "rank_candle_upper",
        "rank_candle_lower",
    )
    assert Rank(of=Returns(period=5)).clone().columns() == ("rank_returns_5",)
    assert Timeframe(of=Sma(period=3), every="day").columns() == ("sma_3_every_day",)


def test_a_feature_is_asked_for_not_a_name() -> None:
    with pytest.raises(ConfigError, match="rank of"):
        Rank(of="rsi")
    with pytest.raises(ConfigError, match="timeframe of"):
        Timeframe(of=DayOfWeek())
    with pytest.raises(ConfigError, match="timeframe every"):
        Timeframe(of=Sma(), every="hour")
    with pytest.raises(ConfigError, match="timeframe every"):
        Timeframe(of=Sma(), every=1)


def test_a_bar_of_rows_is_seen_from_its_last_row_on() -> None:
    tape = random_tape(22, rows=40, slots=2)
    values = Timeframe(of=Sma(period=3), every=4).compute(tape)[0]
    closes = tape.close[3::4]
    for row in range(tape.rows):
        known = (row + 1) // 4
        expected = closes[known - 3 : known].mean(axis=0) if known >= 3 else [np.nan, np.nan]
        np.testing.assert_allclose(values[row], expected, rtol=1e-12)
    assert Timeframe(of=Sma(period=3), every=4).warmup == 11
    assert np.isnan(values[10]).all()
    assert np.isfinite(values[11]).all()


def test_a_day_is_seen_from_the_first_row_of_the_next_one() -> None:
    tape = random_tape(23, rows=36, slots=1, per_day=6)
    shape = Timeframe(of=Candle(), every="day").compute(tape)[:, :, 0]
    moved = Timeframe(of=RelativeVolume(period=1), every="day").compute(tape)[0, :, 0]
    assert np.isnan(shape[:, :6]).all()
    for row in range(6, 36):
        day = slice(row // 6 * 6 - 6, row // 6 * 6)
        start, close = tape.open[day, 0][0], tape.close[day, 0][-1]
        high, low = tape.high[day, 0].max(), tape.low[day, 0].min()
        top, bottom = max(start, close), min(start, close)
        expected = [(close - start) / close, (high - low) / close, (high - top) / close, (bottom - low) / close]
        np.testing.assert_allclose(shape[:, row], expected, rtol=1e-12)
        assert moved[row] == 1.0


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    tape = random_tape(24, rows=70, slots=1)  # from 2022-01-08, a Saturday
    week = Timeframe(of=Sma(period=2), every="week").compute(tape)[0, :, 0]
    mondays = [row for row in range(70) if (19_000 + row + 3) % 7 == 0]
    assert int(np.argmax(np.isfinite(week))) == mondays[1]
    np.testing.assert_allclose(week[mondays[1]], tape.close[[mondays[0] - 1, mondays[1] - 1], 0].mean(), rtol=1e-12)
    month = Timeframe(of=Sma(period=2), every="month").compute(tape)[0, :, 0]
    first = int(np.argmax(np.isfinite(month)))
    assert str(np.datetime64(19_000 + first, "D")) == "2022-03-01"


def test_a_tape_of_one_long_bar_has_no_value() -> None:
    tape = random_tape(25, rows=5, slots=1)
    assert np.isnan(Timeframe(of=Sma(period=2), every=4).compute(tape)).all()


def test_slots_may_be_one() -> None:
    tape = random_tape(26, rows=10, slots=1)
    one = replace(tape, universe=Universe(("ONLY",)))
    assert (Rank(of=Returns()).compute(one)[0, 1:] == 0.5).all()
