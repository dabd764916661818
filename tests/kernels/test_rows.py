"""What is worked out once per tape: marks, units, opens, returns, period starts, row flags."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from polyfolio.core.codes import Period
from polyfolio.core.flags import CLOSED, DAY_END, DIVIDEND, FUNDING, SPLIT
from polyfolio.core.tape import instrument_table
from polyfolio.kernels import rows
from tests.kernels.cost_tools import both, plain

NAN = float("nan")
NO = np.full((1, 1), NAN)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def on(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint8).reshape(-1, 1)


@pytest.fixture(params=["compiled", "plain"])
def call(request: pytest.FixtureRequest) -> object:
    return (lambda function: function) if request.param == "compiled" else plain


@pytest.mark.pitfall("DAT-01")
def test_a_mark_is_the_last_good_close_restated_at_splits(call: object) -> None:
    out = np.empty((5, 1))
    call(rows.last_good)(column(NAN, 100.0, NAN, NAN, 52.0), on(0, 1, 0, 0, 1), column(NAN, NAN, NAN, 2.0, NAN), out)
    np.testing.assert_array_equal(out, column(NAN, 100.0, 100.0, 50.0, 52.0))


def test_a_unit_is_multiplier_times_rate_either_way_round(call: object) -> None:
    table = instrument_table(3, multiplier=[50.0, 1.0, 2.0], fx_slot=[1, -1, 1], fx_inverse=[0, 0, 1]).view(np.recarray)
    out = np.empty((1, 3))
    call(rows.units)(table, np.array([[10.0, 1.25, 7.0]]), out)
    np.testing.assert_array_equal(out, [[62.5, 1.0, 1.6]])


def test_where_a_slot_cannot_trade_the_open_is_the_mark_before(call: object) -> None:
    out = np.empty((3, 1))
    call(rows.opens_of)(column(10.0, NAN, 12.0), column(11.0, 11.0, 13.0), on(1, 0, 1), out)
    np.testing.assert_array_equal(out, column(10.0, 11.0, 12.0))


def test_returns_count_dividends_splits_and_the_rate_of_exchange(call: object) -> None:
    out = np.empty((4, 1))
    call(rows.bar_returns)(
        column(100.0, 110.0, 55.0, 54.0),
        column(1.0, 1.0, 1.0, 2.0),
        column(NAN, NAN, NAN, 1.0),
        column(NAN, NAN, 2.0, NAN),
        out,
    )
    np.testing.assert_allclose(out[:, 0], [NAN, 0.1, 0.0, 1.0], rtol=1e-14, atol=1e-15)


def test_returns_of_a_day_compound_its_bars(call: object) -> None:
    out = np.empty((1, 2))
    call(rows.period_returns)(column(NAN, 0.1, 0.2, -0.5, 0.1), np.array([0, 2, 4]), out)
    np.testing.assert_allclose(out, [[1.1 * 1.2 - 1.0, 0.5 * 1.1 - 1.0]], rtol=1e-14)


def test_months_are_those_of_the_calendar() -> None:
    first = both(rows.month_of)(0) - 1970 * 12
    for text in ("1970-01-01", "1999-12-31", "2000-02-29", "2000-03-01", "2021-01-31", "2024-12-31", "2100-03-01"):
        date = datetime.date.fromisoformat(text)
        month = both(rows.month_of)((date - datetime.date(1970, 1, 1)).days)
        assert month == first + date.year * 12 + date.month - 1, text


def starts_of(*stamps: str, bar: str) -> list[int]:
    """Period bits of bars that close at these times, `bar` long."""
    closes = np.array(stamps, dtype="datetime64[ns]")
    opened = (closes - np.timedelta64(int(bar), "m")).astype(np.int64)
    out = np.empty(len(stamps), np.int64)
    day = (opened // 86_400_000_000_000).astype(np.int64)
    rows.row_starts(opened, day, out)
    again = np.empty_like(out)
    plain(rows.row_starts)(opened, day, again)
    assert (out == again).all()
    return list(out)


def test_a_bar_stamped_at_the_full_hour_belongs_to_the_hour_before() -> None:
    bits = starts_of("2021-03-01T09:30", "2021-03-01T10:00", "2021-03-01T10:30", bar="30")
    assert [bool(b & Period.HOUR) for b in bits] == [True, False, True]


def test_weeks_start_on_monday_and_months_on_their_first_bar() -> None:
    bits = starts_of("2021-01-29T12:00", "2021-01-30T12:00", "2021-02-01T12:00", "2021-02-02T12:00", bar="60")
    assert [bool(b & Period.WEEK) for b in bits] == [True, False, True, False]
    assert [bool(b & Period.MONTH) for b in bits] == [True, False, True, False]
    assert all(b & Period.DAY for b in bits)


def test_flags_say_what_a_row_brings(call: object) -> None:
    out = np.empty(4, np.int64)
    call(rows.row_flags)(
        on(1, 0, 1, 1),
        column(1.0, NAN, 2.0, NAN),
        column(0.0, NAN, NAN, 0.5),
        column(NAN, 0.001, NAN, NAN),
        np.array([0, 0, 1, 2]),
        out,
    )
    assert list(out) == [0, FUNDING | CLOSED | DAY_END, SPLIT | DAY_END, DIVIDEND | DAY_END]


def test_days_between_rows_are_calendar_days(call: object) -> None:
    out = np.empty(4)
    call(rows.days_between)(np.array([0, 0, 1, 4]), out)
    assert list(out) == [0.0, 0.0, 1.0, 3.0]
