"""Bars of quotes, and the quotes in force when bars close."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.from_bars import tape_from_bars
from polyfolio.market.quotes import quote_bars, quotes_of, with_quotes
from polyfolio.market.trades import time_bars, trades_of
from tests.market.build.test_trades import frame_of
from tests.market.build.tools import shown, stamps

NAN = float("nan")


def quotes(*lines: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "timestamp": [pd.Timestamp(stamp, tz="UTC") for stamp, _, _ in lines],
            "symbol": "AAA",
            "bid": [bid for _, bid, _ in lines],
            "ask": [ask for _, _, ask in lines],
        }
    )


FOUR = (
    ("2024-01-01T10:00:10", 10.0, 11.0),
    ("2024-01-01T10:00:20", 12.0, 13.0),
    ("2024-01-01T10:00:50", 9.0, 10.0),
    ("2024-01-01T10:01:00", 10.0, 10.5),
    ("2024-01-01T10:02:00", 10.0, 10.5),
)


def test_a_bar_of_quotes_holds_the_middle_and_the_last_bid_and_ask() -> None:
    bars = quote_bars(quotes_of(quotes(*FOUR)), "1min")["AAA"]
    assert shown(bars.times) == ["2024-01-01T10:01", "2024-01-01T10:02"]
    assert [getattr(bars, name).tolist() for name in ("open", "high", "low", "close", "bid", "ask")] == [
        [10.5, 10.25],
        [12.5, 10.25],
        [9.5, 10.25],
        [9.5, 10.25],
        [9.0, 10.0],
        [10.0, 10.5],
    ]
    tape = tape_from_bars([bars])
    np.testing.assert_array_equal(tape.spread, [[1.0], [0.5]])
    assert np.isnan(tape.volume).all()


@pytest.mark.pitfall("DAT-04")
def test_a_quote_whose_ask_stands_below_its_bid_makes_no_price(caplog: pytest.LogCaptureFixture) -> None:
    lines = [*FOUR]
    lines[1] = ("2024-01-01T10:00:20", 12.0, 11.5)
    found = quotes_of(quotes(*lines))["AAA"]
    assert found.size == 4
    assert found.findings == ("1 of 5 quotes of AAA have their ask below their bid and are left out",)
    assert "1 of 5 quotes of AAA" in caplog.text
    assert quote_bars({"AAA": found}, "1min")["AAA"].high[0] == 10.5


def test_bars_of_trades_get_the_quote_before_their_close() -> None:
    frame = frame_of(("2024-01-01T10:00:30", 10, 1), ("2024-01-01T10:01:30", 10, 1), ("2024-01-01T10:09:10", 10, 1))
    bars = time_bars(trades_of(frame), "1min", until=stamps("2024-01-01T10:10")[0])
    kept = with_quotes(bars, quotes_of(quotes(*FOUR)))["AAA"]
    np.testing.assert_array_equal(kept.bid, [9.0, 10.0, 10.0])
    np.testing.assert_array_equal(kept.ask, [10.0, 10.5, 10.5])
    short = with_quotes(bars, quotes_of(quotes(*FOUR)), longest="2min")["AAA"]
    np.testing.assert_array_equal(short.bid, [9.0, 10.0, NAN])
    before = with_quotes(bars, quotes_of(quotes(FOUR[-1])))["AAA"]
    np.testing.assert_array_equal(before.ask, [NAN, NAN, 10.5])


def test_quotes_without_a_side_are_left_out_and_prices_below_zero_refused() -> None:
    lines = [*FOUR]
    lines[0] = ("2024-01-01T10:00:10", NAN, 11.0)
    assert quotes_of(quotes(*lines))["AAA"].findings == ("1 of 5 quotes of AAA lack a side and are left out",)
    lines[0] = ("2024-01-01T10:00:10", -1.0, 11.0)
    with pytest.raises(DataError, match=r"bid \(the frame, row 0\): got -1.0, must be above 0"):
        quotes_of(quotes(*lines))
    with pytest.raises(DataError, match="'ask', must be present"):
        quotes_of(quotes(*FOUR).drop(columns="ask"))


def test_a_symbol_without_quotes_is_refused() -> None:
    bars = time_bars(trades_of(frame_of(("2024-01-01T10:00:30", 10, 1), symbol="AAB")), "1min")
    with pytest.raises(DataError, match="Did you mean `AAA`"):
        with_quotes(bars, quotes_of(quotes(*FOUR)))
    with pytest.raises(DataError, match="1d or shorter"):
        quote_bars(quotes_of(quotes(*FOUR)), "1w")


@pytest.mark.shared
def test_the_best_quotes_of_four_markets_and_their_trades_make_one_tape(shared_data: object) -> None:
    frame = pd.read_parquet(shared_data / "crypto_bbo_2024-08-09.parquet")
    best = quotes_of(frame)
    trades = trades_of(pd.read_parquet(shared_data / "crypto_trades_2024-08-09.parquet"))
    bars = with_quotes(time_bars(trades, "10s"), best)
    tape = tape_from_bars(bars, base_currency="USDT")
    known = ~np.isnan(tape.spread)
    np.testing.assert_array_equal(known, tape.tradable != 0)
    assert (tape.spread[known] >= 0.0).all()
    own = frame[frame["symbol"] == tape.symbols[0]]
    own = own[own["ask"] >= own["bid"]]
    row = int(np.flatnonzero(tape.tradable[:, 0])[9])
    moment = pd.Timestamp(int(tape.times[row]), tz="UTC")
    last = own[own["timestamp"] < moment].iloc[-1]
    assert tape.spread[row, 0] == last["ask"] - last["bid"]


def test_a_quote_without_a_symbol_is_not_lost_but_refused() -> None:
    frame = quotes(("10:00:00", 9.0, 11.0), ("10:00:01", 9.0, 11.0))
    with pytest.raises(DataError, match=r"symbol \(the frame, row 1\): got None"):
        quotes_of(frame.assign(symbol=["A", None]))
