from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.report.annualise import NANOSECONDS_A_DAY, elapsed_years, periods_per_year, stamps

DAY = np.timedelta64(1, "D")


def every(minutes, days, per_day=None):
    """Stamps of `per_day` bars on each of `days` weekdays from 14:30 on; round the clock without `per_day`."""
    if per_day is None:
        return np.datetime64("2023-01-01T00:00", "m") + np.arange(days * 1440 // minutes + 1) * np.timedelta64(
            minutes, "m"
        )
    dates = np.arange(np.datetime64("2023-01-01"), np.datetime64("2030-01-01"))
    dates = dates[np.is_busday(dates)][:days]
    bars = np.timedelta64(14 * 60 + 30, "m") + np.arange(1, per_day + 1) * np.timedelta64(minutes, "m")
    return np.concatenate([[dates[0].astype("datetime64[m]")], (dates[:, None].astype("datetime64[m]") + bars).ravel()])


@pytest.mark.pitfall("MET-05")
@pytest.mark.parametrize(
    ("times", "expected", "tolerance"),
    [
        (np.arange("2015-01", "2023-02", dtype="datetime64[M]").astype("datetime64[D]"), 12.0, 0.01),
        (every(1440, 730), 365.25, 1e-9),
        (every(60, 365), 8766.0, 1e-9),
        (every(15, 780, per_day=26), 26 * 260.9, 20.0),
    ],
    ids=["monthly", "daily round the clock", "hourly round the clock", "15 minutes in sessions"],
)
def test_n_is_counted_from_the_stamps_where_there_is_no_calendar(times, expected, tolerance):
    n_year, source = periods_per_year(times)
    assert n_year == pytest.approx(expected, abs=tolerance)
    assert source == "returns / elapsed years"


@pytest.mark.pitfall("MET-06")
def test_a_calendar_of_26_bars_a_session_gives_6552_a_year():
    times = every(15, 780, per_day=26)
    assert periods_per_year(times, bars_per_year=26 * 252)[0] == 6552.0
    counted = periods_per_year(times, bars_per_year=lambda start, end: 26 * 252 * elapsed_years([start, end]))
    assert counted[0] == pytest.approx(6552.0, rel=1e-12)


def test_the_order_of_the_four_rules():
    long = np.array(["2020-01-01", "2021-06-01", "2022-01-01"], dtype="datetime64[D]")
    short = np.array(["2021-11-01", "2021-12-01", "2022-01-01"], dtype="datetime64[D]")
    calls = []

    def counter(start, end):
        calls.append((start, end))
        return 500

    assert periods_per_year(long, counter, 252.0) == (252.0, "given")
    assert not calls
    n_year, source = periods_per_year(long, counter)
    assert n_year == pytest.approx(500 / (731 / 365.25))
    assert source == "bars of the calendar / elapsed years"
    assert calls.pop() == (int(stamps(long)[0]), int(stamps(long)[-1]))
    assert periods_per_year(short, counter) == (500.0, "bars of the calendar in the year to the last stamp")
    assert calls.pop()[0] == int(stamps(short)[-1]) - int(365.25 * NANOSECONDS_A_DAY)
    assert periods_per_year(short) == (pytest.approx(2 / (61 / 365.25)), "returns / elapsed years")


def test_a_month_is_needed_without_a_calendar():
    start = np.datetime64("2024-01-01")
    n_year, source = periods_per_year(start + np.arange(30) * DAY)
    assert math.isnan(n_year)
    assert "less than 30 days" in source
    assert periods_per_year(start + np.arange(31) * DAY)[0] == pytest.approx(365.25)
    assert math.isnan(periods_per_year(start + np.arange(1) * DAY)[0])
    nothing = np.empty(0, dtype="datetime64[D]")
    assert math.isnan(periods_per_year(nothing, lambda *_: 252)[0])
    assert math.isnan(elapsed_years(nothing))


def test_stamps_of_any_unit_are_nanoseconds():
    days = np.array(["1970-01-01", "1970-01-02"], dtype="datetime64[D]")
    assert stamps(days).tolist() == [0, NANOSECONDS_A_DAY]
    assert stamps([0, NANOSECONDS_A_DAY]).tolist() == [0, NANOSECONDS_A_DAY]


@pytest.mark.parametrize(
    "times",
    [[3, 2], [2, 2], [1.0, 2.0], np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"), [[1, 2], [3, 4]]],
)
def test_bad_stamps_are_refused(times):
    with pytest.raises(DataError) as caught:
        stamps(times)
    assert caught.value.field.startswith("times")
    assert caught.value.remedy
