"""Adapters: Stable-Baselines3 learns over ours what it learns over its own; RLlib hears of ends as they are."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO, SAC
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize

from polyfolio.envs.adapters import rllib, sb3
from polyfolio.envs.adapters.rllib import STRIDE, OwnSeeds, RLlibAgents
from polyfolio.envs.adapters.sb3 import SB3VecEnv
from polyfolio.envs.multi_agent import MultiAgentTradingEnv
from polyfolio.envs.policies import PolicyMap, policy_map
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from tests.envs.test_multi_agent import NAMES, TAPE, make, ruinous, world

ENVS = 3


def one(**environment: Any) -> dict[str, Any]:
    """One agent on the same tape, in short episodes."""
    data = world(episode={"length": 7, "start": "random"}, **environment)
    del data["environment"]["profiles"]
    return {**data, "lanes": [{"name": "agent"}]}


def ours(config: dict[str, Any] | None = None, **options: Any) -> SB3VecEnv:
    return SB3VecEnv(TradingVectorEnv(config or one(), ENVS, tape=TAPE, info="off", copy=False, **options))


def theirs(config: dict[str, Any] | None = None) -> DummyVecEnv:
    return DummyVecEnv([lambda: Monitor(MultiTickerRLEnvironment(config or one(), tape=TAPE))] * ENVS)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)


LEARNERS = [
    (PPO, {"n_steps": 16, "batch_size": 16, "n_epochs": 2}, {}),
    (A2C, {"n_steps": 5}, {"action": {"space": "discrete"}}),
    (PPO, {"n_steps": 16, "batch_size": 16, "n_epochs": 2}, {"observation": {"layout": "dict"}}),
    (PPO, {"n_steps": 16, "batch_size": 16, "n_epochs": 1}, {"observation": {"layout": "matrix"}}),
    (SAC, {"learning_starts": 12, "batch_size": 8}, {}),
]


@pytest.mark.pitfall("VER-01", "REP-04")
@pytest.mark.parametrize(("learner", "settings", "environment"), LEARNERS)
def test_a_learner_learns_the_same_weights_as_over_single_environments(
    learner: Any, settings: dict[str, Any], environment: dict[str, Any]
) -> None:
    weights, episodes = [], []
    for env in (ours(one(**environment)), theirs(one(**environment))):
        policy = "MultiInputPolicy" if environment.get("observation", {}).get("layout") == "dict" else "MlpPolicy"
        model = learner(policy, env, seed=3, policy_kwargs={"net_arch": [8]}, device="cpu", **settings)
        model.learn(96)
        weights.append(torch.cat([part.detach().flatten() for part in model.policy.parameters()]))
        episodes.append([(said["l"], round(said["r"], 6)) for said in model.ep_info_buffer])
    assert torch.equal(*weights)
    assert episodes[0] == episodes[1]
    assert {length for length, _ in episodes[0]} == {7}


@pytest.mark.pitfall("VER-03")
def test_an_ended_episode_gives_its_last_observation_and_the_first_of_the_next() -> None:
    env, plain = ours(), TradingVectorEnv(one(), ENVS, tape=TAPE, autoreset="disabled")
    env.seed(9)
    first, expected = env.reset(), plain.reset(seed=9)[0]
    assert np.array_equal(first, expected)
    for step in range(1, 8):
        actions = np.full((ENVS, 4), 0.1 * step, np.float32)
        observed, rewards, dones, infos = env.step(actions)
        expected, paid, _, truncated, _ = plain.step(actions)
        assert np.array_equal(rewards, paid.astype(np.float32))
        if step < 7:
            assert infos == [{}, {}, {}]
            assert np.array_equal(observed, expected)
    assert dones.all()
    assert truncated.all()
    for index, info in enumerate(infos):
        assert np.array_equal(info["terminal_observation"], expected[index])
        assert info["TimeLimit.truncated"] is True
        assert info["episode"]["l"] == 7
    mask = np.ones(ENVS, bool)
    assert np.array_equal(observed, plain.reset(options={"mask": mask})[0])
    assert env.step(actions)[3] == [{}, {}, {}]


def test_a_ruined_episode_is_no_cut_one() -> None:
    config = ruinous()
    env = SB3VecEnv(TradingVectorEnv({**config, "lanes": config["lanes"][:1]}, 1, tape=TAPE))
    env.reset()
    for step in range(20):
        _, _, dones, infos = env.step(np.roll([[1.0, 0.0, 0.0, 0.0]], step % 2, axis=1))
        if dones[0]:
            break
    assert infos[0]["TimeLimit.truncated"] is False
    assert infos[0]["drawdown"] < -0.01
    assert set(infos[0]["costs"]) == {"commission", "slippage", "impact", "borrow", "funding"}


def test_the_observation_before_a_step_stays_until_after_it() -> None:
    env = ours()
    before = env.reset()
    kept = before.copy()
    after, rewards, *_ = env.step(np.ones((ENVS, 4), np.float32))
    assert np.array_equal(before, kept)
    assert not np.shares_memory(before, after)
    rewards += 1.0
    assert not np.array_equal(rewards, env.env.core.arena.rewards.astype(np.float32))


def test_it_is_a_vec_env_that_monitors_itself() -> None:
    env = ours()
    assert isinstance(env, VecEnv)
    assert isinstance(env, SB3VecEnv)
    assert env.env_is_wrapped(Monitor) == [True] * ENVS
    assert env.env_is_wrapped(gymnasium.Wrapper, [0]) == [False]
    model = A2C("MlpPolicy", env, policy_kwargs={"net_arch": [4]}, device="cpu")
    mean, spread = evaluate_policy(model, env, n_eval_episodes=4)
    assert np.isfinite([mean, spread]).all()
    assert VecNormalize(ours()).reset().shape == (ENVS, *env.observation_space.shape)


def test_attributes_and_methods_are_those_of_the_vector_environment() -> None:
    env = ours()
    assert env.get_attr("feature_names", [0, 2]) == [env.env.feature_names] * 2
    assert env.has_attr("panel")
    assert not env.has_attr("no_such_thing")
    env.set_attr("note", 3)
    assert env.env.note == 3
    env.reset()
    assert len(env.env_method("state")) == ENVS
    with pytest.raises(ConfigError, match="indices"):
        env.env_method("state", indices=[0])
    with pytest.raises(ConfigError, match="indices"):
        env.set_attr("note", 4, indices=1)


def test_a_state_goes_on_byte_for_byte() -> None:
    first, second = ours(), ours()
    first.seed(1)
    first.reset()
    act = np.random.default_rng(0).uniform(-1, 1, (30, ENVS, 4)).astype(np.float32)
    for action in act[:10]:
        first.step(action)
    kept = first.state()
    second.set_state(kept)
    assert np.array_equal(first.observations, second.observations)
    for action in act[10:]:
        one_way, other_way = first.step(action), second.step(action)
        assert all(np.array_equal(a, b) for a, b in zip(one_way[:3], other_way[:3], strict=True))
        assert repr(one_way[3]) == repr(other_way[3])


def test_another_autoreset_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match="same_step"):
        ours(autoreset="next_step")


@pytest.mark.parametrize(
    ("library", "call", "extra"),
    [
        ("stable_baselines3.common", sb3._library, r"polyfolio\[rl\]"),
        ("ray.rllib.env", rllib.library, r"polyfolio\[distributed\]"),
    ],
)
def test_a_missing_library_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, library: str, call: Any, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    call.cache_clear()
    with pytest.raises(ConfigError, match=extra):
        call()
    monkeypatch.undo()
    call.cache_clear()


def fed(env: RLlibAgents, act: Any) -> Any:
    """RLlib's own record of an episode played through the adapter."""
    from ray.rllib.env.multi_agent_episode import MultiAgentEpisode

    spaces = gymnasium.spaces.Dict(env.observation_spaces), gymnasium.spaces.Dict(env.action_spaces)
    episode = MultiAgentEpisode(observation_space=spaces[0], action_space=spaces[1])
    observed, infos = env.reset(seed=0)
    episode.add_env_reset(observations=observed, infos=infos)
    steps = 0
    while not episode.is_done:
        actions = {name: act(steps) for name in episode.get_agents_to_act()}
        observed, rewards, ends, cuts, infos = env.step(actions)
        episode.add_env_step(observed, actions, rewards, infos, terminateds=ends, truncateds=cuts)
        steps += 1
    return episode, steps


