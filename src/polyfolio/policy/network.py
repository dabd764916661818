"""From a policy of Stable-Baselines3, at work or saved, to the layers its deterministic action goes through."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.extras import missing

Single = npt.NDArray[np.float32]

# torch class -> (ONNX operator, its attributes by the module's own fields)
ACTIVATIONS: dict[str, tuple[str, dict[str, str]]] = {
    "Tanh": ("Tanh", {}),
    "ReLU": ("Relu", {}),
    "ELU": ("Elu", {"alpha": "alpha"}),
    "LeakyReLU": ("LeakyRelu", {"alpha": "negative_slope"}),
    "Sigmoid": ("Sigmoid", {}),
    "Softplus": ("Softplus", {}),
    "Identity": ("", {}),
    "Flatten": ("", {}),
}
WORDS = {"tanh": "Tanh", "relu": "ReLU", "elu": "ELU"}  # words of training.network.activation


@dataclass(frozen=True, eq=False)
class Dense:
    """A fully connected layer: weight float32[outputs, inputs], bias float32[outputs]."""

    weight: Single
    bias: Single


@dataclass(frozen=True)
class Activation:
    """An ONNX operator on each number, with its attributes."""

    operator: str
    attributes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Bound:
    """Numbers cut to low..high."""

    low: float
    high: float


Layer = Dense | Activation | Bound


@dataclass(frozen=True)
class Numbers:
    """How an action is written.

    Attributes:
        low: float per number of a Box, else empty.
        high: float per number of a Box, else empty.
        choices: how many choices each number of a Discrete (one) or MultiDiscrete has, else empty.
        single: True for Discrete: an action is one number, not an array.
    """

    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    choices: tuple[int, ...] = ()
    single: bool = False

    @property
    def width(self) -> int:
        """Numbers the network writes: those of the Box, or a logit per choice."""
        return sum(self.choices) if self.choices else len(self.low)


@dataclass(frozen=True, eq=False)
class Network:
    """A policy's deterministic action as layers.

    Attributes:
        layers: in order.
        ending: "clip" cuts the numbers to the Box, "squash" maps tanh to it, "logits" leaves them.
        numbers: how the action is written.
        order: int64[inputs]: which number of the flat observation each input of the first layer is; None in order.
    """

    layers: tuple[Layer, ...]
    ending: Literal["clip", "squash", "logits"]
    numbers: Numbers
    order: npt.NDArray[np.int64] | None = None

    @property
    def inputs(self) -> int:
        """Numbers of an observation that the first layer reads."""
        return int(next(layer for layer in self.layers if isinstance(layer, Dense)).weight.shape[1])


def numbers_of(space: Any) -> Numbers:
    """How an action of a Gymnasium space is written.

    Raises:
        ConfigError: a space other than Box, Discrete and MultiDiscrete.
    """
    kind = type(space).__name__
    if kind == "Box":
        low, high = (tuple(float(x) for x in np.ravel(bound)) for bound in (space.low, space.high))
        return Numbers(low, high)
    if kind == "Discrete" and int(space.start) == 0:
        return Numbers(choices=(int(space.n),), single=True)
    if kind == "MultiDiscrete" and not np.any(space.start):
        return Numbers(choices=tuple(int(n) for n in np.ravel(space.nvec)))
    bound = "Box, Discrete or MultiDiscrete, choices counted from 0"
    raise ConfigError("action space", str(space), bound, "Choose another action space.")


def network_of(model: Any, order: npt.NDArray[np.int64] | None = None) -> Network:
    """The policy of a Stable-Baselines3 model as layers.

    Args:
        model: PPO, A2C or SAC with fully connected layers (MlpPolicy, or MultiInputPolicy over flat blocks).
        order: where the policy's observation is a dict or a matrix: the place of each of its numbers, flattened as the
            policy does it, in the flat observation.

    Raises:
        ConfigError: a part that is no fully connected layer or known activation.
    """
    policy, numbers = model.policy, numbers_of(model.action_space)
    _refuse_extractor(getattr(policy, "actor", policy))
    if hasattr(policy, "actor"):
        modules = [policy.actor.latent_pi, policy.actor.mu]
        return Network(tuple(_layers(modules)), "squash", numbers, order)
    if not hasattr(policy, "mlp_extractor"):
        raise ConfigError("model", type(model).__name__, "PPO, A2C or SAC", "Train with one of these.")
    modules = [policy.mlp_extractor.policy_net, policy.action_net]
    ending: Literal["clip", "squash", "logits"] = "logits" if numbers.choices else "clip"
    if policy.squash_output:
        ending = "squash"
    return Network(tuple(_layers(modules)), ending, numbers, order)


def _refuse_extractor(owner: Any) -> None:
    """Features must reach the layers as they are: flattened, blocks one after the other."""
    for module in owner.features_extractor.modules():
        if type(module).__name__ not in ("FlattenExtractor", "CombinedExtractor", "ModuleDict", "Flatten"):
            raise ConfigError(
                "features extractor",
                type(module).__name__,
                "flattening alone (MlpPolicy, or MultiInputPolicy over flat blocks)",
                "Train with `policy_kwargs` that leave the features extractor out.",
            )


def _layers(modules: Iterable[Any]) -> Iterator[Layer]:
    for module in modules:
        kind = type(module).__name__
        if kind in ("Sequential", "ModuleList"):
            yield from _layers(module)
        elif kind == "Linear":
            yield Dense(_single(module.weight), _single(module.bias))
        elif kind == "Hardtanh":
            yield Bound(float(module.min_val), float(module.max_val))
        elif kind in ACTIVATIONS:
            operator, fields = ACTIVATIONS[kind]
            if operator:
                yield Activation(operator, tuple((name, float(getattr(module, at))) for name, at in fields.items()))
        else:
            known = ", ".join(("Linear", "Hardtanh", *ACTIVATIONS))
            raise ConfigError("layer of the policy", kind, f"one of {known}", "Train with another network.")


def _single(tensor: Any) -> Single:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)


def network_of_weights(
    weights: dict[str, Single], algorithm: str, activation: str, numbers: Numbers, order: Any = None
) -> Network:
    """The same from a saved model's weights by name, as `weights_of` reads them.

    Args:
        weights: tensors by the names Stable-Baselines3 gives them.
        algorithm: "ppo", "a2c" or "sac".
        activation: word of `training.network.activation`, between the layers.
        numbers: how the action is written.
        order: see `network_of`.
    """
    hidden, last = ("actor.latent_pi", "actor.mu") if algorithm == "sac" else ("mlp_extractor.policy_net", "action_net")
    operator = ACTIVATIONS[WORDS[activation]][0]
    between = Activation(operator, (("alpha", 1.0),) if operator == "Elu" else ())
    layers: list[Layer] = []
    for at in _numbered(weights, hidden):
        layers += [_dense(weights, f"{hidden}.{at}"), between]
    layers.append(_dense(weights, last))
    ending: Literal["clip", "squash", "logits"] = "squash" if algorithm == "sac" else "clip"
    return Network(tuple(layers), "logits" if numbers.choices else ending, numbers, order)


def _numbered(weights: dict[str, Single], prefix: str) -> list[int]:
    """Places of the layers in a stack: `prefix.0.weight`, `prefix.2.weight` -> 0, 2."""
    cut = len(prefix) + 1
    return sorted(int(name[cut:-7]) for name in weights if name.startswith(f"{prefix}.") and name.endswith(".weight"))


def _dense(weights: dict[str, Single], name: str) -> Dense:
    try:
        return Dense(weights[f"{name}.weight"], weights[f"{name}.bias"])
    except KeyError as error:
        known = ", ".join(sorted(weights)[:8])
        raise DataError(
            "weights", known, f"those of the named algorithm, with {error}", "Name the file of this training."
        ) from None


def weights_of(path: str | os.PathLike[str]) -> dict[str, Single]:
    """The policy's tensors of a saved model; nothing in the file is run.

    Args:
        path: a file of safetensors (`.safetensors`), or one that Stable-Baselines3 saved.

    Raises:
        DataError: no such file, or not one of these.
    """
    place = Path(path)
    try:
        return _safetensors(place) if place.suffix == ".safetensors" else _saved(place)
    except ImportError as error:
        raise missing(error.name or "stable_baselines3", error) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        bound = f"a saved model ({type(error).__name__}: {error})"
        raise DataError("model", str(place), bound, "Name a checkpoint of a training folder.") from error


def _safetensors(path: Path) -> dict[str, Single]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load_file  # noqa: PLC0415

    try:
        return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in load_file(path).items()}
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _saved(path: Path) -> dict[str, Single]:
    from stable_baselines3.common.save_util import load_from_zip_file  # noqa: PLC0415

    # load_data=False leaves the pickled part unread; tensors are read with weights_only.
    _, saved, _ = load_from_zip_file(path, load_data=False, device="cpu")
    tensors: Any = saved["policy"]
    return {name: _single(tensor) for name, tensor in tensors.items()}
