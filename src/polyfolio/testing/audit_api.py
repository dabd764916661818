"""Checks of an environment's manners: what it returns, what it keeps, what it refuses, what importing it does."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np

from polyfolio.testing.audit_play import FEW, Trial, answered, begun, close, leaves, play, shape_of, stepped
from polyfolio.testing.audit_report import Verdict, failed, passed, skipped
from polyfolio.testing.audit_subject import BrokenEnvError, guarded, gymnasium_module

# Run in a fresh Python: what importing a module changes around it, once the modules that were handed in are there.
SIDE_EFFECTS = """
import importlib, json, logging, random, sys, warnings
import numpy
def state():
    return {"warning filters": [filter[:4] for filter in warnings.filters],
            "handlers of the root logger": len(logging.root.handlers), "level of the root logger": logging.root.level,
            "Python's random state": random.getstate(), "NumPy's random state": numpy.random.get_state()[1].tolist()}
for other in json.loads(sys.stdin.read()):
    try:
        importlib.import_module(other)
    except Exception:
        print("not by itself:", other)
before = state()
importlib.import_module(sys.argv[1])
after = state()
others = [other for other in sys.modules if other.split(".")[0] != sys.argv[1].split(".")[0]]
print(json.dumps({"changed": [name for name in before if before[name] != after[name]], "others": others}))
"""
SLOWEST_IMPORT = 120.0  # seconds


def check_api(trial: Trial) -> Verdict:
    """`reset(seed, options)` gives a pair, `step` five values of their kinds, the reward is a finite number."""
    env = trial.subject.fresh()
    gymnasium = gymnasium_module()
    if not isinstance(env, gymnasium.Env):
        return failed(f"{type(env).__name__} is no gymnasium.Env")
    for name in ("action_space", "observation_space"):
        if not isinstance(getattr(env, name), gymnasium.Space):
            return failed(f"{name} is {shape_of(getattr(env, name))}, no gymnasium.Space")
    guarded("reset(seed, options)", env.reset, seed=trial.seed, options={})
    walk = play(trial.subject, env, trial.actions(FEW), trial.seed)
    close(env)
    wrong = [step for step, reward in enumerate(walk.rewards, 1) if not np.isfinite(reward)]
    if wrong:
        return failed(f"the reward of step {wrong[0]} is {walk.rewards[wrong[0] - 1]}")
    return passed(f"{walk.steps} steps answered as gymnasium.Env says", steps=walk.steps)


def check_spaces(trial: Trial) -> Verdict:
    """Every observation is a member of the observation space, which never changes."""
    env = trial.subject.fresh()
    space = copy.deepcopy(env.observation_space)
    observation, _ = begun(env, trial.seed)
    seen = 0
    for action in [None, *trial.actions(FEW)]:
        if action is not None:
            observation, _, terminated, truncated, _ = stepped(env, action)
            if terminated or truncated:
                break
        wrong = _outside(space, observation)
        if wrong:
            return failed(f"observation of step {seen}: {wrong}")
        seen += 1
    changed = env.observation_space != space
    close(env)
    if changed:
        return failed("observation_space is another one after the walk")
    return passed(f"{seen} observations were members of {type(space).__name__}", observations=seen)


def _outside(space: Any, observation: Any) -> str:
    """Why an observation is no member of a space; empty where it is one."""
    gymnasium = gymnasium_module()
    if isinstance(space, gymnasium.spaces.Box) and not isinstance(observation, np.ndarray):
        return f"a {type(observation).__name__} where the space says {space.dtype} array"
    if isinstance(space, gymnasium.spaces.Box) and observation.dtype != space.dtype:
        return f"{observation.dtype} where the space says {space.dtype}"
    if any(not np.isfinite(leaf).all() for leaf in leaves(observation)):
        return "a number is not finite"
    if not guarded("observation_space.contains", space.contains, observation):
        shape = getattr(observation, "shape", shape_of(observation))
        return f"{shape} is outside {space if len(str(space)) < 80 else type(space).__name__}"
    return ""


def check_kept(trial: Trial) -> Verdict:
    """What an observation said, it still says after further steps; an action that was handed in is left alone."""
    env = trial.subject.fresh()
    observation, _ = begun(env, trial.seed)
    given = [observation]
    said = [copy.deepcopy(observation)]
    for number, action in enumerate(trial.actions(FEW), 1):
        handed = copy.deepcopy(action)
        observation, _, terminated, truncated, _ = answered(env, handed)
        if not _equal(handed, action):
            return failed(f"step {number} changed the action it was given")
        given.append(observation)
        said.append(copy.deepcopy(observation))
        if terminated or truncated:
            break
    close(env)
    for number, (kept, was) in enumerate(zip(given, said, strict=True)):
        if not _equal(kept, was):
            return failed(f"the observation of step {number} was overwritten by a later step")
    return passed(f"{len(given)} observations stayed as they were given", observations=len(given))


def _equal(one: Any, other: Any) -> bool:
    pairs = list(zip(leaves(one), leaves(other), strict=True))
    return all(np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True) for a, b in pairs)


def check_refuses_nan(trial: Trial) -> Verdict:
    """A NaN action is no member of a Box and is refused."""
    env = trial.subject.fresh()
    gymnasium = gymnasium_module()
    space = env.action_space
    if not isinstance(space, gymnasium.spaces.Box) or space.dtype.kind != "f":
        close(env)
        return skipped(f"{type(space).__name__} actions cannot be NaN")
    begun(env, trial.seed)
    try:
        _, reward, *_ = stepped(env, np.full(space.shape, np.nan, space.dtype))
    except BrokenEnvError as error:
        return passed(f"refused: {error.value}"[:160])
    finally:
        close(env)
    return failed(f"it was taken, and paid {reward:.6g}")


def check_import(trial: Trial) -> Verdict:
    """Importing the environment's package leaves warnings, loggers and random states alone."""
    env = trial.subject.fresh()
    module = type(getattr(env, "unwrapped", env)).__module__
    close(env)
    if module == "__main__":
        return skipped("it is defined in no module that could be imported")
    try:
        first = _imported(module, [])
        # What it imports of other packages changes things too: these are there already when it is asked again.
        changed = first["changed"] and _imported(module, first["others"])["changed"]
    except (subprocess.SubprocessError, OSError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
        return skipped(f"{module} cannot be imported by itself: {reason}")
    if changed:
        return failed(f"importing {module} changes {', '.join(changed)}", module=module)
    return passed(f"importing {module} changes nothing around it", module=module)


def _imported(module: str, others: list[str]) -> dict[str, list[str]]:
    """What importing a module changes in a Python of its own, and which modules of other packages are then there."""
    done = subprocess.run(  # noqa: S603 - our own Python, our own lines, the name of a module that is imported already
        [sys.executable, "-c", SIDE_EFFECTS, module],
        input=json.dumps(others),
        capture_output=True,
        text=True,
        timeout=SLOWEST_IMPORT,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    answer: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer
