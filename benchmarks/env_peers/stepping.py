"""What every script here does around its environment: steps with given actions by the clock, results as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np


def features(closes: Any, count: int) -> Any:
    """Returns over 1, 2, ... bars: float64[bars, assets, count]."""
    out = np.zeros((*closes.shape, count))
    for lag in range(1, count + 1):
        out[lag:, :, lag - 1] = closes[lag:] / closes[:-lag] - 1.0
    return out


def seconds(env: Any, actions: Sequence[Any], repeats: int) -> list[float]:
    """Processor seconds of as many steps as there are actions, each time from a reset."""
    taken = []
    for _ in range(repeats):
        env.reset()
        begun = time.process_time()
        for action in actions:
            if any(env.step(action)[2:4]):
                env.reset()
        taken.append(time.process_time() - begun)
    return taken


def measured(text: str, distribution: str, make: Callable[[Any, int, int], tuple[Any, Sequence[Any]]]) -> str:
    """Run a task.

    Args:
        text: the task as JSON.
        distribution: whose version is reported.
        make: (closes, features, steps) -> environment and actions.
    """
    task = json.loads(text)
    env, actions = make(np.load(task["closes"]), task["features"], task["steps"])
    return json.dumps({"version": version(distribution), "seconds": seconds(env, actions, task["repeats"])})
