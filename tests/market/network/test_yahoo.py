"""yfinance itself against a server that speaks Yahoo's chart interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import DataError, RetryError
from polyfolio.market.retry import Patience
from polyfolio.market.yahoo import Yahoo
from tests.market.network.server import Reply, Seen, Server, serving
from tests.market.network.tools import DAY, HOUR, MONDAY, QUICK, Still

SPAN = ("2024-01-02", "2024-01-12")
NOW = MONDAY + 60 * DAY
WEEK = [MONDAY + number * DAY for number in (1, 2, 3, 4, 7, 8, 9, 10, 11)]  # sessions from 2024-01-02 to 2024-01-12


class Chart:
    """The chart interface of one share, with a dividend and a split."""

    def __init__(self) -> None:
        self.stamps = [(day + 14 * HOUR + HOUR // 2) // 10**9 for day in WEEK]
        self.closes: list[float | None] = [100.0 + number for number in range(9)]
        self.zone = "America/New_York"
        self.asked: list[dict[str, str]] = []

    def __call__(self, seen: Seen) -> Reply:
        if not seen.path.startswith("/v8/finance/chart/"):
            return Reply(b"crumb", headers={"Content-Type": "text/plain"})
        symbol = seen.path.rpartition("/")[2]
        if symbol not in ("AAA", "BTC-USD"):
            reason = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return Reply({"chart": {"result": None, "error": reason}}, 404)
        self.asked.append(seen.query)
        first, last = int(seen.query.get("period1", 0)), int(seen.query.get("period2", 10**11))
        return Reply({"chart": {"result": [self.result(symbol, first, last)], "error": None}})

    def result(self, symbol: str, first: int, last: int) -> dict[str, Any]:
        meta = {
            "symbol": symbol,
            "currency": "USD",
            "instrumentType": "EQUITY",
            "exchangeTimezoneName": self.zone,
            "timezone": "EST",
            "gmtoffset": -18000,
            "priceHint": 2,
            "validRanges": ["1d", "5d", "max"],
            "dataGranularity": "1d",
            "range": "",
            "regularMarketTime": NOW // 10**9,
            "firstTradeDate": self.stamps[0],
            "tradingPeriods": [
                [{"timezone": "EST", "start": day // 10**9 + 52200, "end": day // 10**9 + 75600, "gmtoffset": -18000}]
                for day in WEEK
            ],
        }
        kept = [number for number, stamp in enumerate(self.stamps) if first <= stamp < last]
        if not kept:
            return {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
        closes = [self.closes[number] for number in kept]
        quote = {
            "open": closes,
            "high": [None if close is None else close + 1 for close in closes],
            "low": [None if close is None else close - 1 for close in closes],
            "close": closes,
            "volume": [None if close is None else 1000 for close in closes],
        }
        adjusted = [None if close is None else close / 2 for close in closes]
        events = {
            "dividends": {"x": {"amount": 0.25, "date": self.stamps[3]}},
            "splits": {"x": {"date": self.stamps[5], "numerator": 4, "denominator": 1, "splitRatio": "4:1"}},
        }
        return {
            "meta": meta,
            "timestamp": [self.stamps[number] for number in kept],
            "events": events if meta["validRanges"] else {},
            "indicators": {"quote": [quote], "adjclose": [{"adjclose": adjusted}]},
        }


@pytest.fixture
def yahoo(tmp_path: Path) -> Iterator[tuple[Server, Chart]]:
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path))
    made = Chart()
    with serving(made) as server:
        yield server, made
    # yfinance keeps one session in a process: the next one must not ask a server that is gone.
    yfinance.data.YfData(session=yfinance._http.new_session())


def source(server: Server, still: Still | None = None, patience: Patience = QUICK, **changes: Any) -> Yahoo:
    return Yahoo(base_url=server.url, patience=patience, clock=(still or Still(utc=NOW)).clock, **changes)


def test_days_stand_at_the_close_of_their_session_with_dividends_and_adjusted_closes(
    yahoo: tuple[Server, Chart],
) -> None:
    server, _ = yahoo
    bars = source(server).fetch(["AAA"], *SPAN, "1d")["AAA"]
    np.testing.assert_array_equal(bars.times, [day + 21 * HOUR for day in WEEK])
    np.testing.assert_array_equal(bars.close, 100.0 + np.arange(9))
    assert bars.adj_close is not None
    assert bars.dividends is not None
    np.testing.assert_array_equal(bars.adj_close, (100.0 + np.arange(9)) / 2)
    np.testing.assert_array_equal(np.flatnonzero(bars.dividends), [3])
    assert bars.dividends[3] == 0.25
    assert bars.source == "yahoo"


@pytest.mark.pitfall("DAT-10")
def test_splits_are_in_the_prices_and_so_no_event_but_a_finding(yahoo: tuple[Server, Chart]) -> None:
    server, _ = yahoo
    bars = source(server).fetch(["AAA"], *SPAN, "1d")["AAA"]
    assert bars.splits is None
    assert bars.findings == ("the prices contain the split 4:1 of 2024-01-09",)


def test_rows_of_null_are_left_out_and_told(yahoo: tuple[Server, Chart]) -> None:
    server, chart = yahoo
    chart.closes[2] = None
    bars = source(server).fetch(["AAA"], *SPAN, "1d")["AAA"]
    assert bars.size == 8
    assert bars.findings[0] == "1 rows came without any price and were left out"
    assert bars.findings[1].startswith("gap: 1 bars of 1d missing in 1 places: 2024-01-03T21:00:00Z to 2024-01-05")


def test_an_unknown_symbol_is_named(yahoo: tuple[Server, Chart]) -> None:
    server, _ = yahoo
    with pytest.raises(DataError, match="symbol: got 'ZZZ', must be one that Yahoo knows"):
        source(server).fetch(["ZZZ"], *SPAN, "1d")


def test_a_span_without_bars_of_a_known_symbol_is_empty_and_told(yahoo: tuple[Server, Chart]) -> None:
    server, _ = yahoo
    bars = source(server).fetch(["AAA"], "2023-11-06", "2023-11-10", "1d")["AAA"]
    assert bars.size == 0
    assert bars.findings == ("gap: no bar at all from 2023-11-06T05:00:00Z to 2023-11-11T05:00:00Z, 5 were due",)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>Will be right back</html>", headers={"Content-Type": "text/html"}),
        Reply(b"<html>consent</html>", 200, {"Content-Type": "text/html"}),
        Reply(b'{"chart": {"result": [{"meta"'),
        Reply({"finance": {"result": None, "error": {"code": "Unauthorized"}}}),
        Reply(
            {
                "chart": {
                    "result": [{"meta": {"symbol": "AAA"}, "timestamp": [1], "indicators": {"quote": [{"open": 1}]}}],
                    "error": None,
                }
            }
        ),
        Reply({}, cut=1),
        Reply(reset=True),
    ],
)
def test_a_passing_fault_is_asked_again_though_yfinance_remembers_it(yahoo: tuple[Server, Chart], reply: Reply) -> None:
    server, chart = yahoo
    crypto = source(server)
    assert crypto.fetch(["AAA"], *SPAN, "1d")["AAA"].size == 9
    failing = {"left": 1}

    def answering(seen: Seen) -> Reply:
        if "period1" in seen.query and failing["left"] > 0:
            failing["left"] -= 1
            return reply
        return chart(seen)

    server.answering = answering
    assert crypto.fetch(["AAA"], *SPAN, "1d")["AAA"].size == 9
    assert failing["left"] == 0
    failing["left"] = 100
    with pytest.raises(RetryError, match="yahoo, bars of AAA"):
        crypto.fetch(["AAA"], *SPAN, "1d")


def test_too_many_requests_and_server_errors_are_asked_again(yahoo: tuple[Server, Chart]) -> None:
    server, chart = yahoo
    for status in (429, 500, 503):
        still = Still(utc=NOW)
        crypto = source(server, still)
        crypto.fetch(["AAA"], *SPAN, "1d")
        asked = {"number": 0}

        def answering(seen: Seen, status: int = status, asked: dict[str, int] = asked) -> Reply:
            asked["number"] += "period1" in seen.query
            return Reply(b"Too Many Requests", status) if 0 < asked["number"] <= 2 else chart(seen)

        server.answering = answering
        assert crypto.fetch(["AAA"], *SPAN, "1d")["AAA"].size == 9
        assert still.slept


def test_hours_end_with_the_session_and_bars_in_progress_are_left_out(yahoo: tuple[Server, Chart]) -> None:
    server, chart = yahoo
    chart.stamps = [WEEK[0] // 10**9 + 52200 + 3600 * number for number in range(7)]
    chart.closes = [100.0] * 7
    full = source(server).fetch(["AAA"], "2024-01-02", "2024-01-02", "1h")["AAA"]
    assert [int(time - WEEK[0]) / HOUR for time in full.times] == [15.5, 16.5, 17.5, 18.5, 19.5, 20.5, 21.0]
    early = source(server, Still(utc=WEEK[0] + 17 * HOUR)).fetch(["AAA"], "2024-01-02", "2024-01-02", "1h")["AAA"]
    assert early.size == 2


def test_minutes_are_asked_for_a_week_at_a_time_as_far_back_as_there_are_any(yahoo: tuple[Server, Chart]) -> None:
    server, chart = yahoo
    bars = source(server).fetch(["AAA"], "2024-01-02", "2024-02-29", "1min")["AAA"]
    spans = [int(asked["period2"]) - int(asked["period1"]) for asked in chart.asked if "period1" in asked]
    assert len(spans) == 5
    assert max(spans) == 7 * 86400
    assert "Yahoo has bars of 1min from 2024-02-01 on, no earlier ones" in bars.findings


def test_coins_go_by_the_whole_day(yahoo: tuple[Server, Chart]) -> None:
    server, chart = yahoo
    chart.zone, chart.stamps = "UTC", [(MONDAY + number * DAY) // 10**9 for number in range(9)]
    bars = source(server, calendar="24/7").fetch(["BTC-USD"], "2024-01-01", "2024-01-09", "1d")["BTC-USD"]
    np.testing.assert_array_equal(bars.times, MONDAY + DAY * np.arange(1, 10))


def test_weeks_and_months_are_refused(yahoo: tuple[Server, Chart]) -> None:
    for interval in ("1w", "month"):
        with pytest.raises(DataError, match="resample"):
            source(yahoo[0]).fetch(["AAA"], *SPAN, interval)


def test_the_setting_of_yfinance_is_put_back(yahoo: tuple[Server, Chart]) -> None:
    import yfinance

    before = yfinance.config.debug.hide_exceptions
    with pytest.raises(DataError):
        source(yahoo[0]).fetch(["ZZZ"], *SPAN, "1d")
    assert yfinance.config.debug.hide_exceptions is before
    assert json.dumps(before) in ("true", "false")
