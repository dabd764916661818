"""Everything with a name passes the leak proof: features, normalisers, regimes, strategies."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.features import normalise, regimes
from polyfolio.features.base import Feature
from polyfolio.features.catalogue import catalogue
from polyfolio.features.learned import Learned
from polyfolio.features.prices import Returns
from polyfolio.features.sets import wealth200
from polyfolio.market.demo import demo_tape
from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.testing import find_leaks

NEEDS_ARGUMENTS = {"walk_forward": lambda: regimes.WalkForward(regime=regimes.Volatility(), first=150, every=80)}
SHORTER = {"trend": {"fast": 10, "slow": 50}, "drawdown": {"window": 60}, "rolling": {"window": 60}}


@pytest.fixture(scope="module")
def tape() -> Tape:
    """Hourly, three weeks, with a spread; ENA is listed in the second."""
    bars = demo_tape(start="2024-03-20", end="2024-04-12")
    return replace(bars, spread=0.001 * bars.close * np.random.default_rng(0).uniform(0.5, 2.0, bars.close.shape))


def kinds_of(package: Any, base: type) -> dict[str, type]:
    """The classes of a package that have a name, and those the registry adds."""
    own = [getattr(package, name) for name in package.__all__]
    return {one.name: one for one in own if isinstance(one, type) and issubclass(one, base) and hasattr(one, "name")}


def registered(kind: str) -> dict[str, type]:
    """What the registry knows of a kind."""
    return {name: registry.resolve(kind, name) for name in registry.names(kind)} if kind in BUILT_IN else {}


FEATURES = catalogue() | registered("feature")
LEARNERS = kinds_of(normalise, Learned) | registered("normaliser") | kinds_of(regimes, Learned) | registered("regime")


def made(name: str, kind: type) -> Any:
    """One of a kind, short enough for three weeks of hours."""
    if name in NEEDS_ARGUMENTS:
        return NEEDS_ARGUMENTS[name]()
    return kind(**SHORTER.get(name, {})) if kind in LEARNERS.values() else kind()


def test_there_is_something_to_prove() -> None:
    assert len(FEATURES) >= 60
    assert set(LEARNERS) >= {"standard", "robust", "rank", "rolling", "trend", "volatility", "drawdown"}
    assert set(LEARNERS) >= {"hidden_markov", "walk_forward"}


@pytest.mark.pitfall("LAH-04", "LAH-08")
@pytest.mark.parametrize("name", sorted(FEATURES))
def test_no_feature_leaks(name: str, tape: Tape) -> None:
    of = inspect.signature(FEATURES[name]).parameters.get("of")
    needs_another = of is not None and of.default is of.empty
    feature = FEATURES[name](of=Returns()) if needs_another else FEATURES[name]()
    assert isinstance(feature, Feature)
    found = find_leaks(feature, tape, trials=2)
    assert not found.leaks, found.text()


@pytest.mark.pitfall("LAH-06")
@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_no_normaliser_or_regime_leaks(name: str, tape: Tape) -> None:
    found = find_leaks(made(name, LEARNERS[name]), tape, trials=2)
    assert not found.leaks, found.text()


# Arguments of strategies that have none of their own.
GIVEN = {"portfolio": {"members": {"rising": {"name": "momentum"}, "turning": {"name": "rsi"}}}}


@pytest.mark.pitfall("LAH-11")
# A sealed policy needs a file: tests/policy/test_strategy.py and test_play.py hold the same against one.
@pytest.mark.parametrize("name", [name for name in BUILT_IN["strategy"] if name != "policy"])
def test_no_strategy_leaks(name: str, tape: Tape) -> None:
    subject = registry.resolve("strategy", name)
    found = find_leaks(subject(**GIVEN[name]) if name in GIVEN else subject, tape, trials=2)
    assert not found.leaks, found.text()


@pytest.mark.slow
def test_no_column_of_the_large_set_leaks(tape: Tape) -> None:
    leaking = [report.text() for one in wealth200() if (report := find_leaks(one, tape, trials=2)).leaks]
    assert not leaking, "\n".join(leaking)
