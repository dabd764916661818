"""A learner between two rollouts as files of numbers, and back: one restored goes on as if it had never stopped.

The library's own file holds weights and optimisers, and loads in Stable-Baselines3 by itself; of it only tensors are
read here, so nothing that stands in a checkpoint is run. What the library leaves out stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.errors import DataError
from polyfolio.train import needs, randomness
from polyfolio.train.randomness import Arrays

COUNTERS = ("num_timesteps", "_n_updates", "_episode_num", "_current_progress_remaining")
REPLAY = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class DivergedError(DataError):
    """A learner whose weights are numbers no more."""


def refuse_diverged(model: Any) -> None:
    """Refuse to go on with weights that are not finite: they would be kept in place of good ones.

    Raises:
        DivergedError: says which, and since when.
    """
    weights = model.policy.state_dict() if hasattr(model, "policy") else {}
    for name, tensor in weights.items():
        if not bool(needs.torch().isfinite(tensor).all()):
            raise DivergedError(
                f"{name} after {model.num_timesteps} steps",
                "NaN or infinite",
                "finite",
                "The training diverged: train anew with a smaller learning_rate, max_gradient or "
                "environment.reward.reward_scaling. The best policy so far stands in best/.",
            )


def save_model(model: Any, path: Path) -> None:
    """Weights, optimisers and settings in the library's own format."""
    model.save(path)


def load_model(model: Any, path: Path) -> None:
    """Put weights and optimisers of a file into a learner made by the same configuration.

    Raises:
        DataError: the file is damaged, or its networks are others than the learner's.
    """
    parameters, variables = tensors(path)
    refuse_other_shapes(model, parameters.get("policy", {}), path)
    model.set_parameters(parameters, exact_match=True, device=model.device)
    for name, value in variables.items():
        if value is not None:
            _attribute(model, name).data = value.data


def tensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """State of networks and optimisers by name, and learned tensors outside them. Pickled settings stay unread."""
    try:
        _, parameters, variables = needs.saving().load_from_zip_file(path, device="cpu", load_data=False)
    except (OSError, ValueError, KeyError, RuntimeError, EOFError) as error:
        bound = f"a model saved by Stable-Baselines3 ({type(error).__name__}: {error})"
        raise DataError("model", str(path), bound, "Take another checkpoint of the training.") from error
    return parameters, variables or {}


def refuse_other_shapes(model: Any, parameters: Mapping[str, Any], path: Path) -> None:
    """Refuse weights whose names or shapes are not the learner's own."""
    own = model.policy.state_dict()
    for name in sorted(set(own) | set(parameters)):
        there = tuple(parameters[name].shape) if name in parameters else None
        here = tuple(own[name].shape) if name in own else None
        if there != here:
            remedy = "Use the configuration it was learned with: algorithm, network, actions, observations."
            raise DataError(f"{path}: {name}", there, f"of shape {here}", remedy)


def state(model: Any) -> tuple[Arrays, dict[str, Any]]:
    """What decides the learner's next steps beside weights and optimisers: arrays, and the rest as JSON."""
    arrays = _where(model) | _replay(model)
    drawn, generators = randomness.state()
    arrays |= {f"random/{name}": value for name, value in drawn.items()}
    buffer = getattr(model, "replay_buffer", None)
    facts = {
        "counters": {name: getattr(model, name) for name in COUNTERS},
        "replay": None if buffer is None else {"at": buffer.pos, "full": buffer.full},
        "random": generators,
        "actions": model.action_space.np_random.bit_generator.state,
    }
    return arrays, facts


def restore(model: Any, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Put a learner, its weights loaded, where `state` found the other one; the process's generators too."""
    for name in COUNTERS:
        setattr(model, name, facts["counters"][name])
    model._last_obs = under(arrays, "seen/") or arrays.get("seen")
    model._last_episode_starts = arrays.get("begun")
    if facts["replay"] is not None:
        _refill(model.replay_buffer, under(arrays, "replay/"), facts["replay"])
    model.action_space.np_random.bit_generator.state = facts["actions"]
    randomness.restore(under(arrays, "random/"), facts["random"])


def under(arrays: Mapping[str, np.ndarray], prefix: str) -> Arrays:
    """The arrays below a prefix, named without it."""
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _attribute(thing: Any, path: str) -> Any:
    for part in path.split("."):
        thing = getattr(thing, part)
    return thing


def _parts(whole: Any) -> list[tuple[str, Any]]:
    """An array as it is, a dict of arrays one by one."""
    return [(f"/{name}", part) for name, part in whole.items()] if isinstance(whole, dict) else [("", whole)]


def _where(model: Any) -> Arrays:
    """The observation the next action answers, and which environments have just begun an episode."""
    if model._last_obs is None:
        return {}
    arrays = {f"seen{name}": np.array(part) for name, part in _parts(model._last_obs)}
    begun = model._last_episode_starts
    return arrays if begun is None else arrays | {"begun": np.array(begun)}


def _replay(model: Any) -> Arrays:
    buffer = getattr(model, "replay_buffer", None)
    if buffer is None:
        return {}
    return {
        f"replay/{name}{key}": part[: buffer.size()].copy()
        for name in REPLAY
        for key, part in _parts(getattr(buffer, name))
    }


def _refill(buffer: Any, arrays: Arrays, place: Mapping[str, Any]) -> None:
    for path, value in arrays.items():
        name, _, key = path.partition("/")
        whole = getattr(buffer, name)
        (whole[key] if key else whole)[: len(value)] = value
    buffer.pos, buffer.full = place["at"], place["full"]
