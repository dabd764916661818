"""What a portfolio trades: tickers, the strategies of each, and what makes one signal of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest, finite
from polyfolio.rules.strategy_types import AGGREGATORS, kind_of, translated
from polyfolio.strategies.aggregate.base import Aggregator, aggregator_of
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.mappings import params_of
from polyfolio.strategies.portfolio import Portfolio
from polyfolio.strategies.run import strategy_of


@dataclass
class Ticker:
    """One ticker: strategies by their registered name, its aggregator, its share of the equity."""

    strategies: dict[str, dict[str, Any]] = field(default_factory=dict)
    aggregator: Mapping[str, Any] = field(default_factory=lambda: {"name": "weighted_average", "params": {}})
    share: float | None = None


class PortfolioTradingExecutionConfig:
    """Tickers with their strategies and aggregators, checked as they are added.

    A ticker has at most one strategy of each type, and one aggregator. `strategy()` is what a lane runs.

    Args:
        name: of the portfolio.

    Example:
        >>> config = PortfolioTradingExecutionConfig("tech")
        >>> config.add_ticker("AAPL")
        >>> config.add_strategy("AAPL", "MACrossoverStrategy", {"short_window": 10, "long_window": 50})
        >>> config.get_tickers()
        ('AAPL',)
    """

    def __init__(self, name: str = "portfolio") -> None:
        self.name = name
        self._tickers: dict[str, Ticker] = {}

    def add_ticker(self, ticker: str, share: float | None = None) -> None:
        """Add a ticker.

        Args:
            ticker: symbol of the tape, such as "AAPL".
            share: share of equity that a signal of 1 asks for, 0 to 1; None leaves it to the lane's sizing.
        """
        if not str(ticker).strip():
            raise ConfigError("ticker", ticker, "a symbol", "Write it like AAPL.")
        if ticker in self._tickers:
            raise ConfigError("ticker", ticker, "added once", "It is there already: add strategies to it.")
        if share is not None and not 0.0 <= finite("share", share) <= 1.0:
            raise ConfigError("share", share, "from 0 to 1", "Give a share of equity, like 0.4.")
        self._tickers[ticker] = Ticker(share=share)

    def add_strategy(self, ticker: str, kind: str, config: Any = None, weight: float | None = None) -> None:
        """Add a strategy to a ticker.

        Args:
            ticker: one that was added.
            kind: type such as "MACrossoverStrategy", a registered name, or module:Class.
            config: parameters as a map or a configuration; None for the usual ones.
            weight: its weight in the ticker's aggregator, >= 0.

        Raises:
            ConfigError: an unknown ticker, type or parameter, or a second strategy of one type.
        """
        of = self._ticker(ticker)
        name, params = params_of(kind, config, f"{ticker}.{kind}")
        if name in of.strategies:
            remedy = "A ticker has one strategy of each type: change its parameters."
            raise ConfigError(f"{ticker}.strategies", kind, "of a type the ticker does not have yet", remedy)
        if weight is not None and finite(f"{ticker}.{kind}.weight", weight) < 0.0:
            raise ConfigError(f"{ticker}.{kind}.weight", weight, ">= 0", "Leave a strategy out with 0.")
        strategy_of(name, params, f"{ticker}.{kind}")
        of.strategies[name] = {"params": params} | ({} if weight is None else {"weight": weight})

    def set_aggregator(self, ticker: str, kind: str, config: Any = None) -> None:
        """Give a ticker its aggregator, in place of the weighted average.

        Args:
            ticker: one that was added.
            kind: type such as "weighted", a registered name, or module:Class.
            config: its parameters as a map.
        """
        of, at = self._ticker(ticker), f"{ticker}.aggregator"
        found = kind_of(AGGREGATORS, "aggregator", kind, f"{at}.type")
        params = translated("aggregator", found, config, f"{at}.params")
        aggregator_of(found.name, params, at)
        of.aggregator = {"name": found.name, "params": params}

    def get_tickers(self) -> tuple[str, ...]:
        """All tickers, in the order they were added."""
        return tuple(self._tickers)

    def get_strategies(self, ticker: str) -> dict[str, Strategy]:
        """The strategies of a ticker by name, made anew."""
        written = self._ticker(ticker).strategies
        return {name: strategy_of(name, item["params"], f"{ticker}.{name}") for name, item in written.items()}

    def get_aggregator(self, ticker: str) -> Aggregator:
        """The aggregator of a ticker, made anew."""
        written = self._ticker(ticker).aggregator
        return aggregator_of(written["name"], written["params"], f"{ticker}.aggregator")

    def params(self) -> dict[str, Any]:
        """The parameters of the strategy `portfolio`, as a configuration says them.

        Raises:
            ConfigError: no ticker, a ticker without a strategy, or shares for some tickers alone.
        """
        if not self._tickers:
            raise ConfigError("tickers", (), "at least one", "Add a ticker.")
        for name, ticker in self._tickers.items():
            if not ticker.strategies:
                raise ConfigError(f"{name}.strategies", {}, "at least one", "Add a strategy to the ticker.")
        teams = {
            name: {"members": dict(ticker.strategies), "aggregator": dict(ticker.aggregator)}
            for name, ticker in self._tickers.items()
        }
        shares = {name: ticker.share for name, ticker in self._tickers.items() if ticker.share is not None}
        if shares and len(shares) < len(teams):
            missing = next(name for name in teams if name not in shares)
            raise ConfigError(f"{missing}.share", None, "given where other tickers have one", "Give each one a share.")
        return {"strategies": teams} | ({"allocation": shares} if shares else {})

    def strategy(self) -> Portfolio:
        """The strategy of a lane."""
        return Portfolio(**self.params())

    def lane(self) -> dict[str, Any]:
        """A lane of a configuration; other sections can be added to it."""
        params = self.params()
        sizing = {"sizing": {"method": "weights"}} if "allocation" in params else {}
        return {"name": self.name, "strategy": {"name": "portfolio", "params": params}, **sizing}

    def _ticker(self, ticker: str) -> Ticker:
        if ticker not in self._tickers:
            bound = "one that was added: " + (", ".join(self._tickers) or "none is yet")
            raise ConfigError("ticker", ticker, bound, closest(ticker, self._tickers, "Add it with add_ticker."))
        return self._tickers[ticker]


class PortfolioTradingExecutionConfigFactory:
    """Ways to a configuration."""

    @staticmethod
    def create(
        tickers: Iterable[str], strategies: Mapping[str, Any] | Iterable[str], aggregator: str = "weighted"
    ) -> PortfolioTradingExecutionConfig:
        """The same strategies for every ticker.

        Args:
            tickers: symbols.
            strategies: types, or type to its parameters.
            aggregator: type of the aggregator.
        """
        config = PortfolioTradingExecutionConfig()
        given = strategies if isinstance(strategies, Mapping) else dict.fromkeys(strategies)
        for ticker in tickers:
            config.add_ticker(ticker)
            for kind, params in given.items():
                config.add_strategy(ticker, kind, params)
            config.set_aggregator(ticker, aggregator)
        return config

    @staticmethod
    def create_default(tickers: Iterable[str]) -> PortfolioTradingExecutionConfig:
        """A moving-average crossover for every ticker."""
        return PortfolioTradingExecutionConfigFactory.create(tickers, ["MACrossoverStrategy"])

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> PortfolioTradingExecutionConfig:
        """From `{"name", "stocks", "strategies": {stock: {type: {"weight", "params"}}}, "allocation", "aggregation"}`.

        Raises:
            ConfigError: a key, stock, type or parameter that is not known, or a stock without strategies.
        """
        known = ("name", "stocks", "strategies", "allocation", "aggregation")
        for key, value in config.items():
            if key not in known:
                raise ConfigError(key, value, "one of " + ", ".join(known), closest(key, known, "Remove it."))
        stocks, teams = list(config.get("stocks") or ()), dict(config.get("strategies") or {})
        shares, aggregation = dict(config.get("allocation") or {}), dict(config.get("aggregation") or {})
        for section, given in (("strategies", teams), ("allocation", shares)):
            for stock, value in given.items():
                if stock not in stocks:
                    bound = "of one of the stocks: " + ", ".join(stocks)
                    raise ConfigError(f"{section}.{stock}", value, bound, closest(stock, stocks))
        out = PortfolioTradingExecutionConfig(str(config.get("name", "portfolio")))
        for stock in stocks:
            out.add_ticker(stock, shares.get(stock))
            team = teams.get(stock) or {}
            for kind, detail in (dict.fromkeys([team]) if isinstance(team, str) else team).items():
                own = detail or {}
                out.add_strategy(stock, own.get("type", kind), own.get("params"), own.get("weight"))
            if aggregation:
                params = {key: value for key, value in aggregation.items() if key != "type"}
                out.set_aggregator(stock, aggregation.get("type", "weighted"), params)
        out.params()
        return out
