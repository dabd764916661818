"""Real files open whole: shapes, spans and gaps as their description says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.files import read_csv, read_parquet

pytestmark = pytest.mark.shared


def span(tape: Tape) -> tuple[str, str]:
    stamps = tape.times.astype("datetime64[ns]")
    return str(stamps[0])[:16], str(stamps[-1])[:16]


@pytest.fixture(scope="module")
def daily(shared_data: Path) -> Tape:
    return read_parquet(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", splits=False)


def test_ten_years_of_daily_bars_open_whole(daily: Tape, shared_data: Path) -> None:
    assert (daily.rows, daily.slots) == (2425, 150)
    assert span(daily) == ("2016-03-14T20:00", "2025-10-31T20:00")
    assert int(daily.tradable.sum()) == 363_750
    assert 251.0 < daily.calendar.bars_per_year < 252.5
    rows = pd.read_parquet(shared_data / "us_daily_2016_2025.parquet")
    apple = rows[rows["symbol"] == "AAPL"]
    slot = daily.universe.slot("AAPL")
    np.testing.assert_array_equal(daily.close[:, slot], apple["close"])
    assert daily.dividends is not None
    np.testing.assert_array_equal(daily.dividends[:, slot], apple["dividend"])
    dates = daily.calendar.day.astype("datetime64[D]").astype("datetime64[ms]")
    np.testing.assert_array_equal(dates, apple["timestamp"].dt.tz_localize(None).to_numpy())


def test_its_splits_are_in_the_prices_already_and_that_is_said(shared_data: Path) -> None:
    with pytest.raises(DataError, match="The prices are adjusted for splits already: give splits=False"):
        read_parquet(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS")


@pytest.mark.pitfall("MET-05")
def test_its_sessions_are_not_the_days_of_a_year(shared_data: Path) -> None:
    with pytest.raises(DataError, match="the rows stand on 5 of 7 weekdays"):
        read_parquet(shared_data / "us_daily_2016_2025.parquet", splits=False)


@pytest.mark.pitfall("DAT-07")
def test_late_listings_stand_where_they_were_listed(shared_data: Path) -> None:
    tape = read_parquet(shared_data / "us_daily_2003_2023.parquet", calendar="XNYS", symbols=["AAPL", "META", "V"])
    assert tape.rows == 5033
    first = [int(np.argmax(tape.tradable[:, slot])) for slot in range(3)]
    days = tape.calendar.day.astype("datetime64[D]").astype(str)
    assert first[0] == 0
    assert days[first[1]] == "2012-05-18"
    assert days[first[2]][:4] == "2008"
    assert np.isnan(tape.close[: first[1], 1]).all()


@pytest.mark.pitfall("LAH-10", "MET-06")
def test_five_minute_bars_of_sixty_stocks_open_whole(shared_data: Path) -> None:
    tape = read_parquet(shared_data / "us_5min_2025.parquet", calendar="XNYS", stamps="open")
    assert (tape.rows, tape.slots) == (9402, 60)
    assert tape.tradable.all()
    assert span(tape) == ("2025-05-12T13:35", "2025-10-31T20:00")
    assert len(np.unique(tape.calendar.day)) == 121
    assert 19_000 < tape.calendar.bars_per_year < 20_500
    slot = tape.universe.slot("AAPL")
    assert (tape.open[0, slot], tape.close[0, slot]) == (211.04, 208.90)


def test_a_csv_file_gives_the_tape_of_the_parquet_file(shared_data: Path, tmp_path: Path) -> None:
    rows = pd.read_parquet(shared_data / "us_5min_2025.parquet")
    rows = rows[rows["symbol"].isin(["AAPL", "SPY"])]
    rows.to_csv(tmp_path / "bars.csv", index=False)
    options = {"calendar": "XNYS", "stamps": "open"}
    wanted = read_parquet(shared_data / "us_5min_2025.parquet", symbols=["AAPL", "SPY"], **options)
    assert read_csv(tmp_path / "bars.csv", **options).digest() == wanted.digest()


@pytest.mark.pitfall("DAT-04", "DAT-05")
def test_currencies_with_crossed_quotes_and_perpetuals_with_funding_open_whole(shared_data: Path) -> None:
    tape = read_parquet(shared_data / "fx_1m_bidask.parquet", calendar="24/5", stamps="open")
    assert int((~np.isnan(tape.close)).sum() - tape.tradable.sum()) == 1030
    assert tape.spread is not None
    assert (tape.spread[tape.tradable != 0] >= 0.0).all()
    tape = read_parquet(shared_data / "crypto_perp_1h_binance_2025.parquet", stamps="open")
    assert tape.funding is not None
    assert int(np.isnan(tape.funding).sum()) == 35_868
