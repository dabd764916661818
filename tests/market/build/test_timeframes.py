"""A row knows a longer bar from that bar's close on, and not before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError
from polyfolio.market.timeframes import timeframes
from polyfolio.market.window import window
from tests.market.build.test_resample import session_tape
from tests.market.build.tools import minutes, tape_of


@pytest.mark.pitfall("LAH-10")
def test_an_hour_is_visible_from_its_close_on() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 10, "15min"), range(10, 20))
    hour = timeframes(tape, ["1h"])["1h"]
    assert hour.known.tolist() == [-1, -1, -1, 0, 0, 0, 0, 1, 1, 1]
    nan = float("nan")
    np.testing.assert_array_equal(hour.on_rows(hour.tape.close)[:, 0], [nan] * 3 + [13.0] * 4 + [17.0] * 3)
    quarter = 15 * 60 * 10**9
    assert (hour.age(tape) // quarter).tolist() == [-1, -1, -1, 0, 1, 2, 3, 0, 1, 2]


def test_features_of_several_columns_are_carried_over_together() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 8, "15min"), range(10, 18), range(20, 28))
    hour = timeframes(tape, ["1h"])["1h"]
    values = np.stack([hour.tape.close, hour.tape.volume])
    found = hour.on_rows(values)
    assert found.shape == (2, 8, 2)
    np.testing.assert_array_equal(found[0, 3:7], np.tile(hour.tape.close[0], (4, 1)))
    np.testing.assert_array_equal(found[1, 7], hour.tape.volume[1])


def test_values_of_another_tape_are_refused() -> None:
    tape = tape_of(minutes("2024-01-01T00:15", 8, "15min"), range(10, 18))
    hour = timeframes(tape, ["1h"])["1h"]
    with pytest.raises(DataError, match=r"values of 1h: got \(8, 1\), must be of shape \(..., 2, slots\)"):
        hour.on_rows(tape.close)


@pytest.mark.pitfall("LAH-04")
@given(cut=st.integers(800, 1600), seed=st.integers(0, 3))
def test_no_row_sees_what_comes_after_it(cut: int, seed: int) -> None:
    """The rows after the cut are others entirely; every timeframe up to it holds the same bits."""
    tape = session_tape("XNYS", "2024-02-26", "2024-03-28", "5min", seed=1)
    other = session_tape("XNYS", "2024-02-26", "2024-03-28", "5min", seed=2 + seed)
    arrays = {name: getattr(tape, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for name, array in arrays.items():
        array[cut:] = getattr(other, name)[cut:]
    changed = type(tape)(
        times=tape.times,
        tradable=tape.tradable,
        calendar=tape.calendar,
        universe=tape.universe,
        instruments=tape.instruments,
        **arrays,
    )
    intervals = ["30min", "2h", "1d", "1w"]
    one, two, short = (timeframes(item, intervals) for item in (tape, changed, window(tape, 0, cut)))
    for interval in intervals:
        for name in ("open", "high", "low", "close", "volume"):
            seen = one[interval].on_rows(getattr(one[interval].tape, name))[:cut]
            np.testing.assert_array_equal(seen, two[interval].on_rows(getattr(two[interval].tape, name))[:cut])
            np.testing.assert_array_equal(seen, short[interval].on_rows(getattr(short[interval].tape, name)))
