"""What several strategies say of several symbols at one moment, made one signal per symbol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest, finite
from polyfolio.strategies.aggregation_objects import BaseAggregator, WeightedAverageAggregator, create_aggregator
from polyfolio.strategies.signal import StrategySignal

Said = float | str | StrategySignal


class PortfolioSignalAggregator:
    """Aggregates the signals of a portfolio, each symbol by its own aggregator or the common one.

    Args:
        aggregator: the common one, or its type.
        by_symbol: symbol to an aggregator of its own, or to its type.
        weights: strategy to its weight, >= 0; None takes those of the aggregators.

    Example:
        >>> said = {"ma_crossover": {"AAPL": 1.0}, "rsi": {"AAPL": StrategySignal(-0.5, 0.5), "MSFT": "BUY"}}
        >>> found = PortfolioSignalAggregator().aggregate(said)
        >>> {symbol: (round(one.number, 12), one.sure) for symbol, one in found.items()}
        {'AAPL': (0.5, 0.75), 'MSFT': (1.0, 0.5)}
    """

    def __init__(
        self,
        aggregator: BaseAggregator | str = "weighted_average",
        by_symbol: Mapping[str, BaseAggregator | str] | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.common = answering(aggregator, "aggregator")
        self.own = {name: answering(one, f"by_symbol.{name}") for name, one in (by_symbol or {}).items()}
        self.weights = None if weights is None else dict(weights)
        for name, weight in (weights or {}).items():
            if finite(f"weights.{name}", weight) < 0.0:
                raise ConfigError(f"weights.{name}", weight, ">= 0", "Leave a strategy out with 0.")

    def aggregate(self, said: Mapping[str, Mapping[str, Said]]) -> dict[str, StrategySignal]:
        """One signal per symbol.

        Args:
            said: strategy -> symbol -> signal: a number from -1 to 1, a word such as BUY, or a StrategySignal.

        Returns:
            Symbol -> signal, whose confidence is the mean of the strategies' by their weights. A symbol of which no
            strategy has an opinion is left out.

        Raises:
            ConfigError: a strategy without a weight, a signal out of range, an unknown word.
        """
        if self.weights is not None:
            for name in said:
                if name not in self.weights:
                    bound = "a strategy with a weight: " + ", ".join(self.weights)
                    raise ConfigError("weights", name, bound, closest(name, self.weights, "Give it a weight."))
        heard: dict[str, dict[str, StrategySignal]] = {}
        for name, by_symbol in said.items():
            for symbol, one in by_symbol.items():
                signal = one if isinstance(one, StrategySignal) else StrategySignal(one)
                heard.setdefault(symbol, {})[name] = signal
        found = {symbol: self._one(symbol, signals) for symbol, signals in heard.items()}
        return {symbol: signal for symbol, signal in found.items() if not math.isnan(signal.number)}

    def _one(self, symbol: str, signals: Mapping[str, StrategySignal]) -> StrategySignal:
        aggregator = self.own.get(symbol, self.common)
        written = self.weights if self.weights is not None else aggregator.config.weights
        weights = None if written is None else {name: written[name] for name in signals if name in written}
        number = aggregator.aggregate_signals(signals, weights)
        parts = [
            (1.0 if weights is None else weights[name], one.sure)
            for name, one in signals.items()
            if not math.isnan(one.number)
        ]
        whole = math.fsum(weight for weight, _ in parts)
        sure = math.fsum(weight * part for weight, part in parts) / whole if whole > 0.0 else 0.0
        return StrategySignal(number, sure)


def answering(aggregator: Any, field: str) -> WeightedAverageAggregator:
    """An aggregator that answers for one moment."""
    made = create_aggregator(aggregator) if isinstance(aggregator, str) else aggregator
    if not isinstance(made, WeightedAverageAggregator):
        bound = "weighted_average or volatility_adjusted: a learned one answers for whole tapes"
        raise ConfigError(field, type(made).__name__, bound, "Use it as a lane's strategy, `portfolio`.")
    return made
