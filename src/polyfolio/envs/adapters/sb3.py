"""Stable-Baselines3's VecEnv over the native vector environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from polyfolio.envs.adapters.bases import with_base
from polyfolio.errors import ConfigError

Observations = NDArray[Any] | dict[str, NDArray[Any]]


class SB3VecEnv:
    """The environments of a vector environment, as Stable-Baselines3 steps them.

    An instance is also a `stable_baselines3.common.vec_env.VecEnv`: that base is added when it is made, so that this
    module imports without the library. `infos[i]` is empty until episode i ends; then it holds
    `terminal_observation`, `TimeLimit.truncated`, `episode` (r: summed reward, l: steps) and what the environment
    says of the episode's last step. `info` has what it says of every step, as arrays.

    Observations stand in two buffers that take turns, because the learner stores the observation before a step after
    that step: one buffer would hold the next observation by then. What `step` gave is overwritten by the step after
    the next.

    Args:
        env: a vector environment that resets an ended episode in the same step.

    Raises:
        ConfigError: another autoreset mode, or the library is not installed.
    """

    num_envs: int
    _seeds: list[int | None]
    _options: list[dict[str, Any]]

    def __new__(cls, env: gymnasium.vector.VectorEnv[Any, Any, Any]) -> SB3VecEnv:  # noqa: ARG004, D102
        made: SB3VecEnv = object.__new__(with_base(cls, _library().VecEnv))
        return made

    def __init__(self, env: gymnasium.vector.VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not gymnasium.vector.AutoresetMode.SAME_STEP:
            raise ConfigError("autoreset", str(mode), "same_step", "Make the environment with autoreset='same_step'.")
        self.env = env
        self.info: dict[str, Any] = {}
        _library().VecEnv.__init__(self, env.num_envs, env.single_observation_space, env.single_action_space)
        self.returns = np.zeros(self.num_envs)
        self.lengths = np.zeros(self.num_envs, dtype=np.int64)
        self._quiet: tuple[dict[str, Any], ...] = tuple({} for _ in range(self.num_envs))
        self._buffers = [_empty(env), _empty(env)]
        self._turn = 0
        self._actions: NDArray[Any] | None = None

    @property
    def observations(self) -> Observations:
        """What was observed last: what `reset` or `step` returned."""
        return self._buffers[self._turn]

    def reset(self) -> Observations:
        """Begin new episodes everywhere, with the seed given by `seed` if one was given since the last reset."""
        observed, self.info = self.env.reset(seed=self._seeds[0], options=self._options[0] or None)
        self._seeds = [None] * self.num_envs
        self._options = [{} for _ in range(self.num_envs)]
        self.returns[:] = 0.0
        self.lengths[:] = 0
        return self._keep(observed)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions; `step_wait` makes the step."""
        self._actions = actions

    def step_wait(self) -> tuple[Observations, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Make the step: observations, rewards, whether an episode ended, and what is to be said of those that did."""
        observed, rewards, terminated, truncated, self.info = self.env.step(self._actions)
        self.returns += rewards
        self.lengths += 1
        dones = terminated | truncated
        infos = list(self._quiet)
        for index in np.flatnonzero(dones):
            infos[index] = self._last_words(index, bool(truncated[index] and not terminated[index]))
        self.returns[dones] = 0.0
        self.lengths[dones] = 0
        # The learner adds the value of a cut episode's last observation to its reward in place: an array of its own.
        return self._keep(observed), np.array(rewards, dtype=np.float32), dones, infos

    def close(self) -> None:
        """Release what the environment holds."""
        self.env.close()

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        """The vector environment's attribute, once for each index."""
        return [getattr(self.env, attr_name) for _ in self._chosen(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """Set an attribute of the vector environment: it is one object, so for all indices or not at all."""
        self._all_or_none(attr_name, indices)
        setattr(self.env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: int | Iterable[int] | None = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the vector environment once; its answer stands once for each index."""
        self._all_or_none(method_name, indices)
        answer = getattr(self.env, method_name)(*method_args, **method_kwargs)
        return [answer] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type, indices: int | Iterable[int] | None = None) -> list[bool]:
        """Only `Monitor` counts as there: `episode` in the infos is what it would write."""
        return [wrapper_class is _monitor() for _ in self._chosen(indices)]

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything the next steps depend on, as arrays; see `set_state`."""
        own = {"returns": self.returns.copy(), "lengths": self.lengths.copy()}
        seen = {f"observations.{name}": part.copy() for name, part in _parts(self.observations)}
        return own | seen | {f"env.{name}": part for name, part in self.env.state().items()}  # type: ignore[attr-defined]

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `state` was taken. The learner's last observation must then be `observations`."""
        self.returns[:], self.lengths[:] = state["returns"], state["lengths"]
        for name, part in _parts(self.observations):
            np.copyto(part, state[f"observations.{name}"])
        inner = {name.removeprefix("env."): part for name, part in state.items() if name.startswith("env.")}
        self.env.set_state(inner)  # type: ignore[attr-defined]

    def _keep(self, observed: Observations) -> Observations:
        self._turn = 1 - self._turn
        parts = dict(_parts(observed))
        for name, kept in _parts(self.observations):
            np.copyto(kept, parts[name])
        return self.observations

    def _last_words(self, index: np.intp, cut: bool) -> dict[str, Any]:
        said = _said(self.info.get("final_info", {}), index)
        episode = {"r": float(self.returns[index]), "l": int(self.lengths[index])}
        last = _row(self.info["final_obs"], index)
        return {**said, "episode": episode, "terminal_observation": last, "TimeLimit.truncated": cut}

    def _chosen(self, indices: int | Iterable[int] | None) -> Iterable[int]:
        if indices is None:
            return range(self.num_envs)
        return [indices] if isinstance(indices, int) else indices

    def _all_or_none(self, name: str, indices: int | Iterable[int] | None) -> None:
        if indices is not None and set(self._chosen(indices)) != set(range(self.num_envs)):
            raise ConfigError(
                f"indices of {name}", indices, "None", "The environments are one object: leave the indices out."
            )


@cache
def _library() -> Any:
    try:
        from stable_baselines3.common import vec_env  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[rl]'."
        raise ConfigError("stable_baselines3", None, f"importable ({error})", remedy) from error
    return vec_env


def _monitor() -> type:
    _library()
    from stable_baselines3.common.monitor import Monitor  # noqa: PLC0415

    found: type = Monitor
    return found


def _empty(env: gymnasium.vector.VectorEnv[Any, Any, Any]) -> Observations:
    made: Any = gymnasium.vector.utils.create_empty_array(env.single_observation_space, n=env.num_envs)
    return made  # type: ignore[no-any-return]


def _parts(observed: Observations) -> Iterable[tuple[str, NDArray[Any]]]:
    return observed.items() if isinstance(observed, Mapping) else (("", observed),)


def _row(observed: Any, index: np.intp) -> Any:
    """One environment's observation, its own memory."""
    if isinstance(observed, Mapping):
        return {name: part[index].copy() for name, part in observed.items()}
    row = observed[index]
    return {name: part.copy() for name, part in row.items()} if isinstance(row, Mapping) else row.copy()


def _said(info: Mapping[str, Any], index: np.intp) -> dict[str, Any]:
    """One environment's part of a vector environment's info."""
    named = ((name, values) for name, values in info.items() if not name.startswith("_"))
    return {name: _said(part, index) if isinstance(part, Mapping) else part[index] for name, part in named}
