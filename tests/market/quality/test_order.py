"""Order of rows: what falls, what stands twice, and what differs; ticks keep their order of arrival."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyfolio.market.frame import tape_from_frame
from polyfolio.market.quality import check
from tests.market.quality.tools import coins, found, several


def test_unsorted_rows_are_counted_where_time_falls_and_sorted_by_symbol_and_time() -> None:
    frame = several(coins, 2)
    shuffled = frame.sample(frac=1.0, random_state=5).reset_index(drop=True)
    report = check(shuffled)
    falls = sum(
        int((shuffled.loc[shuffled["symbol"] == symbol, "timestamp"].diff() < pd.Timedelta(0)).sum())
        for symbol in ("S0", "S1")
    )
    assert sum(finding.count for finding in report.of("unsorted")) == falls
    cleaned, log = report.fixed()
    by_symbol = cleaned.sort_values("symbol", kind="stable").reset_index(drop=True)
    pd.testing.assert_frame_equal(by_symbol, frame, check_dtype=False)
    assert [change.action for change in log] == ["sorted"]


def test_symbols_in_turns_are_in_order() -> None:
    turns = several(coins, 3).sort_values("timestamp", kind="stable").reset_index(drop=True)
    assert not check(turns).of("unsorted")


def test_of_equal_rows_the_first_is_kept_and_of_others_the_last() -> None:
    frame = coins(40)
    extra = [frame.iloc[[5]], frame.iloc[[5]], frame.iloc[[9]].assign(volume=1.0), frame.iloc[[9]].assign(volume=2.0)]
    report = check(pd.concat([frame, *extra], ignore_index=True), calendar="24/7")
    assert found(report, "duplicates")[1] == 2
    symbol, count, examples = found(report, "conflicting_rows")
    assert (symbol, count) == ("AAA", 2)
    assert examples[1] == f"[AAA] at 2024-01-01T09:00:00Z (row 43): volume {frame['volume'][9]:g} and 2"
    cleaned, log = report.fixed()
    assert len(cleaned) == 40
    assert cleaned["volume"][9] == 2.0
    assert {change.place for change in log if change.action == "left out"} == {"row 40", "row 41", "row 9", "row 42"}
    assert tape_from_frame(cleaned, interval="1h").rows == 40


def test_rows_that_lack_the_same_value_are_equal() -> None:
    frame = coins(40).assign(volume=np.nan)
    report = check(pd.concat([frame, frame.iloc[[5]]], ignore_index=True))
    assert report.of("duplicates")
    assert not report.of("conflicting_rows")


@pytest.mark.pitfall("CAL-04")
def test_trades_of_one_time_stay_in_their_order_of_arrival() -> None:
    stamp = pd.Timestamp("2024-01-01T00:00:00.001", tz="UTC")
    frame = pd.DataFrame({"timestamp": [stamp] * 4, "symbol": "ES", "price": [4.0, 1.0, 3.0, 1.0], "size": 1})
    report = check(frame)
    assert report.ok
    assert found(report, "same_time")[:2] == ("ES", 3)
    cleaned, log = report.fixed()
    assert cleaned["price"].tolist() == [4.0, 1.0, 3.0, 1.0]
    assert log == ()
