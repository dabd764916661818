"""Bars of trades equal a plain loop over the trades in the order they arrived."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.from_bars import tape_from_bars
from polyfolio.market.trades import Trades, dollar_bars, rising, tick_bars, time_bars, trades_of, volume_bars
from tests.market.build.tools import shown, stamps

SECOND = 10**9


def frame_of(*lines: tuple[str, float, float], symbol: str = "AAA") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "timestamp": [pd.Timestamp(stamp, tz="UTC") for stamp, _, _ in lines],
            "symbol": symbol,
            "price": [price for _, price, _ in lines],
            "size": [size for _, _, size in lines],
        }
    )


def plain(trades: Trades, measure: Callable[[float, float], float], goal: float) -> list[tuple[float, ...]]:
    """Bars by a loop over the trades: stamp, open, high, low, close, volume."""
    bars, inside, total = [], [], 0.0
    for stamp, paid, size in zip(trades.times, trades.paid, trades.sizes, strict=True):
        inside.append((int(stamp), paid, size))
        total += measure(paid, size)
        if total >= goal * (1 - 1e-9):
            prices = [row[1] for row in inside]
            bars.append((inside[-1][0], prices[0], max(prices), min(prices), prices[-1], sum(row[2] for row in inside)))
            inside, total = [], 0.0
    return bars


def table(bars: Bars) -> np.ndarray:
    return np.stack([bars.open, bars.high, bars.low, bars.close, bars.volume], axis=1)


def test_a_time_bar_holds_the_trades_before_its_end() -> None:
    frame = frame_of(
        ("2024-01-01T10:00:00.5", 10, 1),
        ("2024-01-01T10:00:30", 12, 2),
        ("2024-01-01T10:00:59.999999999", 9, 3),
        ("2024-01-01T10:01:00", 11, 4),
        ("2024-01-01T10:03:00", 13, 5),
        ("2024-01-01T10:03:59", 14, 5),
    )
    bars = time_bars(trades_of(frame), "1min")["AAA"]
    assert shown(bars.times) == ["2024-01-01T10:01", "2024-01-01T10:02"]
    assert table(bars).tolist() == [[10, 12, 9, 9, 6], [11, 11, 11, 11, 4]]
    complete = time_bars(trades_of(frame), "1min", until=stamps("2024-01-01T10:04")[0])["AAA"]
    assert shown(complete.times)[-1] == "2024-01-01T10:04"
    assert table(complete)[-1].tolist() == [13, 14, 13, 14, 10]


def test_time_bars_of_an_exchange_leave_out_what_lies_outside_its_sessions_and_say_so() -> None:
    frame = frame_of(
        ("2024-07-03T13:00:00", 9, 1),
        ("2024-07-03T13:30:00", 10, 1),
        ("2024-07-03T16:59:59", 11, 1),
        ("2024-07-03T17:00:01", 12, 1),
    )
    bars = time_bars(trades_of(frame), "1h", calendar="XNYS")["AAA"]
    assert shown(bars.times) == ["2024-07-03T14:30", "2024-07-03T17:00"]
    assert bars.findings == ("2 of 4 trades lie outside the sessions of XNYS",)


@pytest.mark.pitfall("CAL-04")
def test_trades_of_one_stamp_keep_the_order_of_their_arrival() -> None:
    frame = frame_of(*[("2024-01-01T10:00:00.083", price, 1) for price in (5, 3, 4, 1, 2, 6)])
    bars = tick_bars(trades_of(frame), 2)["AAA"]
    assert bars.open.tolist() == [5, 4, 2]
    assert bars.close.tolist() == [3, 1, 6]
    assert np.diff(bars.times).tolist() == [1, 1]
    tape = tape_from_bars([bars])
    assert tape.close[:, 0].tolist() == [3, 1, 6]


def test_stamps_grow_by_a_nanosecond_where_they_would_not() -> None:
    assert rising(np.array([5, 5, 5, 6, 20, 20], np.int64)).tolist() == [5, 6, 7, 8, 20, 21]


def test_a_bar_closes_with_the_trade_that_fills_it_and_no_trade_is_divided() -> None:
    frame = frame_of(
        *[(f"2024-01-01T10:00:0{second}", 10 + second, size) for second, size in enumerate((3, 3, 9, 1, 4, 2))]
    )
    bars = volume_bars(trades_of(frame), 5)["AAA"]
    assert bars.volume.tolist() == [6, 9, 5]
    assert bars.close.tolist() == [11, 12, 14]
    assert bars.interval == "volume:5"
    worth = dollar_bars(trades_of(frame), 60)["AAA"]
    assert worth.close.tolist() == [11, 12, 14]
    assert dollar_bars(trades_of(frame), 64)["AAA"].close.tolist() == [12, 14]


def test_ten_trades_of_a_tenth_fill_a_bar_of_one() -> None:
    frame = frame_of(*[(f"2024-01-01T10:00:{second:02}", 10, 0.1) for second in range(30)])
    assert volume_bars(trades_of(frame), 1.0)["AAA"].size == 3


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50), st.integers(1, 40)), min_size=1, max_size=60),
    st.sampled_from([1, 7, 40, 500]),
)
def test_bars_equal_a_plain_loop(rows: list[tuple[int, int, int]], goal: int) -> None:
    times = np.cumsum([gap * SECOND for gap, _, _ in rows]).astype(np.int64)
    trades = Trades("AAA", times, np.array([r[1] for r in rows], float), np.array([r[2] for r in rows], float))
    kinds = (
        (tick_bars({"AAA": trades}, goal), lambda paid, size: 1.0),
        (volume_bars({"AAA": trades}, goal), lambda paid, size: size),
        (dollar_bars({"AAA": trades}, goal), lambda paid, size: paid * size),
    )
    for made, measure in kinds:
        expected = plain(trades, measure, goal)
        assert made["AAA"].size == len(expected)
        if expected:
            np.testing.assert_array_equal(table(made["AAA"]), [row[1:] for row in expected])
            assert (made["AAA"].times >= [row[0] for row in expected]).all()
            assert (np.diff(made["AAA"].times) > 0).all()


@given(st.integers(3, 60))
@pytest.mark.pitfall("LAH-04")
def test_later_trades_change_no_bar_that_is_closed(cut: int) -> None:
    draws = np.random.default_rng(4)
    times = np.sort(draws.integers(0, 600, 60) * SECOND)
    whole = Trades("AAA", times, draws.uniform(9, 11, 60), draws.uniform(0.01, 2, 60))
    part = Trades("AAA", times[:cut], whole.paid[:cut], whole.sizes[:cut])
    for build in (
        lambda trades: time_bars({"AAA": trades}, "1min")["AAA"],
        lambda trades: volume_bars({"AAA": trades}, 5.0)["AAA"],
        lambda trades: dollar_bars({"AAA": trades}, 50.0)["AAA"],
        lambda trades: tick_bars({"AAA": trades}, 7)["AAA"],
    ):
        one, two = build(whole), build(part)
        np.testing.assert_array_equal(table(one)[: two.size], table(two))
        np.testing.assert_array_equal(one.times[: two.size], two.times)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"price": [10.0, -1.0]}, r"price \(the frame, row 1\): got -1.0, must be finite and above 0"),
        ({"size": [0.0, 1.0]}, r"size \(the frame, row 0\): got 0.0"),
        ({"size": ["many", "1"]}, r"size \(the frame, row 0\): got 'many', must be a number"),
        ({"timestamp": [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-01")]}, "a time with its zone"),
        (
            {"timestamp": [pd.Timestamp("2024-01-02", tz="UTC"), pd.Timestamp("2024-01-01", tz="UTC")]},
            r"timestamp\[AAA\] \(the frame, row 1\): got '2024-01-01', must be not before the row before it",
        ),
    ],
)
@pytest.mark.pitfall("CAL-01")
def test_what_cannot_be_is_refused_with_its_row(change: dict[str, list[object]], match: str) -> None:
    frame = frame_of(("2024-01-01", 10, 1), ("2024-01-02", 10, 1)).assign(**change)
    with pytest.raises(DataError, match=match):
        trades_of(frame)


def test_a_missing_column_and_a_goal_that_fills_nothing_are_refused() -> None:
    frame = frame_of(("2024-01-01", 10, 1))
    with pytest.raises(DataError, match="'size', must be present"):
        trades_of(frame.drop(columns="size"))
    with pytest.raises(DataError, match=r"volume: got 0\.0, must be finite and above 0"):
        volume_bars(trades_of(frame), 0.0)
    with pytest.raises(DataError, match="1d or shorter"):
        time_bars(trades_of(frame), "1w")
    assert volume_bars(trades_of(frame), 5.0)["AAA"].findings == ("no bar is complete",)


@pytest.mark.shared
@pytest.mark.pitfall("CAL-04")
def test_half_a_million_trades_with_common_stamps_give_every_kind_of_bar(shared_data: object) -> None:
    frame = pd.read_parquet(shared_data / "es_trades_2013-09.parquet")
    trades = trades_of(frame, timezone="America/Chicago")
    volume = volume_bars(trades, 1000)["ES"]
    expected = plain(trades["ES"], lambda paid, size: size, 1000)
    np.testing.assert_array_equal(table(volume), [row[1:] for row in expected])
    minute = time_bars(trades, "1min")["ES"]
    clock = frame.groupby(frame["timestamp"].dt.floor("1min"))["price"].agg(["first", "max", "min", "last"])
    np.testing.assert_array_equal(table(minute)[:, :4], clock.to_numpy()[: minute.size])
    assert minute.size in (len(clock), len(clock) - 1)
    tape = tape_from_bars([volume])
    assert tape.rows == len(expected)


@pytest.mark.shared
def test_the_trades_of_four_markets_give_a_tape_of_minutes(shared_data: object) -> None:
    trades = trades_of(pd.read_parquet(shared_data / "crypto_trades_2024-08-09.parquet"))
    bars = time_bars(trades, "1min")
    tape = tape_from_bars(bars, base_currency="USDT")
    assert tape.slots == 4
    for slot, symbol in enumerate(tape.symbols):
        on = tape.tradable[:, slot] != 0
        np.testing.assert_array_equal(tape.times[on], bars[symbol].times)
        np.testing.assert_array_equal(tape.close[on, slot], bars[symbol].close)


@pytest.mark.parametrize("word", [None, "", "A "])
def test_a_trade_without_a_clear_symbol_is_not_lost_but_refused(word: str | None) -> None:
    frame = frame_of(("10:00:00", 10.0, 1.0), ("10:00:01", 11.0, 1.0))
    with pytest.raises(DataError, match=r"symbol \(the frame, row 1\)"):
        trades_of(frame.assign(symbol=["A", word]))
