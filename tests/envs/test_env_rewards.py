"""Rewards of an environment: what costs do to them, rewards of one's own, and that every key does something."""

from __future__ import annotations

import math
import sys
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from pydantic import BaseModel

from polyfolio.core.codes import Reward
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.environment import EnvironmentSection
from tests.envs.worlds import PAID, TAPE, Keys, config, drawn, many, one, play

# What costs do

ORDERS = {"sizing": {"method": "orders", "allow_short": True}}
HOLD = {"action": {"kind": "signals", "space": "multi_discrete"}}


def traded(reward: str, fee: float, length: int = 60) -> Any:
    """Orders of one unit, so that no cost changes what is held."""
    execution = {"commission": {"model": "fixed", "fixed_fee": fee}, "slippage": {"half_spread": 0.0}}
    keys = config({**ORDERS, "execution": execution}, **HOLD, reward={"type": reward}, episode={"length": length})
    return play(one(keys), drawn(one(config(**HOLD)).action_space, length))


@pytest.mark.pitfall("ACC-01", "ACC-03")
def test_higher_costs_lower_the_pnl_by_exactly_what_they_are() -> None:
    free, once, twice = (traded("portfolio_pnl", fee) for fee in (0.0, 1.0, 2.0))
    for played, fee in ((once, 1.0), (twice, 2.0)):
        paid = np.cumsum(played.paid("commission"))
        assert paid[-1] == fee * np.round(paid[-1] / fee) > 50 * fee
        np.testing.assert_allclose(free.column("equity")[1:] - played.column("equity")[1:], paid, rtol=1e-9)
        # In money, the rewards fall by what was paid.
        earned = np.array(played.rewards) * played.column("equity")[:-1]
        other = np.array(free.rewards) * free.column("equity")[:-1]
        np.testing.assert_allclose(other - earned, played.paid("commission"), rtol=1e-7, atol=1e-9)


@pytest.mark.pitfall("ACC-03")
@pytest.mark.parametrize("reward", ("portfolio_pnl", "log_return", "sharpe", "sortino", "composite"))
def test_double_costs_pay_less(reward: str) -> None:
    sums = [math.fsum(traded(reward, fee).rewards) for fee in (0.0, 5.0, 10.0)]
    assert sums[0] > sums[1] > sums[2]


@pytest.mark.pitfall("ACC-03", "ACC-08")
@pytest.mark.parametrize("length", (1, 2, 60))
def test_rewards_sum_to_the_change_of_equity_however_short_the_episode(length: int) -> None:
    played = traded("log_return", 1.0, length)
    first, last = played.infos[0]["equity"], played.infos[-1]["equity"]
    assert played.steps == length
    assert math.fsum(played.rewards) == pytest.approx(math.log(last / first), rel=1e-10)
    played = traded("portfolio_pnl", 1.0, length)
    earned = np.array(played.rewards) * played.column("equity")[:-1]
    assert math.fsum(earned) == pytest.approx(last - first, rel=1e-9)


def test_what_an_episode_was_paid_is_the_sum_of_its_rewards() -> None:
    env = one(config(reward={"type": "composite", "drawdown_penalty": 1.0}))
    played = play(env, drawn(env.action_space, 50))
    assert env.core.arena.episodes["total_reward"][0] == pytest.approx(math.fsum(played.rewards), rel=1e-12)
    assert env.core.arena.steps["reward"][0] == played.rewards[-1]


# Rewards of one's own


def equity_pay(steps: np.ndarray, rewards: np.ndarray) -> None:
    rewards[:] = np.log(steps["equity"] / steps["equity_before"])


@numba.njit
def compiled_pay(steps: Any, rewards: Any) -> None:
    for k in range(rewards.size):
        rewards[k] = math.log(steps[k].equity / steps[k].equity_before)


def undefined_pay(steps: np.ndarray, rewards: np.ndarray) -> None:
    rewards[:] = np.nan


def silent_pay(steps: np.ndarray, rewards: np.ndarray) -> None:
    """Writes nothing."""


@pytest.fixture(autouse=True)
def _own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("rewards_of_ours")
    for function in (equity_pay, compiled_pay, undefined_pay, silent_pay):
        setattr(module, getattr(function, "__name__", "compiled_pay"), function)
    module.not_callable = 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rewards_of_ours", module)


def own(name: str, **reward: Any) -> Keys:
    return config(reward={"type": "custom", "custom": f"rewards_of_ours:{name}", **reward})


