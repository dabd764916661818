"""Rows become a tape as pandas would turn them: complete tables, gaps, late listings, any order of symbols."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyfolio.market.files import read_parquet
from polyfolio.market.frame import tape_from_frame
from tests.market.store.tools import DAY, FIRST


@st.composite
def rows(draw: st.DrawFn) -> pd.DataFrame:
    """Bars of up to four symbols on up to eight days, all of them or some; symbols in any order."""
    days, names = draw(st.integers(2, 8)), draw(st.permutations(["A", "B", "C", "D"]))
    some = draw(st.sampled_from(["all", "gaps", "same days for all"]))
    kept = {day for day in range(days) if some != "same days for all" or draw(st.booleans())}
    cells = [
        (day, name)
        for name in names[: draw(st.integers(1, 4))]
        for day in sorted(kept)
        if some != "gaps" or draw(st.booleans())
    ]
    frame = pd.DataFrame(cells, columns=["day", "symbol"])
    assume(frame["day"].nunique() > 1)
    frame["timestamp"] = pd.to_datetime(FIRST + DAY * frame["day"].to_numpy(np.int64), utc=True)
    for number, name in enumerate(("open", "high", "low", "close", "volume")):
        frame[name] = 10.0 + frame["day"] + 0.1 * frame["symbol"].map(ord) + (0.5, 1.0, 0.0, 0.5, 100.0)[number]
    frame["dividends"] = np.where(np.arange(len(frame)) % 3 == 0, 0.25, np.nan)
    frame["splits"] = 0.0
    frame["funding"] = np.where(np.arange(len(frame)) % 2 == 0, 1e-4, np.nan)
    return frame


@given(rows(), st.sampled_from(["close", "open"]), st.booleans())
def test_a_tape_is_the_table_turned(frame: pd.DataFrame, stamps: str, coded: bool) -> None:
    steps = frame.groupby("symbol")["day"].diff()
    assume((steps == 1).any())  # else a day is not the smallest step, as the interval says
    given = frame.drop(columns="day").astype({"symbol": "category"} if coded else {})
    made = tape_from_frame(given, interval="1d", stamps=stamps)
    assert made.symbols == tuple(frame["symbol"].unique())
    fills = {"dividends": 0.0, "splits": 1.0}
    for name in ("open", "high", "low", "close", "volume", "dividends", "splits", "funding"):
        table = frame.pivot(index="timestamp", columns="symbol", values=name)[list(made.symbols)]
        if name in fills:
            table = table.replace(0.0, fills[name]).fillna(fills[name])
        assert np.array_equal(getattr(made, name), table.to_numpy(), equal_nan=True), name
    shift = DAY if stamps == "open" else 0
    assert made.times.tolist() == (table.index.astype("datetime64[ns, UTC]").astype("int64") + shift).tolist()
    assert np.array_equal(made.tradable != 0, ~np.isnan(made.close))


@pytest.mark.parametrize("column", ["symbol", "Ticker"])
@pytest.mark.parametrize("groups", [1, 7, 1_000])
def test_symbols_of_a_file_are_the_same_however_it_was_written(tmp_path: Path, column: str, groups: int) -> None:
    frame = pd.DataFrame(
        {
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=9, tz="UTC"), 5),
            column: np.repeat(["E", "A", "1", "TRUE", "None"], 9),
            **dict.fromkeys(("open", "high", "low", "close", "volume"), np.arange(45.0) + 1.0),
        }
    )
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=groups)
    made = read_parquet(tmp_path / "x.parquet", interval="1d")
    assert made.symbols == ("E", "A", "1", "TRUE", "None")
    assert made.close.T.ravel().tolist() == frame["close"].tolist()


def test_a_symbol_that_is_missing_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"timestamp": pd.date_range("2024-01-01", periods=3, tz="UTC"), "symbol": ["A", None, "A"]})
    for name in ("open", "high", "low", "close", "volume"):
        frame[name] = 1.0
    frame.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(Exception, match=r"symbol \(x\.parquet, row 1\)"):
        read_parquet(tmp_path / "x.parquet", interval="1d")
