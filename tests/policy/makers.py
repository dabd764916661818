"""Small Stable-Baselines3 models over spaces of their own, and worlds to seal them in."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import gymnasium
import numpy as np
from gymnasium import spaces

from polyfolio.core.codes import Act, Space
from polyfolio.core.tape import Tape
from polyfolio.engine.seen import seen_of
from polyfolio.features.panel import build_panel
from polyfolio.market.demo import demo_tape
from polyfolio.policy.manifest import Lineage, World
from polyfolio.policy.network import Numbers, network_of, numbers_of
from polyfolio.policy.sealed import SealedPolicy, seal
from polyfolio.policy.world import world_of
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec

WIDTH = 7
NAMES = tuple(f"number {at}" for at in range(WIDTH))
STATE = {"scale": [1.0, 2.0], "mean": [0.0, 0.5]}
BOX = spaces.Box(-1.0, 1.0, (4,), np.float32)


class Nothing(gymnasium.Env):
    """An environment of two spaces in which nothing happens."""

    def __init__(self, observation: spaces.Space, action: spaces.Space) -> None:
        self.observation_space, self.action_space = observation, action

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict]:
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        return self.observation_space.sample(), 0.0, False, True, {}


def seen(width: int = WIDTH) -> spaces.Box:
    return spaces.Box(-10.0, 10.0, (width,), np.float32)


def model_of(
    algorithm: str, action: spaces.Space, observation: spaces.Space | None = None, seed: int = 0, **kwargs: Any
) -> Any:
    """An untrained model whose every weight is large enough to matter."""
    import stable_baselines3 as learners
    import torch

    torch.set_num_threads(1)
    observation = seen() if observation is None else observation
    policy = "MultiInputPolicy" if isinstance(observation, spaces.Dict) else "MlpPolicy"
    arguments = {"buffer_size": 10} if algorithm == "SAC" else {}
    sde = {name: kwargs.pop(name) for name in ("use_sde",) if name in kwargs}
    model = getattr(learners, algorithm)(
        policy, Nothing(observation, action), seed=seed, device="cpu", policy_kwargs=kwargs, **arguments, **sde
    )
    with torch.no_grad():
        for parameter in model.policy.parameters():
            inputs = parameter.shape[1] if parameter.ndim == 2 else 4
            parameter.copy_(torch.randn_like(parameter) * 1.2 / inputs**0.5)
    return model


def observations(count: int = 150, width: int = WIDTH, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def tape_of(**kwargs: Any) -> Tape:
    return demo_tape(**{"symbols": ["BTC/USDT", "ETH/USDT", "SOL/USDT"], "end": "2024-02-15", **kwargs})


def spec_of(lane: dict | None = None, **environment: Any) -> Spec:
    limits = {"limits": {"max_position": 0.5}, "sizing": {"method": "weights"}}
    return load({"name": "small", "lanes": [{"name": "agent", **limits, **(lane or {})}], "environment": environment})


def world(numbers: Numbers | None = None, spec: Spec | None = None, **kwargs: Any) -> World:
    numbers = numbers_of(BOX) if numbers is None else numbers
    found = world_of(spec or spec_of(), tape_of(), "recipe", NAMES, numbers, (0, 600))
    return found.model_copy(update=kwargs)


def lineage(seed: int = 0, algorithm: str = "ppo") -> Lineage:
    return Lineage(algorithm=algorithm, seed=seed, steps=1000, config="c" * 64, versions={"torch": "2"}, parent="run")


def sealed(
    action: spaces.Space = BOX, seed: int = 0, algorithm: str = "PPO", validation: float | None = 1.0, **kwargs: Any
) -> SealedPolicy:
    model = model_of(algorithm, action, seed=seed, net_arch=[8])
    where = world(numbers_of(action), **kwargs)
    return seal(network_of(model), where, STATE, lineage(seed), name=f"seed {seed}", validation=validation)


def registered(monkeypatch: Any) -> None:
    """The strategy by its name, wherever the table of names has it by now."""
    monkeypatch.setitem(BUILT_IN["strategy"], "policy", "polyfolio.strategies.policy:Policy")


def trained(
    tape: Tape, lane: dict | None = None, algorithm: str = "PPO", seed: int = 0, **environment: Any
) -> SealedPolicy:
    """An untrained network sealed in a world of its own: every number it sees and says is real."""
    spec = spec_of(lane, **environment)
    section, train = spec.environment.observation, slice(0, tape.rows // 2)
    panel = build_panel(section, tape, train=train)
    blocks = seen_of(section).width(tape.slots)
    names = tuple(f"number {at}" for at in range((blocks + panel.values.shape[1]) * section.window))
    action = space_of(spec, tape.slots)
    model = model_of(algorithm, action, seen(len(names)), seed=seed, net_arch=[16])
    where = world_of(spec, tape, panel.digest, names, numbers_of(action), (0, tape.rows // 2))
    return seal(network_of(model), where, panel.state, lineage(seed), name=f"seed {seed}", validation=1.0 + seed)


def space_of(spec: Spec, slots: int) -> spaces.Space:
    """The action space of a configuration."""
    action = spec.environment.action
    numbers = slots + int(action.cash and action.kind is Act.WEIGHTS)
    if action.space is Space.BOX:
        return spaces.Box(-1.0, 1.0, (numbers,), np.float32)
    signals = action.kind is Act.SIGNALS
    if action.space is Space.MULTI_DISCRETE:
        return spaces.MultiDiscrete([3 + action.flat if signals else action.levels] * numbers)
    count = {Act.WEIGHTS: 2 + slots, Act.CHANGES: 1 + 2 * slots, Act.SIGNALS: 3 + 2 * slots}[action.kind]
    return spaces.Discrete(count)
