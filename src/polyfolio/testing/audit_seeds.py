"""Checks of repeatability: seeds, fresh and used environments, the random state of everybody else."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from polyfolio.errors import ConfigError
from polyfolio.testing.audit_play import FEW, Trial, Walk, close, difference, play, seed_all, stepping
from polyfolio.testing.audit_report import Verdict, failed, passed
from polyfolio.testing.audit_subject import MAKER_REMEDY

SEEDS = 6
REPEATS = 5
RESETS = 3  # episodes that follow one seed
EARLIER = 6  # episodes before the one that must not know them


def check_determinism(trial: Trial) -> Verdict:
    """The same seed and actions give the same bits in another environment, alone or beside a third."""
    actions, knobs = trial.actions(FEW), trial.prices()
    first = trial.walk(actions, **knobs)
    # One repetition agrees by luck where few things can be drawn: one of three positions, in a third of all cases.
    for _ in range(REPEATS):
        found = difference(first, trial.walk(actions, **knobs))
        if found:
            return failed(f"two environments, one seed: {found}")
    envs = [trial.subject.fresh(**knobs) for _ in range(2)]
    if envs[0] is envs[1]:
        raise ConfigError("make", "the same environment twice", "a fresh one each time", MAKER_REMEDY)
    walks = [Walk(), Walk()]
    turns = [
        stepping(trial.subject, env, actions[: first.steps], trial.seed + number, walk)
        for number, (env, walk) in enumerate(zip(envs, walks, strict=True))
    ]
    for _ in turns[0]:
        if not (walks[1].flags and any(walks[1].flags[-1])):
            next(turns[1], None)
    for env in envs:
        close(env)
    found = difference(first, walks[0])
    if found:
        return failed(f"stepped in turns with another environment: {found}")
    return passed(f"{first.steps} steps were equal bit by bit", steps=first.steps)


def check_seeds(trial: Trial) -> Verdict:
    """A seed fixes all episodes that follow it, and where anything is drawn, another seed draws another thing."""
    actions, knobs = trial.actions(FEW), trial.prices()
    walks = [trial.walk(actions, seed=trial.seed + number, **knobs) for number in range(SEEDS)]
    kinds = sum(all(difference(walk, other) for other in walks[:place]) for place, walk in enumerate(walks))
    for number, walk in enumerate(walks):
        found = difference(walk, trial.walk(actions, seed=trial.seed + number, **knobs))
        if found:
            return failed(f"seed {trial.seed + number} twice: {found}")
    chains = [_chain(trial, actions) for _ in range(2)]
    for number, pair in enumerate(zip(*chains, strict=True)):
        found = difference(*pair)
        if found:
            return failed(f"episode {number + 1} after seed {trial.seed}, twice: {found}")
    same = sum(not difference(chains[0][0], walk) for walk in chains[0])
    if kinds == 1 and same < RESETS:
        return failed(f"{SEEDS} seeds give one trajectory though episodes differ", trajectories=kinds)
    if kinds == 1:
        return passed("it draws nothing: every seed gives the same trajectory", trajectories=kinds)
    return passed(f"{SEEDS} seeds gave {kinds} trajectories, each twice the same", trajectories=kinds)


def _chain(trial: Trial, actions: list[Any]) -> list[Walk]:
    """The episodes that follow one seed in one environment."""
    env = trial.subject.fresh(**trial.prices())
    walks = [play(trial.subject, env, actions, trial.seed if number == 0 else None) for number in range(RESETS)]
    close(env)
    return walks


def check_history(trial: Trial) -> Verdict:
    """A reset forgets: after other episodes the same seed gives what it gave a fresh environment."""
    actions, knobs = trial.actions(FEW), trial.prices()
    fresh = trial.walk(actions, **knobs)
    env = trial.subject.fresh(**knobs)
    for draw in range(1, EARLIER + 1):
        # Each is left in its middle, as learners do; several, so that drawn starts meet what was written before.
        play(trial.subject, env, trial.actions(FEW, draw), trial.seed + draw)
    # What is drawn from everybody's random state is `global_state`'s question: here it is what it was.
    seed_all(trial.seed)
    found = difference(fresh, play(trial.subject, env, actions, trial.seed))
    close(env)
    if found:
        return failed(f"after other episodes, the same seed: {found}")
    return passed("the same seed gives the same episode before and after others", steps=fresh.steps)


def check_global_state(trial: Trial) -> Verdict:
    """Nothing is drawn from the random state that everybody shares, and nothing is set in it."""
    actions, knobs = trial.actions(FEW), trial.prices()
    before = global_states()
    walks = []
    for seed in (1, 2):
        seed_all(seed)
        kept = global_states()
        walks.append(trial.walk(actions, **knobs))
        touched = [name for name, state in global_states().items() if state != kept.get(name, state)]
        if touched:
            return failed(f"a walk changes {', '.join(touched)}")
    found = difference(*walks)
    if found:
        return failed(f"another global random state: {found}")
    return passed(f"{' and '.join(before)} were neither read nor changed")


def global_states() -> dict[str, Any]:
    """The shared random states, as values that can be compared."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    states: dict[str, Any] = {"Python's random state": random.getstate()}
    states["NumPy's random state"] = (kind, np.asarray(keys).tobytes(), *rest)
    if "torch" in sys.modules:
        states["torch's random state"] = sys.modules["torch"].get_rng_state().numpy().tobytes()
    return states


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Puts the shared random states back at the end."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = sys.modules["torch"].get_rng_state() if "torch" in sys.modules else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None:
            sys.modules["torch"].set_rng_state(torch)
