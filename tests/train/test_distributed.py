"""RLlib: what the section becomes, what is kept, what acts; trainings of several agents; workers that die."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from polyfolio.envs.multi_agent import MultiAgentTradingEnv
from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.policy.graph import graph
from polyfolio.policy.network import numbers_of
from polyfolio.policy.sealed import chosen, load
from polyfolio.policy.session import Session
from polyfolio.rules.load import load as load_spec
from polyfolio.rules.training import TrainingSection
from polyfolio.train import ray_library, rllib_model
from polyfolio.train.cluster import cluster
from polyfolio.train.distributed import train_rllib
from polyfolio.train.ray_search import search_ray
from polyfolio.train.rllib_config import config_of
from polyfolio.train.rllib_model import RLlibModel, load_weights, network_of
from polyfolio.train.trees import put_together, taken_apart
from tests.features.tapes import random_tape

TAPE = random_tape(rows=260, slots=2, seed=5)
BOX = gymnasium.spaces.Box(-2.0, 1.0, (2,), np.float32)
SPACES = [BOX, gymnasium.spaces.Discrete(3), gymnasium.spaces.MultiDiscrete([3, 2])]
SMALL = {
    "envs": 2,
    "workers": 0,
    "network": {"layers": [8]},
    "ppo": {"rollout": 32, "batch": 32, "epochs": 1},
    "a2c": {"rollout": 32},
    "sac": {"learning_starts": 20, "batch": 16, "train_every": 8, "buffer": 500},
}


def section(**changes: Any) -> TrainingSection:
    return TrainingSection.model_validate({**SMALL, **changes})


def run(folder: Path, *, lanes: list[dict[str, Any]] | None = None, **training: Any) -> dict[str, Any]:
    """Agents in episodes of ten decisions, and how they learn."""
    environment = {
        "observation": {"time": False, "technical": None, "normalise": {"method": "none"}},
        "episode": {"length": 10, "start": "random"},
    }
    base = {"name": "five", "defaults": {"risk": {"warmup": "pass"}}}
    base |= {"lanes": lanes} if lanes else {}
    return {
        **base,
        "environment": environment if lanes else {**environment, "profiles": {}},
        "training": {
            **SMALL,
            "steps": 192,
            "folder": str(folder),
            "tracking": {"mlflow": None},
            "validation": {"every": 64},
            "checkpoints": {"every": 64, "keep": 2},
            **({} if lanes and len(lanes) == 1 else {"agents": {}}),
            **training,
        },
    }


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A cluster of this machine, with a home of its own."""
    # Compiled kernels stay where they are: other processes would compile them again for a minute.
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    with cluster(None, 2) as found:
        yield found


