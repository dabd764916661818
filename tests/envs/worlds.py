"""What the tests of environments share: configurations over random tapes, drawn actions, trajectories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv
from tests.features.tapes import random_tape

Keys = dict[str, Any]

TAPE = random_tape(seed=5, rows=160, slots=3)
ONE = random_tape(seed=8, rows=160, slots=1)
FEE: Keys = {"commission": {"model": "percentage", "percentage_fee": 0.002}}
# The fewest columns: what a test is not about is switched off.
BARE: Keys = {"technical": None, "market": False, "time": False}
KINDS = ("weights", "changes", "signals")
SPACES = ("box", "discrete", "multi_discrete")
PAID = ("portfolio_pnl", "log_return", "sharpe", "differential_sharpe", "sortino", "calmar", "composite")


def config(lane: Keys | None = None, **environment: Any) -> Keys:
    """One agent on the whole tape; a section `observation` is added to the bare one."""
    base = {
        "observation": {**BARE, **environment.pop("observation", {})},
        "split": {"train": 1.0, "validation": 0.0, "test": 0.0},
    }
    # So little money that no order meets the share of a bar's volume it may take.
    own = {"name": "agent", "account": {"initial_capital": 20_000.0}, "execution": FEE, **(lane or {})}
    return {"name": "world", "checked": True, "lanes": [own], "environment": {**base, **environment}}


def one(keys: Keys | None = None, tape: Tape | None = TAPE, **options: Any) -> MultiTickerRLEnvironment:
    """A single environment."""
    return MultiTickerRLEnvironment(config() if keys is None else keys, tape=tape, **options)


def many(count: int, keys: Keys | None = None, tape: Tape | None = TAPE, **options: Any) -> TradingVectorEnv:
    """A vector environment."""
    return TradingVectorEnv(config() if keys is None else keys, count, tape=tape, **options)


def drawn(space: Any, steps: int, seed: int = 0) -> list[Any]:
    """Actions of a space."""
    space.seed(seed)
    return [space.sample() for _ in range(steps)]


@dataclass
class Played:
    """An episode: what was seen, paid and said, the first entries by `reset`."""

    observations: list[Any] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    infos: list[Keys] = field(default_factory=list)
    terminated: bool = False
    truncated: bool = False

    @property
    def steps(self) -> int:
        """Steps made."""
        return len(self.rewards)

    def column(self, name: str) -> np.ndarray:
        """A number of every info."""
        return np.array([info[name] for info in self.infos])

    def paid(self, name: str) -> np.ndarray:
        """A kind of costs of every step."""
        return np.array([info["costs"][name] for info in self.infos[1:]])

    @property
    def bytes(self) -> bytes:
        """Everything seen, paid and said, byte for byte."""
        seen = b"".join(as_bytes(part) for part in self.observations)
        return seen + np.array(self.rewards).tobytes() + repr(self.infos).encode()


def as_bytes(observation: Any) -> bytes:
    """An observation of any layout as bytes."""
    if isinstance(observation, dict):
        return b"".join(part.tobytes() for part in observation.values())
    whole: bytes = observation.tobytes()
    return whole


def play(env: MultiTickerRLEnvironment, actions: list[Any], seed: int | None = 0, **options: Any) -> Played:
    """An episode by these actions, until it ends or they do."""
    played = Played()
    observed, info = env.reset(seed=seed, options=options or None)
    played.observations.append(observed)
    played.infos.append(info)
    for action in actions:
        observed, reward, played.terminated, played.truncated, info = env.step(action)
        played.observations.append(observed)
        played.rewards.append(reward)
        played.infos.append(info)
        if played.terminated or played.truncated:
            break
    return played


def episode(keys: Keys | None = None, steps: int = 200, seed: int = 0, tape: Tape = TAPE, **options: Any) -> Played:
    """An episode of an environment by actions drawn from its space."""
    env = one(keys, tape, **options)
    return play(env, drawn(env.action_space, steps, seed), seed)
