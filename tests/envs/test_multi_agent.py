"""Several agents on one tape: PettingZoo's interface, books of their own, agents that leave, regimes, what is seen."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pettingzoo
import pytest
import yaml
from pettingzoo.test import parallel_api_test, parallel_seed_test

from polyfolio.envs.multi_agent import FIVE, MultiAgentTradingEnv
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.load import load
from tests.features.tapes import random_tape
from tests.house.sources import ROOT

ROWS = 120
NAMES = ["conservative_1", "conservative_2", "balanced_1", "balanced_2", "aggressive_1"]
TAPE = random_tape(rows=ROWS, slots=3, seed=5)


def world(**environment: Any) -> dict[str, Any]:
    """Five agents on a tape given from code; only what the environment is changes."""
    seen = {"time": False, "technical": None, "normalise": {"method": "none"}}
    base = {
        "profiles": {},
        "observation": {**seen, **environment.pop("observation", {})},
        "episode": {"length": 20},
        "split": {"train": 1.0, "validation": 0.0, "test": 0.0},
    }
    # Too short a tape for a year of risk returns: limits without enough of them are let pass, so that agents trade.
    return {"name": "five", "defaults": {"risk": {"warmup": "pass"}}, "environment": {**base, **environment}}


def make(config: dict[str, Any] | None = None, **options: Any) -> MultiAgentTradingEnv:
    return MultiAgentTradingEnv(config or world(), tape=TAPE, **options)


def lane_alone(config: dict[str, Any], name: str) -> dict[str, Any]:
    """The same run with one lane."""
    data = load(config).model_dump(mode="json", exclude={"defaults"})
    return {**data, "lanes": [lane for lane in data["lanes"] if lane["name"] == name]}


def ruinous() -> dict[str, Any]:
    """Two agents: the drawdown of one ends its episode at once, the other is never stopped."""
    fees = {"commission": {"model": "percentage", "percentage_fee": 0.05}}
    strict = {"max_drawdown": 0.01, "drawdown_action": "terminate"}
    lanes = [{"name": "strict", "risk": strict, "execution": fees}, {"name": "free", "execution": fees}]
    config = world(action={"simplex": "clip"})
    del config["environment"]["profiles"]
    return {**config, "lanes": lanes}


def test_it_is_what_pettingzoo_asks_for() -> None:
    env = make()
    assert isinstance(env, pettingzoo.ParallelEnv)
    assert env.possible_agents == NAMES
    parallel_api_test(env, num_cycles=60)
    # Its comparison takes NaN for a difference, and weights nobody asked for are NaN; infos are compared below.
    parallel_seed_test(lambda: make(info="off"), num_cycles=40)


def test_without_a_configuration_five_agents_trade_the_bundled_coins() -> None:
    env = MultiAgentTradingEnv()
    observed, infos = env.reset(seed=1)
    assert list(observed) == env.agents == NAMES
    assert len({info["row"] for info in infos.values()}) == 1
    assert load(FIVE).environment is not None


@pytest.mark.parametrize(
    "episode",
    [
        {"length": 20, "start": "random"},
        {
            "length": 15,
            "start": "random",
            "randomise": {"costs": [0.5, 2.0], "capital": [0.1, 10.0], "positions": 0.5},
        },
    ],
)
def test_an_agent_plays_what_a_single_environment_of_its_lane_plays(episode: dict[str, Any]) -> None:
    config = world(episode=episode)
    env, draw = make(config), np.random.default_rng(3)
    singles = {name: MultiTickerRLEnvironment(lane_alone(config, name), tape=TAPE) for name in NAMES}
    traded = dict.fromkeys(NAMES, 0.0)
    observed, _ = env.reset(seed=11)
    for name, single in singles.items():
        assert np.array_equal(single.reset(seed=11)[0], observed[name])
    for _ in range(45):
        if not env.agents:
            observed, _ = env.reset()
            for name, single in singles.items():
                assert np.array_equal(single.reset()[0], observed[name])
        actions = {name: draw.uniform(-1, 1, env.action_space(name).shape) for name in env.agents}
        observed, rewards, ruined, cut, infos = env.step(actions)
        for name, action in actions.items():
            seen, reward, terminated, truncated, info = singles[name].step(action)
            assert seen.tobytes() == observed[name].tobytes()
            assert (reward, terminated, truncated) == (rewards[name], ruined[name], cut[name])
            assert infos[name]["equity"] == info["equity"]
            assert np.array_equal(infos[name]["projected"], info["projected"], equal_nan=True)
            traded[name] += info["turnover"]
    assert min(traded.values()) > 0.1


def test_what_one_agent_does_never_reaches_another_book() -> None:
    quiet, loud = make(), make()
    quiet.reset(seed=2)
    loud.reset(seed=2)
    still = np.full(quiet.action_space("balanced_1").shape, -1.0)
    wild = np.array([1.0, -1.0, 1.0, -1.0])
    for row in range(10):
        _, first, *_ = quiet.step(dict.fromkeys(NAMES, still))
        acts = dict.fromkeys(NAMES, still) | {"aggressive_1": wild * (-1) ** row}
        _, second, *_ = loud.step(acts)
        assert {name: first[name] for name in NAMES[:4]} == {name: second[name] for name in NAMES[:4]}
    assert first["aggressive_1"] != second["aggressive_1"]


def test_an_agent_that_ends_leaves_and_the_others_go_on() -> None:
    env = make(ruinous())
    env.reset(seed=0)
    assert env.agents == ["strict", "free"]
    turn, steps = np.array([1.0, 0.0, 0.0, 0.0]), 0
    while "strict" in env.agents:
        acts = {name: np.roll(turn, steps % 2) for name in env.agents}
        _, _, ruined, cut, infos = env.step(acts)
        steps += 1
    assert (ruined, cut) == ({"strict": True, "free": False}, {"strict": False, "free": False})
    assert infos["strict"]["ended"] == "drawdown"
    with pytest.raises(ConfigError, match="strict"):
        env.step({"strict": turn, "free": turn})
    while env.agents:
        observed, rewards, ruined, cut, _ = env.step({"free": np.roll(turn, steps % 2)})
        steps += 1
        assert list(observed) == list(rewards) == ["free"]
    assert (ruined, cut, steps) == ({"free": False}, {"free": True}, 20)
    with pytest.raises(ConfigError, match="reset"):
        env.step({})
    assert env.reset()[0].keys() == {"strict", "free"}


def test_agents_see_the_exposure_of_all_together_where_they_share_it() -> None:
    config = world(observation={"others": True}, action={"simplex": "clip"})
    config["environment"].pop("profiles")
    # All the capital of the first, none of the second: a third of both together, the second being twice as large.
    lanes = [
        {"name": "small", "account": {"initial_capital": 1000.0}},
        {"name": "large", "account": {"initial_capital": 2000.0}},
    ]
    env = make({**config, "lanes": lanes})
    at = [env.feature_names.index(f"{symbol}.exposure") for symbol in TAPE.symbols]
    observed, _ = env.reset(seed=0)
    assert not observed["small"][at].any()
    buy, wait = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])
    observed, _, _, _, infos = env.step({"small": buy, "large": wait})
    held, worth = infos["small"]["weights"], [infos[name]["equity"] for name in ("small", "large")]
    share = worth[0] / sum(worth)
    for name in ("small", "large"):
        assert observed[name][at] == pytest.approx(held * share, abs=1e-6)
    assert held[0] > 0.9
    # A new episode shows nothing of the former one.
    assert not env.reset(seed=0)[0]["small"][at].any()


def test_the_regime_at_the_row_is_named() -> None:
    observation = {"regime": {"name": "trend", "params": {"fast": 5, "slow": 20}}, "window": 2}
    env = make(world(observation=observation))
    assert env.regimes
    observed, infos = env.reset(seed=0)
    named = [f"regime.{label}@0" for label in env.regimes]
    shown = [observed["balanced_1"][env.feature_names.index(name)] for name in named]
    assert infos["balanced_1"]["regime"] == env.lanes.regime == env.regimes[int(np.argmax(shown))]


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (np.zeros(3), "balanced_1"),
        (np.zeros((4, 1)), "balanced_1"),
        (np.array(["a"] * 4), "balanced_1"),
        (np.array([np.nan, 0, 0, 0]), "balanced_1"),
        (None, "actions"),
    ],
)
def test_an_action_that_cannot_be_changes_nothing(action: Any, field: str) -> None:
    env = make()
    env.reset(seed=0)
    before = env.core.arena.state()
    good = {name: np.zeros(4) for name in NAMES}
    wrong = {name: value for name, value in {**good, "balanced_1": action}.items() if value is not None}
    with pytest.raises(DataError, match=field):
        env.step(wrong)
    after = env.core.arena.state()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)
    assert env.step(good)[0].keys() == set(NAMES)


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    config = world(episode={"length": 10, "start": "random"})
    infos = []
    for seed in (4, 4, 5):
        env = make(config, info="full")
        env.reset(seed=seed)
        for _ in range(5):
            said = env.step({name: np.ones(4) for name in NAMES})[4]
        infos.append(said)
    assert repr(infos[0]) == repr(infos[1]) != repr(infos[2])
    assert infos[0]["balanced_1"]["reasons"]
    assert infos[0]["balanced_1"]["limits"]


def test_an_unknown_agent_or_row_is_refused() -> None:
    env = make()
    with pytest.raises(ConfigError, match="nobody"):
        env.action_space("nobody")
    with pytest.raises(DataError, match="rows"):
        env.reset(options={"row": ROWS})
    assert env.reset(options={"row": 30})[1]["balanced_1"]["row"] == 30


def test_lanes_that_may_go_short_have_a_longer_list_of_choices() -> None:
    config = world(action={"space": "discrete"})
    del config["environment"]["profiles"]
    lanes = [{"name": "long"}, {"name": "both", "sizing": {"allow_short": True}}]
    env = make({**config, "lanes": lanes})
    assert (env.action_space("long").n, env.action_space("both").n) == (5, 8)
    env.reset(seed=0)
    assert env.step({"long": 4, "both": 7})[0].keys() == {"long", "both"}


def test_a_picture_names_every_agent() -> None:
    env = make(render_mode="ansi")
    env.reset(seed=0)
    text = env.render()
    assert text is not None
    assert all(name in text for name in NAMES)
    assert make().render() is None
    with pytest.raises(ConfigError, match="render_mode"):
        make(render_mode="human")


def test_numbers_given_away_stay_as_they_were() -> None:
    env = make()
    observed, infos = env.reset(seed=0)
    kept = copy.deepcopy((observed, infos["balanced_1"]["weights"]))
    env.step({name: np.ones(4) for name in NAMES})
    assert all(np.array_equal(observed[name], kept[0][name]) for name in NAMES)
    assert np.array_equal(infos["balanced_1"]["weights"], kept[1])


def test_the_guide_shows_configurations_that_load() -> None:
    text = (ROOT / "docs" / "how-to" / "several-agents.md").read_text(encoding="utf-8")
    first, second = (yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S))
    assert [lane.name for lane in load(first).lanes] == NAMES
    together = {**first, "environment": {**first["environment"], **second["environment"]}}
    agents = load({**together, "training": {**first["training"], **second["training"]}}).training.agents
    assert agents.policies == {"balanced_1": "mine"}