class Guess(gymnasium.Env[Any, Any]):
    """Pays for an action near the first number seen; ten steps."""

    def __init__(self, space: Any, breaks: bool = False) -> None:
        self.observation_space, self.action_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32), space
        self.breaks = breaks

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.left = 10
        return self._look(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.breaks:
            raise DataError("tape", "cut off", "whole", "Read it again.")
        self.left -= 1
        reward = -float(np.square(np.ravel(action) - self.seen[0]).sum())
        return self._look(), reward, False, self.left == 0, {}

    def _look(self) -> Any:
        self.seen = self.np_random.uniform(-1, 1, 3).astype(np.float32)
        return self.seen


def learner(space: Any, breaks: bool = False, done: int = 0, **changes: Any) -> RLlibModel:
    def create(context: Any) -> Any:
        make = [lambda: Guess(space, breaks)] * context["num_envs"]
        return gymnasium.vector.SyncVectorEnv(make, autoreset_mode=gymnasium.vector.AutoresetMode.NEXT_STEP)

    ray_library.rllib().registry.register_env("guess", create)
    numbers, settings = {"default_policy": numbers_of(space)}, section(**changes)
    return RLlibModel(config_of(settings, "guess", 3, done, numbers, None), settings, numbers, None, done)


def test_a_state_taken_apart_is_put_together_as_it_was() -> None:
    state = {
        "weights": {0: np.arange(6.0).reshape(2, 3), "one": np.float32(0.5)},
        "list": [1, "two", None, True, (3.5, np.array([], np.int64))],
        "never": math.inf,
        "empty": {},
    }
    arrays, facts = taken_apart(state)
    found = put_together(arrays, json.loads(json.dumps(facts, allow_nan=False)))
    assert repr(found) == repr(state)
    assert not np.shares_memory(found["weights"][0], arrays["0"])
    with pytest.raises(DataError, match=r"state\.a\[1\]"):
        taken_apart({"a": [1, object()]})


def test_ppo_is_told_what_the_section_says() -> None:
    own = section(gamma=0.9, ppo={"learning_rate": 1e-3, "clip": 0.1, "entropy": 0.01, "rollout": 16, "batch": 8})
    config = config_of(own, "x", 7, 0, {"p": numbers_of(BOX)}, None)
    assert (config.lr, config.gamma, config.clip_param, config.entropy_coeff) == (1e-3, 0.9, 0.1, 0.01)
    assert (config.train_batch_size_per_learner, config.minibatch_size, config.num_epochs) == (32, 8, 10)
    assert (config.vf_clip_param, config.use_kl_loss, config.seed) == (math.inf, False, 7)
    assert (config.normalize_actions, config.clip_actions) == (False, True)


def test_a2c_is_one_pass_over_everything_without_clipping_or_divergence() -> None:
    config = config_of(section(algorithm="a2c"), "x", 0, 0, {"p": numbers_of(BOX)}, None)
    assert (config.num_epochs, config.minibatch_size, config.clip_param) == (1, None, math.inf)
    assert (config.use_kl_loss, config.train_batch_size_per_learner) == (False, 64)


def test_sac_updates_as_often_as_the_section_says() -> None:
    own = section(algorithm="sac", sac={"train_every": 4, "updates": 2, "batch": 16, "entropy": 0.2})
    config = config_of(own, "x", 0, 0, {"p": numbers_of(BOX)}, None)
    # 2 updates of 16 rows for 4 steps of 2 environments.
    assert config.training_intensity == 2 * 16 / (4 * 2)
    assert (config.alpha_lr, config.initial_alpha, config.normalize_actions) == (0.0, 0.2, True)


def test_a_falling_rate_goes_on_falling_after_a_checkpoint() -> None:
    own = section(steps=1000, schedule="linear", ppo={**SMALL["ppo"], "learning_rate": 1e-3})
    config = config_of(own, "x", 0, 750, {"p": numbers_of(BOX)}, None)
    assert config.lr == [[0, 1e-3 * 0.25], [250, 0.0]]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"network": {"layers": [8], "critic": [16]}}, "training.network.critic"),
        ({"ppo": {**SMALL["ppo"], "target_kl": 0.1}}, "training.ppo.target_kl"),
        ({"algorithm": "a2c", "a2c": {"normalise_advantage": False}}, "training.a2c.normalise_advantage"),
        ({"workers": 2, "envs": 3, "ppo": {"rollout": 32, "batch": 96}}, "training.envs"),
    ],
)
def test_what_rllib_cannot_do_is_refused(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        config_of(section(**changes), "x", 0, 0, {"p": numbers_of(BOX)}, None)


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
@pytest.mark.parametrize(
    ("algorithm", "space"), [*(("ppo", space) for space in SPACES), ("a2c", BOX), ("sac", BOX)], ids=str
)
def test_the_layers_act_as_rllib_acts_without_noise(algorithm: str, space: Any, activation: str) -> None:
    torch.manual_seed(1)
    own = section(algorithm=algorithm, network={"layers": [8, 5], "activation": activation})
    config = config_of(own, "x", 0, 0, {"p": numbers_of(space)}, None)
    seen = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    module = config.get_default_rl_module_spec()
    module.observation_space, module.action_space = seen, space
    module.model_config = config.model_config
    network = module.build()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    rows = np.random.default_rng(0).uniform(-1, 1, (20, 3)).astype(np.float32)
    with torch.no_grad():
        out = network.forward_inference({"obs": torch.from_numpy(rows)})["action_dist_inputs"]
        kind = network.get_inference_action_dist_cls()
        expected = np.asarray(kind.from_logits(out).to_deterministic().sample())
    numbers = numbers_of(space)
    acting = Session(graph(network_of(weights, own, numbers), 3))
    found = chosen(acting.run(rows), numbers.choices, numbers.single)
    if numbers.choices:
        assert np.array_equal(found, expected)
        return
    if algorithm == "sac":
        # RLlib leaves the tanh out of the action without noise; the actions it learned by are squashed.
        expected = space.low + (np.tanh(expected) + 1) * (space.high - space.low) / 2
    assert found == pytest.approx(np.clip(expected, space.low, space.high), abs=1e-5)


def test_weights_are_read_from_a_file_of_weights_alone(tmp_path: Path) -> None:
    wrong = tmp_path / "model.zip"
    wrong.write_bytes(b"no weights")
    with pytest.raises(DataError, match="weights as they were written"):
        load_weights(wrong)


def test_several_agents_train_stop_and_go_on(ray: Any, tmp_path: Path) -> None:
    config = run(tmp_path)
    (first,) = train_rllib(config, TAPE)
    assert (first.steps, first.ended) == (192, "steps")
    policies = sorted(path.name for path in (first.folder / "policies").iterdir())
    assert policies == [f"{lane.name}.policy" for lane in sorted(load_spec(config).lanes, key=lambda one: one.name)]
    kept = sorted(int(path.name) for path in (first.folder / "checkpoints").iterdir())
    assert kept == [128, 192]
    longer = {**config, "training": {**config["training"], "steps": 320}}
    notes: list[str] = []
    (second,) = train_rllib(longer, TAPE, resume=True, note=notes.append)
    assert (second.steps, second.ended) == (320, "steps")
    assert any("192" in note for note in notes)
    lines = (first.folder / "progress.csv").read_text().splitlines()
    steps = [int(line.split(",")[0]) for line in lines[1:]]
    assert steps == sorted(set(steps))
    assert steps[-1] == 320
    with pytest.raises(DataError, match="without a training"):
        train_rllib(config, TAPE)
    # What is sealed acts in the environment of its lane.
    sealed = load(first.folder / "policies" / "aggressive_1.policy")
    env = MultiAgentTradingEnv(load_spec(config), tape=TAPE, state=sealed.state)
    observed, _ = env.reset(seed=0)
    action = sealed.act(observed["aggressive_1"][None])[0]
    assert env.action_space("aggressive_1").contains(action)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "sac"])
