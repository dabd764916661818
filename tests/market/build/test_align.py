"""Tapes of several markets on the rows of one, and exchange rates as slots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.align import align, union
from polyfolio.market.intervals import DAY
from tests.market.build.tools import minutes, shown, stamps, tape_of

NAN = float("nan")


def shares() -> tuple[np.ndarray, object]:
    """Thursday to Tuesday in New York, 16:00."""
    days = stamps("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09")
    return days, tape_of(days, [100, 101, 102, 103], symbols=("SAP",), calendar="XNYS")


def test_coins_of_a_weekend_become_one_bar_beside_shares() -> None:
    _, main = shares()
    hours = minutes("2024-01-04T22:00", 24 * 5, "1h")
    coin = tape_of(hours, 1000.0 + np.arange(hours.size), symbols=("BTC",))
    both = align(main, coin)
    assert both.symbols == ("SAP", "BTC")
    np.testing.assert_array_equal(both.times, main.times)
    np.testing.assert_array_equal(both.close[:, 0], main.close[:, 0])
    # Friday 21:00 is the 24th hour; Monday 21:00 the 96th; nothing stands before Thursday 21:00.
    np.testing.assert_array_equal(both.close[:, 1], [NAN, 1023.0, 1095.0, 1119.0])
    assert both.tradable[:, 1].tolist() == [0, 1, 1, 1]
    assert both.open[2, 1] == coin.open[24, 0]
    assert both.high[2, 1] == coin.high[24:96, 0].max()
    assert both.volume[2, 1] == coin.volume[24:96, 0].sum()
    assert both.calendar.name == "XNYS"


@pytest.mark.pitfall("LAH-10")
def test_a_bar_that_closes_a_minute_later_belongs_to_the_next_row() -> None:
    _, main = shares()
    late = tape_of(main.times + 60 * 10**9, [11, 12, 13, 14], symbols=("LATE",), interval="1d")
    np.testing.assert_array_equal(align(main, late).close[:, 1], [NAN, 11.0, 12.0, 13.0])


def test_rates_convert_the_currency_of_another_slot() -> None:
    _, main = shares()
    german = replace(main, universe=replace(main.universe, currencies=("EUR",), base_currency="EUR"))
    rates = tape_of(main.times, [1.10, 1.11, NAN, 1.13], symbols=("EURUSD",), calendar="24/5", interval="1d")
    both = align(german, rates, base_currency="USD", fx={"EUR": "EURUSD"})
    assert both.universe.base_currency == "USD"
    assert both.universe.currencies == ("EUR", "USD")
    assert both.instruments["fx_slot"].tolist() == [1, -1]
    assert both.instruments["fx_inverse"].tolist() == [0, 0]
    assert both.tradable[:, 1].tolist() == [1, 1, 0, 1]
    yen = align(german, rates, base_currency="USD", fx={"EUR": "1/EURUSD"})
    assert yen.instruments["fx_inverse"].tolist() == [1, 0]
    with pytest.raises(DataError, match=r"currency\[SAP\]: got 'EUR', must be USD"):
        align(german, rates, base_currency="USD")


def test_a_conversion_that_came_along_points_at_its_new_slot() -> None:
    _, main = shares()
    german = replace(main, universe=replace(main.universe, currencies=("EUR",), base_currency="EUR"))
    rates = tape_of(main.times, [1.1, 1.1, 1.1, 1.1], symbols=("EURUSD",), calendar="24/5", interval="1d")
    converted = align(german, rates, base_currency="USD", fx={"EUR": "EURUSD"})
    first = tape_of(
        stamps("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"), [7, 7, 7, 7], symbols=("US",), calendar="XNYS"
    )
    assert align(first, converted).instruments["fx_slot"].tolist() == [-1, 2, -1]


def test_union_keeps_every_row_and_fills_none() -> None:
    one = tape_of(stamps("2024-01-01", "2024-01-02", "2024-01-04"), [1.5, 2, 3], symbols=("A",), interval="1d")
    two = tape_of(
        stamps("2024-01-02", "2024-01-03"), [5, 6], symbols=("B",), dividends=np.array([[0.0], [0.5]]), interval="1d"
    )
    both = union(one, two, calendar="24/7", interval=DAY)
    assert shown(both.times) == [f"2024-01-0{number}T00:00" for number in (1, 2, 3, 4)]
    np.testing.assert_array_equal(both.close, [[1.5, NAN], [2, 5], [NAN, 6], [3, NAN]])
    np.testing.assert_array_equal(both.tradable, [[1, 0], [1, 1], [0, 1], [1, 0]])
    np.testing.assert_array_equal(both.dividends, [[0, 0], [0, 0], [0, 0.5], [0, 0]])
    assert both.calendar.day.size == 4


def test_one_symbol_in_two_tapes_and_tapes_of_other_times_are_refused() -> None:
    _, main = shares()
    with pytest.raises(DataError, match="symbols: got 'SAP', must be in one of the tapes"):
        align(main, main)
    old = tape_of(stamps("2020-01-02", "2020-01-03"), [1.5, 2], symbols=("OLD",), calendar="XNYS")
    with pytest.raises(DataError, match=r"rows of OLD: got '2020-01-02T21:00:00Z to .*with rows from 2024-01-04"):
        align(main, old)


def test_labels_stand_side_by_side() -> None:
    _, main = shares()
    labelled = replace(main, universe=replace(main.universe, labels={"sector": ("tech",)}))
    plain = tape_of(
        stamps("2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"), [7, 7, 7, 7], symbols=("B",), calendar="XNYS"
    )
    assert align(labelled, plain).universe.labels == {"sector": ("tech", "")}


@pytest.mark.pitfall("LAH-01")
def test_the_order_of_the_other_tapes_moves_columns_and_nothing_else() -> None:
    _, main = shares()
    hours = minutes("2024-01-04T22:00", 110, "1h")
    a, b = (tape_of(hours, start + np.arange(110.0), symbols=(name,)) for start, name in ((50, "A"), (90, "B")))
    one, two = align(main, a, b), align(main, b, a)
    for name in ("open", "high", "low", "close", "volume", "tradable"):
        np.testing.assert_array_equal(getattr(one, name)[:, [0, 2, 1]], getattr(two, name))


@pytest.mark.shared
def test_coins_and_shares_of_the_shared_files_stand_on_one_tape(shared_data: object) -> None:
    from polyfolio.market.files import read_parquet

    main = read_parquet(
        shared_data / "us_daily_2016_2025.parquet",
        symbols=["AAPL"],
        calendar="XNYS",
        start="2025-01-02",
        end="2025-08-29",
        dividends=False,
        splits=False,
    )
    coin = read_parquet(
        shared_data / "crypto_1h_binance_2024_2025.parquet", symbols=["BTC/USDT"], stamps="open", base_currency="USD"
    )
    both = align(main, coin)
    assert both.tradable.all()
    frame = pd.read_parquet(shared_data / "crypto_1h_binance_2024_2025.parquet")
    own = frame[frame["symbol"] == "BTC/USDT"].set_index("timestamp")["close"]
    own.index = own.index + pd.Timedelta(hours=1)
    expected = own.reindex(pd.DatetimeIndex(both.times.astype("datetime64[ns]")).tz_localize("UTC"))
    np.testing.assert_array_equal(both.close[:, 1], expected)
