"""Spikes, jumps, wicks and runs are measured against the symbol's own moves; single cases by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from polyfolio.market.frame import tape_from_frame
from polyfolio.market.quality import check
from polyfolio.market.quality.moves import longest_by_chance
from tests.market.quality.tools import bars, coins, fixed, found, several

PRICES = ["open", "high", "low", "close"]


def times(frame: pd.DataFrame, rows: slice, factor: float) -> pd.DataFrame:
    frame = frame.copy()
    frame.loc[rows, PRICES] *= factor
    return frame


def test_a_spike_is_the_bar_itself_and_not_the_way_back() -> None:
    frame = times(coins(), slice(50, 50), 10.0)
    report = check(frame)
    symbol, count, examples = found(report, "spikes")
    assert (symbol, count) == ("AAA", 1)
    close = frame["close"]
    move = close[50] / close[49] - 1.0
    assert examples[0].startswith(
        f"[AAA] at 2024-01-03T02:00:00Z (row 50): close {close[49]:g} to {close[50]:g}, {move:+.1%}, "
    )
    assert not report.of("jumps")
    cleaned, log = report.fixed()
    assert cleaned.index[cleaned["close"].isna()].tolist() == [50]
    assert {change.field for change in log} == set(PRICES)
    assert tape_from_frame(cleaned).rows == 399


def test_a_jump_that_stays_is_told_and_nothing_is_changed() -> None:
    frame = times(coins(), slice(50, 400), 1.7)
    report = check(frame)
    assert found(report, "jumps")[1] == 1
    assert not report.of("spikes")
    assert report.fixed()[1] == ()


@pytest.mark.parametrize("factor", [1.05, 1 / 1.05, 1.09])
def test_a_move_below_a_tenth_is_none(factor: float) -> None:
    assert not check(times(coins(), slice(50, 400), factor)).of("jumps")


def test_a_wild_symbol_may_move_as_it_usually_does() -> None:
    random = np.random.default_rng(4)
    frame = coins()
    closes = 100.0 * np.exp(np.cumsum(0.1 * random.standard_t(4, 400)))
    frame["close"], frame["open"] = closes, np.concatenate([[100.0], closes[:-1]])
    frame["high"], frame["low"] = frame[["open", "close"]].max(axis=1), frame[["open", "close"]].min(axis=1)
    assert not check(frame).of("jumps")


def test_the_first_row_of_a_symbol_has_no_move() -> None:
    frame = several(coins, 2)
    frame.loc[frame["symbol"] == "S1", PRICES] *= 1000.0
    report = check(frame)
    assert not report.of("jumps")
    assert not report.of("spikes")


def test_a_wick_needs_no_close_far_away() -> None:
    frame = coins()
    frame.loc[50, "low"] = 60.0
    assert found(check(frame), "wicks")[2][0].startswith("[AAA] at 2024-01-03T02:00:00Z (row 50): open ")


def test_a_run_is_judged_by_the_symbols_own_share_of_unchanged_closes() -> None:
    # 1,000 rows, a tenth unchanged: a chance run of n + 1 bars is expected 1,000 x 0.1^n times; 0.001 at n = 6.
    assert longest_by_chance(1000, 0.1) == math.ceil(6.0) + 1
    assert longest_by_chance(1000, 0.5) == math.ceil(math.log(1e6) / math.log(2)) + 1 == 21
    assert longest_by_chance(1000, 0.0) == 5
    assert longest_by_chance(10, 1e-9) == 5


def test_closes_that_stand_still_are_told_with_the_longest_first() -> None:
    frame = coins(1000, freq="5min")
    for start, length in ((100, 7), (300, 12), (500, 3)):
        frame.loc[start : start + length - 1, PRICES] = 100.0
    symbol, count, examples = found(check(frame), "stale_runs")
    assert (symbol, count) == ("AAA", 2)
    assert examples[0].endswith(": 12 closes of 100")
    assert examples[1].endswith(": 7 closes of 100")


def test_a_coarse_grid_of_prices_is_no_standstill() -> None:
    random = np.random.default_rng(2)
    frame = coins(2000, freq="min")
    steps = np.where(random.uniform(size=2000) < 0.6, 0.0, random.choice([-0.01, 0.01], 2000))
    closes = 10.0 + np.cumsum(steps)
    frame[PRICES] = np.repeat(closes[:, None], 4, axis=1)
    assert not check(frame).of("stale_runs")


def test_few_rows_have_no_usual_move() -> None:
    frame = times(bars(pd.date_range("2024-01-01", periods=20, freq="h", tz="UTC")), slice(10, 10), 10.0)
    assert not check(frame).of("spikes")
    assert fixed(frame)["close"].notna().all()
