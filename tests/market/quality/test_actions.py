"""Splits, dividends and adjusted closes against what the prices show; amounts by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.quality import check
from tests.market.quality.tools import days, found, put, several

PRICES = ["open", "high", "low", "close"]
US = {"calendar": "XNYS"}


def flat(count: int = 60) -> pd.DataFrame:
    """Daily rows near 100, whose close moves by a cent."""
    frame = days().iloc[:count].copy()
    close = 100.0 + 0.01 * (np.arange(count) % 7)
    frame[["open", "close"]] = np.column_stack([close, close])
    frame["high"], frame["low"] = close + 1.0, close - 1.0
    return frame


def falling(split: float, row: int = 30, count: int = 60) -> pd.DataFrame:
    frame = flat(count)
    frame.loc[row:, PRICES] /= split
    return frame


def test_splits_that_the_prices_show_are_well() -> None:
    assert check(put(falling(4.0), 30, split=4.0), **US).ok


@pytest.mark.parametrize("split", [4.0, 0.125, 1.5])
def test_splits_in_the_prices_already_would_count_twice_and_the_copy_loads(split: float) -> None:
    frame = put(flat(), 30, split=split)
    with pytest.raises(DataError, match="adjusted for splits already"):
        tape_from_frame(frame, **US)
    report = check(frame, **US)
    assert found(report, "splits_in_prices")[2] == (
        f"[AAA] at 2024-02-14 (row 30): split {split:g}, the close moved +0.0%",
    )
    cleaned, log = report.fixed()
    assert [(change.action, change.before, change.after) for change in log] == [("renamed", "splits", "applied_splits")]
    assert cleaned["applied_splits"][30] == split
    tape = tape_from_frame(cleaned, **US)
    assert tape.splits is None


def test_a_split_on_the_wrong_day_is_told_where_others_are_shown() -> None:
    frame = put(falling(2.0), 30, split=2.0)
    frame.loc[45:, PRICES] /= 3.0
    frame = put(put(frame, 45, split=3.0), 10, split=5.0)
    report = check(frame, **US)
    assert found(report, "split_unseen")[2][0].startswith("[AAA] at 2024-01-17 (row 10): split 5")
    assert not report.of("splits_in_prices")


@pytest.mark.parametrize(
    ("split", "odd"),
    [
        (2.0, False),
        (1.5, False),
        (0.1, False),
        (1.1, False),
        (1 / 3, False),
        (1.319, True),
        (1.04, True),
        (0.4725, True),
    ],
)
def test_ratios_of_small_numbers_are_splits_and_others_spinoffs(split: float, odd: bool) -> None:
    assert bool(check(put(falling(split), 30, split=split), **US).of("odd_split")) is odd


@pytest.mark.parametrize("split", [2.0, 3.0, 0.1, 20.0])
def test_a_split_nobody_recorded_is_told_and_is_no_jump(split: float) -> None:
    report = check(falling(split), **US)
    assert found(report, "unrecorded_split")[2] == (
        f"[AAA] at 2024-02-14 (row 30): the open moved {(100.02 / split) / 100.01 - 1.0:+.1%}",
    )
    assert not report.of("jumps")
    assert report.fixed()[1] == ()


def test_a_fall_by_no_ratio_or_within_a_session_is_a_jump() -> None:
    assert check(falling(2.5), **US).kinds() == ("jumps", "daily_labels")
    slow = falling(2.0)
    slow.loc[30, ["open", "high"]] = 100.0  # opened where it was, and fell during the day
    assert "unrecorded_split" not in check(slow, **US).kinds()


@pytest.mark.parametrize(
    ("number", "told"), [(10, True), (500, True), (7, True), (100, False), (1000, False), (1, False)]
)
def test_volumes_tell_of_a_split_after_the_last_row(number: int, told: bool) -> None:
    frame = several(days, 3)
    frame.loc[frame["symbol"] == "S1", "volume"] *= number
    later = check(frame, **US).of("later_split")
    assert bool(later) is told
    if told:
        assert later[0].examples == (f"S1: every volume is a multiple of {number}",)


def test_volumes_that_all_symbols_count_in_hundreds_tell_nothing() -> None:
    frame = several(days, 3)
    frame["volume"] *= 300.0
    assert not check(frame, **US).of("later_split")


def with_adjusted(paid: float, row: int = 30) -> pd.DataFrame:
    """Rows with one dividend, and closes adjusted for it: 1 - paid / close before."""
    frame = put(flat(), row, dividend=paid)
    factor = 1.0 - paid / frame["close"][row - 1]
    frame["adj_close"] = np.where(np.arange(60) < row, frame["close"] * factor, frame["close"])
    return frame


@pytest.mark.pitfall("DAT-02")
def test_adjusted_closes_follow_close_over_close_before_less_dividend() -> None:
    report = check(with_adjusted(2.0), **US)
    assert report.ok
    assert found(report, "adjusted_prices")[1] == 30
    wrong = with_adjusted(2.0)
    wrong.loc[:29, "adj_close"] *= 1.0001
    report = check(wrong, **US)
    symbol, count, examples = found(report, "adjustment")
    assert (symbol, count) == ("AAA", 1)
    assert examples == ("[AAA] at 2024-02-14 (row 30): dividend 2; the close moved +0.0%, the adjusted close +2.0%",)


@pytest.mark.pitfall("DAT-02")
def test_a_dividend_of_more_than_a_twentieth_is_told() -> None:
    report = check(with_adjusted(8.0), **US)
    assert found(report, "large_dividend")[1] == 1
    assert report.ok
    assert not check(with_adjusted(4.0), **US).of("large_dividend")


def test_adjusted_closes_without_events_may_rise_but_not_fall_against_closes() -> None:
    frame = with_adjusted(2.0).drop(columns="dividend")
    assert check(frame, **US).ok
    frame.loc[:29, "adj_close"] = frame["close"] * 1.02
    assert found(check(frame, **US), "adjustment")[1] == 1


@pytest.mark.pitfall("DAT-02")
def test_a_spinoff_booked_twice_counts_once_in_the_copy() -> None:
    # Worth 25 of 100: booked as split of 4/3 (in the prices already) and as dividend of 25.
    frame = put(with_adjusted(25.0), 30, split=1.3333)
    report = check(frame, **US)
    assert found(report, "spinoff")[2] == (
        "[AAA] at 2024-02-14 (row 30): dividend 25 and split 1.3333; the close moved +0.0%, the adjusted close +33.3%",
    )
    cleaned, log = report.fixed()
    assert cleaned["dividend"][30] == 0.0
    moved = cleaned["adj_close"].pct_change()[30]
    assert moved == pytest.approx(100.02 / 100.01 - 1.0, abs=1e-12)
    np.testing.assert_allclose(cleaned["adj_close"][:30], frame["close"][:30], rtol=1e-12)
    assert {(change.field, change.kind) for change in log} == {("dividends", "spinoff"), ("adj_close", "spinoff")}
    assert len(log) == 31
    assert check(cleaned, **US).ok


def test_rows_with_splits_in_raw_prices_adjust_for_them() -> None:
    frame = put(falling(2.0), 30, split=2.0)
    frame["adj_close"] = np.where(np.arange(60) < 30, frame["close"] / 2.0, frame["close"])
    assert check(frame, **US).ok
