"""Gaps against the calendar: half days, clock changes, lunch breaks, weekends, cut sessions, wrong zones."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.market import exchange
from polyfolio.market.quality import check
from tests.market.quality.tools import bars, coins, days, found, minutes, serious, several

US = {"calendar": "XNYS"}


def at(frame: pd.DataFrame, day: str) -> pd.Series:
    return frame["timestamp"].dt.strftime("%Y-%m-%d") == day


def test_a_missing_session_is_named_and_runs_of_them_counted() -> None:
    frame = days(last="2024-03-28")
    gone = frame[~(at(frame, "2024-01-16") | at(frame, "2024-02-06") | at(frame, "2024-02-07"))]
    assert found(check(gone, **US), "missing_sessions") == (
        "AAA",
        3,
        ("[AAA] 2024-02-06 and 1 more after it", "[AAA] 2024-01-16"),
    )


def test_a_symbol_is_not_missing_before_its_first_and_after_its_last_row() -> None:
    frame = several(days, 2).drop(index=[*range(252, 262), *range(494, 504)])
    assert "missing_sessions" not in check(frame, **US).kinds()


def test_rows_on_a_holiday_or_at_a_weekend_are_told() -> None:
    frame = days(last="2024-02-01")
    extra = bars(pd.DatetimeIndex(["2024-01-15", "2024-01-20"], tz="UTC"))  # a holiday, a Saturday
    both = pd.concat([frame, extra]).sort_values("timestamp", ignore_index=True)
    assert found(check(both, **US), "off_session")[:2] == ("AAA", 2)


@pytest.mark.pitfall("CAL-03")
@pytest.mark.parametrize("day", ["2024-07-03", "2024-11-29", "2024-12-24", "2025-07-03"])
def test_a_half_day_is_complete_at_one_in_the_afternoon(day: str) -> None:
    week = pd.Timestamp(day)
    first, last = (str((week + pd.Timedelta(days=step)).date()) for step in (-4, 4))
    frame = minutes(first, last)
    half = frame[at(frame, day)]
    close = half["timestamp"].max() + pd.Timedelta(minutes=5)
    assert close.tz_convert("America/New_York").strftime("%H:%M") == "13:00"
    assert serious(check(frame, **US)) == {"opening_stamps"}
    late = bars([pd.Timestamp(f"{day} 14:00", tz="America/New_York").tz_convert("UTC")])
    more = pd.concat([frame, late]).sort_values("timestamp", ignore_index=True)
    assert found(check(more, **US), "off_session")[1] == 1


@pytest.mark.pitfall("CAL-02")
@pytest.mark.parametrize("name", ["XNYS", "XLON"])
@pytest.mark.parametrize("change", ["2024-03-10", "2024-03-31", "2024-10-27", "2024-11-03"])
def test_clock_changes_make_no_gap_and_move_no_session(name: str, change: str) -> None:
    middle = pd.Timestamp(change)
    first, last = (str((middle + pd.Timedelta(days=step)).date()) for step in (-5, 5))
    assert serious(check(minutes(first, last, name=name, stamps="close"), calendar=name)) == set()
    frame = minutes(first, last, name=name)
    assert serious(check(frame, calendar=name)) == {"opening_stamps"}
    still = frame["timestamp"] < middle.tz_localize("UTC")
    shifted = frame.assign(timestamp=frame["timestamp"].where(still, frame["timestamp"] + pd.Timedelta(hours=1)))
    assert {"partial_days", "off_session"} <= serious(check(shifted, calendar=name))


@pytest.mark.parametrize("name", ["XTKS", "XHKG"])
def test_a_lunch_break_is_no_gap(name: str) -> None:
    frame = minutes("2024-05-07", "2024-05-17", name=name, stamps="close")
    assert serious(check(frame, calendar=name)) == set()
    noon = frame["timestamp"].dt.tz_convert("Asia/Tokyo").dt.strftime("%H:%M")
    assert (noon != "12:10").all() or name == "XHKG"


@pytest.mark.pitfall("TIM-07")
@pytest.mark.parametrize(("cut", "told"), [(slice(0, -7), "7 of 78"), (slice(10, None), "10 of 78")])
def test_a_session_cut_at_either_end_is_partial(cut: slice, told: str) -> None:
    frame = minutes("2024-05-06", "2024-05-10").iloc[cut]
    report = check(frame, **US)
    _, count, examples = found(report, "partial_days")
    assert count == 1
    assert examples[0].endswith(f"{told} bars missing")
    assert "missing_bars" not in report.kinds()


@pytest.mark.pitfall("TIM-07")
def test_a_cut_in_the_middle_of_the_file_is_found_too() -> None:
    frame = minutes("2024-05-06", "2024-05-10")
    gone = at(frame, "2024-05-08") & (frame["timestamp"].dt.hour >= 18)
    assert found(check(frame[~gone], **US), "partial_days")[2] == (
        "[AAA] 2024-05-08: rows from 2024-05-08T13:30:00Z to 2024-05-08T17:55:00Z, 24 of 78 bars missing",
    )


def test_bars_missing_inside_sessions_are_told_with_the_longest_run_first() -> None:
    frame = minutes("2024-05-06", "2024-05-10").drop(index=[20, 100, 101, 102, 103, 104, 105])
    assert found(check(frame, **US), "missing_bars") == (
        "AAA",
        7,
        ("[AAA] 2024-05-07T15:20:00Z: 6 missing", "[AAA] 2024-05-06T15:10:00Z: 1 missing"),
    )


def test_whole_sessions_missing_between_bars_are_sessions() -> None:
    frame = minutes("2024-05-06", "2024-05-17")
    report = check(frame[~at(frame, "2024-05-08")], **US)
    assert found(report, "missing_sessions")[2] == ("[AAA] 2024-05-08",)
    assert "missing_bars" not in report.kinds()


def test_gaps_of_a_market_that_never_closes_are_bars_at_any_hour() -> None:
    frame = coins(24 * 30).drop(index=[5, 6, *range(150, 161)])
    report = check(frame, calendar="24/7")
    assert found(report, "missing_bars") == (
        "AAA",
        13,
        ("[AAA] 2024-01-07T06:00:00Z: 11 missing", "[AAA] 2024-01-01T05:00:00Z: 2 missing"),
    )


def test_a_whole_day_of_a_market_that_never_closes_begins_at_midnight() -> None:
    frame = coins(24 * 30).drop(index=range(24 * 9, 24 * 10))
    report = check(frame, calendar="24/7")
    assert found(report, "missing_sessions") == ("AAA", 1, ("[AAA] 2024-01-10",))
    assert "missing_bars" not in report.kinds()


def test_a_weekend_is_a_gap_round_the_clock_and_none_on_weekdays() -> None:
    frame = coins(24 * 14)
    wall = frame["timestamp"].dt.tz_convert("America/New_York")
    hours = wall.dt.day_of_week * 24 + wall.dt.hour
    weekdays = frame[(hours < 4 * 24 + 17) | (hours >= 6 * 24 + 17)]
    assert "missing_sessions" not in check(weekdays, calendar="24/5").kinds()
    assert found(check(weekdays, calendar="24/7"), "missing_sessions")[1] == 2  # two Saturdays
    assert check(weekdays).calendar == "24/5"


@pytest.mark.pitfall("LAH-10")
def test_stamps_of_openings_are_told_from_those_of_closings() -> None:
    for interval in ("1min", "5min", "1h"):
        opened, closed = (minutes("2024-05-06", "2024-05-10", interval, stamps=kind) for kind in ("open", "close"))
        assert "opening_stamps" in check(opened, **US).kinds()
        assert "opening_stamps" not in check(closed, **US).kinds()


@pytest.mark.pitfall("TIM-05")
def test_daily_labels_are_told_and_closings_are_no_labels() -> None:
    frame = days()
    assert "daily_labels" in check(frame, **US).kinds()
    closes = frame["timestamp"].dt.tz_localize(None) + pd.Timedelta(hours=16)
    closed = frame.assign(timestamp=closes.dt.tz_localize("America/New_York").dt.tz_convert("UTC"))
    report = check(closed, **US)
    assert report.kinds() == ()
    own = frame["timestamp"].dt.tz_localize(None).dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    assert "missing_sessions" not in check(frame.assign(timestamp=own), **US).kinds()


def test_local_times_written_as_utc_are_recognised() -> None:
    frame = minutes("2024-05-06", "2024-05-10")
    wall = frame["timestamp"].dt.tz_convert("America/New_York").dt.tz_localize(None).dt.tz_localize("UTC")
    examples = found(check(frame.assign(timestamp=wall), **US), "off_session")[2]
    assert examples[0] == "read as America/New_York 100% of the rows fit"


def test_rows_between_the_steps_are_told() -> None:
    frame = minutes("2024-05-06", "2024-05-10")
    frame.loc[40, "timestamp"] += pd.Timedelta(minutes=2)
    report = check(frame, **US)
    assert found(report, "off_grid")[1] == 1
    assert found(report, "missing_bars")[1] == 1


def test_an_interval_that_is_not_the_rows_is_told() -> None:
    report = check(minutes("2024-05-06", "2024-05-10", "1min"), interval="5min", **US)
    assert found(report, "interval")[2] == ("named 5min, the most frequent step is 1min",)


def test_months_and_weeks_need_no_calendar() -> None:
    months = bars(pd.date_range("2015-01-31", periods=60, freq="ME", tz="UTC"))
    assert serious(check(months)) == {"calendar_unknown"}
    assert check(months).facts()["interval"] == "month"
    assert found(check(months.drop(index=[20, 21])), "missing_bars")[1] == 1


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (days(), "XNYS"),
        (days(name="XLON"), "XLON"),
        (days(name="XTKS"), "XTKS"),
        (coins(24 * 30, freq="D"), "24/7"),
        (coins(), "24/7"),
        (minutes("2024-05-06", "2024-06-14"), "XNYS"),
        (minutes("2024-05-06", "2024-06-14", name="XLON", stamps="close"), "XLON"),
        (minutes("2024-05-06", "2024-06-14", "15min", name="XTKS"), "XTKS"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_the_calendar_is_recognised(frame: pd.DataFrame, name: str) -> None:
    report = check(frame)
    assert report.calendar == name
    assert report.of("calendar")[0].examples[0].startswith(f"{name}: ")


def test_rows_of_no_calendar_say_which_is_nearest() -> None:
    stamps = pd.date_range("2024-01-01", periods=60, freq="h", tz="UTC")
    odd = bars([stamp + pd.Timedelta(days=5 * number) for number, stamp in enumerate(stamps) for _ in (0,)])
    report = check(odd, interval="1h")
    assert report.calendar is None
    assert "is nearest, with" in found(report, "calendar_unknown")[2][0]


def test_a_named_calendar_that_nobody_knows_is_refused() -> None:
    with pytest.raises(DataError, match="Did you mean"):
        check(days(), calendar="XNYZ")


def test_without_the_calendars_installed_the_report_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = days()
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    exchange._exchange.cache_clear()
    report = check(frame)
    assert "pip install 'polyfolio[data]'" in found(report, "calendar_unknown")[2][0]
    with pytest.raises(ConfigError, match="polyfolio\\[data\\]"):
        check(frame, calendar="XNYS")
