"""Values of single bars, quotes and trades that cannot be, and what the cleaned copy makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyfolio.market.frame import tape_from_frame
from polyfolio.market.intervals import HOUR
from polyfolio.market.quality import check
from tests.market.quality.tools import coins, fixed, found, put

PRICES = ["open", "high", "low", "close"]


@pytest.mark.parametrize(
    ("cells", "kind", "told"),
    [
        ({"low": np.nan}, "partial_bars", "no low"),
        ({"open": np.nan, "close": np.nan}, "partial_bars", "no open, close"),
        ({"close": 0.0}, "bad_values", "close 0"),
        ({"high": np.inf}, "bad_values", "high inf"),
        ({"open": -2.0, "low": -3.0}, "bad_values", "open -2"),
    ],
)
def test_a_bar_with_an_impossible_price_is_emptied(cells: dict[str, float], kind: str, told: str) -> None:
    report = check(put(coins(), 3, **cells))
    assert found(report, kind)[2] == (f"[AAA] at 2024-01-01T03:00:00Z (row 3): {told}",)
    cleaned, log = report.fixed()
    assert cleaned.loc[3, PRICES].isna().all()
    assert cleaned.loc[[2, 4], PRICES].notna().all(axis=None)
    assert cleaned["volume"].notna().all()
    assert {change.place for change in log} == {"row 3"}
    tape = tape_from_frame(cleaned)
    assert np.flatnonzero(np.diff(tape.times) != HOUR).tolist() == [2]  # the row is missing


@pytest.mark.parametrize(
    ("bar", "widened"),
    [
        ([100.0, 101.0, 103.0, 104.0], [100.0, 104.0, 100.0, 104.0]),
        ([100.0, 102.0, 99.0, 104.0], [100.0, 104.0, 99.0, 104.0]),
        ([104.0, 105.0, 101.0, 100.0], [104.0, 105.0, 100.0, 100.0]),
        ([104.0, 103.0, 99.0, 100.0], [104.0, 104.0, 99.0, 100.0]),
    ],
)
def test_a_bar_is_widened_to_hold_its_open_and_close(bar: list[float], widened: list[float]) -> None:
    first, high, low, last = bar
    frame = put(coins(), 3, open=first, high=high, low=low, close=last)
    report = check(frame)
    assert found(report, "bad_extremes")[2][0].endswith(f"open {first:g}, high {high:g}, low {low:g}, close {last:g}")
    assert fixed(frame).loc[3, PRICES].tolist() == widened


def test_a_bar_whose_extremes_are_its_open_and_close_is_well() -> None:
    assert check(put(coins(), 3, open=100.0, high=101.0, low=100.0, close=101.0)).ok


@pytest.mark.parametrize("volume", [-5.0, np.inf])
def test_an_impossible_volume_becomes_unknown(volume: float) -> None:
    frame = put(coins(), 3, volume=volume)
    assert found(check(frame), "bad_volume")[1] == 1
    assert np.isnan(fixed(frame)["volume"][3])


def test_events_that_cannot_be_are_taken_away() -> None:
    frame = put(put(coins(), 3, dividend=-1.0), 4, split=np.inf)
    report = check(frame)
    assert [finding.examples[0] for finding in report.of("bad_events")] == [
        "[AAA] at 2024-01-01T03:00:00Z (row 3): dividends -1",
        "[AAA] at 2024-01-01T04:00:00Z (row 4): splits inf",
    ]
    cleaned = fixed(frame)
    assert np.isnan(cleaned["dividend"][3])
    assert np.isnan(cleaned["split"][4])
    assert check(cleaned).ok


def test_zero_volume_is_told_apart_from_bars_that_somebody_filled() -> None:
    frame = put(coins(), 3, volume=0.0)
    before = float(frame["close"][9])
    frame = put(frame, 10, volume=0.0, open=before, high=before, low=before, close=before)
    report = check(frame)
    assert found(report, "zero_volume")[2][0].startswith("[AAA] at 2024-01-01T03:00:00Z")
    assert found(report, "filled_bars")[2][0].startswith("[AAA] at 2024-01-01T10:00:00Z")


@pytest.mark.pitfall("DAT-04")
def test_crossed_quotes_of_bars_are_flagged_and_not_traded() -> None:
    frame = coins(40)
    for name in PRICES:
        frame[f"bid_{name}"], frame[f"ask_{name}"] = frame[name] - 0.01, frame[name] + 0.01
    frame.loc[5, ["bid_close", "ask_close"]] = [101.0, 100.0]
    for source in (frame, frame.drop(columns=PRICES)):
        report = check(source, calendar="24/7")
        assert found(report, "crossed_quotes")[2] == ("[AAA] at 2024-01-01T05:00:00Z (row 5): bid 101, ask 100",)
        tape = tape_from_frame(report.fixed()[0])
        assert np.flatnonzero(np.diff(tape.times) != HOUR).tolist() == [4]
        assert np.nanmin(tape.spread) > 0.0


@pytest.mark.pitfall("DAT-04")
def test_crossed_quotes_of_ticks_are_left_out() -> None:
    stamps = pd.date_range("2024-01-01", periods=3, freq="s", tz="UTC")
    frame = pd.DataFrame({"timestamp": stamps, "symbol": "AAA", "bid": [1.0, 3.0, 1.0], "ask": [2.0, 2.0, 1.0]})
    report = check(frame)
    assert report.facts()["shape"] == "quotes"
    assert found(report, "crossed_quotes")[1] == 1
    assert report.fixed()[0]["bid"].tolist() == [1.0, 1.0]


def test_trades_at_no_price_are_left_out() -> None:
    stamps = pd.date_range("2024-01-01", periods=3, freq="s", tz="UTC")
    frame = pd.DataFrame({"timestamp": stamps, "symbol": "AAA", "price": [1.0, 0.0, 2.0]})
    assert fixed(frame)["price"].tolist() == [1.0, 2.0]


@pytest.mark.pitfall("DAT-05")
def test_funding_paid_now_and_then_is_no_gap() -> None:
    rates = np.where(np.arange(400) % 8 == 0, 1e-4, np.nan)
    report = check(coins().assign(funding_rate=rates))
    assert report.ok
    assert found(report, "sparse_funding")[:2] == ("AAA", 50)
    assert report.fixed()[0]["funding_rate"].isna().sum() == 350
    assert not check(coins().assign(funding_rate=1e-4)).of("sparse_funding")
