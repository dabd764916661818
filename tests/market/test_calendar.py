"""Bars stand at their closing times, and closings in a year come from the calendar."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.calendar import HOURS, calendar_of
from polyfolio.market.frame import tape_from_arrays, tape_from_frame
from polyfolio.market.intervals import DAY, HOUR, MONTH, nanoseconds, usual_step, word
from tests.market.tools import days

MINUTE = HOUR // 60


def tape_at(times: pd.Index, **options: object) -> Tape:
    fields = {name: np.full((len(times), 1), 10.0) for name in ("open", "high", "low", "close", "volume")}
    return tape_from_arrays(times, ["AAA"], fields, **options)


def times_of(tape: Tape) -> list[str]:
    return [str(stamp)[:16] for stamp in tape.times.astype("datetime64[ns]")]


def weekdays(count: int) -> pd.DatetimeIndex:
    return pd.bdate_range("2024-01-01", periods=count, tz="UTC")


def sessions(days: int, step: str, bars: int, opens: str = "09:30") -> pd.DatetimeIndex:
    """Opening stamps of weekday sessions in New York."""
    dates = pd.bdate_range("2024-01-01", periods=days).strftime("%Y-%m-%d")
    stamps = [
        stamp
        for date in dates
        for stamp in pd.date_range(f"{date} {opens}", periods=bars, freq=step, tz="America/New_York")
    ]
    return pd.DatetimeIndex(stamps)


@pytest.mark.pitfall("LAH-10")
def test_rows_stamped_at_the_opening_move_to_the_close_and_others_stay() -> None:
    stamps = pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC")
    assert times_of(tape_at(stamps, stamps="open")) == ["2024-01-01T01:00", "2024-01-01T02:00", "2024-01-01T03:00"]
    assert times_of(tape_at(stamps)) == ["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00"]
    assert times_of(tape_at(stamps[::2], stamps="open", interval="2h"))[0] == "2024-01-01T02:00"


@pytest.mark.pitfall("LAH-10")
def test_a_daily_label_of_an_exchange_becomes_the_close_of_its_session_in_both_halves_of_the_year() -> None:
    stamps = pd.DatetimeIndex(["2024-03-07", "2024-03-08", "2024-03-11", "2024-03-12"], tz="UTC")
    expected = ["2024-03-07T21:00", "2024-03-08T21:00", "2024-03-11T20:00", "2024-03-12T20:00"]
    for kind in ("open", "close"):
        assert times_of(tape_at(stamps, stamps=kind, calendar="XNYS")) == expected
        own = stamps.tz_localize(None).tz_localize("America/New_York")
        assert times_of(tape_at(own, stamps=kind, calendar="XNYS", interval="1d")) == expected
    opened = pd.DatetimeIndex([f"{str(stamp)[:10]} 09:30" for stamp in stamps]).tz_localize("America/New_York")
    assert times_of(tape_at(opened, stamps="open", calendar="XNYS")) == expected
    closed = pd.DatetimeIndex([f"{str(stamp)[:10]} 16:00" for stamp in stamps]).tz_localize("America/New_York")
    assert times_of(tape_at(closed, stamps="close", calendar="XNYS")) == expected


@pytest.mark.pitfall("LAH-10")
def test_a_bar_that_the_session_cuts_short_closes_with_the_session() -> None:
    tape = tape_at(sessions(2, "h", 7), stamps="open", calendar="XNYS")
    assert times_of(tape)[:7] == [f"2024-01-01T{hour}:30" for hour in range(15, 21)] + ["2024-01-01T21:00"]


def test_a_bar_that_closes_at_midnight_belongs_to_the_day_before() -> None:
    stamps = pd.date_range("2024-01-01", periods=25, freq="h", tz="UTC")
    tape = tape_at(stamps, stamps="open")
    first = int(pd.Timestamp("2024-01-01").timestamp()) // 86_400
    assert tape.calendar.day.tolist() == [first] * 24 + [first + 1]


def test_session_days_are_those_of_the_exchange() -> None:
    late = pd.DatetimeIndex(["2024-01-03 01:00", "2024-01-03 02:00"], tz="UTC")  # 10:00, 11:00 in Tokyo
    assert (
        tape_at(late, calendar="XTKS").calendar.day.astype("datetime64[D]").astype(str).tolist() == ["2024-01-03"] * 2
    )
    evening = pd.DatetimeIndex(["2024-01-03 01:00", "2024-01-03 02:00"], tz="UTC")  # 20:00, 21:00 in New York
    assert (
        tape_at(evening, calendar="XNYS").calendar.day.astype("datetime64[D]").astype(str).tolist()
        == ["2024-01-02"] * 2
    )


def test_a_session_of_currencies_begins_at_five_in_the_afternoon_of_the_day_before() -> None:
    stamps = pd.DatetimeIndex(["2024-01-02 22:00", "2024-01-02 23:00"], tz="UTC")  # 17:00 and 18:00 in New York
    days = tape_at(stamps, calendar="24/5").calendar.day.astype("datetime64[D]").astype(str).tolist()
    assert days == ["2024-01-02", "2024-01-03"]


@pytest.mark.pitfall("MET-05", "MET-06")
@pytest.mark.parametrize(
    ("stamps", "options", "bars", "days"),
    [
        (pd.date_range("2024-01-01", periods=48, freq="h", tz="UTC"), {}, 365.25 * 24, 365.25),
        (pd.date_range("2024-01-01", periods=9, freq="D", tz="UTC"), {}, 365.25, 365.25),
        (pd.date_range("2024-01-01", periods=9, freq="15min", tz="UTC"), {}, 365.25 * 96, 365.25),
        (pd.date_range("2020-01-01", periods=25, freq="MS", tz="UTC"), {}, 12.0, 12.0),
        # 260 steps of weekdays in 364 days
        (weekdays(261), {"calendar": "XNYS"}, 260 / (364 / 365.25), 260 / (364 / 365.25)),
        # 26 bars a session: 6,783.2 a year where every weekday is a session, not the 24,192 of 24-hour days
        (
            sessions(261, "15min", 26),
            {"calendar": "XNYS", "stamps": "open"},
            (261 * 26 - 1) / ((364 + 6.25 / 24) / 365.25),
            260 / ((364 + 6.25 / 24) / 365.25),
        ),
    ],
    ids=["hourly 24/7", "daily 24/7", "15 minutes 24/7", "monthly", "daily exchange", "15 minutes exchange"],
)
def test_closings_in_a_year(stamps: pd.DatetimeIndex, options: dict[str, str], bars: float, days: float) -> None:
    calendar = tape_at(stamps, **options).calendar
    assert calendar.bars_per_year == pytest.approx(bars, rel=1e-9)
    assert calendar.days_per_year == pytest.approx(days, rel=1e-9)


def test_monthly_rows_of_an_exchange_count_twelve_a_year() -> None:
    stamps = pd.date_range("2014-01-31", periods=121, freq="ME", tz="UTC")
    calendar = tape_at(stamps, calendar="XNYS").calendar
    assert calendar.bars_per_year == pytest.approx(12.0, rel=1e-3)


def test_the_source_of_closings_in_a_year_is_told() -> None:
    assert tape_at(pd.date_range("2024-01-01", periods=9, freq="h", tz="UTC")).calendar.source == (
        "24/7: 365.25 days a year, bars of 1h"
    )
    source = tape_at(weekdays(261), calendar="XNYS").calendar.source
    assert source == "XNYS: 260 closings on 260 days of the tape's own sessions in 0.9966 years"


def test_an_exchange_seen_for_less_than_thirty_days_has_no_number_and_says_why() -> None:
    calendar = tape_at(weekdays(10), calendar="XNYS").calendar
    assert np.isnan(calendar.bars_per_year)
    assert np.isnan(calendar.days_per_year)
    assert calendar.source == "XNYS: unknown, the rows cover 11.0 days and their sessions count from 30 days on"


def test_a_number_that_is_given_wins() -> None:
    calendar = tape_at(sessions(10, "15min", 26), calendar="XNYS", stamps="open", bars_per_year=6552.0).calendar
    assert (calendar.bars_per_year, calendar.source) == (6552.0, "given")
    assert calendar.days_per_year == pytest.approx(6552.0 / (259 / 9))


def test_words_for_lengths_and_back() -> None:
    lengths = {"5min": 5 * MINUTE, "1h": HOUR, "1d": DAY, "2w": 14 * DAY, "30s": MINUTE // 2, "month": int(MONTH)}
    assert {text: nanoseconds(text) for text in lengths} == lengths
    assert [word(length) for length in lengths.values()] == list(lengths)
    assert nanoseconds("15m") == 15 * MINUTE


def test_steps_without_a_usual_one_ask_for_the_interval() -> None:
    with pytest.raises(DataError, match=re.escape("must be given where the steps of the rows vary (1h stands in 25%)")):
        usual_step(np.array([HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR], np.int64))


def test_two_bars_never_close_at_one_time() -> None:
    stamps = pd.DatetimeIndex(["2024-01-02 20:15", "2024-01-02 20:45", "2024-01-02 21:15"], tz="UTC")
    with pytest.raises(DataError, match="Two bars of 1h close at one time"):
        calendar_like(stamps)


def calendar_like(stamps: pd.DatetimeIndex) -> Tape:
    """Bars whose steps are shorter than what the session cuts: 15:15 and 15:45 in New York both end at 16:00."""
    from polyfolio.market import frame, reading, rows

    options = reading.Reading(calendar="XNYS", stamps="open", timezone=None)
    grid = {name: np.full((3, 1), 10.0) for name in ("open", "high", "low", "close", "volume")}
    made = frame.rows_of_grid(np.asarray(stamps.as_unit("ns").asi8), ("AAA",), grid, str)
    assert isinstance(made, rows.Rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "agreed", lambda interval, steps: HOUR)
        return frame.assemble(made, options)


def test_monthly_rows_stamped_at_their_opening_are_refused() -> None:
    with pytest.raises(DataError, match="must be close for bars of month"):
        tape_at(pd.date_range("2020-01-01", periods=25, freq="MS", tz="UTC"), stamps="open")


def test_every_calendar_has_a_zone_that_exists() -> None:
    for name in HOURS:
        times = np.array(
            [pd.Timestamp("2024-06-03 15:00", tz="UTC").value, pd.Timestamp("2024-06-04 15:00", tz="UTC").value]
        )
        assert np.diff(calendar_of(times, DAY, name).day).tolist() == [1]


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2024-01-02", "2024-01-03", "2024-01-02T01:00", "2024-01-04T00:00"),
        ("2024-01-02T00:00:00", "2024-01-03T00:00:00", "2024-01-02T01:00", "2024-01-04T00:00"),
        ("2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z", "2024-01-02T00:00", "2024-01-03T00:00"),
        ("2024-01-02T05:30:00+02:00", "2024-01-02 09:00", "2024-01-02T04:00", "2024-01-02T09:00"),
    ],
)
def test_start_and_end_are_included_and_a_date_is_a_whole_day(start: str, end: str, first: str, last: str) -> None:
    stamps = pd.date_range("2024-01-01", periods=24 * 6, freq="h", tz="UTC")
    times = times_of(tape_at(stamps, stamps="open", start=start, end=end))
    assert (times[0], times[-1]) == (first, last)


def test_start_and_end_without_a_zone_are_days_of_the_exchange() -> None:
    tape = tape_at(sessions(5, "h", 7), stamps="open", calendar="XNYS", start="2024-01-02", end="2024-01-03")
    assert times_of(tape)[0] == "2024-01-02T15:30"
    assert times_of(tape)[-1] == "2024-01-03T21:00"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_epochs_are_read_in_each_unit(unit: str) -> None:
    frame = days(3)
    frame["timestamp"] = frame["timestamp"].dt.as_unit(unit).astype("int64")
    assert times_of(tape_from_frame(frame)) == ["2024-01-01T00:00", "2024-01-02T00:00", "2024-01-03T00:00"]


def test_epochs_of_two_units_are_refused() -> None:
    frame = days(2).assign(timestamp=[1_704_067_200, 1_704_070_800_000])
    with pytest.raises(DataError, match="must be an epoch in s, ms, us or ns, one unit for all"):
        tape_from_frame(frame)


def test_whole_numbers_beside_arrays_are_nanoseconds() -> None:
    assert tape_at(pd.Index([DAY, 2 * DAY])).times.tolist() == [DAY, 2 * DAY]
