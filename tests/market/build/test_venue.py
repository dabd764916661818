"""The instrument table of a venue's market list."""

from __future__ import annotations

import ccxt
import pytest

from polyfolio.errors import DataError
from polyfolio.market.instruments import instruments_of
from polyfolio.market.reading import Reading
from polyfolio.market.venue import instruments_of_venue

SPOT = {
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "type": "spot",
    "active": True,
    "precision": {"amount": 1e-5, "price": 0.01},
    "limits": {"cost": {"min": 5.0}},
}
LINEAR = SPOT | {
    "symbol": "BTC/USDT:USDT",
    "type": "swap",
    "settle": "USDT",
    "contractSize": 0.001,
    "precision": {"amount": 1.0, "price": 0.1},
    "active": False,
}
INVERSE = LINEAR | {"symbol": "BTC/USD:BTC", "settle": "BTC", "inverse": True, "contractSize": 100.0}
MARKETS = {market["symbol"]: market for market in (SPOT, LINEAR, INVERSE)}


def test_steps_multiplier_currency_and_labels_come_from_the_list() -> None:
    table = instruments_of_venue(MARKETS).set_index("symbol")
    assert list(table.index) == ["BTC/USDT", "BTC/USDT:USDT"]
    assert table.loc["BTC/USDT"].to_dict() == {
        "currency": "USDT",
        "multiplier": 1.0,
        "lot": 1e-5,
        "tick": 0.01,
        "min_notional": 5.0,
        "kind": "spot",
        "base": "BTC",
        "active": "yes",
    }
    assert table.loc["BTC/USDT:USDT", ["multiplier", "lot", "kind", "active"]].tolist() == [0.001, 1.0, "swap", "no"]


def test_the_table_fills_the_instruments_of_a_tape() -> None:
    frame = instruments_of_venue(MARKETS)
    made, universe = instruments_of(("BTC/USDT:USDT", "BTC/USDT"), Reading(base_currency="USDT"), frame, "the venue")
    assert made["multiplier"].tolist() == [0.001, 1.0]
    assert made["lot"].tolist() == [1.0, 1e-5]
    assert made["min_notional"].tolist() == [5.0, 5.0]
    assert universe.labels["kind"] == ("swap", "spot")


def test_numbers_of_decimals_become_the_steps_they_write() -> None:
    decimal = SPOT | {"precision": {"amount": 5, "price": 2}}
    line = instruments_of_venue({"BTC/USDT": decimal}, precision="decimals").iloc[0]
    assert (line["lot"], line["tick"]) == (0.00001, 0.01)
    assert instruments_of_venue({"BTC/USDT": decimal}, precision="digits").iloc[0]["lot"] == 0.0
    bare = {"BTC/USDT": {"base": "BTC", "quote": "USDT"}}
    assert instruments_of_venue(bare).iloc[0][["lot", "tick", "min_notional", "multiplier"]].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("markets", "options", "match"),
    [
        (MARKETS, {"symbols": ["BTC/USD"]}, "Did you mean `BTC/USDT`"),
        (MARKETS, {"symbols": ["BTC/USD:BTC"]}, "a market with a fixed multiplier"),
        (MARKETS, {"precision": "steps"}, "Did you mean `step`"),
        (MARKETS, {"precision": "decimals", "symbols": ["BTC/USDT"]}, "1e-05, must be a number of decimals"),
        ({"X": SPOT | {"quote": None}}, {}, "quote of X: got None, must be a currency"),
        ({"X": SPOT | {"contractSize": "big"}}, {}, "contractSize of X: got 'big', must be a number, 0 or more"),
    ],
)
def test_what_the_list_cannot_tell_is_refused(markets: object, options: dict[str, object], match: str) -> None:
    with pytest.raises(DataError, match=match):
        instruments_of_venue(markets, **options)


def test_a_market_as_ccxt_itself_reads_it_from_a_venue() -> None:
    answer = {
        "symbol": "ETHUSDT",
        "status": "TRADING",
        "baseAsset": "ETH",
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": ["SPOT"],
        "orderTypes": ["LIMIT", "MARKET"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "100000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "9000", "stepSize": "0.0001"},
            {"filterType": "NOTIONAL", "minNotional": "5.0", "applyMinToMarket": True},
        ],
    }
    exchange = ccxt.binance()
    exchange.options |= {"crossMarginPairsData": [], "isolatedMarginPairsData": []}
    exchange.set_markets([exchange.parse_market(answer)])
    line = instruments_of_venue(exchange.markets).iloc[0]
    assert line[["symbol", "currency", "lot", "tick", "min_notional", "kind"]].tolist() == [
        "ETH/USDT",
        "USDT",
        0.0001,
        0.01,
        5.0,
        "spot",
    ]
