"""Several agents on one tape, each with a book of its own: PettingZoo's parallel interface over a run's lanes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import gymnasium
import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.envs.adapters.bases import with_base
from polyfolio.envs.core import Core, Source
from polyfolio.envs.lanes import Lanes
from polyfolio.envs.layout import action_space
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.episode_terminal import state_text

# Five agents on the bundled coins: what there is before there is a configuration.
FIVE: dict[str, Any] = {
    "name": "five agents",
    "tape": {"format": "demo"},
    "environment": {
        "profiles": {},
        "reward": {"type": "composite"},
        "episode": {"length": 168, "start": "random"},
    },
}


class MultiAgentTradingEnv:
    """The lanes of a run, each steered by an agent of its name. An instance is also a `pettingzoo.ParallelEnv`.

    Agents see the same market at the same rows and never touch each other's books. One whose episode ends leaves; the
    others go on. What an episode draws (where it begins, costs, capital, positions) is drawn alike for all of them, so
    that each plays what a single environment of its lane plays with the same seed, byte for byte.

    Args:
        config: a Spec, a YAML file, or a dict of its keys, with several lanes; None takes five agents on the bundled
            coins: two conservative ones, two balanced ones and an aggressive one.
        tape: market rows; None reads what the section `tape` describes.
        split: train, validation, test or all: the rows that episodes play on.
        state: `panel.state` of another environment: nothing is learned from this tape.
        info: off, summary, or full, which says every reason and limit too.
        render_mode: "ansi" for a text of the current state, or None.

    Attributes:
        possible_agents: names of the lanes.
        agents: those whose episodes have not ended.
        feature_names: one per number of the flat observation.
        action_names: one per number of an action.
        panel: what the tape shows.
        lanes: the same as arrays, one row per lane.
        regimes: labels of the observed regime; empty where none is observed.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "name": "polyfolio_agents_v0",
        "render_modes": ["ansi"],
        "is_parallelizable": True,
    }

    def __new__(cls, *_: Any, **__: Any) -> MultiAgentTradingEnv:  # noqa: D102
        made: MultiAgentTradingEnv = object.__new__(with_base(cls, _parallel()))
        return made

    def __init__(
        self,
        config: Source | None = None,
        *,
        tape: Tape | None = None,
        split: str = "train",
        state: Mapping[str, Any] | None = None,
        info: str = "summary",
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "ansi"):
            raise ConfigError("render_mode", render_mode, "ansi, or None", "Pages are made by polyfolio.report.")
        core = Core(FIVE if config is None else config, 1, tape=tape, split=split, state=state, info=info)
        self.core, self.render_mode = core, render_mode
        self.run, self.tape, self.plan, self.panel = core.spec, core.tape, core.plan, core.panel
        self.feature_names, self.action_names = core.layout.names, core.action_names
        self.possible_agents, self.agents = list(core.plan.names), list[str]()
        self._spaces = [action_space(agent, self.tape.slots) for agent in core.arena.agents]
        self.lanes = Lanes(core)
        self.regimes = self.lanes.regimes

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """What an agent sees; the same for all."""
        self._lane(agent)
        space: gymnasium.Space[Any] = self.core.layout.space
        return space

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """What an agent does. A list of choices is longer where the lane may go short."""
        return self._spaces[self._lane(agent)]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """A new episode of everybody.

        Args:
            seed: of everything the episodes draw; None goes on with the counted random numbers.
            options: `row`: where the episode begins. Others are let pass: PettingZoo's checker sends some.

        Returns:
            Observations and infos by agent. An info names the `regime` at its row where one is observed.
        """
        self.lanes.begin(seed, _row((options or {}).get("row")))
        self.agents = list(self.possible_agents)
        return self._by_agent(self.agents)

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """One bar of everybody who is left.

        Args:
            actions: one for each agent in `agents`.

        Returns:
            Observations, rewards, terminations, truncations and infos of those who made the step.

        Raises:
            DataError: an action that is missing, not finite, not a choice, or of another shape; nothing has changed.
            ConfigError: everybody has ended, or an agent that has left acts.
        """
        here = self.agents
        if not here:
            raise ConfigError("step", "no episode under way", "after reset()", "Call reset() first.")
        for name in actions:
            if name not in here:
                raise ConfigError("actions", name, f"one of {', '.join(here)}", "Leave out agents that have left.")
        numbers = np.zeros_like(self.core.arena.actions)
        for name in here:
            if name not in actions:
                raise DataError("actions", f"none of {name}", "one for each agent in `agents`", "Let every agent act.")
            numbers[self._lane(name)] = _numbers(name, actions[name], numbers.shape[1])
        _, rewards, terminated, truncated = self.lanes.advance(numbers)
        lanes = [self._lane(name) for name in here]
        self.agents = [name for name, lane in zip(here, lanes, strict=True) if not (terminated | truncated)[lane]]
        observed, infos = self._by_agent(here)
        paid = {name: float(rewards[lane]) for name, lane in zip(here, lanes, strict=True)}
        ruined = {name: bool(terminated[lane]) for name, lane in zip(here, lanes, strict=True)}
        cut = {name: bool(truncated[lane]) for name, lane in zip(here, lanes, strict=True)}
        return observed, paid, ruined, cut, infos

    def render(self) -> str | None:
        """A text of each agent's state, where the mode is ansi."""
        if self.render_mode is None:
            return None
        currency, steps = self.tape.universe.base_currency, self.core.arena.steps
        texts = [
            f"{name}\n"
            + state_text(
                self.lanes.told(lane), self.tape.symbols, currency=currency, reward=float(steps["reward"][lane])
            )
            for lane, name in enumerate(self.possible_agents)
        ]
        return "\n".join(texts)

    def close(self) -> None:
        """End what the arena holds."""
        self.core.arena.close()

    def _by_agent(self, names: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        at = {name: self._lane(name) for name in names}
        seen = {name: self.lanes.seen(lane) for name, lane in at.items()}
        return seen, {name: self.lanes.told(lane) for name, lane in at.items()}

    def _lane(self, agent: str) -> int:
        try:
            return self.possible_agents.index(agent)
        except ValueError:
            known = ", ".join(self.possible_agents)
            raise ConfigError("agent", agent, f"one of {known}", "Name a lane of the configuration.") from None


def _row(given: Any) -> int | None:
    """Where everybody's episode begins: one row, because all see the same market."""
    if given is None:
        return None
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return int(given)
    raise ConfigError("options['row']", given, "a whole number", "Give the row at which all begin, or leave it out.")


def _numbers(name: str, action: Any, count: int) -> np.ndarray:
    """An agent's action as numbers, of exactly its shape."""
    given = np.asarray(action)
    if given.shape != (count,) and not (count == 1 and given.shape == ()):
        remedy = "Give what the action space samples."
        raise DataError(f"actions[{name!r}]", given.shape, f"of shape {(count,)}", remedy)
    if given.dtype.kind not in "fiub":
        raise DataError(f"actions[{name!r}]", str(given.dtype), "numbers", "Give what the action space samples.")
    if not np.isfinite(given).all():
        raise DataError(
            f"actions[{name!r}]", given.tolist(), "finite", "Look at what the policy gives before the step."
        )
    return given.reshape(count)


@cache
def _parallel() -> Any:
    try:
        from pettingzoo import ParallelEnv  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[rl]'."
        raise ConfigError("pettingzoo", None, f"importable ({error})", remedy) from error
    return ParallelEnv
