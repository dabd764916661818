"""How good a policy is while it learns: the same episodes of the validation rows each time, acted without noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from polyfolio.report.metrics import Convention, metrics_from_equity

# Growth below it counts as it: the logarithm of a ruined account stays a number that can be compared and stored.
LEAST_GROWTH = 1e-12
NUMBERS = ("reward", "log_return", "sharpe", "drawdown", "equity", "length")


class Validation:
    """Walks a policy through episodes and says what came of them.

    Args:
        env: a vector environment, one environment per episode, that resets in the step after an end.
        convention: bars a year of the tape.
        metric: the number a policy is chosen by: reward, log_return or sharpe.
        seed: of the episodes; each evaluation meets the same ones.
    """

    def __init__(self, env: Any, convention: Convention, metric: str, seed: int) -> None:
        self.env, self.convention, self.metric, self.seed = env, convention, metric, seed

    def __call__(self, model: Any) -> dict[str, float]:
        """Means over the episodes; `score` is the metric's, 0 for a Sharpe ratio of an account that never moved.

        `reward` is an episode's sum, `equity` its last value, `drawdown` its largest (0 or negative).
        """
        episodes = [_measured(*episode, self.convention) for episode in walk(self.env, model, self.seed)]
        means = {name: float(np.mean([numbers[name] for numbers in episodes])) for name in NUMBERS}
        return {**means, "score": means[self.metric]}


def walk(env: Any, model: Any, seed: int) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """(sum of rewards, equity at each close, stamps) of one episode of each environment."""
    observed, info = env.reset(seed=seed)
    worth, stamps = [np.array(info["equity"])], [stamps_of(env, info)]
    rewards = np.zeros(env.num_envs)
    lengths = np.zeros(env.num_envs, np.int64)
    running = np.ones(env.num_envs, bool)
    while running.any():
        actions, _ = model.predict(observed, deterministic=True)
        observed, paid, terminated, truncated, info = env.step(actions)
        rewards[running] += np.asarray(paid)[running]
        lengths[running] += 1
        running &= ~(np.asarray(terminated) | np.asarray(truncated))
        worth.append(np.array(info["equity"]))
        stamps.append(stamps_of(env, info))
    path, times = np.stack(worth), np.stack(stamps)
    for index, length in enumerate(lengths):
        yield float(rewards[index]), path[: length + 1, index], times[: length + 1, index]


def stamps_of(env: Any, info: Mapping[str, Any]) -> np.ndarray:
    """Times of the closes that are shown, one per environment; the trading environments say rows of their tape."""
    return np.array(info["time"]) if "time" in info else np.array(env.core.times(info["row"]))


def _measured(reward: float, path: np.ndarray, times: np.ndarray, convention: Convention) -> Mapping[str, float]:
    found = metrics_from_equity(path, times.astype("datetime64[ns]").astype(np.int64), convention)
    growth = 1.0 + _or(found["total_return"], -1.0)
    return {
        "reward": reward,
        "log_return": math.log(max(growth, LEAST_GROWTH)),
        "sharpe": _or(found["sharpe"], 0.0),
        "drawdown": _or(found["max_drawdown"], 0.0),
        "equity": float(path[-1]),
        "length": float(path.size - 1),
    }


def _or(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value
