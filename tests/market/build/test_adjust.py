"""Adjusted prices give the return of a holder; raw prices are what stood on the day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.adjust import adjusted, raw_rows
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.window import window
from tests.market.build.tools import minutes, same, tape_of


def events() -> object:
    """2 for 1 in row 2 and 3 paid a new unit in the same row; 5 paid in row 4."""
    zeros = np.zeros((6, 1))
    dividends, splits = zeros.copy(), np.ones((6, 1))
    dividends[2], dividends[4], splits[2] = 3.0, 5.0, 2.0
    return tape_of(minutes("2024-01-01", 6, "1D"), [100, 120, 57, 60, 55, 66], dividends=dividends, splits=splits)


def test_returns_are_those_of_a_holder_who_puts_dividends_back() -> None:
    made = adjusted(events())
    returns = made.close[1:, 0] / made.close[:-1, 0] - 1.0
    np.testing.assert_allclose(
        returns, [0.2, 57 / (60 - 3) - 1, 60 / 57 - 1, 55 / 55 - 1, 66 / 55 - 1], rtol=1e-14, atol=1e-15
    )
    assert made.dividends is None
    assert made.splits is None
    assert made.close[0, 0] == 100.0


def test_the_last_row_may_keep_its_prices_instead() -> None:
    made = adjusted(events(), anchor="last")
    assert made.close[-1, 0] == 66.0
    first = adjusted(events())
    np.testing.assert_allclose(made.close / made.close[0], first.close / first.close[0], rtol=1e-14)


def test_splits_alone_restate_volume_and_the_dividends_that_stay() -> None:
    made = adjusted(events(), dividends=False)
    assert made.close[:, 0].tolist() == [100, 120, 114, 120, 110, 132]
    assert made.volume[:, 0].tolist() == [1, 2, 1.5, 2, 2.5, 3]
    assert made.dividends[:, 0].tolist() == [0, 0, 6, 0, 10, 0]
    assert made.splits is None
    total = adjusted(made, splits=False)
    np.testing.assert_allclose(total.close, adjusted(events()).close, rtol=1e-14)


def test_dividends_alone_leave_the_splits_as_events() -> None:
    made = adjusted(events(), splits=False)
    np.testing.assert_array_equal(made.splits, events().splits)
    np.testing.assert_allclose(
        made.close[:, 0],
        [100, 120, 57 * 60 / 57, 60 * 60 / 57, 55 * 60 / 57 * 60 / 55, 66 * 60 / 57 * 60 / 55],
        rtol=1e-14,
    )


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("cut", [2, 3, 4, 5])
def test_events_to_come_change_no_row_before_them(cut: int) -> None:
    same(adjusted(window(events(), 0, cut)), window(adjusted(events()), 0, cut), cut)


def test_a_payout_of_more_than_the_price_and_an_unknown_anchor_are_refused() -> None:
    tape = tape_of(minutes("2024-01-01", 3, "1D"), [10, 11, 12], dividends=np.array([[0], [0], [11.0]]))
    with pytest.raises(
        DataError, match=r"dividends\[S0\] at 2024-01-03 \(row 2\): got 11.0, must be below the close before it, 11"
    ):
        adjusted(tape)
    with pytest.raises(DataError, match="first or last"):
        adjusted(events(), anchor="middle")


def test_rows_adjusted_for_splits_become_those_of_their_day() -> None:
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range("2024-01-01", periods=4, tz="UTC").tolist() * 2,
            "symbol": ["A"] * 4 + ["B"] * 4,
            "close": [50.0, 60.0, 70.0, 80.0] * 2,
            "volume": [200.0, 200.0, 100.0, 100.0] * 2,
            "split": [0, 0, 2, 0, 0, 0, 0, 3],
            "dividend": [0, 1.0, 0, 0, 0, 0, 0, 0],
        }
    )
    made = raw_rows(frame)
    assert made["close"].tolist() == [100, 120, 70, 80, 150, 180, 210, 80]
    assert made["volume"].tolist() == [100, 100, 100, 100, 200 / 3, 200 / 3, 100 / 3, 100]
    assert made["dividend"].tolist()[:2] == [0, 2]
    assert frame["close"].tolist()[0] == 50.0
    with pytest.raises(DataError, match="'splits', must be present"):
        raw_rows(frame.drop(columns="split"))


@pytest.mark.shared
@pytest.mark.pitfall("DAT-02")
def test_six_years_of_150_shares_give_the_adjusted_returns_of_their_source(shared_data: object) -> None:
    frame = pd.read_parquet(shared_data / "us_daily_2016_2025.parquet")
    tape = tape_from_frame(frame, calendar="XNYS", splits=False)
    made = adjusted(tape, splits=False)
    source = frame.pivot(index="timestamp", columns="symbol", values="adj_close")[list(tape.symbols)].to_numpy()
    ours, theirs = (values[1:] / values[:-1] - 1.0 for values in (made.close, source))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6)
    paid = np.nan_to_num(tape.dividends[1:])
    np.testing.assert_allclose(ours[paid > 0.0], theirs[paid > 0.0], rtol=0, atol=1e-6)
    assert (paid > 0.0).sum() > 4500
    np.testing.assert_allclose(ours, tape.close[1:] / (tape.close[:-1] - paid) - 1.0, rtol=0, atol=1e-12)
    # The spin-off of DHR is booked as a dividend too, so its return is false here as it is there.
    false = pd.DatetimeIndex(tape.times[1:].astype("datetime64[ns]")).strftime("%Y-%m-%d") == "2016-07-05"
    assert ours[false, tape.universe.slot("DHR")][0] == pytest.approx(0.61218, abs=1e-4)


@pytest.mark.shared
def test_raw_prices_with_their_splits_adjust_back_to_the_file(shared_data: object) -> None:
    frame = pd.read_parquet(shared_data / "us_daily_2016_2025.parquet")
    frame = frame[frame["symbol"].isin(["AAPL", "NVDA", "TSLA"])]
    raw = tape_from_frame(raw_rows(frame), calendar="XNYS")
    assert raw.splits is not None
    assert (raw.splits > 1.0).sum() >= 5
    back = adjusted(raw, dividends=False, anchor="last")
    plain = tape_from_frame(frame, calendar="XNYS", splits=False)
    np.testing.assert_allclose(back.close, plain.close, rtol=1e-12)
    np.testing.assert_allclose(back.volume, plain.volume, rtol=1e-12)
    np.testing.assert_allclose(back.dividends, plain.dividends, rtol=1e-12)
