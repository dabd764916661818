"""A tape written as a table and read again is the same tape."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyfolio.core.tape import OPTIONAL
from polyfolio.errors import DataError, RetryError
from polyfolio.market.dataset import Dataset
from polyfolio.market.export import bars_of_tape, long_frame, write_table
from polyfolio.market.files import read_csv, read_parquet
from polyfolio.market.frame import tape_from_arrays
from tests.market.store.test_cache import small_disk
from tests.market.store.tools import DAY, FIRST, tape

READERS = {"x.csv": read_csv, "x.csv.gz": read_csv, "x.parquet": read_parquet}


class TestRoundTrip:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.sampled_from(sorted(READERS)),
        st.integers(4, 9),
        st.integers(1, 4),
        st.integers(0, 99),
        st.sets(st.sampled_from(OPTIONAL)),
    )
    def test_any_tape_comes_back(
        self, tmp_path: Path, name: str, rows: int, slots: int, seed: int, optional: set[str]
    ) -> None:
        made = tape(rows, slots, seed, sorted(optional))
        assert write_table(made, tmp_path / name) is None
        again = READERS[name](tmp_path / name, interval="1d", symbols=made.symbols)
        assert again.digest() == made.digest()

    @pytest.mark.parametrize("name", sorted(READERS))
    def test_instruments_stand_beside_the_table(self, tmp_path: Path, name: str) -> None:
        table = pd.DataFrame(
            {
                "symbol": ["S0", "S1", "S2"],
                "currency": ["USD", "EUR", "USD"],
                "lot": [0.0, 1e-8, 3.0],
                "multiplier": [1.0, 0.1 + 0.2, 50.0],
                "sector": ["a", "", "x, y"],
            }
        )
        made = tape(instruments=table, fx={"EUR": "S2"})
        beside = write_table(made, tmp_path / name)
        assert beside == tmp_path / "x.instruments.csv"
        again = READERS[name](
            tmp_path / name, interval="1d", instruments=beside, fx={"EUR": "S2"}, symbols=made.symbols
        )
        assert again.digest() == made.digest()

    @pytest.mark.shared
    def test_daily_closes_of_an_exchange_stay_where_they_are(self, shared_data: Path, tmp_path: Path) -> None:
        options = {"calendar": "XNYS", "symbols": ["SPY", "AAPL", "DHR"], "start": "2024-01-01", "dividends": False}
        made = read_parquet(shared_data / "us_daily_2016_2025.parquet", splits=False, interval="1d", **options)
        write_table(made, tmp_path / "x.parquet")
        again = read_parquet(tmp_path / "x.parquet", splits=False, interval="1d", **options)
        assert again.digest() == made.digest()
        assert (made.times % DAY != 0).all()


def test_rows_without_a_bar_are_written_where_an_event_falls_on_them() -> None:
    close = np.array([[10.0, 20.0], [np.nan, 21.0], [11.0, np.nan]])
    fields = dict.fromkeys(("open", "high", "low", "close", "volume"), close)
    fields["dividends"] = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.0]])
    made = tape_from_arrays(FIRST + DAY * np.arange(3), ["A", "B"], fields, interval="1d")
    frame = long_frame(made)
    rows = ((frame["timestamp"].astype("int64").to_numpy() - FIRST) // DAY).tolist()
    assert list(zip(frame["symbol"], rows, strict=True)) == [("A", 0), ("A", 1), ("A", 2), ("B", 0), ("B", 1)]
    assert frame["dividends"].tolist() == [0.0, 0.5, 0.0, 0.0, 0.0]


def test_what_a_table_cannot_say_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    quotes = {
        f"{side}_{name}": np.full((3, 1), 10.0) for side in ("bid", "ask") for name in ("open", "high", "low", "close")
    }
    quotes["ask_close"] = np.array([[10.0], [9.0], [10.0]])
    made = tape_from_arrays(FIRST + DAY * np.arange(3), ["A"], quotes | {"volume": np.ones((3, 1))}, interval="1d")
    with caplog.at_level(logging.WARNING):
        write_table(made, tmp_path / "x.csv")
    assert "1 bars have prices and are not tradable" in caplog.text


def test_bars_of_a_tape_make_it_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = tape(8, 3, optional=("dividends", "splits"))
    dataset = Dataset(tmp_path / "x")
    dataset.add(bars_of_tape(made, "1d", "mine"))
    assert dataset.tape().digest() == made.digest()
    with caplog.at_level(logging.WARNING):
        bars_of_tape(tape(8, 3), "1d", "mine")
    assert all(f"bars have no {name}" in caplog.text for name in ("spread", "borrow", "funding"))


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.csv, \.csv\.gz, \.parquet"):
        write_table(tape(), tmp_path / "x.xlsx")


def test_a_full_disk_leaves_the_former_file(tmp_path: Path) -> None:
    write_table(tape(), tmp_path / "x.csv")
    before = (tmp_path / "x.csv").read_bytes()
    with small_disk(3_000), pytest.raises(RetryError, match="Free some space"):
        write_table(tape(200, 5), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == before
    assert [place.name for place in tmp_path.iterdir()] == ["x.csv"]


def test_every_ending_that_is_read_is_written(tmp_path: Path) -> None:
    made = tape(8, 3, optional=())
    for ending in (".csv", ".csv.gz", ".parquet", ".pq"):
        write_table(made, tmp_path / f"x{ending}")
        read = read_parquet if "p" in ending else read_csv
        assert read(tmp_path / f"x{ending}", interval="1d").digest() == made.digest()
