"""What is missing of a span, counted by hand: around the clock, in sessions with breaks and half days, in days."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.market.exchange import sessions_of
from polyfolio.market.span import Span, gaps, span_of
from tests.market.network.tools import DAY, HOUR, LATER, MONDAY, hours

MINUTE = HOUR // 60


def closes(calendar: str, span: Span) -> np.ndarray:
    """Every close of a bar in a span, from the schedule of the exchange."""
    sessions = sessions_of(calendar, span.first // DAY - 3, span.last // DAY + 3)
    schedule = sessions.closes if span.length == DAY else sessions.schedule(span.length)
    return schedule[(schedule >= span.first) & (schedule <= span.last)]


def test_dates_are_days_of_the_calendar_and_numbers_are_closes() -> None:
    span = span_of("2024-01-02", "2024-01-03", HOUR, "XNYS")
    assert (span.first, span.last) == (MONDAY + DAY + 5 * HOUR + 1, MONDAY + 3 * DAY + 5 * HOUR)
    assert span_of(5, 9, 1, "24/7") == Span(5, 9, 1, "24/7")
    with pytest.raises(DataError, match="before the end"):
        span_of("2024-01-03", "2024-01-02", HOUR, "24/7")


@pytest.mark.parametrize("calendar", ["24/7", "24/5", "XNYS", "XHKG", "XTKS"])
@pytest.mark.parametrize("length", [5 * MINUTE, HOUR, DAY])
def test_a_whole_span_has_no_gap_and_each_missing_bar_is_one(calendar: str, length: int) -> None:
    span = span_of("2024-06-27", "2024-07-10", length, calendar)
    times = closes(calendar, span)
    if calendar == "24/7":
        times = np.arange(MONDAY, LATER, length)
        times = times[(times >= span.first) & (times <= span.last)]
    assert gaps(times, span, LATER) == ()
    for row in (1, times.size // 2, times.size - 2):
        found = gaps(np.delete(times, row), span, LATER)
        assert len(found) == 1
        assert found[0].startswith("gap: 1 bars of")
    first = gaps(times[2:], span, LATER)
    assert len(first) == 1
    assert ", 2 bars after the start" in first[0]
    last = gaps(times[:-2], span, LATER)
    assert len(last) == 1
    assert "gap: ends" in last[0]
    assert gaps(times[:0], span, LATER)[0].startswith("gap: no bar at all")


def test_a_half_days_bar_may_stand_at_the_regular_close() -> None:
    span = span_of("2024-07-01", "2024-07-05", DAY, "XNYS")
    real = closes("XNYS", span)
    assert real.size == 4
    regular = real.copy()
    regular[2] += 3 * HOUR
    assert gaps(regular, span, LATER) == gaps(real, span, LATER) == ()


def test_a_holiday_is_no_gap_and_a_missing_session_is() -> None:
    span = span_of("2024-07-01", "2024-07-08", DAY, "XNYS")
    times = closes("XNYS", span)
    assert times.size == 5
    assert gaps(np.delete(times, 3), span, LATER) == (
        "gap: 1 bars of 1d missing in 1 places: 2024-07-03T17:00:00Z to 2024-07-08T20:00:00Z",
    )


def test_hours_counted_from_the_whole_hour_are_no_gaps() -> None:
    span = span_of("2024-07-08", "2024-07-09", HOUR, "XNYS")
    monday = MONDAY + 189 * DAY
    whole = np.array([monday + day * DAY + hour * HOUR for day in (0, 1) for hour in range(14, 21)])
    assert gaps(whole, span, LATER) == ()
    assert "gap: 1 bars" in gaps(np.delete(whole, 4), span, LATER)[0]


def test_what_has_not_closed_yet_is_not_missing() -> None:
    span = Span(MONDAY + 1, MONDAY + DAY, HOUR, "24/7")
    assert gaps(hours(MONDAY, 5), span, MONDAY + 5 * HOUR + 1) == ()
    assert gaps(hours(MONDAY, 5), span, MONDAY + 6 * HOUR) == (
        "gap: ends 2024-01-01T05:00:00Z, 1 bars before the end 2024-01-01T06:00:00Z",
    )
    assert gaps(hours(MONDAY, 0), span, MONDAY) == ()


def test_weeks_and_months_vary_in_length() -> None:
    ends = np.array([f"2024-{month:02d}-01" for month in range(2, 13)], dtype="datetime64[ns]").astype(np.int64)
    month = int(365.25 / 12 * DAY)
    span = Span(MONDAY + 1, int(ends[-1]), month, "24/7")
    assert gaps(ends, span, LATER) == ()
    for row in range(1, 10):
        assert "gap: 1 bars of month" in gaps(np.delete(ends, row), span, LATER)[0]
    weeks = MONDAY + 7 * DAY * np.arange(1, 9)
    weekly = Span(MONDAY + 1, int(weeks[-1]), 7 * DAY, "24/7")
    assert gaps(weeks, weekly, LATER) == ()
    assert "gap: 2 bars of 1w" in gaps(np.delete(weeks, [3, 4]), weekly, LATER)[0]


def test_many_gaps_name_the_first_three() -> None:
    span = Span(MONDAY + 1, MONDAY + DAY, HOUR, "24/7")
    found = gaps(hours(MONDAY, 24)[::2], span, LATER)
    assert found[0].startswith(
        "gap: 11 bars of 1h missing in 11 places: 2024-01-01T01:00:00Z to 2024-01-01T03:00:00Z, "
    )
    assert found[0].endswith(" and 8 more")


def test_a_span_no_calendar_knows_is_told_as_unchecked() -> None:
    span = Span(-40 * 365 * DAY, -39 * 365 * DAY, DAY, "XHKG")
    assert gaps(np.array([span.first + DAY]), span, LATER)[0].startswith("gaps not checked")
