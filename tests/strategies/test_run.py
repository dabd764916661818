"""A plan's sources become one array of signals."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.rules import registry
from polyfolio.rules.load import load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.momentum import Momentum
from polyfolio.strategies.run import signals_for, standing, strategy_of

NAN = float("nan")
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


def test_lanes_share_a_source_that_speaks_once_only_where_they_decide_at_the_same_rows(tape: Tape) -> None:
    def sources(strategy: str) -> list[int]:
        lanes = [{**lane(f"lane {at}", strategy), "rebalance": {"every": every}} for at, every in enumerate((5, 1, 5))]
        found: list[int] = plan_of(tape, lanes=lanes).rules["signal"].tolist()
        return found

    assert sources("buy_and_hold") == [0, 1, 0]
    assert sources("momentum") == [0, 0, 0]


@pytest.mark.parametrize(
    ("said", "listening", "wanted"),
    [
        ([NAN, 0.5, NAN, NAN], [1, 1, 1, 1], [NAN, 0.5, NAN, NAN]),
        ([NAN, 0.5, NAN, NAN], [1, 0, 0, 1], [NAN, 0.5, NAN, 0.5]),
        ([NAN, 0.5, 0.2, NAN], [1, 0, 0, 1], [NAN, 0.5, 0.2, 0.2]),
        ([NAN, 0.5, NAN, NAN], [1, 0, 0, 0], [NAN, 0.5, NAN, NAN]),
        ([0.5, NAN, 0.2, NAN], [0, 1, 0, 1], [0.5, 0.5, 0.2, 0.2]),
    ],
)
def test_an_opinion_stands_until_it_is_heard(said: list[float], listening: list[int], wanted: list[float]) -> None:
    found = standing(np.array(said)[:, None], np.array(listening, dtype=np.uint8)[:, None])
    np.testing.assert_array_equal(found[:, 0], wanted)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("momentun", {}, "strategy.name: got 'momentun', must be one of "),
        (
            "momentum",
            {"lookbak": 3},
            "strategy.params.lookbak: got 3, must be an argument of momentum: lookback, skip, threshold, top_k, "
            "long_short, between. Did you mean `lookback`?",
        ),
        (
            "equal_weight",
            {"weights": 1},
            "strategy.params.weights: got 1, must be absent: equal_weight takes no arguments. Remove it.",
        ),
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


@pytest.mark.parametrize(
    ("strategy", "params", "field", "value"),
    [
        ("momentum", {"lookbak": 3}, "params.lookbak", 3),
        ("momentum", {"lookback": 0}, "params.lookback", 0),
        ("momentum", {"threshold": "x"}, "params.threshold", "x"),
        ("inverse_volatility", {"min_observations": 90}, "params.min_observations", 90),
        ("buy_and_hold", {"start": "some"}, "params.start", "some"),
        ("buy_and_hold", {"weights": {"BTC/USD": 0.5}}, "params.weights.BTC/USD", 0.5),
        ("buy_and_hold", {"weights": {"BTC/USDT": "half"}}, "params.weights.BTC/USDT", "half"),
    ],
)
def test_a_bad_argument_is_named_with_its_lane_and_key(
    tape: Tape, strategy: str, params: dict[str, object], field: str, value: object
) -> None:
    plan = plan_of(tape, lanes=[{"name": "agent"}, lane("a", "equal_weight"), lane("b", strategy, **params)])
    with pytest.raises(ConfigError) as caught:
        signals_for(plan, tape)
    assert (caught.value.field, caught.value.value) == (f"lanes[2].strategy.{field}", value)
    assert caught.value.bound
    assert caught.value.remedy


def test_an_error_of_a_strategy_s_own_keeps_its_kind_and_gains_its_lane(tape: Tape) -> None:
    class Broken(Strategy):
        def __init__(self, *, level: float = 0.0, early: bool = False) -> None:
            self.level = level
            if early:
                raise ConfigError("level", level, "above 0", "Raise it.")

        def signals(self, tape: Tape) -> Floats:
            raise DataError("volume", 0.0, "above 0", "Give volumes.")

    registry.register("strategy", "broken of this test")(Broken)
    with pytest.raises(DataError, match=re.escape("lanes[0].strategy: volume: got 0.0, must be above 0. Give vol")):
        signals_for(plan_of(tape, lanes=[lane("a", "broken of this test")]), tape)
    with pytest.raises(ConfigError, match=re.escape("lanes[0].strategy.params.level: got 0.0, must be above 0.")):
        strategy_of("broken of this test", {"early": True}, "lanes[0].strategy")


def test_signals_of_another_shape_or_infinite_are_refused(tape: Tape) -> None:
    class Wrong(Strategy):
        def __init__(self, *, rows: int = 0) -> None:
            self.rows = rows

        def signals(self, tape: Tape) -> Floats:
            return np.full((tape.rows - self.rows, tape.slots), np.inf)

    registry.register("strategy", "wrong of this test")(Wrong)
    with pytest.raises(
        ConfigError, match=re.escape("lanes[0].strategy (a): signals[0, 0]: got inf, must be finite, or NaN.")
    ):
        signals_for(plan_of(tape, lanes=[lane("a", "wrong of this test")]), tape)
    with pytest.raises(
        ConfigError, match=re.escape("lanes[0].strategy (a): signals: got (527, 6), must be of shape (528, 6).")
    ):
        signals_for(plan_of(tape, lanes=[lane("a", "wrong of this test", rows=1)]), tape)


def test_the_skeleton_keeps_the_contract(tape: Tape) -> None:
    path = Path(__file__).resolve().parents[2] / "skeletons" / "strategy.py"
    spec = importlib.util.spec_from_file_location("skeleton_strategy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    strategy = module.NewHigh(lookback=3)
    check_strategy(strategy, tape)
    close = tape.close[:, 0]
    signals = strategy.signals(tape)[:, 0]
    assert np.isnan(signals[:3]).all()
    row = 3 + int(np.argmax(close[3:] > np.maximum(np.maximum(close[2:-1], close[1:-2]), close[:-3])))
    assert signals[row] == 1.0
