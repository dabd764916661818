"""CCXT's own binance class against a server that speaks binance's klines."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate
from itertools import islice
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market.crypto import Ccxt
from polyfolio.market.retry import Patience
from tests.market.network.server import Reply, Seen, Server, serving
from tests.market.network.tools import HOUR, LATER, MONDAY, QUICK, Still, hours

MS = 10**6
SPAN = ("2024-01-01", "2024-01-04")
PLAIN: dict[str, Any] = {
    "enableRateLimit": False,
    "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
}


def market(symbol: str, base: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "permissions": ["SPOT"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        ],
    }


class Binance:
    """exchangeInfo and klines: from startTime on, oldest first, at most `limit`; without startTime the newest."""

    def __init__(self, count: int = 96) -> None:
        self.opens = [MONDAY // MS + number * HOUR // MS for number in range(count)]
        self.halted: set[int] = set()
        self.calls = 0

    def __call__(self, seen: Seen) -> Reply:
        if seen.path == "/api/v3/exchangeInfo":
            return Reply({"timezone": "UTC", "symbols": [market("BTCUSDT", "BTC"), market("ETHUSDT", "ETH")]})
        assert seen.path == "/api/v3/klines", seen.path
        self.calls += 1
        limit = int(seen.query["limit"])
        opens = [stamp for stamp in self.opens if stamp not in self.halted]
        if "startTime" in seen.query:
            opens = [stamp for stamp in opens if stamp >= int(seen.query["startTime"])][:limit]
        else:
            opens = opens[-limit:]
        return Reply([self.kline(stamp) for stamp in opens])

    def kline(self, stamp: int) -> list[Any]:
        base = 100 + (stamp * MS - MONDAY) // HOUR
        texts = [f"{value:.2f}" for value in (base, base + 2, base - 2, base + 1, 7)]
        return [stamp, *texts, stamp + HOUR // MS - 1, "0", 1, "0", "0", "0"]


@pytest.fixture
def exchange() -> Iterator[tuple[Server, Binance]]:
    made = Binance()
    with serving(made) as server:
        yield server, made


def source(server: Server, still: Still | None = None, patience: Patience = QUICK, **changes: Any) -> Ccxt:
    given = {"limit": 10, "options": PLAIN, **changes}
    return Ccxt("binance", base_url=server.url, patience=patience, clock=(still or Still()).clock, **given)


def test_pages_of_klines_become_bars_at_their_closes(exchange: tuple[Server, Binance]) -> None:
    server, made = exchange
    found = source(server).fetch(["BTC/USDT", "ETH/USDT"], *SPAN, "1h")
    assert list(found) == ["BTC/USDT", "ETH/USDT"]
    for symbol, bars in found.items():
        np.testing.assert_array_equal(bars.times, hours(MONDAY, 96))
        np.testing.assert_array_equal(bars.close, 101.0 + np.arange(96))
        np.testing.assert_array_equal(bars.volume, np.full(96, 7.0))
        assert (bars.symbol, bars.source, bars.findings) == (symbol, "ccxt:binance", ())
    assert made.calls == 20
    assert {seen.query["symbol"] for seen in server.seen if "symbol" in seen.query} == {"BTCUSDT", "ETHUSDT"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"code": -1003, "msg": "too many"}, 429), "DDoSProtection"),
        (Reply(b"<html>bad gateway</html>", 502, {"Content-Type": "text/html"}), "ExchangeNotAvailable"),
        (Reply(status=504), "RequestTimeout"),
        (Reply(b"<html>login</html>", 200, {"Content-Type": "text/html"}), "no JSON"),
        (Reply([[1]], cut=2), "NetworkError"),
        (Reply(reset=True), "NetworkError"),
    ],
)
def test_a_passing_fault_is_asked_again_and_one_that_stays_is_named(
    exchange: tuple[Server, Binance], reply: Reply, said: str
) -> None:
    server, _ = exchange
    crypto = source(server)
    crypto.venue()
    server.queue = [reply]
    assert crypto.fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"].size == 96
    server.queue = [reply] * QUICK.tries
    with pytest.raises(RetryError, match=said):
        crypto.fetch(["BTC/USDT"], *SPAN, "1h")


@pytest.mark.pitfall("DAT-06")
@pytest.mark.parametrize(
    "body",
    [
        b'[[1704067200000,"1","2"',
        b'[[1704067200000,"1","2","1","2","3"],[17040',
        b"[]",
        b'[[1704063600000,"1","2","1","2","3"],[1704067200000,null,null,null,null,"3"]]',
        b'[[1704067200000,"1","2","1"]]',
    ],
)
def test_a_cut_off_answer_with_status_200_is_asked_again(exchange: tuple[Server, Binance], body: bytes) -> None:
    server, _ = exchange
    crypto = source(server)
    crypto.venue()
    server.queue = [Reply(body)]
    bars = crypto.fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"]
    assert bars.size == 96
    assert bars.findings == ()


@pytest.mark.pitfall("DAT-06")
def test_kraken_bodies_that_are_cut_off_are_asked_again() -> None:
    rows = [[MONDAY // 10**9 + 3600 * number, "1", "2", "0.5", "1.5", "1.2", "9", 3] for number in range(96)]
    pair = {"altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD", "status": "online"}
    pair |= {"pair_decimals": 1, "lot_decimals": 8, "ordermin": "0.0001", "fees": [], "fees_maker": []}

    def answering(seen: Seen) -> Reply:
        name = seen.path.rpartition("/")[2]
        if name == "AssetPairs":
            return Reply({"error": [], "result": {"XXBTZUSD": pair}})
        if name == "OHLC":
            later = [row for row in rows if row[0] > int(seen.query.get("since", 0))]
            return Reply({"error": [], "result": {"XXBTZUSD": later, "last": rows[-1][0]}})
        return Reply({"error": [], "result": {}})

    with serving(answering) as server:
        crypto = Ccxt(
            "kraken", base_url=server.url, patience=QUICK, clock=Still().clock, options={"enableRateLimit": False}
        )
        crypto.venue()
        server.queue = [Reply(b'{"error":[],"result":{"XXBTZUSD":[[17040672')] * 3
        bars = crypto.fetch(["BTC/USD"], *SPAN, "1h")["BTC/USD"]
    assert bars.size == 96
    assert bars.findings == ()


@pytest.mark.pitfall("DAT-06")
def test_no_bar_of_any_time_of_a_listed_market_is_an_error(exchange: tuple[Server, Binance]) -> None:
    server, made = exchange
    made.opens = []
    with pytest.raises(RetryError, match="none of any time"):
        source(server).fetch(["BTC/USDT"], *SPAN, "1h")


def test_a_span_before_the_listing_is_empty_and_told(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    bars = source(server).fetch(["BTC/USDT"], "2023-12-30", "2023-12-30", "1h")["BTC/USDT"]
    assert bars.size == 0
    assert bars.findings == ("gap: no bar at all from 2023-12-30T00:00:00Z to 2023-12-31, 24 were due",)


def test_retry_after_is_waited_for(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    still = Still()
    crypto = source(server, still)
    crypto.venue()
    server.queue = [Reply({"code": -1003, "msg": "x"}, 429, {"Retry-After": "11"})]
    assert crypto.fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"].size == 96
    assert still.slept == [11.0]


def test_a_stalled_exchange_is_given_up_after_the_timeout(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    crypto = source(server, patience=Patience(tries=2, wait=0.001, timeout=0.05, deadline=20.0))
    crypto.venue()
    server.queue = [Reply(stall=True)] * 2
    with pytest.raises(RetryError, match="RequestTimeout"):
        crypto.fetch(["BTC/USDT"], *SPAN, "1h")


def test_a_halt_is_stepped_over_and_told(exchange: tuple[Server, Binance]) -> None:
    server, made = exchange
    made.halted = set(made.opens[30:33])
    bars = source(server).fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"]
    assert bars.size == 93
    assert bars.findings == ("gap: 3 bars of 1h missing in 1 places: 2024-01-02T06:00:00Z to 2024-01-02T10:00:00Z",)


def test_a_market_that_ended_is_told(exchange: tuple[Server, Binance]) -> None:
    server, made = exchange
    made.opens = made.opens[:40]
    bars = source(server).fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"]
    assert bars.size == 40
    assert bars.findings == ("gap: ends 2024-01-02T16:00:00Z, 56 bars before the end 2024-01-05",)


def test_an_unknown_symbol_is_refused_with_the_closest(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    with pytest.raises(DataError, match=r"symbol: got 'BTC/USD'.*Did you mean `BTC/USDT`\?"):
        source(server).fetch(["BTC/USD"], *SPAN, "1h")


def test_an_interval_or_exchange_that_is_not_there_is_refused(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    with pytest.raises(DataError, match=r"interval: got '7h', must be one binance has: .*1h"):
        source(server).fetch(["BTC/USDT"], *SPAN, "7h")
    with pytest.raises(ConfigError, match=r"Did you mean `binance`\?"):
        Ccxt("binanse").fetch(["BTC/USDT"], *SPAN, "1h")


def test_refused_credentials_name_their_place_alone(
    exchange: tuple[Server, Binance], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = exchange
    monkeypatch.setenv("BINANCE_KEY", "key-42")
    crypto = source(server, api_key="env:BINANCE_KEY")
    crypto.venue()
    server.queue = [Reply({"code": -2015, "msg": "Invalid API-key key-42, IP"}, 401)]
    with pytest.raises(ConfigError) as error:
        crypto.fetch(["BTC/USDT"], *SPAN, "1h")
    assert "env:BINANCE_KEY" in str(error.value)
    assert "key-42" not in str(error.value) + repr(vars(crypto)["secrets"])


@pytest.mark.pitfall("LAH-10")
def test_the_bar_that_is_still_open_is_left_out_by_the_exchanges_clock(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    server.date = formatdate((MONDAY + 20 * HOUR + HOUR // 2) / 1e9, usegmt=True)
    bars = source(server, Still(utc=MONDAY + 40 * HOUR), limit=30).fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"]
    assert bars.times[-1] == MONDAY + 20 * HOUR
    assert bars.findings[0].startswith("10 bars had not closed yet")


def test_a_stream_gives_each_bar_once_after_its_close_also_those_of_a_silence(
    exchange: tuple[Server, Binance],
) -> None:
    server, _ = exchange
    still = Still(utc=MONDAY + 2 * HOUR + HOUR // 3)
    crypto = source(server, still)
    crypto.venue()
    stream = crypto.stream(["BTC/USDT"], "1h")
    first = list(islice(stream, 2))
    assert [int(bars.times[0]) for bars in first] == [MONDAY + 3 * HOUR, MONDAY + 4 * HOUR]
    assert still.utc == MONDAY + 4 * HOUR + 10**9
    server.queue = [Reply(status=503)] * QUICK.tries
    later = list(islice(stream, 3))
    assert [int(bars.times[0] - MONDAY) // HOUR for bars in later] == [5, 6, 7]
    assert [float(bars.close[0]) for bars in later] == [105.0, 106.0, 107.0]


def test_retries_stay_ours(exchange: tuple[Server, Binance]) -> None:
    server, _ = exchange
    venue = source(server, options={**PLAIN, "options": {**PLAIN["options"], "maxRetriesOnFailure": 3}}).venue()
    assert venue.options["maxRetriesOnFailure"] == 0
    assert Ccxt("kraken")._made().enableRateLimit is True
    assert LATER > MONDAY