@pytest.mark.parametrize("name", ("equity_pay", "compiled_pay"))
@pytest.mark.parametrize("penalties", ({}, {"reward_scaling": 3.0, "transaction_cost_penalty": 2.0}))
def test_a_reward_of_ones_own_is_paid_beside_the_penalties_of_all(name: str, penalties: Keys) -> None:
    actions = drawn(one().action_space, 60)
    named = play(one(config(reward={"type": "log_return", **penalties})), actions)
    env = one(own(name, **penalties))
    played = play(env, actions)
    np.testing.assert_allclose(played.rewards, named.rewards, rtol=1e-12, atol=1e-15)
    assert env.core.arena.episodes["total_reward"][0] == pytest.approx(math.fsum(played.rewards), rel=1e-12)
    assert env.core.arena.steps["reward"][0] == played.rewards[-1]


@pytest.mark.pitfall("ACC-08")
@pytest.mark.parametrize("autoreset", ("same_step", "next_step"))
def test_a_reward_of_ones_own_is_paid_once_in_a_vector_too(autoreset: str) -> None:
    keys, named = own("compiled_pay"), config(reward={"type": "log_return"})
    for each in (keys, named):
        each["environment"]["episode"] = {"length": 5, "start": "random"}
    env, other = many(4, keys, autoreset=autoreset), many(4, named, autoreset=autoreset)
    env.reset(seed=0)
    other.reset(seed=0)
    for action in drawn(env.action_space, 14):
        np.testing.assert_allclose(env.step(action)[1], other.step(action)[1], rtol=1e-12, atol=1e-15)


def test_a_reward_that_is_not_written_is_0_and_one_that_is_not_finite_is_refused() -> None:
    env = one(own("silent_pay"))
    assert play(env, drawn(env.action_space, 5)).rewards == [0.0] * 5
    env = one(own("undefined_pay"))
    env.reset(seed=0)
    with pytest.raises(DataError, match=r"row 1.*finite"):
        env.step(np.zeros(4))


@pytest.mark.parametrize(
    "named", ("no_such_module:pay", "rewards_of_ours:missing", "rewards_of_ours:not_callable", "rewards_of_ours")
)
def test_a_function_that_is_not_there_is_refused_by_its_key(named: str) -> None:
    with pytest.raises(ConfigError, match=r"environment\.reward\.custom"):
        one(config(reward={"type": "custom", "custom": named}))


# Every key

RISKY = {"sizing": {"allow_short": True}, "limits": {"max_leverage": 2.0}}
KNOWN = {"risk": {"max_volatility": 0.3, "max_drawdown": 0.3, "min_history": 5, "warmup": "pass"}}
COMPOSITE = {"reward": {"type": "composite"}}
RANDOM = {"length": 20, "start": "random"}
SHOWN = {"technical": ["rsi"], "market": True}
PROFILES = {"conservative": 1, "balanced": 1, "aggressive": 1}

# key: (lane, what stands beside it, its value, another one)
CHANGES: dict[str, tuple[Keys, Keys, Any, Any]] = {
    "action.kind": ({}, {}, "weights", "changes"),
    "action.space": ({}, {}, "box", "multi_discrete"),
    "action.cash": ({}, {}, True, False),
    "action.simplex": ({}, {}, "softmax", "clip"),
    "action.sharpness": ({}, {}, 5.0, 1.0),
    "action.max_change": ({}, {"action": {"kind": "changes"}}, 0.1, 0.05),
    "action.levels": ({}, {"action": {"space": "multi_discrete"}}, 11, 5),
    "action.flat": ({}, {"action": {"kind": "signals", "space": "discrete"}}, False, True),
    "observation.portfolio": ({}, {}, True, False),
    "observation.positions": ({}, {}, True, False),
    "observation.market": ({}, {}, False, True),
    "observation.technical": ({}, {}, None, ["rsi"]),
    "observation.risk": ({}, {}, False, True),
    "observation.time": ({}, {}, False, True),
    "observation.regime.name": ({}, {"observation": {"regime": {"params": {"window": 21}}}}, "drawdown", "volatility"),
    "observation.regime.params": (
        {},
        {"observation": {"regime": {"name": "trend"}}},
        {"fast": 5, "slow": 20},
        {"fast": 3, "slow": 10},
    ),
    "observation.episode": ({}, {}, False, True),
    "observation.others": ({}, {"profiles": PROFILES}, False, True),
    "observation.layout": ({}, {}, "flat", "dict"),
    "observation.window": ({}, {}, 1, 3),
    "observation.normalise.method": ({}, {"observation": {**SHOWN, "normalise": {"window": 20}}}, "standard", "rank"),
    "observation.normalise.window": ({}, {"observation": {**SHOWN, "normalise": {"method": "rolling"}}}, 30, 20),
    "observation.clip": ({}, {}, 10.0, 0.25),
    "reward.type": ({}, {}, "log_return", "sharpe"),
    **{f"reward.weights.{name}": (KNOWN, COMPOSITE, 1.0, 0.5) for name in ("profit", "risk", "cost", "stability")},
    **{f"reward.weights.{name}": (KNOWN, COMPOSITE, 1.0, 0.5) for name in ("sharpe", "momentum", "diversification")},
    "reward.terms": (KNOWN, COMPOSITE, "scaled", "raw"),
    "reward.custom": ({}, {"reward": {"type": "custom"}}, "rewards_of_ours:equity_pay", "rewards_of_ours:silent_pay"),
    "reward.risk_adjusted": ({}, {}, False, True),
    "reward.risk_aversion": ({}, {"reward": {"risk_adjusted": True}}, 1.0, 2.0),
    "reward.transaction_cost_penalty": ({}, {}, 0.0, 0.5),
    "reward.drawdown_penalty": ({}, {}, 0.0, 0.5),
    "reward.eta": ({}, {"reward": {"type": "differential_sharpe"}}, 0.01, 0.05),
    "reward.reward_scaling": ({}, {}, 1.0, 2.0),
    "episode.length": ({}, {}, None, 20),
    "episode.start": ({}, {"episode": {"length": 20}}, "first", "random"),
    "episode.randomise.costs": ({}, {"episode": {"length": 20}}, None, [2.0, 3.0]),
    "episode.randomise.capital": ({}, {"episode": {"length": 20}}, None, [2.0, 3.0]),
    "episode.randomise.positions": ({}, {"episode": {"length": 20}}, 0.0, 0.5),
    "episode.markets": ({}, {"episode": RANDOM}, 1, 4),
    "split.train": ({}, {"split": {"validation": 0.0, "test": 0.0}}, 1.0, 0.3),
    "split.validation": ({}, {"split": {"train": 0.5, "test": 0.1}}, 0.2, 0.4),
    "split.test": ({}, {"split": {"train": 0.5, "validation": 0.1}}, 0.2, 0.4),
    "profiles.conservative": ({}, {"profiles": PROFILES}, 1, 2),
    "profiles.balanced": ({}, {"profiles": PROFILES}, 1, 2),
    "profiles.aggressive": ({}, {"profiles": PROFILES}, 1, 2),
}