@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_learner_kept_and_restored_is_the_same(ray: Any, algorithm: str, space: Any) -> None:
    if algorithm == "sac" and space is not BOX:
        pytest.skip("sac learns boxes alone")
    first = learner(space, algorithm=algorithm, network={"layers": [8], "deviation": 0.5})
    if algorithm != "sac":
        first.widen(0.5)
    while first.num_timesteps < 200:
        reward, length = first.collect()
    assert math.isfinite(reward)
    assert 9.0 <= length <= 11.0
    rows = np.random.default_rng(0).uniform(-1, 1, (5, 3)).astype(np.float32)
    arrays, facts = first.state()
    second = learner(space, algorithm=algorithm, done=first.num_timesteps)
    second.restore(arrays, json.loads(json.dumps(facts)))
    again = second.state()
    assert again[1] == facts
    assert all(np.array_equal(arrays[name], again[0][name]) for name in arrays)
    assert np.array_equal(first.predict(rows)[0], second.predict(rows)[0])
    before = second.num_timesteps
    second.collect()
    assert second.num_timesteps > before
    first.close()
    second.close()


@pytest.mark.slow
def test_the_deviation_starts_where_the_section_says(ray: Any) -> None:
    model = learner(BOX)
    model.widen(0.25)
    weights = model._learner()["rl_module"]["default_policy"]
    assert weights["pi.log_std"] == pytest.approx(np.log([0.25, 0.25]))
    model.close()


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_what_was_learned_is_kept(ray: Any) -> None:
    model = learner(BOX, workers=1)
    model.collect()
    steps, weights = model.num_timesteps, model.networks()["default_policy"].layers[0].weight.copy()
    group = model.algorithm.env_runner_group
    for actor in group._worker_manager._actors.values():
        ray.kill(actor, no_restart=False)
    assert np.array_equal(model.networks()["default_policy"].layers[0].weight, weights)
    model.collect()
    assert model.num_timesteps > steps
    model.close()