def test_rllib_hears_a_cut_as_a_cut() -> None:
    episode, steps = fed(RLlibAgents(make()), lambda _: np.ones(4, np.float32))
    assert steps == 20
    for name in NAMES:
        part = episode.agent_episodes[name]
        # A cut episode is worth what its last observation promises: it must not be taken for an end.
        assert (part.is_truncated, part.is_terminated, len(part)) == (True, False, 20)


def test_rllib_hears_who_left_early_and_that_the_others_were_cut() -> None:
    episode, steps = fed(RLlibAgents(make(ruinous())), lambda step: np.roll([1.0, 0.0, 0.0, 0.0], step % 2))
    strict, free = episode.agent_episodes["strict"], episode.agent_episodes["free"]
    assert (strict.is_terminated, strict.is_truncated) == (True, False)
    assert (free.is_terminated, free.is_truncated) == (False, True)
    assert len(strict) < len(free) == steps == 20


def test_rllib_hears_an_end_of_everybody_as_an_end() -> None:
    config = ruinous()
    lanes = [{**config["lanes"][0], "name": name} for name in ("one", "two")]
    episode, steps = fed(RLlibAgents(make({**config, "lanes": lanes})), lambda step: np.roll([1.0, 0, 0, 0], step % 2))
    assert steps < 20
    assert episode.is_terminated
    assert not episode.is_truncated


