"""Types to classes, and the registry of a `strategies:` block."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.strategy_types import AGGREGATORS, STRATEGIES
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.ma_crossover import MACrossover
from polyfolio.strategies.mappings import CONFIG_CLASSES, STRATEGY_CLASSES, StrategyRegistry
from polyfolio.strategies.momentum import Momentum

BLOCK = {"cross": {"type": "MACrossoverStrategy", "params": {"short_window": 5, "long_window": 20}}, "momentum": {}}


@pytest.mark.parametrize("word", STRATEGIES)
def test_each_of_the_document_s_types_has_a_class_and_a_configuration(word: str) -> None:
    cls = STRATEGY_CLASSES[word]
    assert issubclass(cls, Strategy)
    config = CONFIG_CLASSES[word]
    assert config.__name__ == f"{cls.__name__}Config"
    given = config()
    assert cls(**vars(given)).params() == vars(given)
    taken = cls().params()
    assert {ours for ours in STRATEGIES[word].words.values() if ours not in taken} == set()


@pytest.mark.parametrize("word", AGGREGATORS)
def test_each_of_the_document_s_aggregators_is_registered(word: str) -> None:
    assert AGGREGATORS[word].name in registry.names("aggregator")


def test_registered_names_and_places_are_types_too() -> None:
    assert STRATEGY_CLASSES["momentum"] is Momentum
    assert STRATEGY_CLASSES["polyfolio.strategies.momentum:Momentum"] is Momentum
    assert "MACrossoverStrategy" in STRATEGY_CLASSES
    assert "Nothing" not in STRATEGY_CLASSES
    assert STRATEGY_CLASSES.get("Nothing") is None
    assert len(STRATEGY_CLASSES) == len(set(STRATEGY_CLASSES)) >= len(STRATEGIES)


def test_a_configuration_is_frozen_and_knows_its_parameters() -> None:
    config = CONFIG_CLASSES["MACrossoverStrategy"](fast=5)
    assert (config.fast, config.slow) == (5, 50)
    with pytest.raises(AttributeError):
        config.fast = 6
    with pytest.raises(TypeError, match="short"):
        CONFIG_CLASSES["MACrossoverStrategy"](short=5)


def test_a_registry_makes_strategies_by_their_labels() -> None:
    made = StrategyRegistry(BLOCK)
    assert made.names() == ("cross", "momentum")
    cross = made.create("cross")
    assert isinstance(cross, MACrossover)
    assert (cross.fast, cross.slow, cross.long_short) == (5, 20, True)
    made.add("mine", "momentum", CONFIG_CLASSES["momentum"](lookback=7))
    assert made.create("mine").params()["lookback"] == 7
    assert made.members()["cross"] == {"name": "ma_crossover", "params": {"long_short": True, "fast": 5, "slow": 20}}


def test_a_registry_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "strategies.yaml"
    path.write_text("strategies:\n  cross:\n    type: MACrossoverStrategy\n    params: {short_window: 3}\n")
    assert StrategyRegistry.from_yaml(path).create("cross").params()["fast"] == 3
    path.write_text("portfolio: {}\n")
    with pytest.raises(ConfigError, match=re.escape("strategies.yaml: strategies: got None, must be a map of label")):
        StrategyRegistry.from_yaml(path)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"x": {"type": "MACross"}}, "strategies.x: got 'MACross', must be one of MACrossoverStrategy"),
        ({"x": {"type": "rsi", "parms": {}}}, "strategies.x.parms: got {}, must be type or params. Did you mean"),
        (
            {"x": {"type": "rsi", "params": {"perod": 3}}},
            "strategies.x.params.perod: got 3, must be a parameter of rsi",
        ),
        ({"x": "rsi"}, "strategies.x: got 'rsi', must be a section of keys"),
    ],
)
def test_a_block_that_does_not_fit_is_refused(block: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        StrategyRegistry(block)


def test_labels_are_unique_and_known() -> None:
    made = StrategyRegistry(BLOCK)
    with pytest.raises(ConfigError, match="must be a label that is free"):
        made.add("cross", "rsi")
    with pytest.raises(ConfigError, match="Did you mean `cross`"):
        made.create("cros")