@pytest.mark.slow
def test_an_error_of_the_environment_is_raised_as_it_is(ray: Any) -> None:
    model = learner(BOX, breaks=True)
    with pytest.raises(DataError, match="cut off"):
        model.collect()


def test_processes_that_cannot_make_the_environment_are_told_and_no_riddle() -> None:
    """RLlib raises IndexError where the first process that collects died while it was made."""

    def build() -> Any:
        return list[Any]()[0]

    with pytest.raises(RetryError, match=r"training\.workers: got 2.*workers: 0"):
        rllib_model.built(SimpleNamespace(build_algo=build, num_env_runners=2))
    with pytest.raises(IndexError):
        rllib_model.built(SimpleNamespace(build_algo=build, num_env_runners=0))


@pytest.mark.slow
def test_processes_that_fail_again_and_again_end_the_training(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rllib_model, "WAIT", 5.0)
    model = learner(BOX, breaks=True, workers=1)
    with pytest.raises(RetryError, match=r"workers: 0.*--resume"):
        model.collect()
    model.close()


@pytest.mark.slow
def test_one_agent_is_collected_for_by_other_processes(ray: Any, tmp_path: Path) -> None:
    config = run(tmp_path, lanes=[{"name": "agent"}], workers=1)
    (done,) = train_rllib(config, TAPE)
    assert done.policy is not None
    assert load(done.policy).manifest.validation == done.best


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["a2c", "sac"])
def test_several_agents_learn_by_every_algorithm(ray: Any, tmp_path: Path, algorithm: str) -> None:
    lanes = [{"name": "one"}, {"name": "two"}]
    (done,) = train_rllib(run(tmp_path, lanes=lanes, algorithm=algorithm, agents={"policies": {"one": "two"}}), TAPE)
    assert done.best is not None
    weights = load_weights(done.folder / "best" / "model.zip")
    assert set(weights) == {"two"}


@pytest.mark.slow
def test_a_search_tries_values_on_the_cluster(ray: Any, tmp_path: Path) -> None:
    space = {"training.ppo.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "training.gamma": [0.9, 0.99]}
    config = run(tmp_path, lanes=[{"name": "agent"}], steps=64, search={"trials": 2, "space": space})
    found = search_ray(config, TAPE, at_once=1)
    assert found.trials == 2
    assert set(found.parameters) == set(space)
    assert load_spec(found.configuration).training.gamma in (0.9, 0.99)
    tried = json.loads((found.folder / "search.json").read_text())
    assert found.score == max(one["score"] for one in tried)


def test_a_search_over_a_key_nobody_knows_is_refused(tmp_path: Path) -> None:
    search = {"trials": 1, "space": {"training.ppo.learning_rat": [1e-3]}}
    with pytest.raises(ConfigError, match="learning_rate"):
        search_ray(run(tmp_path, lanes=[{"name": "agent"}], search=search), TAPE)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_that_does_not_answer_is_named(address: str) -> None:
    with pytest.raises(RetryError, match=rf"{address}.*ray start --head"), cluster(address):
        pytest.fail("nobody is there")
