"""Longer bars: what they hold, when they are known, and that the rows to come change none of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.exchange import sessions_of
from polyfolio.market.files import read_parquet
from polyfolio.market.intervals import nanoseconds
from polyfolio.market.resample import resample
from polyfolio.market.window import window
from tests.market.build.tools import minutes, same, shown, stamps, tape_of

NAN = float("nan")


def session_tape(name: str, first: str, last: str, step: str, seed: int = 0) -> Tape:
    """Random bars on all sessions of an exchange between two days."""
    days = [int(np.datetime64(text, "D").astype(int)) for text in (first, last)]
    times = sessions_of(name, *days).schedule(nanoseconds(step))
    draws = np.random.default_rng(seed).normal(0.0, 0.5, (2, times.size))
    return tape_of(times, *(1000.0 + np.cumsum(draws, axis=1)), calendar=name)


def test_an_hour_of_minutes_is_first_highest_lowest_last_and_the_sum_of_volumes() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 8, "15min"), [10, 12, 9, 11, 20, 18, 21, 19])
    hour = resample(tape, "1h")
    assert shown(hour.times) == ["2024-01-01T01:00", "2024-01-01T02:00"]
    assert [getattr(hour, name)[:, 0].tolist() for name in ("open", "high", "low", "close", "volume")] == [
        [10, 11],
        [13, 22],
        [8, 10],
        [11, 19],
        [10, 26],
    ]


@pytest.mark.pitfall("LAH-10")
def test_a_bar_that_has_not_ended_is_none() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 11, "15min"), range(10, 21))
    assert shown(resample(tape, "1h").times) == ["2024-01-01T01:00", "2024-01-01T02:00"]


def test_a_missing_bar_does_not_count_and_a_slot_without_one_is_not_tradable() -> None:
    nan = [NAN] * 4
    tape = tape_of(minutes("2024-01-01T00:15", 8, "15min"), range(10, 18), [*nan, 5, NAN, 7, NAN])
    hour = resample(tape, "1h")
    assert hour.tradable[:, 1].tolist() == [0, 1]
    assert hour.close[:, 1].tolist()[1] == 7.0
    assert hour.volume[:, 1].tolist()[1] == 5 + 7
    assert np.isnan(hour.close[0, 1])
    assert np.isnan(hour.volume[0, 1])


def test_volume_is_unknown_where_that_of_a_bar_is() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 8, "15min"), range(10, 18))
    volume = tape.volume.copy()
    volume[1] = NAN
    object.__setattr__(tape, "volume", volume)
    np.testing.assert_array_equal(resample(tape, "1h").volume[:, 0], [NAN, 26.0])


def test_events_inside_a_bar_stand_in_its_last_units() -> None:
    """2 for 1 in the third row: prices before it halve, volume doubles, the payout of 4 before it is 2 a new unit."""
    tape = tape_of(
        minutes("2024-01-01T00:15", 8, "15min"),
        [100, 102, 52, 53, 54, 55, 56, 57],
        splits=np.array([[1, 1, 2, 1, 1, 1, 1, 1]]).T,
        dividends=np.array([[0, 4, 0, 1, 0, 0, 0, 0]]).T,
        funding=np.array([[NAN, 0.01, NAN, 0.02, NAN, NAN, NAN, NAN]]).T,
        borrow=np.array([[0.1, NAN, 0.2, NAN, NAN, NAN, NAN, NAN]]).T,
    )
    hour = resample(tape, "1h")
    assert hour.open[0, 0] == 50.0
    assert hour.close[0, 0] == 53.0
    # The third row's own bar opens at the 102 before the split, in this hand-made tape: its high is 103.
    assert hour.high[0, 0] == 103.0
    assert hour.low[0, 0] == min(99 / 2, 99 / 2, 51.0)
    assert hour.volume[0, 0] == 1 * 2 + 2 * 2 + 3 + 4
    assert hour.splits[:, 0].tolist() == [2.0, 1.0]
    assert hour.dividends[:, 0].tolist() == [4 / 2 + 1, 0.0]
    np.testing.assert_allclose(hour.funding[:, 0], [0.03, NAN], rtol=1e-15)
    np.testing.assert_array_equal(hour.borrow[:, 0], [0.2, NAN])


def test_hours_count_from_the_opening_and_end_with_the_session() -> None:
    hour = resample(session_tape("XNYS", "2024-07-02", "2024-07-05", "5min"), "1h")
    assert shown(hour.times)[:7] == [
        f"2024-07-02T{time}" for time in ("14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:00")
    ]
    assert [text for text in shown(hour.times) if text.startswith("2024-07-03")] == [
        f"2024-07-03T{time}" for time in ("14:30", "15:30", "16:30", "17:00")
    ]


@pytest.mark.pitfall("CAL-03")
def test_days_end_when_their_session_does_and_half_days_earlier() -> None:
    daily = resample(session_tape("XNYS", "2024-07-01", "2024-07-05", "5min"), "1d")
    assert shown(daily.times) == ["2024-07-01T20:00", "2024-07-02T20:00", "2024-07-03T17:00", "2024-07-05T20:00"]


@pytest.mark.pitfall("CAL-02")
@pytest.mark.parametrize(
    ("name", "first", "last", "closes"),
    [
        ("XNYS", "2024-03-08", "2024-03-12", ["2024-03-08T21:00", "2024-03-11T20:00", "2024-03-12T20:00"]),
        ("XLON", "2024-10-25", "2024-10-29", ["2024-10-25T15:30", "2024-10-28T16:30", "2024-10-29T16:30"]),
    ],
)
def test_days_follow_the_clocks_of_their_exchange(name: str, first: str, last: str, closes: list[str]) -> None:
    tape = session_tape(name, first, last, "5min")
    daily = resample(tape, "1d")
    assert shown(daily.times) == closes
    per_day = tape.rows // 3
    np.testing.assert_array_equal(daily.close, tape.close[per_day - 1 :: per_day])


def test_a_day_equals_a_group_of_a_frame() -> None:
    tape = session_tape("XHKG", "2024-01-02", "2024-03-28", "5min", seed=3)
    daily = resample(tape, "1d")
    frame = pd.DataFrame({name: getattr(tape, name)[:, 1] for name in ("open", "high", "low", "close", "volume")})
    ways = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    expected = frame.groupby(tape.calendar.day).agg(ways)
    for name in ways:
        np.testing.assert_array_equal(getattr(daily, name)[:, 1], expected[name])
    np.testing.assert_array_equal(daily.calendar.day, expected.index)


def test_weeks_and_months_end_with_their_last_session() -> None:
    tape = session_tape("XNYS", "2024-03-18", "2024-04-05", "30min")
    # 2024-03-29 was Good Friday: that week and that month end on Thursday.
    assert shown(resample(tape, "1w").times) == ["2024-03-22T20:00", "2024-03-28T20:00", "2024-04-05T20:00"]
    longer = session_tape("XNYS", "2024-02-12", "2024-04-05", "30min")
    assert shown(resample(longer, "month").times) == ["2024-02-29T21:00", "2024-03-28T20:00"]


def test_daily_rows_become_weeks_although_a_half_day_is_stamped_with_the_regular_close() -> None:
    days = pd.bdate_range("2024-11-18", "2024-12-06", tz="UTC")
    days = days[days.strftime("%Y-%m-%d") != "2024-11-28"]
    tape = tape_of(days.as_unit("ns").asi8, range(10, 10 + len(days)), calendar="XNYS")
    weekly = resample(tape, "1w")
    assert shown(weekly.times) == ["2024-11-22T21:00", "2024-11-29T21:00", "2024-12-06T21:00"]
    assert weekly.close[:, 0].tolist() == [14.0, 18.0, 23.0]


@pytest.mark.pitfall("CAL-03")
def test_hourly_rows_that_reach_beyond_a_half_day_belong_to_it() -> None:
    opens = np.concatenate([minutes("2024-07-02T13:30", 7, "1h"), minutes("2024-07-03T13:30", 4, "1h")])
    tape = tape_of(opens, range(10, 21), calendar="XNYS", stamps="open")
    daily = resample(tape, "1d")
    assert shown(daily.times) == ["2024-07-02T20:00", "2024-07-03T17:00"]
    assert daily.close[:, 0].tolist() == [16.0, 20.0]
    assert shown(resample(tape, "2h").times)[-2:] == ["2024-07-03T15:30", "2024-07-03T17:00"]


def test_rows_outside_the_sessions_are_refused_or_dropped() -> None:
    times = np.sort(np.append(minutes("2024-07-02T13:35", 78, "5min"), stamps("2024-07-02T13:00", "2024-07-02T22:00")))
    later = minutes("2024-07-03T13:35", 42, "5min")
    tape = tape_of(np.append(times, later), range(100, 222), calendar="XNYS", interval="5min")
    with pytest.raises(DataError, match=r"times \(row 0\): got '2024-07-02T13:00:00Z'.*2 rows are not"):
        resample(tape, "1d")
    daily = resample(tape, "1d", outside="drop")
    assert daily.close[:, 0].tolist() == [178.0, 221.0]


@pytest.mark.parametrize(
    ("interval", "match"),
    [("15min", "longer than the tape's rows"), ("5min", "longer than"), ("40min", "a multiple of .* Try 30min")],
)
def test_bars_that_would_be_shorter_or_cut_rows_are_refused(interval: str, match: str) -> None:
    with pytest.raises(DataError, match=match):
        resample(tape_of(minutes("2024-01-01T00:15", 20, "15min"), range(20, 40)), interval)


def test_bars_of_varying_length_become_bars_of_the_clock() -> None:
    closed = stamps("2024-01-01T00:07", "2024-01-01T00:08", "2024-01-01T00:31", "2024-01-01T01:59", "2024-01-01T02:00")
    hour = resample(tape_of(closed, [10, 12, 11, 14, 13], bars_per_year=1e5, interval="1min"), "1h")
    assert shown(hour.times) == ["2024-01-01T01:00", "2024-01-01T02:00"]
    assert hour.close[:, 0].tolist() == [11.0, 13.0]


def test_a_tape_without_two_whole_bars_is_refused() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 7, "15min"), range(20, 27))
    with pytest.raises(DataError, match="at least 2 bars of 1h that have ended"):
        resample(tape, "1h")
    with pytest.raises(DataError, match="refuse or drop"):
        resample(tape, "1h", outside="keep")


def plain(tape: Tape, ends: np.ndarray, slot: int) -> list[list[float]]:
    """Open, high, low, close and volume of one slot by a loop over the rows."""
    made = []
    for end in np.unique(ends[ends <= tape.times[-1]]):
        rows = [row for row in np.flatnonzero(ends == end) if tape.tradable[row, slot]]
        if rows:
            one = [tape.open[rows[0], slot], max(tape.high[rows, slot]), min(tape.low[rows, slot])]
            made.append([*one, tape.close[rows[-1], slot], sum(tape.volume[rows, slot])])
        else:
            made.append([NAN] * 5)
    return made


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=24, max_size=60), st.integers(0, 50))
def test_bars_with_gaps_and_late_listings_equal_a_plain_loop(here: list[tuple[bool, bool]], seed: int) -> None:
    # The first slot misses a fourth of its bars at most; the second lists late and ends early.
    here = [(one or row % 4 != 0, other) for row, (one, other) in enumerate(here)]
    here[0] = here[-1] = (True, False)
    closes = np.random.default_rng(seed).uniform(50.0, 60.0, (2, len(here)))
    closes[0, [not one for one, _ in here]] = NAN
    closes[1, [not other for _, other in here]] = NAN
    tape = tape_of(minutes("2024-01-01T00:05", len(here), "5min"), *closes, symbols=("A", "B"), interval="5min")
    made = resample(tape, "30min")
    half = 30 * 60 * 10**9
    ends = -(-tape.times // half) * half
    assert made.times.tolist() == np.unique(ends[ends <= tape.times[-1]]).tolist()
    for slot in range(tape.slots):
        ours = np.stack([getattr(made, name)[:, slot] for name in ("open", "high", "low", "close", "volume")], axis=1)
        np.testing.assert_allclose(ours, plain(tape, ends, slot), rtol=1e-15)
    np.testing.assert_array_equal(made.tradable, ~np.isnan(made.close))


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("interval", ["15min", "1h", "4h", "1d", "1w"])
@given(cut=st.integers(800, 1500))
def test_the_rows_to_come_change_no_bar_known_before_them(interval: str, cut: int) -> None:
    tape = session_tape("XTKS", "2024-05-01", "2024-07-31", "5min", seed=7)
    whole = resample(tape, interval)
    part = resample(window(tape, 0, cut), interval)
    assert part.rows == int((whole.times <= tape.times[cut - 1]).sum())
    same(part, whole, part.rows)


@pytest.mark.shared
def test_five_minutes_of_sixty_shares_give_the_official_days(shared_data: object) -> None:
    symbols = ["AAPL", "MSFT", "NVDA"]
    tape = read_parquet(
        shared_data / "us_5min_2025.parquet", symbols=symbols, calendar="XNYS", stamps="open", interval="5min"
    )
    daily = resample(tape, "1d")
    frame = pd.read_parquet(shared_data / "us_daily_2016_2025.parquet")
    for slot, symbol in enumerate(symbols):
        own = frame[frame["symbol"] == symbol].set_index("timestamp")["close"].loc["2025-05-12":"2025-10-31"]
        assert daily.rows == len(own)
        assert np.median(np.abs(daily.close[:, slot] / own.to_numpy() - 1.0)) < 5e-4
