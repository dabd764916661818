"""The cleaned copy of spoiled rows: it loads, a second check finds no error in it, and the log accounts for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.market.frame import tape_from_frame
from polyfolio.market.quality import check
from polyfolio.market.quality.kinds import KINDS
from tests.market.quality.tools import coins, fixed, several

PRICES = ["open", "high", "low", "close"]
SPOILS = st.sampled_from(
    [
        ("close", -1.0),
        ("close", np.nan),
        ("open", np.inf),
        ("low", 1e9),
        ("high", 1e-9),
        ("volume", -1.0),
        ("volume", np.inf),
        ("volume", 0.0),
        ("close", 1e6),
        ("dividend", -1.0),
        ("close", "n/k"),
        ("volume", "1,200.5"),
        ("symbol", " S0"),
        ("symbol", ""),
        ("timestamp", "soon"),
        ("timestamp", "2024-01-01T05:00:00"),
        ("row", "again"),
        ("row", "other"),
        ("row", "away"),
        ("row", "late"),
    ]
)


def spoiled(frame: pd.DataFrame, number: int, spoil: tuple[str, Any]) -> pd.DataFrame:
    """The frame with one fault more."""
    name, value = spoil
    row = number % len(frame)
    if name != "row":
        frame = frame.copy()
        frame[name] = frame[name].astype(object)
        frame.iloc[row, frame.columns.get_loc(name)] = value
        return frame
    one = frame.iloc[[row]]
    if value == "away":
        return frame.drop(index=frame.index[row]).reset_index(drop=True)
    if value == "late":
        return pd.concat([frame.drop(index=frame.index[row]), one], ignore_index=True)
    more = one.assign(volume=7.0) if value == "other" else one
    return pd.concat([frame, more], ignore_index=True)


def texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(timestamp=frame["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"), dividend=0.0)


@given(st.lists(st.tuples(st.integers(0, 10_000), SPOILS), max_size=12))
def test_whatever_was_spoiled_the_copy_loads_and_has_no_error(faults: list[tuple[int, tuple[str, Any]]]) -> None:
    frame = texts(several(coins, 2, count=60))
    for number, spoil in faults:
        frame = spoiled(frame, number, spoil)
    report = check(frame, calendar="24/7")
    cleaned, log = report.fixed()
    again = check(cleaned, calendar="24/7")
    assert again.ok, again.table()
    assert not {kind for kind in again.kinds() if KINDS[kind].repaired}
    assert again.fixed()[1] == ()
    tape = tape_from_frame(cleaned, interval="1h")
    assert set(tape.symbols) == {"S0", "S1"}
    # What the log does not name is as it was.
    gone = {change.place for change in log if change.action == "left out"}
    assert len(cleaned) == len(frame) - len(gone)
    touched = {change.place for change in log if change.action == "changed"}
    named = {int(place.removeprefix("row ")) for place in gone | touched}
    kept = frame.drop(index=list(named))
    values = cleaned.assign(timestamp=cleaned["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    merged = kept.merge(values, on=["timestamp", "symbol"], suffixes=("_was", "_is"))
    assert len(merged) == len(kept)
    for name in (*PRICES, "volume"):
        np.testing.assert_array_equal(merged[f"{name}_was"].astype(float), merged[f"{name}_is"])


@given(st.permutations(range(40)))
def test_the_order_of_the_rows_changes_nothing_but_the_order(order: list[int]) -> None:
    frame = several(coins, 2, count=20)
    cleaned = fixed(frame.iloc[order].reset_index(drop=True), calendar="24/7")
    ordered = cleaned.sort_values(["symbol", "timestamp"], ignore_index=True)
    pd.testing.assert_frame_equal(ordered, frame, check_dtype=False)


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_a_finding_counts_the_rows_it_is_about(rows: list[int]) -> None:
    frame = several(coins, 3, count=50)
    frame.loc[sorted({row % 150 for row in rows}), "low"] = -1.0
    findings = check(frame).of("bad_values")
    assert sum(finding.count for finding in findings) == len({row % 150 for row in rows})
    assert len(findings) == len({row % 150 // 50 for row in rows})


def test_one_row_repaired_twice_is_logged_for_both() -> None:
    frame = several(coins, 2, count=60)
    frame.loc[5, ["low", "volume"]] = [-1.0, -1.0]
    log = check(frame, calendar="24/7").fixed()[1]
    assert {(change.kind, change.field) for change in log} == {
        ("bad_volume", "volume"),
        *(("bad_values", name) for name in PRICES),
    }
    assert {(change.symbol, change.time) for change in log} == {("S0", "2024-01-01T05:00:00Z")}
