"""The single environment: what the checkers of Gymnasium and Stable-Baselines3 ask, refusals, info, seeds."""

from __future__ import annotations

import random
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common import env_checker as sb3

import polyfolio.envs as envs
from polyfolio.core.codes import Act, Space
from polyfolio.envs.single import IntradayRLEnv, MultiTickerRLEnvironment
from polyfolio.errors import ConfigError, DataError
from tests.envs.worlds import FEE, KINDS, ONE, SPACES, TAPE, config, drawn, episode, one, play

DRAWS = {"length": 12, "start": "random", "randomise": {"costs": [0.5, 2.0], "capital": [0.5, 2.0], "positions": 0.5}}
SEEN = {"market": True, "technical": ["rsi"], "risk": True, "time": True, "episode": True}


def checked(env: gymnasium.Env) -> None:
    """Both checkers, whose warnings count."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
        sb3.check_env(env)


@pytest.mark.pitfall("VER-01")
@pytest.mark.parametrize("short", (False, True))
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_checkers_pass_for_every_action(kind: str, space: str, short: bool) -> None:
    lane = {"sizing": {"allow_short": short}}
    checked(one(config(lane, action={"kind": kind, "space": space, "flat": short}, episode=DRAWS), info="off"))


@pytest.mark.pitfall("VER-01")
@pytest.mark.parametrize("window", (1, 3))
@pytest.mark.parametrize("layout", ("flat", "dict", "matrix"))
def test_the_checkers_pass_for_every_layout(layout: str, window: int) -> None:
    env = one(config(observation={**SEEN, "layout": layout, "window": window}, episode=DRAWS), info="off")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Rows of a matrix are not the picture that Stable-Baselines3 takes anything of two or three axes for.
        warnings.filterwarnings("ignore", message=".*(unconventional shape|is an image|image spaces|for an image)")
        check_env(env, skip_render_check=True)
        sb3.check_env(env)


@pytest.mark.parametrize("info", ("off", "summary", "full"))
def test_what_is_said_changes_nothing_that_happens(info: str) -> None:
    said, quiet = episode(config(episode=DRAWS), info=info), episode(config(episode=DRAWS), info="off")
    assert said.rewards == quiet.rewards
    assert np.array_equal(said.observations, quiet.observations)
    assert quiet.infos == [{}] * 13


@pytest.mark.pitfall("VER-01")
def test_a_made_environment_renders_as_the_checker_asks() -> None:
    env = gymnasium.make("polyfolio/Intraday-v0", config=config(), tape=ONE, render_mode="ansi")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The checker prefers the environment without Gymnasium's wrappers, of which there are none.
        check_env(env.unwrapped)
    assert "equity" in env.render()


# Refusals


def world_bytes(env: MultiTickerRLEnvironment) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in env.state().items()}


BOX_WRONG = [
    np.array([np.nan, 0, 0, 0]),
    np.array([np.inf, 0, 0, 0]),
    np.array([0, 0, 0, -np.inf], np.float32),
    np.zeros(3),
    np.zeros(5),
    np.zeros((4, 1)),
    np.zeros((1, 4)),
    0.5,
    None,
    "buy",
    np.array(["a"] * 4),
    np.array([None] * 4),
    np.zeros(4, np.complex128),
    {"a": 1},
]
CHOICE_WRONG = [-1, 5, 1.5, np.nan, np.inf, np.array([1, 2]), np.array([[1]]), None, "1", 2**60]


@pytest.mark.parametrize("action", BOX_WRONG, ids=repr)
def test_numbers_that_are_no_action_are_refused_and_change_nothing(action: Any) -> None:
    env = one()
    env.reset(seed=0)
    env.step(np.ones(4))
    before = world_bytes(env)
    with pytest.raises(DataError, match="action"):
        env.step(action)
    assert world_bytes(env) == before
    assert env.step(np.ones(4))[4]["row"] == 2


@pytest.mark.parametrize("action", CHOICE_WRONG, ids=repr)
def test_choices_that_do_not_exist_are_refused_and_change_nothing(action: Any) -> None:
    env = one(config(action={"space": "discrete"}))
    env.reset(seed=0)
    before = world_bytes(env)
    with pytest.raises(DataError, match="action"):
        env.step(action)
    assert world_bytes(env) == before
    assert env.step(np.int64(4))[4]["row"] == env.step(np.array([2]))[4]["row"] - 1 == 1


@pytest.mark.parametrize("action", ([3, 0, 0], [0, 0, -1], [0, 0.5, 0], [0, 0], [np.nan, 0, 0]), ids=repr)
def test_choices_of_several_numbers_are_refused_likewise(action: Any) -> None:
    env = one(config(action={"kind": "signals", "space": "multi_discrete"}))
    env.reset(seed=0)
    before = world_bytes(env)
    with pytest.raises(DataError, match="action"):
        env.step(np.array(action))
    assert world_bytes(env) == before
    assert env.step([2, 1, 0])[4]["row"] == 1


def test_a_number_beyond_the_box_is_cut_to_it() -> None:
    env, other = one(), one()
    env.reset(seed=0)
    other.reset(seed=0)
    assert env.step([5.0, -3.0, 0.0, 0.0])[1] == other.step([1.0, -1.0, 0.0, 0.0])[1]


def test_no_step_before_reset_and_none_after_the_end() -> None:
    env = one(config(episode={"length": 2}))
    with pytest.raises(ConfigError, match="reset"):
        env.step(np.zeros(4))
    env.reset(seed=0)
    env.step(np.zeros(4))
    assert env.step(np.zeros(4))[3]
    before = world_bytes(env)
    with pytest.raises(ConfigError, match="reset"):
        env.step(np.zeros(4))
    assert world_bytes(env) == before
    env.reset()
    assert env.step(np.zeros(4))[4]["row"] == 1


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"seed": -1}, ConfigError, "seed"),
        ({"seed": 1.5}, ConfigError, "seed"),
        ({"seed": True}, ConfigError, "seed"),
        ({"seed": 2**62}, ConfigError, "seed"),
        ({"options": {"rows": 3}}, ConfigError, "rows.*one of row"),
        ({"options": {"row": "3"}}, ConfigError, "rows"),
        ({"options": {"row": 3.0}}, ConfigError, "rows"),
        ({"options": {"row": [3, 4]}}, ConfigError, "rows"),
        ({"options": {"row": -1}}, DataError, "rows"),
        ({"options": {"row": 159}}, DataError, "rows.*158"),
    ],
)
def test_resets_that_cannot_be_are_refused_and_change_nothing(keywords: Any, error: Any, match: str) -> None:
    env = one()
    env.reset(seed=3)
    before = world_bytes(env)
    with pytest.raises(error, match=match):
        env.reset(**keywords)
    assert world_bytes(env) == before
    assert env.np_random_seed == 3


@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"split": "tests"}, "split"),
        ({"info": "some"}, "info"),
        ({"render_mode": "human"}, "render_mode"),
        ({"keys": {**config(), "lanes": [{"name": "a"}, {"name": "b"}]}}, "multi_agent"),
    ],
)
def test_environments_that_cannot_be_made_say_why(keywords: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        one(**keywords)


def test_the_environment_of_one_ticker_refuses_several() -> None:
    assert IntradayRLEnv(config(), tape=ONE).tickers == ("S0",)
    with pytest.raises(ConfigError, match="one symbol"):
        IntradayRLEnv(config(), tape=TAPE)
    with pytest.raises(ConfigError, match="one symbol"):
        gymnasium.make_vec("polyfolio/Intraday-v0", num_envs=2, config=config(), tape=TAPE)


@pytest.mark.pitfall("VER-03")
@pytest.mark.parametrize(("name", "tickers"), [("polyfolio/MultiTicker-v0", 6), ("polyfolio/Intraday-v0", 1)])
def test_gymnasium_makes_them_by_their_ids(name: str, tickers: int) -> None:
    assert envs.register_ids() is None  # a second time registers nothing twice
    env = gymnasium.make(name)
    assert env.reset(seed=0)[0].shape == env.observation_space.shape
    assert len(env.unwrapped.tickers) == tickers
    copies = gymnasium.make_vec(name, num_envs=3)
    assert copies.reset(seed=0)[0].shape == (3, *env.observation_space.shape)
    assert copies.single_action_space == env.action_space
    assert copies.metadata["autoreset_mode"].name == "SAME_STEP"


# Seeds


@pytest.mark.pitfall("REP-01")
def test_the_same_seed_plays_the_same_and_another_does_not() -> None:
    first, again, other = (episode(config(episode=DRAWS), seed=seed, info="full") for seed in (4, 4, 5))
    assert first.bytes == again.bytes
    actions = drawn(one().action_space, 12, seed=4)
    assert play(one(config(episode=DRAWS)), actions, seed=5).rewards != first.rewards
    assert other.bytes != first.bytes


@pytest.mark.pitfall("LAH-03", "REP-01")
def test_a_seed_gives_the_same_first_observation_after_any_history() -> None:
    keys = config(observation={**SEEN, "window": 3}, episode=DRAWS)
    fresh, worn = one(keys, info="full"), one(keys, info="full")
    play(worn, drawn(worn.action_space, 30), seed=1)
    play(worn, drawn(worn.action_space, 3), seed=None)
    for seed in (0, 7):
        expected, observed = fresh.reset(seed=seed), worn.reset(seed=seed)
        assert expected[0].tobytes() == observed[0].tobytes()
        assert repr(expected[1]) == repr(observed[1])
        actions = drawn(fresh.action_space, 30, seed)
        assert play(fresh, actions, seed).bytes == play(worn, actions, seed).bytes


@pytest.mark.pitfall("REP-01")
def test_episodes_after_a_seed_are_counted_and_differ() -> None:
    env, again = one(config(episode=DRAWS)), one(config(episode=DRAWS))
    starts = [env.reset(seed=9 if first else None)[1]["row"] for first in (True, *[False] * 9)]
    assert len(set(starts)) > 5
    assert starts == [again.reset(seed=9 if first else None)[1]["row"] for first in (True, *[False] * 9)]


@pytest.mark.pitfall("REP-01", "REP-02")
def test_global_random_numbers_stay_untouched() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the state in question
    before = random.getstate(), np.random.get_state()[1].tobytes()  # noqa: NPY002
    episode(config(episode=DRAWS), seed=6)
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == before  # noqa: NPY002


def test_the_state_goes_on_byte_for_byte() -> None:
    keys = config(observation={**SEEN, "window": 2}, reward={"type": "sharpe"}, episode=DRAWS)
    env, other = one(keys, info="full"), one(keys, info="full")
    env.reset(seed=2)
    actions = drawn(env.action_space, 40)
    for action in actions[:5]:
        env.step(action)
    kept = env.state()
    other.set_state(kept)
    for action in actions[5:12]:
        one_way, other_way = env.step(action), other.step(action)
        assert one_way[0].tobytes() == other_way[0].tobytes()
        assert repr(one_way[1:]) == repr(other_way[1:])
    assert one_way[3]
    assert env.reset()[0].tobytes() == other.reset()[0].tobytes()
    with pytest.raises(DataError, match="state"):
        other.set_state({name: array for name, array in kept.items() if name != "running"})


# Info


def test_info_says_what_was_asked_what_is_wanted_and_why() -> None:
    lane = {"limits": {"max_position": 0.3}, "execution": FEE}
    env = one(config(lane, action={"simplex": "raw", "cash": False}), info="full")
    first = env.reset(seed=0)[1]
    assert first["asked"].tolist() == first["projected"].tolist() == first["weights"].tolist() == [0.0, 0.0, 0.0]
    assert (first["row"], first["time"]) == (0, TAPE.times[0].astype("datetime64[ns]"))
    assert (first["reasons"], first["limits"], first["ended"]) == ([], [], "")
    info = env.step([0.5, 0.25, 0.0])[4]
    assert info["asked"].tolist() == [0.5, 0.25, 0.0]
    assert info["projected"].tolist() == [0.3, 0.25, 0.0]
    cut = {
        "symbol": "S0",
        "event": "cut",
        "stage": "cap_position",
        "reason": "max_position",
        "before": 0.5,
        "after": 0.3,
    }
    assert cut in info["reasons"]
    limits = {limit["limit"]: limit for limit in info["limits"]}
    # What will be held is a little less than was wanted: the orders are paid for.
    assert limits["max_position"]["value"] == pytest.approx(0.3, rel=2e-3)
    assert (limits["max_position"]["bound"], limits["max_position"]["grade"]) == (0.3, "slack")
    assert info["costs"]["commission"] == pytest.approx(0.002 * info["turnover"] * first["equity"], rel=1e-12)
    assert info["turnover"] == pytest.approx(0.55, rel=0.02)


def test_signals_are_told_as_words() -> None:
    lane = {"sizing": {"method": "equal_weight"}}
    env = one(config(lane, action={"kind": "signals", "space": "multi_discrete", "flat": True}))
    env.reset(seed=0)
    assert env.step([2, 2, 2])[4]["asked"].tolist() == [1.0, 1.0, 1.0]
    info = env.step([0, 1, 3])[4]
    assert info["asked"].tolist() == [-1.0, 0.0, 2.0]
    held = env.core.arena.held[0]
    assert info["projected"][1] == pytest.approx(1 / 3, rel=0.1)  # kept: what was held at the decision
    assert (held[0], held[2]) == (0.0, 0.0)
    assert held[1] > 0.3


def test_a_change_of_nothing_asks_for_what_is_held() -> None:
    env = one(config(action={"kind": "changes"}))
    env.reset(seed=0)
    held = env.step([1.0, 0.5, 0.0])[4]["weights"]
    info = env.step([0.0, 0.0, 0.0])[4]
    assert info["asked"].tolist() == info["projected"].tolist() == held.tolist()
    assert info["turnover"] == 0.0


def test_a_rebalancing_rule_holds_an_action_back_and_says_so() -> None:
    env = one(config({"rebalance": {"every": 3}}), info="full")
    played = play(env, [np.array([1.0, -1.0, -1.0, -1.0])] * 6)
    held = [any(reason["reason"] == "not_rebalance_bar" for reason in info["reasons"]) for info in played.infos[1:]]
    assert held == [info["turnover"] == 0.0 for info in played.infos[1:]]
    assert 0 < sum(held) < 6


def test_what_was_given_away_is_not_written_to_again() -> None:
    env = one(config(observation={"layout": "matrix", "market": True}), info="full")
    played = play(env, drawn(env.action_space, 5))
    kept = [observed.copy() for observed in played.observations], repr(played.infos)
    play(env, drawn(env.action_space, 20, seed=3))
    assert all(np.array_equal(*pair) for pair in zip(kept[0], played.observations, strict=True))
    assert repr(played.infos) == kept[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("space", SPACES)
def test_the_space_is_what_the_action_means(kind: str, space: str) -> None:
    env = one(config(action={"kind": kind, "space": space, "levels": 7}))
    numbers = 4 if kind == "weights" else 3
    if space == "box":
        assert env.action_space == gymnasium.spaces.Box(-1.0, 1.0, (numbers,), np.float32)
        assert env.action_names == ("S0", "S1", "S2", "cash")[:numbers]
    elif space == "discrete":
        assert env.action_space.n == {"weights": 5, "changes": 7, "signals": 9}[kind]
        assert env.action_names == ("choice",)
    else:
        assert env.action_space.nvec.tolist() == [3 if kind == "signals" else 7] * numbers
    agent = env.core.agents[0]
    assert (Act(agent["kind"]).name.lower(), Space(agent["space"]).name.lower()) == (kind, space)
