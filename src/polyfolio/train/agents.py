"""The world of a training through RLlib: who is steered by which policy, where they are judged, what is sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.envs.multi_agent import MultiAgentTradingEnv
from polyfolio.envs.policies import PolicyMap, policy_map
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError
from polyfolio.market.splits import rows_of_split
from polyfolio.policy.manifest import World as SealedWorld
from polyfolio.policy.network import Numbers, numbers_of
from polyfolio.policy.world import world_of
from polyfolio.report.metrics import Convention
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.train import folder
from polyfolio.train.validation import Validation
from polyfolio.train.worlds import JUDGED_FROM, belongs_to, judge_of, section_of

ALONE = "default_policy"  # what RLlib calls the policy of one agent

Sealed = tuple[str, str, SealedWorld]


@dataclass(frozen=True, eq=False)
class Agents:
    """Where policies learn through RLlib.

    Attributes:
        agents: lanes to policies; None where there is one lane.
        policies: their names.
        numbers: how each policy's actions are written.
        steering: the policies of the rows of the last observations of `validate`; None for one policy.
        validate: judges the policies; None where no rows are kept for it.
        belongs: what a checkpoint made here belongs to.
        state: what the observations learned on the training rows.
        sealed: (name, policy, world) of each policy that can be sealed.
    """

    agents: PolicyMap | None
    policies: tuple[str, ...]
    numbers: Mapping[str, Numbers]
    steering: Callable[[], Sequence[str]] | None
    validate: Validation | None
    belongs: Mapping[str, Any]
    state: Mapping[str, Any]
    sealed: tuple[Sealed, ...]

    @property
    def mapping(self) -> Callable[..., str] | None:
        """Name of an agent to its policy, as RLlib asks for it; None where there is one agent."""
        return None if self.agents is None else partial(_policy_of, self.agents)


def open_agents(spec: Spec, tape: Tape, seed: int) -> Agents:
    """The world of a run's lanes.

    Raises:
        ConfigError: no section `environment`, or a policy for a regime that is not observed.
    """
    layout = spec.environment.observation.layout if spec.environment is not None else "flat"
    if layout != "flat":
        key = "environment.observation.layout"
        raise ConfigError(key, layout, "flat with Ray", "RLlib's networks take one vector: write layout: flat.")
    return _one(spec, tape, seed) if len(spec.lanes) == 1 else _several(spec, tape, seed)


def _one(spec: Spec, tape: Tape, seed: int) -> Agents:
    env = TradingVectorEnv(spec, 1, tape=tape, split="train", info="off")
    names, numbers, state = tuple(env.feature_names), numbers_of(env.single_action_space), env.panel.state
    belongs = {**belongs_to(spec, tape, seed, names), "through": "rllib"}
    world = world_of(spec, tape, env.panel.digest, names, numbers, rows_of_split(spec, tape, "train"))
    judge = judge_of(spec, tape, state)
    return Agents(None, (ALONE,), {ALONE: numbers}, None, judge, belongs, state, ((spec.name, ALONE, world),))


def _several(spec: Spec, tape: Tape, seed: int) -> Agents:
    env = MultiAgentTradingEnv(spec, tape=tape, split="train", info="off")
    agents = policy_map(spec, env.regimes)
    numbers = dict.fromkeys(agents.policies, numbers_of(env.action_space(env.possible_agents[0])))
    rows = {"rules": folder.plain(spec)["lanes"], "policies": {name: agents.policy(name) for name in names_of(agents)}}
    belongs = {**belongs_to(spec, tape, seed, tuple(env.feature_names)), **rows, "through": "rllib"}
    together, judge = None, None
    if spec.environment is not None and spec.environment.split.validation > 0.0:
        together = Together(spec, tape, env.panel.state, agents)
        convention = Convention(bars_per_year=tape.calendar.bars_per_year)
        judge = Validation(together, convention, section_of(spec).validation.metric, JUDGED_FROM)
    sealed = tuple(_sealed(spec, tape, env, agents))
    steering = together.policies if together is not None else None
    return Agents(agents, agents.policies, numbers, steering, judge, belongs, env.panel.state, sealed)


class Together:
    """Lanes of one or several episodes as the rows of a vector environment, for a judge.

    Args:
        spec: several lanes; `training.validation.episodes` says how many episodes.
        tape: market rows.
        state: what the observations learned.
        agents: lanes to policies.
    """

    def __init__(self, spec: Spec, tape: Tape, state: Mapping[str, Any], agents: PolicyMap) -> None:
        count = section_of(spec).validation.episodes
        envs = [MultiAgentTradingEnv(spec, tape=tape, split="validation", state=state) for _ in range(count)]
        self.episodes = [env.lanes for env in envs]
        self.agents = agents
        self.num_envs = count * len(spec.lanes)

    def policies(self) -> list[str]:
        """The policy of each row in its episode."""
        return [
            self.agents.policy(self.agents.name(lane, episode.regime))
            for episode in self.episodes
            for lane in episode.names
        ]

    def reset(self, *, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """First observations; episode k has seed + k."""
        found = [episode.begin(seed + number) for number, episode in enumerate(self.episodes)]
        return np.concatenate(found), self._info()

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        """One step of every lane that has not ended; the others stay as they are."""
        parts = np.split(actions, len(self.episodes))
        found = [episode.advance(part) for episode, part in zip(self.episodes, parts, strict=True)]
        return *(np.concatenate(part) for part in zip(*found, strict=True)), self._info()

    def _info(self) -> dict[str, np.ndarray]:
        facts = [episode.standing() for episode in self.episodes]
        return {name: np.concatenate([fact[name] for fact in facts]) for name in ("equity", "time")}


def names_of(agents: PolicyMap) -> list[str]:
    """Everything an agent may be called."""
    return [name for agent in (*agents.fixed, *agents.moving) for name in agents.names(agent)]


def _policy_of(agents: PolicyMap, name: str, *_: Any, **__: Any) -> str:
    return agents.policy(name)


def _sealed(spec: Spec, tape: Tape, env: MultiAgentTradingEnv, agents: PolicyMap) -> Iterator[Sealed]:
    if spec.environment is None or spec.environment.observation.others:
        return
    train = rows_of_split(spec, tape, "train")
    for lane in env.possible_agents:
        alone, numbers = lane_alone(spec, lane), numbers_of(env.action_space(lane))
        world = world_of(alone, tape, env.panel.digest, tuple(env.feature_names), numbers, train)
        for name in agents.names(lane):
            yield name, agents.policy(name), world


def lane_alone(spec: Spec, lane: str) -> Spec:
    """The run with one of its lanes; `training` may name the others and is left out."""
    data = folder.plain(spec.model_copy(update={"training": None}))
    data["lanes"] = [one for one in data["lanes"] if one["name"] == lane]
    return load(data)
