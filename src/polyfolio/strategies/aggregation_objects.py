"""Aggregators as objects with configurations, for one moment: the same rules as over a whole tape.

`combine` of the rule inside answers for all rows; `aggregate_signals` answers for what is said now.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, closest
from polyfolio.strategies.aggregate.base import Aggregator, Weights, aggregator_of, by_name
from polyfolio.strategies.aggregate.volatility_adjusted import factor_of
from polyfolio.strategies.aggregate.weighted_average import average
from polyfolio.strategies.signal import StrategySignal

Said = Mapping[str, float | str | StrategySignal]


@dataclass(frozen=True, kw_only=True)
class BaseAggregationConfig:
    """What an aggregator is made with.

    Attributes:
        weights: weight of each strategy by name, >= 0, e.g. {"ma_crossover": 0.5, "rsi": 0.5}; None for equal ones.
        by_confidence: False leaves confidences out.
    """

    rule: ClassVar[str] = "weighted_average"
    weights: Weights | None = None
    by_confidence: bool = True

    def make(self) -> Aggregator:
        """The rule."""
        return aggregator_of(self.rule, {item.name: getattr(self, item.name) for item in dataclasses.fields(self)})


class WeightedAverageConfig(BaseAggregationConfig):
    """Of the weighted average."""


@dataclass(frozen=True, kw_only=True)
class VolatilityConfig(BaseAggregationConfig):
    """Of the volatility-adjusted average.

    Attributes:
        target: annualised volatility up to which a signal counts whole, e.g. 0.2.
        window: bar returns of one estimate.
    """

    rule: ClassVar[str] = "volatility_adjusted"
    target: float = 0.2
    window: int = 20


@dataclass(frozen=True, kw_only=True)
class MLModelConfig:
    """Of the learned aggregator; `strategies.aggregate.learned` says what each is."""

    rule: ClassVar[str] = "learned"
    model: str = "random_forest"
    settings: Mapping[str, Any] | None = None
    first: int = 252
    refit: int = 21
    window: int | None = 504
    horizon: int = 5
    embargo: int = 0
    form: int = 60
    seed: int = 0

    def make(self) -> Aggregator:
        """The rule."""
        return aggregator_of(self.rule, {item.name: getattr(self, item.name) for item in dataclasses.fields(self)})


class BaseAggregator:
    """An aggregator made from its configuration.

    Args:
        config: its configuration, a map of its keys, or None for the usual one.
    """

    config_class: ClassVar[type[Any]] = WeightedAverageConfig

    def __init__(self, config: Any = None) -> None:
        self.config = configured(self.config_class, config)
        self.rule: Aggregator = self.config.make()

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: tuple[str, ...] = ()) -> Floats:
        """One signal per row and slot of a tape; see `Aggregator.combine`."""
        return self.rule.combine(signals, confidences, tape, names)


class WeightedAverageAggregator(BaseAggregator):
    """The weighted average of what strategies say now.

    Example:
        >>> said = {"ma_crossover": 1.0, "random_forest": -0.5, "rsi": 0.0}
        >>> shares = {"ma_crossover": 0.5, "random_forest": 0.3, "rsi": 0.2}
        >>> WeightedAverageAggregator().aggregate_signals(said, shares)
        0.35
    """

    def aggregate_signals(self, signals: Said, weights: Mapping[str, float] | None = None) -> float:
        """sum(w c s) / sum(w c) of the strategies that have an opinion, -1 to 1; NaN where none has.

        Args:
            signals: strategy to its signal: a number from -1 to 1, a word such as BUY, or a StrategySignal.
            weights: strategy to its weight, >= 0; None takes those of the configuration. They need not add up to 1.
        """
        said = {name: one if isinstance(one, StrategySignal) else StrategySignal(one) for name, one in signals.items()}
        given = self.config.weights if weights is None else weights
        names = tuple(said)
        own = np.ones(len(names)) if given is None else by_name(given, names, "weights", every=True)
        numbers = _column([one.number for one in said.values()])
        sure = _column([one.sure for one in said.values()]) if self.config.by_confidence else None
        return float(average(numbers, sure, own[:, None, None])[0, 0])

    def aggregate_probabilities(
        self, chances: Mapping[str, float], weights: Mapping[str, float] | None = None
    ) -> float:
        """The weighted average probability of a rise.

        Args:
            chances: strategy to its probability of a rise, 0 to 1.
            weights: as of `aggregate_signals`.
        """
        said = {name: StrategySignal.of_probability(chance) for name, chance in chances.items()}
        return 0.5 * (1.0 + self.aggregate_signals(said, weights))


class VolatilityAdjustedAggregator(WeightedAverageAggregator):
    """The weighted average, made smaller for a stock that moves more than the target."""

    config_class: ClassVar[type[Any]] = VolatilityConfig

    def aggregate_signals(
        self, signals: Said, weights: Mapping[str, float] | None = None, *, volatility: float | None = None
    ) -> float:
        """The average times min(1, target / volatility).

        Args:
            signals: as of the weighted average.
            weights: as of the weighted average.
            volatility: the stock's, annualised; None leaves the average as it is.
        """
        whole = super().aggregate_signals(signals, weights)
        if volatility is None:
            return whole
        at_least("volatility", volatility, 0.0, whole=False)
        return whole * float(factor_of(np.array([volatility]), self.config.target)[0])


class MLBasedAggregator(BaseAggregator):
    """The learned aggregator. It answers for tapes alone: what it knows it learns from their rows."""

    config_class: ClassVar[type[Any]] = MLModelConfig


AGGREGATOR_CLASSES: Mapping[str, type[BaseAggregator]] = {
    "weighted_average": WeightedAverageAggregator,
    "volatility_adjusted": VolatilityAdjustedAggregator,
    "ml_based": MLBasedAggregator,
}
AGGREGATION_CONFIG_CLASSES = {name: cls.config_class for name, cls in AGGREGATOR_CLASSES.items()}


def create_aggregator(kind: str, config: Any = None) -> BaseAggregator:
    """An aggregator object by its type, from a configuration or a map of its keys."""
    if kind not in AGGREGATOR_CLASSES:
        bound = "one of " + ", ".join(AGGREGATOR_CLASSES)
        raise ConfigError("type", kind, bound, closest(kind, AGGREGATOR_CLASSES))
    return AGGREGATOR_CLASSES[kind](config)


def configured(cls: type[Any], config: Any) -> Any:
    """A configuration of a class: as it is, from a map of its keys, or with every default."""
    if isinstance(config, cls):
        return config
    if config is not None and not isinstance(config, Mapping):
        raise ConfigError("config", config, f"a {cls.__name__} or a map of its keys", f"Use {cls.__name__}().")
    known = [item.name for item in dataclasses.fields(cls)]
    for key, value in (config or {}).items():
        if key not in known:
            raise ConfigError(f"config.{key}", value, "one of " + ", ".join(known), closest(key, known, "Remove it."))
    return cls(**(config or {}))


def _column(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(-1, 1, 1)
