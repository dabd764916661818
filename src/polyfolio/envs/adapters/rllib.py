"""RLlib's environments: one agent over the native vector environment, several over the parallel one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import gymnasium

from polyfolio.envs.adapters.bases import with_base
from polyfolio.envs.policies import PolicyMap
from polyfolio.errors import ConfigError

# Above the environments of one process, so that the seeds of two processes never meet: RLlib seeds process w with
# seed + w, and environment i of it with i more, and then process 1's second environment is process 2's first.
STRIDE = 100_000


class Parallel(Protocol):
    """The part of PettingZoo's ParallelEnv that is used."""

    agents: list[str]
    possible_agents: list[str]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        """Observations and infos by agent."""

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """Observations, rewards, terminations, truncations and infos by agent."""

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """What an agent observes."""

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """What an agent does."""

    def close(self) -> None:
        """Release what is held."""


class RLlibAgents:
    """A parallel environment as RLlib steps it. An instance is also a `ray.rllib.env.multi_agent_env.MultiAgentEnv`.

    RLlib asks for an agent's policy by its name alone, at the start of an episode. Where the policy depends on the
    regime then, the agent goes by the name `agent@regime` for that episode.

    Args:
        env: the parallel environment. Where policies depend on the regime its infos at a reset have the key `regime`.
        agents: which policy steers which agent; None where that depends on nothing but the name.
        worker: number of the process, which moves the seeds.
    """

    def __new__(cls, *_: Any, **__: Any) -> RLlibAgents:  # noqa: D102
        made: RLlibAgents = object.__new__(with_base(cls, library().MultiAgentEnv))
        return made

    def __init__(self, env: Parallel, agents: PolicyMap | None = None, worker: int = 0) -> None:
        self.env, self.worker = env, worker
        self.map = agents or PolicyMap({agent: agent for agent in env.possible_agents})
        names = {agent: self.map.names(agent) for agent in env.possible_agents}
        self.possible_agents = [name for agent in env.possible_agents for name in names[agent]]
        self.agents = list(self.possible_agents)
        self.observation_spaces = {
            name: env.observation_space(agent) for agent in env.possible_agents for name in names[agent]
        }
        self.action_spaces = {name: env.action_space(agent) for agent in env.possible_agents for name in names[agent]}
        library().MultiAgentEnv.__init__(self)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """First observations of an episode."""
        observed, infos = self.env.reset(seed=None if seed is None else seed + STRIDE * self.worker, options=options)
        self._name_of = {agent: self.map.name(agent, infos[agent].get("regime", "")) for agent in self.env.agents}
        self.agents = list(self._name_of.values())
        return self._named(observed), self._named(infos)

    def step(self, action_dict: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """One step of everybody who is left.

        Truncations are said of all at once and not of each: RLlib takes an episode whose agents are each said to be
        done for terminated, and then leaves out the value of what a cut episode would still have earned.
        """
        actions = {agent: action_dict[name] for agent, name in self._name_of.items() if name in action_dict}
        observed, rewards, terminated, truncated, infos = self.env.step(actions)
        over = not self.env.agents
        cut = over and any(truncated[agent] and not terminated[agent] for agent in truncated)
        ends = self._named(terminated) | {"__all__": over and not cut}
        cuts = ({} if over else self._named(truncated)) | {"__all__": cut}
        found = self._named(observed), self._named(rewards), ends, cuts, self._named(infos)
        self._name_of = {agent: self._name_of[agent] for agent in self.env.agents}
        self.agents = list(self._name_of.values())
        return found

    def close(self) -> None:
        """Release what the environment holds."""
        self.env.close()

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self._name_of[agent]: value for agent, value in values.items()}


class OwnSeeds(gymnasium.vector.VectorWrapper):
    """A vector environment whose seeds do not meet those of another process.

    Args:
        env: the environments of one process.
        first: the seed of the training. RLlib gives process w `first + w` and does not say which process it is.
    """

    def __init__(self, env: gymnasium.vector.VectorEnv[Any, Any, Any], first: int) -> None:
        super().__init__(env)
        self.first = first

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes everywhere."""
        own = None if seed is None else self.first + (seed - self.first) * STRIDE
        return self.env.reset(seed=own, options=options)


@cache
def library() -> Any:
    """RLlib's module of environments for several agents.

    Raises:
        ConfigError: Ray is not installed.
    """
    try:
        from ray.rllib.env import multi_agent_env  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[distributed]'."
        raise ConfigError("ray", None, f"importable ({error})", remedy) from error
    return multi_agent_env
