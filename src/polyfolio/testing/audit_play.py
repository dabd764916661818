"""Walks through an environment, kept as numbers, and how two of them differ."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.testing.answers import unequal
from polyfolio.testing.audit_report import Verdict, skipped
from polyfolio.testing.audit_subject import BrokenEnvError, EnvSubject, guarded, level, wandering

FEW = 40  # steps that a property of every step is asked of


@dataclass(eq=False)
class Walk:
    """What an environment said. Observations, worths and rows begin with those of the reset.

    Attributes:
        observations: the numbers of each observation, one vector each.
        values: the worth of the account; NaN where nothing tells it.
        rows: the row each observation ends with; -1 where nothing tells it.
        rewards: one per step.
        flags: (terminated, truncated) per step.
    """

    observations: list[Floats] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    flags: list[tuple[bool, bool]] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.rewards)

    @property
    def total(self) -> float:
        """The sum of the rewards."""
        return float(np.sum(self.rewards))

    @property
    def valued(self) -> bool:
        """Whether the worth is known at every step."""
        return bool(np.isfinite(self.values).all())

    @property
    def outcome(self) -> list[float]:
        """What the same trades are compared by: the worths, or where nothing tells them the summed rewards."""
        return self.values if self.valued else [0.0, *np.cumsum(self.rewards).tolist()]


@dataclass(frozen=True, eq=False)
class Trial:
    """One audit: the subject, and what is drawn from.

    Attributes:
        subject: what is asked.
        seed: of resets, actions and prices.
        steps: steps of the longest walk.
        steady: whether every walk begins with the same global random states, so that an environment that draws from
            them is judged by what else it does.
    """

    subject: EnvSubject
    seed: int = 0
    steps: int = 2_000
    steady: bool = True

    def random(self, draw: int) -> np.random.Generator:
        """Numbers of one draw."""
        return np.random.default_rng([self.seed, draw])

    def prices(self, draw: int = 0, rows: int = 0) -> dict[str, Any]:
        """Drawn prices as a knob; empty where the maker takes none."""
        if "prices" not in self.subject.knobs:
            return {}
        return {"prices": wandering(rows or self.subject.rows, self.subject.slots, self.random(draw))}

    def still(self) -> dict[str, Any]:
        """Prices that never move, as a knob."""
        return {"prices": level(self.subject.rows, self.subject.slots)}

    def actions(self, count: int, draw: int = 0) -> list[Any]:
        """Actions drawn from the action space, the same for equal draws."""
        env = self.subject.fresh(**self.prices())
        space = copy.deepcopy(env.action_space)
        space.seed(int(self.random(1_000 + draw).integers(2**31)))
        actions = [space.sample() for _ in range(count)]
        close(env)
        return actions

    def walk(self, actions: Sequence[Any], *, seed: int | None = None, **knobs: Any) -> Walk:
        """A walk through a fresh environment."""
        if self.steady:
            seed_all(self.seed)
        env = self.subject.fresh(**knobs)
        walk = play(self.subject, env, actions, self.seed if seed is None else seed)
        close(env)
        return walk

    def unrepeatable(self, walk: Walk, actions: Sequence[Any], **knobs: Any) -> Verdict | None:
        """The end of a check that compares worlds, where one and the same world gives another walk."""
        found = difference(walk, self.walk(actions, **knobs))
        return skipped(f"the same walk twice differs, as `determinism` says: {found}") if found else None


@dataclass(frozen=True)
class Check:
    """One question.

    Attributes:
        ask: asks it; the first line of its docstring is the law that must hold.
        remedy: what to do where it does not.
        needs: knobs, readings and actions without which it cannot be asked.
        steady: False where it is the global random states that are asked about.
    """

    ask: Callable[[Trial], Verdict]
    remedy: str
    needs: tuple[str, ...] = ()
    steady: bool = True

    @property
    def law(self) -> str:
        """What must hold."""
        return (self.ask.__doc__ or "").splitlines()[0]


def play(subject: EnvSubject, env: Any, actions: Sequence[Any], seed: int | None) -> Walk:
    """Reset and take the actions in their order, to the end of the episode at most."""
    walk = Walk()
    for _ in stepping(subject, env, actions, seed, walk):
        if walk.flags and any(walk.flags[-1]):
            break
    return walk


def stepping(subject: EnvSubject, env: Any, actions: Sequence[Any], seed: int | None, walk: Walk) -> Iterator[None]:
    """Reset, then one action each time it is asked for; `walk` grows."""
    observation, info = begun(env, seed)
    keep(walk, subject, env, observation, info)
    yield
    for action in actions:
        observation, reward, terminated, truncated, info = stepped(env, action)
        walk.rewards.append(reward)
        walk.flags.append((terminated, truncated))
        keep(walk, subject, env, observation, info)
        yield


def keep(walk: Walk, subject: EnvSubject, env: Any, observation: Any, info: Mapping[str, Any]) -> None:
    """Append what an observation and its info say."""
    walk.observations.append(numbers_of(observation))
    walk.values.append(subject.worth(env, info))
    walk.rows.append(subject.row_of(env, info))


def begun(env: Any, seed: int | None) -> tuple[Any, Mapping[str, Any]]:
    """A reset.

    Raises:
        BrokenEnvError: it raised, or gave no pair of an observation and a dict.
    """
    answer = guarded(f"reset(seed={seed})", env.reset, seed=seed)
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Mapping)):
        raise BrokenEnvError("reset", shape_of(answer), "a pair: observation and info dict", "Return both from reset.")
    return answer[0], answer[1]


def stepped(env: Any, action: Any) -> tuple[Any, float, bool, bool, Mapping[str, Any]]:
    """A step with a copy of the action."""
    return answered(env, copy.deepcopy(action))


def answered(env: Any, action: Any) -> tuple[Any, float, bool, bool, Mapping[str, Any]]:
    """A step with the action itself.

    Raises:
        BrokenEnvError: it raised, or gave no five values of their kinds.
    """
    answer = guarded("step", env.step, action)
    remedy = "Return observation, reward, terminated, truncated, info from step."
    if not (isinstance(answer, tuple) and len(answer) == 5 and isinstance(answer[4], Mapping)):
        raise BrokenEnvError("step", shape_of(answer), "five values, the last one a dict", remedy)
    observation, reward, terminated, truncated, info = answer
    for name, flag in (("terminated", terminated), ("truncated", truncated)):
        if not isinstance(flag, bool | np.bool_):
            raise BrokenEnvError(f"step: {name}", repr(flag), "True or False", remedy)
    if np.ndim(reward) != 0 or np.asarray(reward).dtype.kind not in "fiu":
        raise BrokenEnvError("step: reward", shape_of(reward), "one number", remedy)
    return observation, float(reward), bool(terminated), bool(truncated), info


def shape_of(answer: Any) -> str:
    """What an answer is, in a word or two."""
    size = f" of {len(answer)}" if isinstance(answer, tuple | list | Mapping) else ""
    return f"{type(answer).__name__}{size}"


def numbers_of(observation: Any) -> Floats:
    """The numbers of an observation, of whatever parts, as one vector of its own memory."""
    return np.concatenate([np.zeros(0), *(np.ravel(leaf).astype(np.float64) for leaf in leaves(observation))])


def leaves(observation: Any) -> Iterator[Any]:
    """The arrays of an observation in a fixed order."""
    if isinstance(observation, Mapping):
        for key in sorted(observation, key=str):
            yield from leaves(observation[key])
    elif isinstance(observation, tuple):
        for part in observation:
            yield from leaves(part)
    else:
        array = np.asarray(observation)
        if array.dtype.kind not in "fiub":
            bound = "numbers, or a dict or tuple of them"
            raise ConfigError("observation", shape_of(observation), bound, "Audit the environment without the wrapper.")
        yield array


def difference(one: Walk, other: Walk) -> str | None:
    """Where two walks differ first, in words; None where they are equal bit by bit."""
    for step in range(max(len(one.observations), len(other.observations))):
        if step >= min(len(one.observations), len(other.observations)):
            return f"{one.steps} steps became {other.steps}"
        if step:
            was, is_now = (walk.rewards[step - 1] for walk in (one, other))
            if differs([was], [is_now]):
                return f"reward of step {step}: {was:.6g} became {is_now:.6g}"
            if one.flags[step - 1] != other.flags[step - 1]:
                return f"end of step {step}: {one.flags[step - 1]} became {other.flags[step - 1]}"
        place = first_number(one.observations[step], other.observations[step])
        if place is not None:
            return f"observation of step {step}, {place}"
    return None


def first_number(one: Floats, other: Floats) -> str | None:
    """The first number that differs, in words."""
    if one.shape != other.shape:
        return f"{one.size} numbers became {other.size}"
    places = np.flatnonzero(unequal(one, other))
    if not places.size:
        return None
    place = int(places[0])
    return f"number {place}: {one[place]:.6g} became {other[place]:.6g}"


def differs(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether numbers differ in their bits; NaN equals NaN."""
    return bool(unequal(np.asarray(one, np.float64), np.asarray(other, np.float64)).any())


def first_change(one: Sequence[Any], other: Sequence[Any]) -> int | None:
    """The first place where two sequences of numbers or vectors differ; a missing one differs."""
    for place, (before, after) in enumerate(zip(one, other, strict=False)):
        pair = np.atleast_1d(np.asarray(before, np.float64)), np.atleast_1d(np.asarray(after, np.float64))
        if pair[0].shape != pair[1].shape or unequal(*pair).any():
            return place
    return None if len(one) == len(other) else min(len(one), len(other))


def seed_all(seed: int) -> None:
    """Set the random states that everybody shares."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - environments that draw from it are what is asked about
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def close(env: Any) -> None:
    """Release what the environment holds."""
    if hasattr(env, "close"):
        guarded("close", env.close)
