"""Many environments in one call: Gymnasium's vector interface over an arena's lanes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from polyfolio.core.codes import Ended
from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.envs.core import ONE_COIN, Core, Source, refuse_several
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.splits import Split

MODES = {
    "same_step": AutoresetMode.SAME_STEP,
    "next_step": AutoresetMode.NEXT_STEP,
    "disabled": AutoresetMode.DISABLED,
}


class TradingVectorEnv(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """Copies of one environment, each with a book and an episode of its own.

    Env i plays what a single environment with seed `seed + i` plays, byte for byte, whatever the number of
    environments and threads.

    Args:
        config: a Spec, a YAML file, or a dict of its keys; None takes the bundled coins.
        num_envs: how many.
        tape: market rows; None reads what the section `tape` describes.
        split: train, validation, test or all: the rows that episodes play on; or a first row and the one after the
            last, as those of a walk-forward fold, which are then learned from too unless there is a `state`.
        state: `panel.state` of another environment: nothing is learned from this tape.
        autoreset: same_step (an ended episode's last observation and info stand in `final_obs` and `final_info`),
            next_step, or disabled (`reset` with options["mask"]).
        info: off, summary, or full, which keeps the reason of each cut too.
        threads: slices of environments stepped at once.
        copy: False returns the arrays that the next step overwrites.

    Attributes:
        feature_names: one per number of the flat observation.
        panel: what the tape shows.
    """

    def __init__(  # noqa: PLR0913 - Gymnasium makes it with keywords
        self,
        config: Source | None = None,
        num_envs: int = 1,
        *,
        tape: Tape | None = None,
        split: Split = "train",
        state: Mapping[str, Any] | None = None,
        autoreset: str = "same_step",
        info: str = "summary",
        threads: int = 1,
        copy: bool = True,
    ) -> None:
        self.closed = True  # nothing to close where making it fails
        if autoreset not in MODES:
            raise ConfigError("autoreset", autoreset, "one of " + ", ".join(MODES), "Name when an episode begins anew.")
        core = Core(config, num_envs, tape=tape, split=split, state=state, info=info, threads=threads)
        self.core, self.mode, self.copy = core, MODES[autoreset], copy
        self.metadata = {"autoreset_mode": self.mode, "render_modes": []}
        self.num_envs = num_envs
        self.single_observation_space, self.single_action_space = core.layout.space, core.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.run, self.tape, self.plan, self.panel = core.spec, core.tape, core.plan, core.panel
        self.feature_names, self.action_names = core.layout.names, core.action_names
        self.terminated, self.truncated = np.zeros(num_envs, np.bool_), np.zeros(num_envs, np.bool_)
        self._said = core.said()
        self._ends, self._final = core.arena.episodes["ended"], np.zeros_like(core.arena.observations)
        self._begun = self.closed = False

    @property
    def rows(self) -> Ints:
        """The tape's row each environment is at."""
        rows: Ints = self.core.arena.episodes["row"]
        return rows

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """New episodes.

        Args:
            seed: env i gets seed + i; None goes on with each env's own counted random numbers.
            options: `rows`: where each episode begins, one row or one for each env; `mask` (or
                `reset_mask`, as Gymnasium's own vector environments call it): which envs begin anew.
        """
        arena, given = self.core.arena, dict(options or {})
        mask = given.pop("reset_mask", None)
        lanes = lanes_of(given.pop("mask", mask), self.num_envs)
        rows = rows_of(given.pop("rows", None), lanes, self.num_envs)
        refuse_unknown(given, "rows, mask")
        if rows is not None:
            refuse_rows(rows, arena.agents)
        if not self._begun and lanes.size < self.num_envs:
            raise ConfigError("mask", int(lanes.size), f"all {self.num_envs} at first", "Reset without a mask first.")
        if seed is not None:
            arena.seed(np.asarray(seeds_of(seed, self.num_envs))[lanes], lanes)
        arena.reset(lanes, rows)
        self._begun = True
        self.terminated[lanes] = False
        self.truncated[lanes] = False
        return self._observed(), self._told()

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """One step of each environment.

        Args:
            actions: one per environment, as `action_space` says.

        Returns:
            observations, rewards float64[num_envs], terminated, truncated, info.

        Raises:
            DataError: an action that is not finite, not a choice, or of another shape; nothing has changed.
        """
        arena = self.core.arena
        if not self._begun:
            raise ConfigError("step", "before reset", "after reset", "Call reset() first.")
        take_actions(actions, arena.actions)
        ended = self.terminated | self.truncated
        if self.mode is AutoresetMode.NEXT_STEP and ended.any():
            return self._step_next(ended)
        if self.mode is AutoresetMode.DISABLED and ended.any():
            lane = int(np.argmax(ended))
            raise ConfigError("step", f"env {lane} has ended", "envs that go on", "Reset it: options={'mask': ...}.")
        self.core.step()
        self._judge()
        final = self._start_anew() if self.mode is AutoresetMode.SAME_STEP and self._ends.any() else {}
        return self._observed(), *self._results(), self._told() | final

    def state(self) -> dict[str, np.ndarray]:
        """Everything the next steps depend on, as arrays; see `set_state`."""
        own = {"terminated": self.terminated.copy(), "truncated": self.truncated.copy()}
        return {**own, **{f"arena.{name}": array for name, array in self.core.arena.state().items()}}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where `state` was taken, byte for byte."""
        inner = {name.removeprefix("arena."): array for name, array in state.items() if name.startswith("arena.")}
        self.core.arena.set_state(inner)
        self.terminated[:], self.truncated[:] = state["terminated"], state["truncated"]
        self._begun = True

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002
        """End the threads."""
        self.core.arena.close()

    def _step_next(self, ended: np.ndarray) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """A step in which ended environments begin anew and the others go on."""
        arena = self.core.arena
        arena.actions[ended] = 0.0  # they are not heard, so they need not be valid
        self.core.step()
        arena.reset(np.flatnonzero(ended))
        arena.rewards[ended] = 0.0
        self._judge()
        return self._observed(), *self._results(), self._told()

    def _judge(self) -> None:
        np.greater_equal(self._ends, int(Ended.RUINED), out=self.terminated)
        np.logical_and(self._ends != int(Ended.NOT), ~self.terminated, out=self.truncated)

    def _start_anew(self) -> dict[str, Any]:
        """Begin the episodes that have ended; what their last step showed and was."""
        arena = self.core.arena
        done = self._ends != int(Ended.NOT)
        lanes = np.flatnonzero(done)
        self._final[lanes] = arena.observations[lanes]
        final = taken(self._timed(), lanes, self.num_envs)
        rewards = arena.rewards[lanes]
        arena.reset(lanes)
        arena.rewards[lanes] = rewards
        shown = self.core.layout.view(self._final)
        return {"final_obs": copied(shown), "_final_obs": done, "final_info": final, "_final_info": done}

    def _observed(self) -> Any:
        shown = self.core.observe()
        return copied(shown) if self.copy else shown

    def _results(self) -> tuple[Any, Any, Any]:
        rewards = self.core.arena.rewards
        if not self.copy:
            return rewards, self.terminated, self.truncated
        return rewards.copy(), self.terminated.copy(), self.truncated.copy()

    def _told(self) -> dict[str, Any]:
        """What is said of the step: copies, or the arrays that the next step overwrites."""
        return taken(self._timed()) if self.copy else self._timed()

    def _timed(self) -> dict[str, Any]:
        """What is said of the step, and the closing times of its rows."""
        return {**self._said, "time": self.core.times(self._said["row"])} if self._said else {}


def vector_env(num_envs: int = 1, **keywords: Any) -> TradingVectorEnv:
    """Made by `gymnasium.make_vec`."""
    return TradingVectorEnv(num_envs=num_envs, **keywords)


def intraday_vector_env(num_envs: int = 1, *, config: Source | None = None, **keywords: Any) -> TradingVectorEnv:
    """Copies of the environment of one ticker, made by `gymnasium.make_vec`."""
    env = TradingVectorEnv(ONE_COIN if config is None else config, num_envs, **keywords)
    refuse_several(env.tape)
    return env


def seeds_of(seed: Any, count: int) -> list[int]:
    """The seed of each environment."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**62:
        raise ConfigError("seed", seed, "a whole number from 0 to 2^62", "Give a seed, or None to go on.")
    return [int(seed) + index for index in range(count)]


def lanes_of(mask: Any, count: int) -> Ints:
    """Which environments a mask names."""
    if mask is None:
        return np.arange(count)
    chosen = np.asarray(mask)
    if chosen.shape != (count,) or chosen.dtype != np.bool_:
        raise ConfigError("mask", chosen.shape, f"{count} booleans, one per environment", "Give one for each.")
    return np.flatnonzero(chosen)


def rows_of(rows: Any, lanes: Ints, count: int) -> Ints | None:
    """Where the episodes of these lanes begin."""
    if rows is None:
        return None
    wanted = np.asarray(rows)
    if wanted.shape not in ((), (count,)) or wanted.dtype.kind not in "iu":
        raise ConfigError("rows", wanted.shape, f"one row, or {count} of them", "Give the row each episode begins at.")
    return np.ascontiguousarray(np.broadcast_to(wanted, (count,))[lanes], np.int64)


def refuse_unknown(options: Mapping[str, Any], known: str) -> None:
    """Refuse options nobody knows."""
    for name, value in options.items():
        raise ConfigError(f"options[{name!r}]", value, f"one of {known}", "Remove it.")


def refuse_rows(rows: Ints, agents: np.ndarray) -> None:
    """Refuse episodes that begin before everything is known, or end before they begin."""
    first, last = int(agents["first"][0]), int(agents["last"][0])
    wrong = (rows < first) | (rows >= last)
    if wrong.any():
        raise DataError(
            "rows", int(rows[wrong][0]), f"from {first} to {last - 1} in this split", "Begin within the split."
        )


def take_actions(actions: Any, out: np.ndarray) -> None:
    """Actions into the arena's numbers; nothing is broadcast."""
    given = np.asarray(actions)
    if given.shape != out.shape and (out.shape[1] != 1 or given.shape != out.shape[:1]):
        raise DataError(
            "actions", given.shape, f"of shape {out.shape}", "Give one action per environment, of the action space."
        )
    if given.dtype.kind not in "fiub":
        raise DataError("actions", str(given.dtype), "numbers", "Give what the action space samples.")
    np.copyto(out, given.reshape(out.shape))


def copied(value: Any) -> Any:
    """Arrays of their own."""
    return {name: copied(part) for name, part in value.items()} if isinstance(value, dict) else value.copy()


def taken(said: Mapping[str, Any], lanes: Ints | None = None, count: int = 0) -> dict[str, Any]:
    """A copy of what was said; of some lanes alone, zeros elsewhere, where `lanes` are given."""
    out: dict[str, Any] = {}
    for name, part in said.items():
        if isinstance(part, Mapping):
            out[name] = taken(part, lanes, count)
        elif lanes is None:
            out[name] = part.copy()
        else:
            out[name] = np.zeros((count, *part.shape[1:]), part.dtype)
            out[name][lanes] = part[lanes]
    return out
