"""Every registered aggregator keeps the contract of a strategy and leaks nothing, inside a portfolio."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.market.demo import demo_tape
from polyfolio.rules import registry
from polyfolio.strategies.aggregate.base import aggregator_of
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.portfolio import Portfolio
from polyfolio.testing.leaks import check_leaks
from tests.laws.tapes import Shape, make_tape

MEMBERS = {
    "fast": {"name": "momentum", "params": {"lookback": 3, "long_short": True}},
    "slow": {"name": "momentum", "params": {"lookback": 12, "long_short": True}},
}
SCHEDULE: dict[str, Any] = {"first": 60, "refit": 25, "window": 80, "horizon": 3, "embargo": 1}
TREES = {"settings": {"n_estimators": 3, "min_samples_leaf": 3}, "form": 10, "refit": 60}
PARAMS: dict[str, list[dict[str, Any]]] = {
    "adaptive": [{"window": 10}],
    "learned": [{**SCHEDULE, **TREES}, {**SCHEDULE, **TREES, "model": "gradient_boosting"}],
    "majority": [{"otherwise": "hold"}],
    "regime_weights": [
        {
            "regime": {"name": "trend", "params": {"fast": 5, "slow": 15}},
            "states": {"bull": {"fast": 3.0, "slow": 1.0}},
            "otherwise": {"fast": 1.0, "slow": 2.0},
        },
        {"regime": {"name": "volatility", "params": {"window": 10}}, "states": {"calm": [1.0, 2.0]}},
    ],
    "stacking": [SCHEDULE, {**SCHEDULE, "model": "logistic"}],
    "volatility_adjusted": [{"window": 10}],
    "weighted_average": [{"weights": {"fast": 1.0, "slow": 2.0}}],
}
CASES = [(name, params) for name, each in PARAMS.items() for params in each]
IDS = [f"{name}-{number}" for name, each in PARAMS.items() for number in range(len(each))]


@pytest.fixture(scope="module")
def tape() -> Tape:
    """Days with gaps, splits, dividends, a late listing and a foreign currency."""
    shape = Shape(
        seed=3, rows=240, slots=4, missing=0.03, late=True, dividends=True, splits=True, foreign=True, jumps=0.01
    )
    return make_tape(shape)


def portfolio(name: str, params: dict[str, Any]) -> Portfolio:
    return Portfolio(members=MEMBERS, aggregator={"name": name, "params": params})


def learned(name: str, params: dict[str, Any], tape: Tape) -> Portfolio:
    """One whose regime was fitted where it has to be."""
    made = portfolio(name, params)
    return made.fit(tape) if "volatility" in str(params) else made


def test_every_aggregator_is_here() -> None:
    assert set(PARAMS) == set(registry.names("aggregator"))


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_an_aggregator_leaks_nothing(name: str, params: dict[str, Any], tape: Tape) -> None:
    report = check_leaks(portfolio(name, params), tape, trials=2)
    assert report.answers > 10


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_an_aggregator_keeps_the_contract_of_a_strategy(name: str, params: dict[str, Any], tape: Tape) -> None:
    made = learned(name, params, tape)
    check_strategy(made, tape)
    assert (np.abs(made.signals(tape)) > 0.0).sum() > 50


@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_weights_are_known_where_a_member_speaks_and_zero_where_it_is_silent(
    name: str, params: dict[str, Any], tape: Tape
) -> None:
    random = np.random.default_rng(2)
    signals = random.uniform(-1.0, 1.0, (2, tape.rows, tape.slots))
    signals[random.random(signals.shape) < 0.2] = np.nan
    rule = aggregator_of(name, params)
    names = ("fast", "slow")
    rule = rule.fit(signals, None, tape, names)
    weights = rule.weigh(signals, None, tape, names)
    assert weights.shape == signals.shape
    assert not np.isnan(weights).any()
    assert (weights[np.isnan(signals)] == 0.0).all()
    said = rule.combine(signals, None, tape, names)
    assert said.shape == signals.shape[1:]
    assert np.isnan(said[np.isnan(signals).all(axis=0)]).all()
    assert np.nanmax(np.abs(said)) <= 1.0
    added = rule.contributions(signals, None, tape, names)
    np.testing.assert_array_equal(np.isnan(added), np.isnan(signals))


@pytest.mark.parametrize(("name", "params"), CASES, ids=IDS)
def test_constructor_defaults_lie_in_the_space(name: str, params: dict[str, Any]) -> None:
    made = aggregator_of(name, params)
    usual = {key: value for key, value in made.params().items() if key not in params}
    for key, values in type(made).space.items():
        assert key in made.params()
        if key in usual:
            inside = values if isinstance(values, list) else [usual[key]]
            assert usual[key] in inside
            if not isinstance(values, list):
                assert values["low"] <= usual[key] <= values["high"]


def test_the_demo_tape_gives_the_same_signals_in_parts_and_as_a_whole() -> None:
    tape = demo_tape(start="2024-03-25", end="2024-04-10")
    check_strategy(portfolio("weighted_average", {}), tape)
