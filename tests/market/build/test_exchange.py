"""Sessions equal those of exchange_calendars, day by day and bar by bar."""

from __future__ import annotations

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.exchange import at_closes, sessions_of, short_days
from polyfolio.market.intervals import DAY, nanoseconds
from tests.market.build.tools import minutes, shown, stamps, tape_of

EXCHANGES = ("XNYS", "XNAS", "XLON", "XTKS", "XHKG")


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


def nanos(column: pd.Series) -> np.ndarray:
    return pd.DatetimeIndex(column).tz_convert(None).as_unit("ns").asi8


@pytest.mark.parametrize("name", EXCHANGES)
def test_trading_days_opens_breaks_closes_and_half_days_equal_the_reference_over_twenty_years(name: str) -> None:
    sessions = sessions_of(name, day("2004-03-15"), day("2025-11-30"))
    reference = exchange_calendars.get_calendar(name, start="2003-01-01", end="2026-06-30")
    table = reference.schedule.loc["2004-03-15":"2025-11-30"]
    assert len(table) > 5000
    np.testing.assert_array_equal(sessions.days, table.index.as_unit("ns").asi8 // DAY)
    np.testing.assert_array_equal(sessions.opens, nanos(table["open"]))
    np.testing.assert_array_equal(sessions.closes, nanos(table["close"]))
    np.testing.assert_array_equal(sessions.pauses, nanos(table["break_start"].fillna(table["close"])))
    np.testing.assert_array_equal(sessions.resumes, nanos(table["break_end"].fillna(table["close"])))
    early = reference.early_closes
    assert set(sessions.days[sessions.early]) == set(early[early.isin(table.index)].as_unit("ns").asi8 // DAY)


@pytest.mark.pitfall("CAL-03")
@pytest.mark.parametrize("text", ["2024-07-03", "2024-11-29", "2024-12-24", "2025-07-03"])
def test_half_days_end_at_one_in_new_york(text: str) -> None:
    sessions = sessions_of("XNYS", day(text), day(text))
    close = pd.Timestamp(int(sessions.closes[0]), tz="UTC").tz_convert("America/New_York")
    assert (close.hour, close.minute, bool(sessions.early[0])) == (13, 0, True)
    assert sessions.schedule(nanoseconds("5min")).size == 42


@pytest.mark.pitfall("CAL-02")
@pytest.mark.parametrize(
    ("name", "first", "last", "bars", "opens"),
    [
        ("XNYS", "2024-03-08", "2024-03-11", 78, ["2024-03-08T14:30", "2024-03-11T13:30"]),
        ("XNYS", "2024-11-01", "2024-11-04", 78, ["2024-11-01T13:30", "2024-11-04T14:30"]),
        ("XLON", "2024-03-28", "2024-04-02", 102, ["2024-03-28T08:00", "2024-04-02T07:00"]),
        ("XLON", "2024-10-25", "2024-10-28", 102, ["2024-10-25T07:00", "2024-10-28T08:00"]),
    ],
)
def test_five_minute_bars_neither_double_nor_lose_the_hour_at_which_clocks_change(
    name: str, first: str, last: str, bars: int, opens: list[str]
) -> None:
    sessions = sessions_of(name, day(first), day(last))
    assert shown(sessions.opens) == opens
    ends = sessions.schedule(nanoseconds("5min"))
    assert ends.size == 2 * bars
    assert np.unique(ends).size == ends.size
    np.testing.assert_array_equal(ends[::bars], sessions.opens + nanoseconds("5min"))
    np.testing.assert_array_equal(ends[bars - 1 :: bars], sessions.closes)


def test_bars_begin_anew_after_the_lunch_break_and_end_with_it() -> None:
    sessions = sessions_of("XTKS", day("2024-06-03"), day("2024-06-03"))
    hours = [text[11:] for text in shown(sessions.schedule(nanoseconds("1h")))]
    assert hours == ["01:00", "02:00", "02:30", "04:30", "05:30", "06:00"]
    closed = stamps("2024-06-03T02:30", "2024-06-03T03:00", "2024-06-03T03:30", "2024-06-03T03:31")
    assert shown(sessions.bar_ends(closed[[0, 3]], nanoseconds("1h"))) == ["2024-06-03T02:30", "2024-06-03T04:30"]
    assert sessions.bar_ends(closed[[1, 2]], nanoseconds("1h")).tolist() == [-1, -1]
    assert shown(sessions.bar_ends(closed[2:], nanoseconds("1h"), starts=True)) == ["2024-06-03T04:30"] * 2


def test_a_close_belongs_to_the_bar_it_ends_and_an_event_to_the_bar_it_begins() -> None:
    sessions = sessions_of("24/7", 0, 1)
    hour = nanoseconds("1h")
    times = np.array([hour - 1, hour, hour + 1], np.int64)
    assert (sessions.bar_ends(times, hour) // hour).tolist() == [1, 1, 2]
    assert (sessions.bar_ends(times, hour, starts=True) // hour).tolist() == [1, 2, 2]


def test_the_currency_week_runs_from_sunday_to_friday_evening_in_new_york() -> None:
    sessions = sessions_of("24/5", day("2024-03-07"), day("2024-03-12"))
    assert shown(sessions.opens) == ["2024-03-06T22:00", "2024-03-07T22:00", "2024-03-10T21:00", "2024-03-11T21:00"]
    assert shown(sessions.closes) == ["2024-03-07T22:00", "2024-03-08T22:00", "2024-03-11T21:00", "2024-03-12T21:00"]


def test_coins_have_a_session_every_day() -> None:
    sessions = sessions_of("24/7", day("2024-02-28"), day("2024-03-01"))
    assert shown(sessions.opens) == ["2024-02-28T00:00", "2024-02-29T00:00", "2024-03-01T00:00"]
    np.testing.assert_array_equal(sessions.opens[1:], sessions.closes[:-1])


def test_an_exchange_under_another_name_and_an_unknown_one() -> None:
    india = sessions_of("XNSE", day("2024-01-01"), day("2024-01-10"))
    np.testing.assert_array_equal(india.days, sessions_of("XBOM", day("2024-01-01"), day("2024-01-10")).days)
    with pytest.raises(DataError, match="Did you mean `XNYS`"):
        sessions_of("XNYX", 0, 10)
    with pytest.raises(DataError, match="a span the calendar knows"):
        sessions_of("XTKS", day("1960-01-01"), day("1961-01-01"))


@pytest.mark.pitfall("TIM-05")
def test_daily_labels_become_the_instants_their_sessions_closed() -> None:
    days = stamps("2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05")
    tape = at_closes(tape_of(days, [10, 11, 12, 13], calendar="XNYS"))
    assert shown(tape.times) == ["2024-07-01T20:00", "2024-07-02T20:00", "2024-07-03T17:00", "2024-07-05T20:00"]
    tokyo = at_closes(tape_of(stamps("2024-11-01", "2024-11-05"), [10, 11], calendar="XTKS"))
    assert shown(tokyo.times) == ["2024-11-01T06:00", "2024-11-05T06:30"]


def test_a_daily_row_on_a_holiday_is_refused_with_its_row() -> None:
    tape = tape_of(stamps("2024-07-02", "2024-07-03", "2024-07-04"), [10, 11, 12], calendar="XNYS")
    with pytest.raises(DataError, match=r"times \(row 2\): got '2024-07-04', must be a session of XNYS"):
        at_closes(tape)


@pytest.mark.pitfall("CAL-03")
def test_a_bar_that_would_reach_beyond_its_session_ends_with_it() -> None:
    """Hourly bars stamped at their opening: the one of 12:30 in New York ends at 13:00 on a half day."""
    opens = minutes("2024-07-03T13:30", 4, "1h")
    tape = tape_of(opens, [10, 11, 12, 13], calendar="XNYS", stamps="open")
    assert shown(tape.times)[-1] == "2024-07-03T17:30"
    assert shown(at_closes(tape).times) == [f"2024-07-03T{hour}" for hour in ("14:30", "15:30", "16:30", "17:00")]
    tokyo = tape_of(
        stamps("2024-06-03T01:00", "2024-06-03T02:00", "2024-06-03T03:30"),
        [10, 11, 12],
        calendar="XTKS",
        stamps="open",
        interval="1h",
    )
    assert shown(at_closes(tokyo).times) == ["2024-06-03T02:00", "2024-06-03T02:30", "2024-06-03T04:30"]


@pytest.mark.pitfall("TIM-07")
def test_a_day_cut_off_in_the_afternoon_is_found() -> None:
    sessions = sessions_of("XNYS", day("2024-07-01"), day("2024-07-05"))
    ends = sessions.schedule(nanoseconds("5min"))
    cut = (ends > stamps("2024-07-02T19:00")[0]) & (ends < stamps("2024-07-03")[0])
    assert short_days(ends[~cut], sessions).tolist() == [day("2024-07-02")]
    assert short_days(ends, sessions).size == 0
    gone = (ends > stamps("2024-07-02")[0]) & (ends < stamps("2024-07-03")[0])
    assert short_days(ends[~gone], sessions).size == 0


@pytest.mark.shared
@pytest.mark.pitfall("TIM-07")
def test_the_minute_file_that_stops_at_15_23_has_one_short_day(shared_data: object) -> None:
    frame = pd.read_parquet(shared_data / "spy_1min_2024_2025.parquet")
    times = pd.DatetimeIndex(frame["timestamp"]).tz_convert(None).as_unit("ns").asi8 + nanoseconds("1min")
    sessions = sessions_of("XNYS", int(times[0] // DAY), int(times[-1] // DAY))
    assert short_days(times, sessions).tolist() == [day("2025-04-02")]
