"""Laws of every environment: any action, any reward, any rules keep the books, the spaces and the numbers in order."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.recfunctions import structured_to_unstructured

from polyfolio.core.tape import Tape
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.errors import ConfigError, DataError
from tests.envs.worlds import PAID
from tests.laws.tapes import Shape, make_tape, shapes
from tests.laws.worlds import CAPITAL, Keys, lane_keys, of

TERMS = {
    "gain": 1.0,
    "dividends": 1.0,
    "interest": 1.0,
    "commission": -1.0,
    "slippage": -1.0,
    "impact": -1.0,
    "borrow": -1.0,
    "funding": -1.0,
}
STEPS = 40

actions = st.fixed_dictionaries(
    {
        "kind": of("weights", "changes", "signals"),
        "space": of("box", "discrete", "multi_discrete"),
        "simplex": of("softmax", "clip", "raw"),
        "cash": st.booleans(),
        "flat": st.booleans(),
        "sharpness": of(0.5, 5.0, 100.0),
        "max_change": of(0.05, 1.0),
        "levels": of(2, 11),
    }
)
rewards = st.fixed_dictionaries(
    {
        "type": of(*PAID),
        "terms": of("scaled", "raw"),
        "risk_adjusted": st.booleans(),
        "transaction_cost_penalty": of(0.0, 2.0),
        "drawdown_penalty": of(0.0, 2.0),
        "reward_scaling": of(1.0, 100.0),
    }
)
observations = st.fixed_dictionaries(
    {
        "risk": st.booleans(),
        "episode": st.booleans(),
        "market": st.booleans(),
        "window": of(1, 3),
        "layout": of("flat", "dict", "matrix"),
        "clip": of(1.0, 10.0),
    }
)
episodes = st.fixed_dictionaries(
    {"length": of(None, 1, 9), "start": of("first", "random")},
    optional={
        "randomise": st.fixed_dictionaries(
            {}, optional={"costs": of([0.0, 3.0]), "capital": of([0.1, 10.0]), "positions": of(0.5, 1.0)}
        )
    },
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Keys, Shape, int]:
    """A lane with a random program, an environment around it, a tape, a seed."""
    lane = draw(lane_keys())
    environment = {
        "action": draw(actions),
        "reward": draw(rewards),
        "episode": draw(episodes),
        "observation": {"technical": None, "time": False, "normalise": {"method": "none"}, **draw(observations)},
        "split": {"train": 1.0, "validation": 0.0, "test": 0.0},
    }
    keys = {"name": "world", "checked": True, "observation": "bar", "environment": environment}
    shape = dataclasses.replace(draw(shapes), rows=48)
    return {**keys, "lanes": [{"name": "lane", **lane}]}, shape, draw(st.integers(0, 1000))


def made(keys: Keys, tape: Tape) -> MultiTickerRLEnvironment | None:
    """The environment, or None where its lane and its actions exclude each other, or a slot has too few bars."""
    try:
        return MultiTickerRLEnvironment(keys, tape=tape)
    except (ConfigError, DataError):
        return None


def numbers(observation: Any) -> np.ndarray:
    """All numbers of an observation."""
    parts = observation.values() if isinstance(observation, dict) else [observation]
    return np.concatenate([np.ravel(part) for part in parts])


def unexplained(step: Any) -> float:
    """What the terms of a step leave of its change of equity, relative to the money at stake."""
    after, before, gross, *terms = structured_to_unstructured(
        step[["equity", "equity_before", "gross", *TERMS]]
    ).tolist()
    explained = math.fsum(sign * term for sign, term in zip(TERMS.values(), terms, strict=True))
    return abs(after - before - explained) / (CAPITAL / 10.0 + abs(before) + gross)


def obeys(env: MultiTickerRLEnvironment, seed: int) -> float:
    """Play an episode, holding every step against the laws; the change of the logarithm of equity."""
    observed, info = env.reset(seed=seed)
    env.action_space.seed(seed)
    arena, first = env.core.arena, info["equity"]
    assert not any(info["costs"].values())
    assert info["turnover"] == 0.0
    for _ in range(STEPS):
        assert np.isfinite(numbers(observed)).all()
        assert env.observation_space.contains(observed)
        observed, reward, terminated, truncated, info = env.step(env.action_space.sample())
        step = arena.steps[0]
        assert math.isfinite(reward)
        assert unexplained(step) <= 1e-9
        assert np.isfinite([*info["weights"], *info["asked"], *info["projected"], info["turnover"]]).all()
        assert info["costs"]["slippage"] >= 0.0
        assert info["drawdown"] <= 0.0
        assert (terminated, truncated) == (step["ended"] >= 3, 0 < step["ended"] < 3)
        if terminated or truncated:
            assert np.isfinite(numbers(observed)).all()
            assert env.observation_space.contains(observed)
            break
    return math.log(info["equity"] / first) if info["equity"] > 0.0 else -math.inf


@given(worlds())
@pytest.mark.pitfall("ACC-14", "ACC-15", "DAT-01", "DAT-07", "CSH-04")
def test_every_step_of_every_world_obeys(world: tuple[Keys, Shape, int]) -> None:
    keys, shape, seed = world
    env = made(keys, make_tape(shape))
    if env is not None:
        obeys(env, seed)


@pytest.mark.slow
@settings(max_examples=3000)
@given(worlds())
def test_every_step_of_many_worlds_obeys(world: tuple[Keys, Shape, int]) -> None:
    keys, shape, seed = world
    env = made(keys, make_tape(shape))
    if env is not None:
        obeys(env, seed)


def test_most_worlds_can_be_made() -> None:
    """Else the laws above would speak of little."""
    count = {True: 0, False: 0}

    @settings(max_examples=60)
    @given(worlds())
    def tried(world: tuple[Keys, Shape, int]) -> None:
        count[made(world[0], make_tape(world[1])) is not None] += 1

    tried()
    assert count[True] > 3 * count[False], count


@given(worlds())
@pytest.mark.pitfall("ACC-03", "ACC-08")
def test_log_returns_sum_to_the_logarithm_of_growth(world: tuple[Keys, Shape, int]) -> None:
    keys, shape, seed = world
    keys["environment"]["reward"] = {"type": "log_return"}
    env = made(keys, make_tape(shape))
    if env is None:
        return
    grown = obeys(env, seed)
    paid = float(env.core.arena.episodes["total_reward"][0])
    if grown > -10.0:
        assert paid == pytest.approx(grown, rel=1e-9, abs=1e-11)
    else:
        assert paid < -5.0


fees = of(
    ("commission", {"model": "percentage"}, "percentage_fee", 0.001),
    ("commission", {"model": "fixed"}, "fixed_fee", 1.0),
    ("slippage", {"model": "percentage"}, "base_slippage", 0.002),
    ("market_impact", {"model": "square_root"}, "temporary_impact", 0.1),
)


@given(shapes, fees, of(*PAID[:2]), st.integers(0, 50))
@pytest.mark.pitfall("ACC-01", "ACC-03")
def test_higher_costs_lower_the_pnl_by_what_they_are(shape: Shape, fee: Any, reward: str, seed: int) -> None:
    """Orders of one unit: what is held does not depend on what it costs."""
    section, needs, key, rate = fee
    # Carry on cash and the limit of what can be paid for are no matter of trades.
    shape = dataclasses.replace(
        shape, rows=30, lots=False, foreign=False, missing=0.0, late=False, thin=False, splits=False
    )
    tape, ended = make_tape(shape), []
    for times in (0.0, 1.0, 2.0):
        execution = {"slippage": {"half_spread": 0.0}, section: {**needs, key: times * rate}}
        if section == "slippage":
            execution[section]["half_spread"] = 0.0
        keys = {
            "name": "world",
            "checked": True,
            "lanes": [{"name": "lane", "sizing": {"method": "orders", "allow_short": True}, "execution": execution}],
            "environment": {
                "action": {"kind": "signals", "space": "multi_discrete"},
                "observation": {"technical": None, "market": False, "time": False},
                "reward": {"type": reward},
                "split": {"train": 1.0, "validation": 0.0, "test": 0.0},
            },
        }
        env = MultiTickerRLEnvironment(keys, tape=tape)
        env.reset(seed=seed)
        env.action_space.seed(seed)
        paid, rewarded = 0.0, []
        for _ in range(20):
            _, given_reward, _, _, info = env.step(env.action_space.sample())
            paid += sum(info["costs"][name] for name in ("commission", "slippage", "impact"))
            rewarded.append(given_reward)
        ended.append((info["equity"], paid, math.fsum(rewarded), env.core.arena.book.quantity.tolist()))
    free, once, twice = ended
    assert free[3] == once[3] == twice[3]
    assert free[1] == 0.0
    for costly in (once, twice):
        assert free[0] - costly[0] == pytest.approx(costly[1], rel=1e-6, abs=1e-6)
    if once[1] > 0.0:
        assert free[2] > once[2] > twice[2]
        assert twice[1] == pytest.approx(2.0 * once[1], rel=1e-9)