def leaves(section: Any, front: str = "") -> list[str]:
    """The keys of a section that hold no section of their own."""
    found = []
    for name, item in section.model_fields.items():
        inner = [part for part in (item.annotation, *getattr(item.annotation, "__args__", ())) if is_section(part)]
        found += leaves(inner[0], f"{front}{name}.") if inner else [front + name]
    return found


def is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_the_table_names_every_key() -> None:
    assert set(CHANGES) == set(leaves(EnvironmentSection))


def with_key(key: str, value: Any, lane: Keys, beside: Keys) -> Keys:
    """The configuration with a key set."""
    keys = config({**RISKY, **lane} if "simplex" not in key and "sharpness" not in key else lane)
    section = keys["environment"]
    for name, part in beside.items():
        section[name] = {**section.get(name, {}), **part}
    *names, last = key.split(".")
    for name in names:
        section = section.setdefault(name, {})
    section[last] = value
    if "profiles" in keys["environment"]:
        del keys["lanes"]
    return keys


def trace(key: str, keys: Keys, tape: Any) -> str:
    """Everything an environment is and plays, as text."""
    if "profiles" in keys["environment"]:
        from polyfolio.envs.multi_agent import MultiAgentTradingEnv

        several = MultiAgentTradingEnv(keys, tape=tape)
        first = several.reset(seed=3)
        steps = [several.step({name: np.ones(4) for name in several.agents}) for _ in range(3)]
        return repr((several.feature_names, first, steps))
    split = key.split(".")[1] if key.startswith("split.") else "train"
    env = one(keys, tape, split=split)
    spaces = (env.observation_space, env.action_space, env.feature_names)
    played = [play(env, drawn(env.action_space, 70, seed=4), seed=seed) for seed in (3, 4)]
    return repr((spaces, [(each.observations, each.rewards, each.infos) for each in played]))


@pytest.mark.pitfall("ACC-18")
@pytest.mark.parametrize("key", CHANGES)
def test_every_key_of_an_environment_does_something(key: str, tmp_path: Any) -> None:
    lane, beside, value, other = CHANGES[key]
    traces, tape = [], TAPE
    for chosen in (value, other, value):
        keys = with_key(key, chosen, lane, beside)
        if key == "episode.markets":
            recipe = tmp_path / "recipe.yaml"
            recipe.write_text("format: demo\nmodel: bootstrap\nseed: 3\nrows: 100\n")
            keys["tape"], tape = {"format": "synthetic", "path": str(recipe)}, None
        with np.printoptions(precision=17, threshold=10**6):
            traces.append(trace(key, keys, tape))
    assert traces[0] != traces[1]
    assert traces[0] == traces[2]


def test_all_rewards_are_tried() -> None:
    assert {reward.name.lower() for reward in Reward} == {*PAID, "custom"}
