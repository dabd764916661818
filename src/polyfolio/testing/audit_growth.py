"""Checks of what grows: time per step within a walk, memory over episodes."""

from __future__ import annotations

import gc
import tracemalloc
from time import perf_counter_ns
from typing import Any

import numpy as np

from polyfolio.testing.audit_play import Trial, begun, close, stepped
from polyfolio.testing.audit_report import Verdict, failed, passed, skipped

WARM = 50  # steps before anything is measured
SHARE = 0.2  # of the steps, at either end
GROWTH = 1.5
ATTEMPTS = 3  # the machine may be busy with others
EPISODES = 12
WARM_EPISODES = 2  # that fill caches
FEW = 4
EPISODE_STEPS = 100
BYTES = 16.0  # per step; an array or dict that is kept is far larger, what the interpreter keeps far smaller


def check_time(trial: Trial) -> Verdict:
    """A late step takes as long as an early one."""
    actions = trial.actions(trial.steps)
    knobs = trial.prices(rows=trial.steps + trial.subject.rows)
    ratios, early = [], 0.0
    for _ in range(ATTEMPTS):
        taken = _durations(trial, actions, knobs)[WARM:]
        block = int(SHARE * taken.size)
        if block < WARM:
            return skipped(f"{trial.steps} steps are too few", steps=trial.steps)
        early, late = (float(np.quantile(part, 0.25)) for part in (taken[:block], taken[-block:]))
        ratios.append(late / early)
        if ratios[-1] <= GROWTH:
            break
    figures = {"growth": min(ratios), "microseconds": early / 1e3, "steps": trial.steps}
    if min(ratios) > GROWTH:
        return failed(f"a step takes {min(ratios):.3g} times as long after {trial.steps} steps", **figures)
    return passed(f"a step takes {min(ratios):.3g} times as long after {trial.steps} steps", **figures)


def _durations(trial: Trial, actions: list[Any], knobs: dict[str, Any]) -> np.ndarray:
    """Nanoseconds of each step; where an episode ends, the next one goes on."""
    env = trial.subject.fresh(**knobs)
    begun(env, trial.seed)
    taken = np.zeros(len(actions))
    for number, action in enumerate(actions):
        start = perf_counter_ns()
        _, _, terminated, truncated, _ = stepped(env, action)
        taken[number] = perf_counter_ns() - start
        if terminated or truncated:
            begun(env, None)
    close(env)
    return taken


def check_memory(trial: Trial) -> Verdict:
    """What an episode took is given back: memory after a reset stays flat."""
    env = trial.subject.fresh(**trial.prices(rows=EPISODE_STEPS + trial.subject.rows))
    actions = trial.actions(EPISODE_STEPS)
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    growths: list[float] = []
    try:
        # Caches fill up and are done; what is kept goes on growing.
        while len(growths) < ATTEMPTS and min(growths, default=BYTES + 1.0) > BYTES:
            growths.append(_growth(env, actions, trial.seed))
    finally:
        if not tracing:
            tracemalloc.stop()
    close(env)
    growth = min(growths)
    if growth > BYTES:
        return failed(f"{growth:.0f} bytes of every step are kept after the reset", **{"bytes a step": growth})
    episodes = EPISODES * len(growths)
    return passed(f"{episodes} episodes leave nothing behind", **{"bytes a step": growth, "episodes": episodes})


def _growth(env: Any, actions: list[Any], seed: int) -> float:
    """Bytes of each step that are still there after later resets.

    The lowest size of a few episodes, later against earlier: data frames come and go by 100 kB between resets.
    """
    sizes, steps = [], 0
    for _ in range(EPISODES):
        steps = _episode(env, actions, seed)
        begun(env, seed)
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
    later, earlier = min(sizes[-FEW:]), min(sizes[WARM_EPISODES : WARM_EPISODES + FEW])
    return (later - earlier) / ((EPISODES - WARM_EPISODES - FEW) * steps)


def _episode(env: Any, actions: list[Any], seed: int) -> int:
    begun(env, seed)
    for number, action in enumerate(actions, 1):
        _, _, terminated, truncated, _ = stepped(env, action)
        if terminated or truncated:
            return number
    return len(actions)
