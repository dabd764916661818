"""Time features by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.features.clock import DayOfMonth, DayOfWeek, DayOfYear, Session, TimeOfDay
from tests.features.tapes import random_tape


def at(*stamps: str) -> Tape:
    """A tape whose rows close at these times (UTC); the session day is the date in UTC."""
    moments = [datetime.fromisoformat(stamp).replace(tzinfo=UTC) for stamp in stamps]
    tape = random_tape(1, rows=len(stamps), slots=2)
    days = np.array([int(moment.timestamp()) // 86_400 for moment in moments])
    return replace(
        tape,
        times=np.array([int(moment.timestamp()) * 1_000_000_000 for moment in moments]),
        calendar=replace(tape.calendar, day=days),
    )


def angle(sine: float, cosine: float) -> float:
    """Share of a turn."""
    return math.atan2(sine, cosine) / (2.0 * math.pi) % 1.0


@pytest.mark.pitfall("CAL-02")
def test_the_close_in_new_york_has_one_time_of_day_all_year() -> None:
    # 16:00 in New York is 21:00 UTC in winter and 20:00 in summer; clocks change on 9 March and 2 November 2025.
    tape = at("2025-03-07T21:00", "2025-03-10T20:00", "2025-10-31T20:00", "2025-11-03T21:00")
    sine, cosine = TimeOfDay(zone="America/New_York").compute(tape)[:, :, 0]
    assert [round(24.0 * angle(*pair), 9) for pair in zip(sine, cosine, strict=True)] == [16.0] * 4
    utc = TimeOfDay().compute(tape)[:, :, 0]
    assert [round(24.0 * angle(*pair), 9) for pair in utc.T] == [21.0, 20.0, 20.0, 21.0]
    assert TimeOfDay(zone="America/New_York").columns() == (
        "time_of_day_america_new_york_sin",
        "time_of_day_america_new_york_cos",
    )


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="America/New_York"):
        TimeOfDay(zone="New York")


def test_the_week_begins_on_monday_and_months_and_years_have_their_own_length() -> None:
    tape = at("2024-02-26T12:00", "2024-02-29T12:00", "2024-03-01T12:00", "2024-12-31T12:00", "2025-01-01T12:00")
    week = [round(7.0 * angle(*pair), 9) % 7.0 for pair in DayOfWeek().compute(tape)[:, :, 0].T]
    assert week == [0.0, 3.0, 4.0, 1.0, 2.0]
    month = [angle(*pair) for pair in DayOfMonth().compute(tape)[:, :, 0].T]
    np.testing.assert_allclose(month, [25 / 29, 28 / 29, 0.0, 30 / 31, 0.0], atol=1e-12)
    year = [angle(*pair) for pair in DayOfYear().compute(tape)[:, :, 0].T]
    np.testing.assert_allclose(year, [56 / 366, 59 / 366, 60 / 366, 365 / 366, 0.0], atol=1e-12)


def test_a_session_counts_from_its_first_row() -> None:
    tape = at("2025-01-02T15:00", "2025-01-02T15:05", "2025-01-02T15:15", "2025-01-03T15:00", "2025-01-03T16:00")
    row, minutes = Session().compute(tape)[:, :, 1]
    assert row.tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]
    assert minutes.tolist() == [0.0, 5.0, 15.0, 0.0, 60.0]
