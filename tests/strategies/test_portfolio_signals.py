"""One signal per symbol of what several strategies say, by hand."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies import portfolio_signals
from polyfolio.strategies.aggregation_objects import (
    MLBasedAggregator,
    VolatilityAdjustedAggregator,
    WeightedAverageAggregator,
)
from polyfolio.strategies.portfolio_signals import PortfolioSignalAggregator
from polyfolio.strategies.signal import StrategySignal


def test_each_symbol_is_the_weighted_average_of_those_that_speak_of_it() -> None:
    said: dict[str, Any] = {
        "ma_crossover": {"AAPL": 1.0, "MSFT": -1.0},
        "random_forest": {"AAPL": -0.5},
        "rsi": {"AAPL": 0.0, "SPY": float("nan")},
    }
    weights = {"ma_crossover": 0.5, "random_forest": 0.3, "rsi": 0.2}
    found = PortfolioSignalAggregator(weights=weights).aggregate(said)
    assert {name: one.number for name, one in found.items()} == {"AAPL": pytest.approx(0.35), "MSFT": -1.0}
    assert found["AAPL"].sure == pytest.approx(1.0)


def test_confidences_weigh_and_are_handed_on() -> None:
    said = {"a": {"X": StrategySignal(1.0, 0.8)}, "b": {"X": StrategySignal(-1.0, 0.2)}}
    found = PortfolioSignalAggregator(weights={"a": 1.0, "b": 3.0}).aggregate(said)["X"]
    # (1 x 0.8 - 3 x 0.2) / (1 x 0.8 + 3 x 0.2); (1 x 0.8 + 3 x 0.2) / 4
    assert found.number == pytest.approx(0.2 / 1.4)
    assert found.sure == pytest.approx(0.35)


def test_a_symbol_may_have_an_aggregator_of_its_own() -> None:
    own = {"X": WeightedAverageAggregator({"weights": {"a": 1.0, "b": 0.0}})}
    said = {"a": {"X": 1.0, "Y": 1.0}, "b": {"X": -1.0, "Y": -1.0}}
    found = PortfolioSignalAggregator(VolatilityAdjustedAggregator(), own).aggregate(said)
    assert (found["X"].number, found["Y"].number) == (1.0, 0.0)


def test_what_does_not_fit_is_refused_with_what_does() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean `momentum`"):
        PortfolioSignalAggregator(weights={"momentum": 1.0}).aggregate({"momentun": {"X": 1.0}})
    with pytest.raises(ConfigError, match="answers for whole tapes"):
        PortfolioSignalAggregator(MLBasedAggregator())
    with pytest.raises(ConfigError, match=r"weights\.a"):
        PortfolioSignalAggregator(weights={"a": -1.0})
    with pytest.raises(ConfigError, match="from -1 to 1"):
        PortfolioSignalAggregator().aggregate({"a": {"X": 3.0}})


def test_the_example_runs() -> None:
    result = doctest.testmod(portfolio_signals)
    assert (result.attempted > 0, result.failed) == (True, 0)
