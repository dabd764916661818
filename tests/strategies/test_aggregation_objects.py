"""Aggregators as objects say for one moment what the rules say for a tape."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.aggregate.learned import LearnedAggregator
from polyfolio.strategies.aggregation_objects import (
    AGGREGATION_CONFIG_CLASSES,
    AGGREGATOR_CLASSES,
    MLBasedAggregator,
    MLModelConfig,
    VolatilityAdjustedAggregator,
    VolatilityConfig,
    WeightedAverageAggregator,
    WeightedAverageConfig,
    create_aggregator,
)
from polyfolio.strategies.signal import StrategySignal
from tests.strategies.aggregate.tools import flat, said

SAID = {"ma_crossover": 1.0, "random_forest": -0.5, "rsi": 0.0}
SHARES = {"ma_crossover": 0.5, "random_forest": 0.3, "rsi": 0.2}


def test_the_document_s_example() -> None:
    assert WeightedAverageAggregator().aggregate_signals(SAID, SHARES) == 0.35
    config = WeightedAverageConfig(weights=SHARES)
    assert WeightedAverageAggregator(config).aggregate_signals(SAID) == 0.35


def test_words_and_signals_with_a_confidence_mix_with_numbers() -> None:
    mixed = {"a": "STRONG_BUY", "b": StrategySignal(-0.5, 0.6), "c": "HOLD"}
    # weights 1: (1 x 1 - .6 x .5 + .5 x 0) / (1 + .6 + .5)
    assert WeightedAverageAggregator().aggregate_signals(mixed) == pytest.approx(0.7 / 2.1, rel=1e-15)
    assert WeightedAverageAggregator({"by_confidence": False}).aggregate_signals(mixed) == pytest.approx(0.5 / 3.0)
    assert math.isnan(WeightedAverageAggregator().aggregate_signals({"a": math.nan}))


def test_probabilities_are_averaged() -> None:
    found = WeightedAverageAggregator().aggregate_probabilities({"a": 0.8, "b": 0.4}, {"a": 3.0, "b": 1.0})
    assert found == pytest.approx(0.7, rel=1e-15)


def test_a_stock_that_moves_more_than_the_target_is_heard_less() -> None:
    rule = VolatilityAdjustedAggregator(VolatilityConfig(target=0.2))
    assert rule.aggregate_signals(SAID, SHARES, volatility=0.4) == pytest.approx(0.175)
    assert rule.aggregate_signals(SAID, SHARES, volatility=0.1) == 0.35
    assert rule.aggregate_signals(SAID, SHARES) == 0.35
    with pytest.raises(ConfigError, match="volatility: got -1"):
        rule.aggregate_signals(SAID, SHARES, volatility=-1.0)


def test_an_object_combines_tapes_by_the_rule_it_holds() -> None:
    voices = said(*[[value, value] for value in SAID.values()])
    found = WeightedAverageAggregator({"weights": SHARES}).combine(voices, None, flat(2), tuple(SAID))
    np.testing.assert_allclose(found[:, 0], 0.35)


def test_each_type_has_a_class_and_a_configuration() -> None:
    for kind, cls in AGGREGATOR_CLASSES.items():
        made = create_aggregator(kind)
        assert type(made) is cls
        assert isinstance(made.config, AGGREGATION_CONFIG_CLASSES[kind])
    learned = MLBasedAggregator(MLModelConfig(model="gradient_boosting", horizon=3))
    assert isinstance(learned.rule, LearnedAggregator)
    assert (learned.rule.model, learned.rule.horizon) == ("gradient_boosting", 3)


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("weighted_averge", None, "type: got 'weighted_averge', must be one of weighted_average"),
        ("weighted_average", {"weigths": {}}, "config.weigths: got {}, must be one of weights, by_confidence. Did you"),
        ("weighted_average", 3, "config: got 3, must be a WeightedAverageConfig or a map of its keys"),
        ("volatility_adjusted", WeightedAverageConfig(), "must be a VolatilityConfig or a map of its keys"),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, config: object, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        create_aggregator(kind, config)


def test_weights_must_match_the_strategies() -> None:
    with pytest.raises(ConfigError, match=re.escape("weights.rsi: got None, must be given for each member")):
        WeightedAverageAggregator().aggregate_signals(SAID, {"ma_crossover": 1.0, "random_forest": 1.0})
    with pytest.raises(ConfigError, match=re.escape("weights.x: got 1.0, must be of a member")):
        WeightedAverageAggregator().aggregate_signals(SAID, {**SHARES, "x": 1.0})
