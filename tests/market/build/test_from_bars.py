"""Bars of several symbols become a tape, whether they end by the clock or not."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.from_bars import tape_from_bars
from polyfolio.market.intervals import DAY
from tests.market.build.tools import stamps

NAN = float("nan")


def bars(symbol: str, times: np.ndarray, closes: list[float], interval: str = "1d", **extra: object) -> Bars:
    close = np.array(closes)
    volume = np.full(close.size, 5.0)
    return Bars(symbol, times, close, close, close, close, volume, interval=interval, source="hand", **extra)


def test_symbols_stand_on_the_union_of_their_times() -> None:
    days = stamps("2024-01-01", "2024-01-02", "2024-01-03")
    tape = tape_from_bars({"A": bars("A", days, [1, 2, 3]), "B": bars("B", days[1:], [7, 8])})
    assert tape.symbols == ("A", "B")
    np.testing.assert_array_equal(tape.close, [[1, NAN], [2, 7], [3, 8]])
    np.testing.assert_array_equal(tape.tradable, [[1, 0], [1, 1], [1, 1]])
    np.testing.assert_array_equal(tape.times, days)


def test_bid_and_ask_become_the_spread_and_events_stay() -> None:
    days = stamps("2024-01-01", "2024-01-02", "2024-01-03")
    extra = {"bid": np.array([1.0, 2, 3]), "ask": np.array([1.5, 1.5, 3.25]), "dividends": np.array([0, 0.1, 0])}
    tape = tape_from_bars([bars("A", days, [1, 2, 3], **extra)], splits=False)
    np.testing.assert_array_equal(tape.spread, [[0.5], [NAN], [0.25]])
    assert tape.tradable[:, 0].tolist() == [1, 0, 1]
    np.testing.assert_array_equal(tape.dividends, [[0], [0.1], [0]])


def test_bars_of_varying_length_stand_where_they_closed() -> None:
    times = np.array([5, 6, 100 * DAY], np.int64)
    one, two = bars("A", times, [1, 2, 3], "volume:10"), bars("B", times[1:], [7, 8], "volume:10")
    tape = tape_from_bars([one, two], calendar="24/7")
    np.testing.assert_array_equal(tape.times, times)
    np.testing.assert_array_equal(tape.close, [[1, NAN], [2, 7], [3, 8]])
    assert tape.calendar.bars_per_year == pytest.approx(2 * 365.25 / 100, rel=1e-12)
    assert tape.calendar.source == "24/7: 2 closings of bars of varying length in 0.2738 years"
    assert tape_from_bars([one], bars_per_year=500.0).calendar.bars_per_year == 500.0
    assert np.isnan(tape_from_bars([bars("A", times[:2], [1, 2], "ticks:1")]).calendar.bars_per_year)


def test_bars_of_two_intervals_and_options_that_do_not_fit_are_refused() -> None:
    days = stamps("2024-01-01", "2024-01-02")
    with pytest.raises(DataError, match=r"got \['1d', '1h'\], must be one for all symbols"):
        tape_from_bars([bars("A", days, [1, 2]), bars("B", days, [1, 2], "1h")])
    with pytest.raises(DataError, match=r"got \[\], must be one for all"):
        tape_from_bars([])
    with pytest.raises(DataError, match="close for bars"):
        tape_from_bars([bars("A", days, [1, 2])], stamps="open")
    with pytest.raises(DataError, match="left out for bars of varying length"):
        tape_from_bars([bars("A", days, [1, 2], "ticks:5")], start="2024-01-01")


def test_a_price_that_cannot_be_is_named_with_its_bar() -> None:
    days = stamps("2024-01-01", "2024-01-02")
    for interval in ("1d", "ticks:5"):
        with pytest.raises(DataError, match=r"open\[A\] at 2024-01-02 \(hand, bar 1 of A\): got -2.0"):
            tape_from_bars([bars("A", days, [1, -2], interval)])


def test_a_symbol_without_a_bar_is_told(caplog: pytest.LogCaptureFixture) -> None:
    days = stamps("2024-01-01", "2024-01-02")
    with caplog.at_level(logging.WARNING):
        tape = tape_from_bars([bars("A", days, [1, 2]), bars("B", days[:0], [], findings=("gap: no bar at all",))])
    assert tape.symbols == ("A",)
    assert "B has no bar and no slot: gap: no bar at all" in caplog.text


@pytest.mark.parametrize("interval", ["1d", "volume:5"])
def test_what_is_no_event_is_none_for_bars_of_every_kind(interval: str) -> None:
    days = stamps("2024-01-01", "2024-01-02")
    events = {"dividends": np.array([NAN, 0.5]), "splits": np.array([0.0, NAN])}
    tape = tape_from_bars([bars("A", days, [1, 2], interval, **events)])
    assert tape.dividends is not None
    assert tape.splits is not None
    assert tape.dividends[:, 0].tolist() == [0.0, 0.5]
    assert tape.splits[:, 0].tolist() == [1.0, 1.0]
