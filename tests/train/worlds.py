"""A small world to learn in: follow the first number you see. It stands in for the trading environments, compiled code
left out, and answers as they do."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from polyfolio.envs.adapters.sb3 import SB3VecEnv
from polyfolio.market.frame import tape_from_arrays
from polyfolio.report.metrics import Convention
from polyfolio.rules.load import load
from polyfolio.rules.training import TrainingSection
from polyfolio.train.validation import Validation
from polyfolio.train.worlds import World

WIDTH = 3
DAY = np.timedelta64(1, "D")
SMALL = {
    "steps": 256,
    "envs": 2,
    "network": {"layers": [8]},
    "ppo": {"rollout": 16, "batch": 16, "epochs": 2, "learning_rate": 1e-2},
    "a2c": {"rollout": 8},
    "sac": {"batch": 16, "buffer": 96, "learning_starts": 20},
    "validation": {"every": 64, "patience": None},
    "checkpoints": {"every": 96, "keep": 2},
    "tracking": {"mlflow": None},
}


class Follow(gymnasium.vector.VectorEnv):
    """Paid for answering the first number seen; numbers depend on seed, environment and step alone."""

    def __init__(self, num_envs=2, mode=AutoresetMode.SAME_STEP, length=12, space="box"):
        self.num_envs, self.length, self.mode = num_envs, length, mode
        self.metadata = {"autoreset_mode": mode}
        self.single_observation_space = gymnasium.spaces.Box(-1.0, 1.0, (WIDTH,), np.float32)
        spaces = {"box": gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32), "discrete": gymnasium.spaces.Discrete(2)}
        self.single_action_space = spaces[space]
        self.observation_space = gymnasium.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)
        self.seeds = np.arange(num_envs)
        self.age = np.zeros(num_envs, np.int64)  # since the seed was given
        self.done = np.zeros(num_envs, np.int64)  # of the episode
        self.worth = np.full(num_envs, 100.0)

    def seen(self):
        keys = np.stack([self.seeds, self.age], axis=1)
        return np.array([np.random.default_rng(key).uniform(-1, 1, WIDTH) for key in keys], np.float32)

    def said(self):
        times = np.datetime64("2024-01-01", "ns") + self.done * DAY
        return {"equity": self.worth.copy(), "time": times}

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            self.seeds = seed + np.arange(self.num_envs)
        self.age[:], self.done[:], self.worth[:] = 0, 0, 100.0
        return self.seen(), self.said()

    def step(self, actions):
        over = self.done >= self.length  # the step after an end begins anew, in mode NEXT_STEP
        wanted = self.seen()[:, 0]
        given = np.asarray(actions, np.float64).reshape(self.num_envs)
        if isinstance(self.single_action_space, gymnasium.spaces.Discrete):
            given = 2.0 * given - 1.0
        rewards = np.where(over, 0.0, 1.0 - np.abs(given - wanted))
        self.worth *= 1.0 + 0.01 * rewards
        self.age += 1
        self.done = np.where(over, 0, self.done + 1)
        self.worth[over] = 100.0
        ended = self.done >= self.length
        info = self.said()
        if self.mode is AutoresetMode.SAME_STEP and ended.any():
            info |= {"final_obs": self.seen(), "_final_obs": ended.copy(), "final_info": self.said()}
            self.done[ended], self.worth[ended] = 0, 100.0
        return self.seen(), rewards, np.zeros(self.num_envs, bool), ended, info

    def state(self):
        return {name: getattr(self, name).copy() for name in ("seeds", "age", "done", "worth")}

    def set_state(self, state):
        for name, value in state.items():
            getattr(self, name)[:] = value


def section(**changes) -> TrainingSection:
    """A training that takes a moment; a section among the changes is merged."""
    data = {**SMALL}
    for name, value in changes.items():
        data[name] = {**data[name], **value} if isinstance(value, dict) and name in data else value
    return TrainingSection(**data)


def learning(envs=2, **how):
    return SB3VecEnv(Follow(envs, **how))


def validation(metric="reward", **how):
    convention = Convention(periods_per_year=252.0)
    return Validation(Follow(2, AutoresetMode.NEXT_STEP, **how), convention, metric, seed=1)


def tape(rows=20):
    """Rows that the stand-in never looks at: a training names the digest of its tape."""
    times = (np.datetime64("2024-01-01", "ns") + np.arange(rows) * DAY).astype("datetime64[ns]")
    flat = np.full((rows, 1), 100.0)
    fields = dict.fromkeys(("open", "high", "low", "close", "volume"), flat)
    return tape_from_arrays(times.astype(np.int64), ["A"], fields)


def spec(folder, **training):
    """A run of one lane whose training takes a moment."""
    data = {**section(**training).model_dump(mode="json", exclude_unset=True), "folder": str(folder)}
    return load({"name": "follow", "seed": 3, "lanes": [{"name": "one"}], "environment": {}, "training": data})


def opened(run, _tape, seed):
    """The world of a run: the stand-in."""
    own = run.training
    belongs = {"algorithm": own.algorithm, "seed": seed, "layers": list(own.network.layers)}
    judge = validation(own.validation.metric)
    return World(learning(own.envs), judge, belongs, {"mean": [0.0]})
