"""Tickers, strategies and aggregators, checked as they are added."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.rules.load import load
from polyfolio.strategies.aggregate.majority import Majority
from polyfolio.strategies.aggregate.weighted_average import WeightedAverage
from polyfolio.strategies.execution_config import (
    PortfolioTradingExecutionConfig,
    PortfolioTradingExecutionConfigFactory,
)
from polyfolio.strategies.ma_crossover import MACrossover
from polyfolio.strategies.mappings import CONFIG_CLASSES
from polyfolio.strategies.momentum import Momentum


def tech() -> PortfolioTradingExecutionConfig:
    config = PortfolioTradingExecutionConfig("tech")
    config.add_ticker("BTC/USDT", 0.6)
    config.add_ticker("ETH/USDT", 0.4)
    config.add_strategy("BTC/USDT", "MACrossoverStrategy", {"short_window": 5, "long_window": 20}, weight=0.6)
    config.add_strategy("BTC/USDT", "momentum", CONFIG_CLASSES["momentum"](lookback=7, long_short=True), weight=0.4)
    config.add_strategy("ETH/USDT", "MACrossoverStrategy")
    config.set_aggregator("ETH/USDT", "voting", {"quorum": 0.7})
    return config


def test_what_was_added_is_there() -> None:
    config = tech()
    assert config.get_tickers() == ("BTC/USDT", "ETH/USDT")
    strategies = config.get_strategies("BTC/USDT")
    assert list(strategies) == ["ma_crossover", "momentum"]
    assert isinstance(strategies["ma_crossover"], MACrossover)
    assert strategies["momentum"].params()["lookback"] == 7
    assert isinstance(config.get_aggregator("BTC/USDT"), WeightedAverage)
    assert config.get_aggregator("ETH/USDT").params()["quorum"] == 0.7
    assert isinstance(config.get_aggregator("ETH/USDT"), Majority)


def test_its_strategy_is_what_a_configuration_says() -> None:
    tape, config = demo_tape(start="2024-03-20", end="2024-04-10"), tech()
    signals = config.strategy().signals(tape)
    cross = MACrossover(fast=5, slow=20, long_short=True).signals(tape)[100:, 0]
    momentum = Momentum(lookback=7, long_short=True).signals(tape)[100:, 0]
    np.testing.assert_allclose(signals[100:, 0], 0.6 * (0.6 * cross + 0.4 * momentum), rtol=1e-12)
    spec = load({"name": "run", "lanes": [config.lane()]})
    lane = spec.lanes[0]
    assert lane.name == "tech"
    assert lane.strategy is not None
    assert lane.strategy.params == config.params()
    assert lane.sizing.method.name == "WEIGHTS"


def change(verb: str, *arguments: Any) -> Any:
    return lambda: getattr(tech(), verb)(*arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (change("add_ticker", "BTC/USDT"), "ticker: got 'BTC/USDT', must be added once"),
        (change("add_ticker", " "), "ticker: got ' ', must be a symbol"),
        (change("add_ticker", "SOL/USDT", 1.5), "share: got 1.5, must be from 0 to 1"),
        (change("add_strategy", "BTC/USD", "rsi"), "ticker: got 'BTC/USD', must be one that was added: BTC/USDT, ETH"),
        (change("add_strategy", "BTC/USDT", "rsy"), "BTC/USDT.rsy: got 'rsy', must be one of"),
        (
            change("add_strategy", "BTC/USDT", "rsi", {"perod": 3}),
            "BTC/USDT.rsi.params.perod: got 3, must be a parameter",
        ),
        (
            change("add_strategy", "BTC/USDT", "ma_crossover", {"fast": 3}),
            "BTC/USDT.strategies: got 'ma_crossover', must be of a type the ticker does not have yet",
        ),
        (change("add_strategy", "BTC/USDT", "rsi", None, -1.0), "BTC/USDT.rsi.weight: got -1.0, must be >= 0"),
        (change("set_aggregator", "BTC/USDT", "wighted"), "BTC/USDT.aggregator.type: got 'wighted', must be one of"),
        (change("set_aggregator", "BTC/USDT", "voting", {"x": 1}), "BTC/USDT.aggregator.params.x: got 1"),
        (change("get_strategies", "XYZ"), "Add it with add_ticker."),
        (PortfolioTradingExecutionConfig().params, "tickers: got (), must be at least one"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_added(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        make()


def test_a_portfolio_is_whole_before_it_is_used() -> None:
    config = tech()
    config.add_ticker("SOL/USDT")
    with pytest.raises(ConfigError, match=re.escape("SOL/USDT.strategies: got {}, must be at least one")):
        config.params()
    config.add_strategy("SOL/USDT", "rsi")
    with pytest.raises(ConfigError, match=re.escape("SOL/USDT.share: got None, must be given where other tickers")):
        config.params()


def test_the_factory_gives_every_ticker_the_same() -> None:
    factory = PortfolioTradingExecutionConfigFactory
    config = factory.create(["A", "B"], {"rsi": {"period": 5}, "MomentumStrategy": None}, "majority")
    assert list(config.get_strategies("B")) == ["rsi", "momentum"]
    assert config.get_strategies("A")["rsi"].params()["period"] == 5
    assert isinstance(config.get_aggregator("A"), Majority)
    assert list(factory.create_default(["A"]).get_strategies("A")) == ["ma_crossover"]


WRITTEN: dict[str, Any] = {
    "name": "tech_portfolio",
    "stocks": ["AAPL", "MSFT"],
    "strategies": {
        "AAPL": {
            "ma_crossover": {"weight": 0.6, "params": {"short_window": 10, "long_window": 50}},
            "random_forest": {"weight": 0.4, "params": {"n_estimators": 100, "max_depth": 5}},
        },
        "MSFT": "ma_crossover",
    },
}


def test_the_factory_reads_the_document_s_map() -> None:
    config = PortfolioTradingExecutionConfigFactory.from_config(WRITTEN)
    assert config.name == "tech_portfolio"
    params = config.params()["strategies"]["AAPL"]["members"]
    assert params["random_forest"] == {"params": {"trees": 100, "depth": 5}, "weight": 0.4}
    shared = {**WRITTEN, "allocation": {"AAPL": 0.5, "MSFT": 0.5}, "aggregation": {"type": "voting", "quorum": 0.6}}
    whole = PortfolioTradingExecutionConfigFactory.from_config(shared).params()
    assert whole["allocation"] == {"AAPL": 0.5, "MSFT": 0.5}
    assert whole["strategies"]["MSFT"]["aggregator"] == {"name": "majority", "params": {"quorum": 0.6}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stock": []}, "stock: got [], must be one of name, stocks"),
        ({"stocks": ["AAPL"]}, "strategies.MSFT: got 'ma_crossover', must be of one of the stocks: AAPL"),
        ({"stocks": ["AAPL", "MSFT", "X"]}, "X.strategies: got {}, must be at least one"),
        (
            {"allocation": {"APL": 1.0}},
            "allocation.APL: got 1.0, must be of one of the stocks: AAPL, MSFT. Did you mean",
        ),
    ],
)
def test_a_map_that_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        PortfolioTradingExecutionConfigFactory.from_config({**WRITTEN, **changes})
