"""A plan's sources become one array of signals."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.rules import registry
from polyfolio.rules.load import load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.momentum import Momentum
from polyfolio.strategies.run import signals_for, strategy_of

NAMES = ("buy_and_hold", "equal_weight", "inverse_volatility", "minimum_variance", "momentum")


@pytest.fixture(scope="module")
def tape() -> Tape:
    return demo_tape(start="2024-03-20", end="2024-04-10")


def plan_of(tape: Tape, **spec: object) -> Plan:
    return compile_spec(load({"name": "test", **spec}), tape.universe)


def lane(name: str, strategy: str, **params: object) -> dict[str, object]:
    return {"name": name, "strategy": {"name": strategy, "params": params}}


@pytest.mark.parametrize("name", NAMES)
def test_every_baseline_is_registered(name: str) -> None:
    assert issubclass(registry.resolve("strategy", name), Strategy)
    assert strategy_of(name).params() == strategy_of(name).clone().params()


def test_lanes_that_want_the_same_share_a_source_and_outside_signals_have_no_opinion(tape: Tape) -> None:
    plan = plan_of(
        tape,
        lanes=[
            lane("a", "momentum", lookback=5),
            {"name": "agent"},
            lane("b", "momentum", lookback=5),
            lane("c", "equal_weight"),
        ],
    )
    signals = signals_for(plan, tape)
    assert signals.shape == (3, tape.rows, tape.slots)
    assert plan.rules["signal"].tolist() == [0, 1, 0, 2]
    np.testing.assert_array_equal(signals[0], Momentum(lookback=5).signals(tape))
    assert np.isnan(signals[1]).all()
    assert set(signals[2][~np.isnan(signals[2])]) == {1.0}


def test_sleeves_take_the_signal_of_their_slot(tape: Tape) -> None:
    sleeves = [
        {"name": "one", "symbol": "ETH/USDT"},
        {"name": "two", "symbol": "BTC/USDT"},
        {"name": "three", "symbol": "ETH/USDT"},
    ]
    plan = plan_of(tape, lanes=[lane("a", "momentum", lookback=5)], sleeves=sleeves)
    signals = signals_for(plan, tape)
    wanted = Momentum(lookback=5).signals(tape)
    assert signals.shape == (1, tape.rows, 3)
    slots = [tape.universe.slot(name) for name in ("ETH/USDT", "BTC/USDT", "ETH/USDT")]
    np.testing.assert_array_equal(signals[0], wanted[:, slots])


def test_strategies_learn_from_the_training_rows_only(tape: Tape) -> None:
    seen: list[int] = []

    class Learner(Strategy):
        def fit(self, tape: Tape) -> Learner:
            seen.append(tape.rows)
            self.level_ = 0.5
            return self

        def signals(self, tape: Tape) -> Floats:
            return np.full((tape.rows, tape.slots), getattr(self, "level_", 0.0))

    registry.register("strategy", "learner of this test")(Learner)
    plan = plan_of(tape, lanes=[lane("a", "learner of this test")])
    assert (signals_for(plan, tape) == 0.0).all()
    assert seen == []
    train = demo_tape(start="2024-01-01", end="2024-01-31")
    assert (signals_for(plan, tape, train) == 0.5).all()
    assert seen == [train.rows]


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("momentun", {}, "strategy.name: got 'momentun', must be one of buy_and_hold"),
        (
            "momentum",
            {"lookbak": 3},
            "strategy.params: got 'lookbak', must be one of lookback, skip, threshold, top_k, "
            "long_short. Did you mean `lookback`?",
        ),
        ("equal_weight", {"weights": 1}, "strategy.params: got 'weights', must be empty for equal_weight. Remove it."),
    ],
)
def test_a_name_or_an_argument_nobody_knows_is_refused(name: str, params: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        strategy_of(name, params)


def test_an_argument_that_is_missing_is_named() -> None:
    class Needy(Strategy):
        def __init__(self, *, level: float) -> None:
            self.level = level

        def signals(self, tape: Tape) -> Floats:
            return np.full((tape.rows, tape.slots), self.level)

    registry.register("strategy", "needy of this test")(Needy)
    with pytest.raises(
        ConfigError, match=r"missing 1 required keyword-only argument: 'level'.*It is used like Needy\("
    ):
        strategy_of("needy of this test")


def test_signals_of_another_shape_or_infinite_are_refused(tape: Tape) -> None:
    class Wrong(Strategy):
        def __init__(self, *, rows: int = 0) -> None:
            self.rows = rows

        def signals(self, tape: Tape) -> Floats:
            return np.full((tape.rows - self.rows, tape.slots), np.inf)

    registry.register("strategy", "wrong of this test")(Wrong)
    with pytest.raises(ConfigError, match=re.escape("strategy of a: signals[0, 0]: got inf, must be finite, or NaN.")):
        signals_for(plan_of(tape, lanes=[lane("a", "wrong of this test")]), tape)
    with pytest.raises(
        ConfigError, match=re.escape("strategy of a: signals: got (527, 6), must be of shape (528, 6).")
    ):
        signals_for(plan_of(tape, lanes=[lane("a", "wrong of this test", rows=1)]), tape)


def test_the_skeleton_keeps_the_contract(tape: Tape) -> None:
    path = Path(__file__).resolve().parents[2] / "skeletons" / "strategy.py"
    spec = importlib.util.spec_from_file_location("skeleton_strategy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    strategy = module.Breakout(lookback=3)
    check_strategy(strategy, tape)
    close = tape.close[:, 0]
    signals = strategy.signals(tape)[:, 0]
    assert np.isnan(signals[:3]).all()
    row = 3 + int(np.argmax(close[3:] > np.maximum(np.maximum(close[2:-1], close[1:-2]), close[:-3])))
    assert signals[row] == 1.0
