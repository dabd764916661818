"""Symbols stand on the union of their times; what is missing is missing, and nothing is filled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.frame import tape_from_arrays, tape_from_frame
from polyfolio.market.window import window
from tests.market.tools import days

DAY = 86_400_000_000_000
FIELDS = ("open", "high", "low", "close", "volume", "tradable")


def two() -> pd.DataFrame:
    """AAA on days 1 to 6; BBB on days 3 to 5."""
    return pd.concat([days(6), days(3, "BBB", "2024-01-03", 50.0)], ignore_index=True)


def equal(one: Tape, other: Tape) -> None:
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.times, other.times)


@pytest.mark.pitfall("DAT-07")
def test_a_late_listing_and_an_early_end_are_nan_and_not_tradable() -> None:
    tape = tape_from_frame(two())
    assert tape.symbols == ("AAA", "BBB")
    assert tape.tradable.T.tolist() == [[1] * 6, [0, 0, 1, 1, 1, 0]]
    np.testing.assert_array_equal(tape.close[:, 1], [np.nan, np.nan, 50.0, 51.0, 52.0, np.nan])
    np.testing.assert_array_equal(tape.close[:, 0], [10.0, 11.0, 12.0, 13.0, 14.0, 15.0])


@pytest.mark.pitfall("LAH-01", "DAT-01")
def test_a_missing_bar_is_filled_neither_from_its_past_nor_from_another_symbol() -> None:
    frame = two().drop(index=2)
    frame.loc[4, ["open", "high", "low", "close", "volume"]] = np.nan
    tape = tape_from_frame(frame)
    np.testing.assert_array_equal(tape.close[:, 0], [10.0, 11.0, np.nan, 13.0, np.nan, 15.0])
    assert tape.tradable[:, 0].tolist() == [1, 1, 0, 1, 0, 1]
    np.testing.assert_array_equal(tape.volume[:, 0], [100.0, 100.0, np.nan, 100.0, np.nan, 100.0])
    np.testing.assert_array_equal(tape.close[2:5, 1], [50.0, 51.0, 52.0])


@pytest.mark.pitfall("LAH-01")
def test_permuting_the_symbols_permutes_the_columns_and_changes_nothing_else() -> None:
    one = tape_from_frame(two(), symbols=["AAA", "BBB"])
    other = tape_from_frame(two(), symbols=["BBB", "AAA"])
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name)[:, ::-1])


@pytest.mark.pitfall("LAH-02")
def test_cutting_the_end_of_one_symbol_changes_nothing_before_the_cut() -> None:
    whole = tape_from_frame(two())
    cut = tape_from_frame(two().drop(index=5))
    equal(window(whole, 0, 5), cut)
    without_last_of_b = tape_from_frame(two().drop(index=8))
    equal(window(whole, 0, 4), window(without_last_of_b, 0, 4))
    assert without_last_of_b.symbols == ("AAA", "BBB")


def test_rows_sorted_by_time_give_the_tape_of_rows_sorted_by_symbol() -> None:
    equal(tape_from_frame(two()), tape_from_frame(two().sort_values(["timestamp", "symbol"]), symbols=["AAA", "BBB"]))


def test_long_rows_wide_rows_and_arrays_make_the_same_tape() -> None:
    long = tape_from_frame(two())
    fields = ["open", "high", "low", "close", "volume"]
    wide = two().pivot(index="timestamp", columns="symbol", values=fields)
    equal(long, tape_from_frame(wide))
    arrays = {name: wide[name].to_numpy() for name in fields}
    equal(long, tape_from_arrays(long.times, ("AAA", "BBB"), arrays))
    equal(long, tape_from_arrays(wide.index, ("AAA", "BBB"), arrays))


def test_times_may_stand_in_the_index_and_columns_may_have_other_names() -> None:
    frame = days(4).rename(columns={"open": "Open", "close": "Close", "symbol": "Ticker", "volume": " Volume "})
    equal(tape_from_frame(days(4)), tape_from_frame(frame.set_index("timestamp")))
    equal(tape_from_frame(days(4)), tape_from_frame(frame.rename(columns={"timestamp": "Date"})))


def test_a_row_with_an_event_and_no_bar_stays_and_one_without_both_goes() -> None:
    frame = days(5).assign(dividends=[0.0, 0.0, 0.5, 0.0, np.nan], splits=[0.0, 1.0, np.nan, 1.0, 0.0])
    frame.loc[[2, 3], ["open", "high", "low", "close"]] = np.nan
    tape = tape_from_frame(frame)
    assert tape.dividends is not None
    assert tape.splits is not None
    assert tape.dividends[:, 0].tolist() == [0.0, 0.0, 0.5, 0.0]
    assert tape.splits[:, 0].tolist() == [1.0] * 4
    assert tape.tradable[:, 0].tolist() == [1, 1, 0, 1]


@pytest.mark.pitfall("DAT-05")
def test_funding_and_borrow_rates_are_not_filled_between_their_times() -> None:
    frame = days(4).assign(funding_rate=[0.0001, np.nan, np.nan, -0.0002], borrow=[np.nan, 0.02, np.nan, 0.03])
    tape = tape_from_frame(frame)
    np.testing.assert_array_equal(tape.funding, [[0.0001], [np.nan], [np.nan], [-0.0002]])
    np.testing.assert_array_equal(tape.borrow, [[np.nan], [0.02], [np.nan], [0.03]])


def test_optional_fields_are_none_where_the_rows_have_none_and_off_where_they_are_not_wanted() -> None:
    assert tape_from_frame(days(4)).dividends is None
    frame = days(4).assign(dividends=[0.0, 0.1, 0.0, 0.0], splits=[0.0] * 4)
    tape = tape_from_frame(frame, dividends=False, splits=False)
    assert tape.dividends is None
    assert tape.splits is None


@pytest.mark.pitfall("DAT-04")
def test_quotes_give_prices_and_spread_and_a_crossed_bar_is_not_traded(caplog: pytest.LogCaptureFixture) -> None:
    frame = days(3)[["timestamp", "symbol", "volume"]]
    for name in ("open", "high", "low", "close"):
        frame[f"bid_{name}"], frame[f"ask_{name}"] = 10.0, 10.5
    frame.loc[1, "ask_close"] = 9.5
    frame.loc[1, "ask_low"] = 9.5
    tape = tape_from_frame(frame)
    np.testing.assert_array_equal(tape.close[:, 0], [10.25, 9.75, 10.25])
    np.testing.assert_array_equal(tape.spread, [[0.5], [np.nan], [0.5]])
    assert tape.tradable[:, 0].tolist() == [1, 0, 1]
    assert "1 of 3 bars have their ask below their bid" in caplog.text


def test_adjusted_prices_are_prices_times_adjusted_close_over_close() -> None:
    frame = days(3).assign(adj_close=[5.0, 11.0, 12.0])
    tape = tape_from_frame(frame, adjusted=True, dividends=False, splits=False)
    assert tape.close[:, 0].tolist() == [5.0, 11.0, 12.0]
    assert tape.open[:, 0].tolist() == [5.0, 11.0, 12.0]
    assert tape_from_frame(frame).close[:, 0].tolist() == [10.0, 11.0, 12.0]


def test_a_symbol_without_a_bar_in_the_span_goes_unless_it_was_named() -> None:
    tape = tape_from_frame(two(), end="2024-01-02T00:00:00Z")
    assert tape.symbols == ("AAA",)
    with pytest.raises(DataError, match=r"rows of BBB: got 0, must be at least one .* its bars close 2024-01-03 to"):
        tape_from_frame(two(), end="2024-01-02T00:00:00Z", symbols=["AAA", "BBB"])


def test_a_window_keeps_the_calendar_and_holds_the_rows_asked_for() -> None:
    tape = tape_from_frame(two())
    part = window(tape, 1, 4)
    assert part.rows == 3
    assert part.calendar.bars_per_year == tape.calendar.bars_per_year
    np.testing.assert_array_equal(part.calendar.day, tape.calendar.day[1:4])
    np.testing.assert_array_equal(part.close, tape.close[1:4])


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (0, 7), (2, 3), (4, 2)])
def test_a_window_outside_the_tape_is_refused(start: int, end: int) -> None:
    with pytest.raises(DataError, match="two rows or more from 0 to 6"):
        window(tape_from_frame(two()), start, end)