def test_an_agent_is_called_by_the_regime_it_starts_in() -> None:
    config = world(observation={"regime": {"name": "trend", "params": {"fast": 5, "slow": 20}}})
    agents = {"policies": {"balanced_1": "own"}, "regimes": {"up": "growth"}}
    config["training"] = {"agents": agents}
    labels = make(config | {"training": None}).regimes
    config["training"]["agents"]["regimes"] = dict.fromkeys(labels[:1], "growth")
    spec = load(
        {**config, "environment": {**config["environment"], "split": {"train": 0.8, "validation": 0.2, "test": 0.0}}}
    )
    mapped = policy_map(spec, labels)
    env = RLlibAgents(MultiAgentTradingEnv(spec, tape=TAPE), mapped)
    assert len(env.possible_agents) == 1 + 4 * len(labels)
    observed, infos = env.reset(seed=0)
    regime = infos["balanced_1"]["regime"]
    assert set(observed) == {"balanced_1", *(f"{name}@{regime}" for name in NAMES if name != "balanced_1")}
    assert mapped.policy("balanced_1") == "own"
    # A regime without a policy of its own falls back to the profile's.
    assert mapped.policy(f"aggressive_1@{labels[0]}") == "growth"
    assert mapped.policy(f"aggressive_1@{labels[1]}") == "aggressive"
    assert set(mapped.policies) == {"own", "growth", "conservative", "balanced", "aggressive"}
    assert set(env.step({name: np.zeros(4) for name in observed})[0]) == set(observed)


def test_lanes_of_one_profile_share_a_policy_by_default() -> None:
    mapped = policy_map(load(world()))
    assert mapped == PolicyMap({name: name[:-2] for name in NAMES})
    assert mapped.policies == ("conservative", "balanced", "aggressive")


def test_a_regime_that_is_never_met_is_refused() -> None:
    config = world(
        observation={"regime": {"name": "trend", "params": {"fast": 5, "slow": 20}}},
        split={"train": 0.8, "validation": 0.2, "test": 0.0},
    )
    spec = load({**config, "training": {"agents": {"regimes": {"bul": "growth"}}}})
    with pytest.raises(ConfigError, match=r"bul.*bull"):
        policy_map(spec, ("bull", "bear"))


@pytest.mark.pitfall("REP-04")
def test_processes_have_seeds_of_their_own() -> None:
    asked: list[int | None] = []

    class Deaf(gymnasium.vector.VectorEnv[Any, Any, Any]):
        num_envs = 4

        def reset(self, *, seed: Any = None, options: Any = None) -> Any:
            asked.append(seed)

    for worker in range(3):
        OwnSeeds(Deaf(), 5).reset(seed=5 + worker)
    OwnSeeds(Deaf(), 5).reset()
    assert asked == [5, 5 + STRIDE, 5 + 2 * STRIDE, None]
    several: list[int | None] = []
    stand = SimpleNamespace(
        possible_agents=["a"],
        agents=["a"],
        observation_space=lambda _: gymnasium.spaces.Discrete(2),
        action_space=lambda _: gymnasium.spaces.Discrete(2),
        reset=lambda seed, options: several.append(seed) or ({"a": 0}, {"a": {}}),
        close=lambda: None,
    )
    for worker in range(2):
        for index in range(2):
            RLlibAgents(stand, worker=worker).reset(seed=5 + worker + index)
    assert len(set(several)) == 4
