"""A sealed graph says what the torch policy says, for every algorithm and action space that can be sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.graph import graph
from polyfolio.policy.network import (
    Activation,
    Dense,
    Network,
    Numbers,
    network_of,
    network_of_weights,
    numbers_of,
    weights_of,
)
from polyfolio.policy.sealed import chosen
from polyfolio.policy.session import Session
from tests.policy.makers import BOX, WIDTH, model_of, observations, seen

UNEVEN = spaces.Box(np.array([-0.1, -2.0], np.float32), np.array([0.1, 3.0], np.float32))
CHOICES = spaces.MultiDiscrete([3, 2, 5])
CASES = [
    ("PPO", BOX, {}),
    ("PPO", UNEVEN, {}),
    ("PPO", spaces.Discrete(6), {}),
    ("PPO", CHOICES, {}),
    ("PPO", BOX, {"net_arch": []}),
    ("PPO", BOX, {"use_sde": True, "squash_output": True}),
    ("A2C", BOX, {"net_arch": {"pi": [16, 8, 4], "vf": [8]}}),
    ("A2C", CHOICES, {}),
    ("SAC", BOX, {"net_arch": [16, 16]}),
    ("SAC", UNEVEN, {}),
    ("SAC", BOX, {"use_sde": True}),
]


def acted(model: Any, order: np.ndarray | None = None, width: int = WIDTH) -> tuple[np.ndarray, Session]:
    network = network_of(model, order)
    session = Session(graph(network, width))
    raw = session.run(observations(width=width))
    return chosen(raw, network.numbers.choices, network.numbers.single), session


@pytest.mark.parametrize(("algorithm", "action", "kwargs"), CASES)
def test_the_graph_agrees_with_torch(algorithm: str, action: spaces.Space, kwargs: dict) -> None:
    model = model_of(algorithm, action, **kwargs)
    wanted, _ = model.predict(observations(), deterministic=True)
    found, _ = acted(model)
    assert np.abs(np.asarray(wanted, float)).max() > 0.05, "an action that is always the same shows nothing"
    assert found.shape == wanted.shape
    if isinstance(action, spaces.Box):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
        assert len(np.unique(wanted.round(3))) > 50
    else:
        np.testing.assert_array_equal(found, wanted)
        assert len(np.unique(wanted)) > 1


@pytest.mark.parametrize("name", ["Tanh", "ReLU", "ELU", "LeakyReLU", "Sigmoid", "Softplus"])
def test_each_activation_is_carried_over_with_its_parameters(name: str) -> None:
    import torch

    kwargs = {"LeakyReLU": {"negative_slope": 0.3}, "ELU": {"alpha": 0.7}}.get(name, {})

    class Made(getattr(torch.nn, name)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(**kwargs)

    Made.__name__ = name
    model = model_of("PPO", BOX, activation_fn=Made)
    wanted, _ = model.predict(observations(), deterministic=True)
    np.testing.assert_allclose(acted(model)[0], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("observation", "order"),
    [
        (spaces.Dict({"b": seen(2), "a": spaces.Box(-9, 9, (2, 2), np.float32)}), [2, 3, 4, 5, 0, 1]),
        (spaces.Box(-9, 9, (2, 3), np.float32), [5, 4, 3, 2, 1, 0]),
    ],
)
def test_blocks_and_matrices_are_gathered_from_the_flat_observation(observation: spaces.Space, order: list) -> None:
    model = model_of("PPO", BOX, observation)
    flat = observations(width=6)
    ordered = flat[:, order]
    if isinstance(observation, spaces.Dict):
        given = {"a": ordered[:, :4].reshape(-1, 2, 2), "b": ordered[:, 4:]}
    else:
        given = ordered.reshape(-1, 2, 3)
    wanted, _ = model.predict(given, deterministic=True)
    np.testing.assert_allclose(acted(model, np.array(order), 6)[0], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("algorithm", "action", "activation"),
    [("PPO", BOX, "tanh"), ("A2C", CHOICES, "relu"), ("SAC", UNEVEN, "relu"), ("PPO", BOX, "elu")],
)
def test_saved_weights_give_the_same_graph_as_the_model(
    algorithm: str, action: spaces.Space, activation: str, tmp_path: Path
) -> None:
    import torch

    kind = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "elu": torch.nn.ELU}[activation]
    model = model_of(algorithm, action, activation_fn=kind, net_arch=[12, 9])
    model.save(tmp_path / "model.zip")
    weights = weights_of(tmp_path / "model.zip")
    network = network_of_weights(weights, algorithm.lower(), activation, numbers_of(action))
    assert graph(network, WIDTH) == graph(network_of(model), WIDTH)


def test_weights_are_read_from_arrays_without_objects(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    model = model_of("PPO", BOX)
    arrays = {name: value.numpy() for name, value in model.policy.state_dict().items()}
    save_file(arrays, tmp_path / "weights.safetensors")
    network = network_of_weights(weights_of(tmp_path / "weights.safetensors"), "ppo", "tanh", numbers_of(BOX))
    assert graph(network, WIDTH) == graph(network_of(model), WIDTH)


@pytest.mark.pitfall("SEC-03")
def test_reading_a_model_runs_nothing_that_stands_in_it(tmp_path: Path) -> None:
    import base64
    import json
    import os
    import pickle
    import zipfile

    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "trapped"),)

    model_of("PPO", BOX).save(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as saved:
        entries = {name: saved.read(name) for name in saved.namelist()}
    data = json.loads(entries["data"])
    data["policy_class"] = {":type:": "x", ":serialized:": base64.b64encode(pickle.dumps(Trap())).decode()}
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as changed:
        for name, content in (entries | {"data": json.dumps(data).encode()}).items():
            changed.writestr(name, content)
    assert "action_net.weight" in weights_of(tmp_path / "model.zip")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("content", [None, b"", b"no zip", b"PK\x03\x04 half"])
@pytest.mark.parametrize("name", ["model.zip", "weights.safetensors"])
def test_a_file_that_is_no_model_is_refused(content: bytes | None, name: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="checkpoint"):
        weights_of(tmp_path / name)


def test_the_same_layers_give_the_same_bytes() -> None:
    one, two = (graph(network_of(model_of("PPO", BOX, seed=3)), WIDTH) for _ in range(2))
    assert one == two
    assert one != graph(network_of(model_of("PPO", BOX, seed=4)), WIDTH)


@pytest.mark.parametrize("action", [spaces.MultiBinary(3), spaces.Discrete(3, start=1)])
def test_other_action_spaces_are_refused(action: spaces.Space) -> None:
    with pytest.raises(ConfigError, match="Box, Discrete or MultiDiscrete"):
        numbers_of(action)


def test_parts_that_are_no_dense_layer_are_refused() -> None:
    import torch
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

    class Own(BaseFeaturesExtractor):
        def __init__(self, space: spaces.Box) -> None:
            super().__init__(space, 5)
            self.layer = torch.nn.Linear(WIDTH, 5)

        def forward(self, given: Any) -> Any:
            return self.layer(given)

    with pytest.raises(ConfigError, match="features extractor"):
        network_of(model_of("PPO", BOX, features_extractor_class=Own))
    model = model_of("PPO", BOX)
    model.policy.mlp_extractor.policy_net.append(torch.nn.LayerNorm(64))
    with pytest.raises(ConfigError, match="LayerNorm"):
        network_of(model)


def dense(outputs: int, inputs: int, value: float = 0.5) -> Dense:
    return Dense(np.full((outputs, inputs), value, np.float32), np.zeros(outputs, np.float32))


@pytest.mark.parametrize(
    ("layers", "order", "said"),
    [
        ((dense(2, 6),), None, "weights of layer 0"),
        ((dense(3, WIDTH), dense(2, 4)), None, "weights of layer 1"),
        ((dense(3, WIDTH),), None, "last layer"),
        ((dense(2, WIDTH, np.nan),), None, "NaN"),
        ((dense(2, 2),), [0, 7], "order"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers: tuple, order: list | None, said: str) -> None:
    network = Network(layers, "clip", Numbers((-1.0, -1.0), (1.0, 1.0)), None if order is None else np.array(order))
    with pytest.raises(DataError, match=said):
        graph(network, WIDTH)


def test_weights_of_another_algorithm_are_refused() -> None:
    weights = {"action_net.weight": np.zeros((4, 7), np.float32), "action_net.bias": np.zeros(4, np.float32)}
    with pytest.raises(DataError, match=r"actor\.mu"):
        network_of_weights(weights, "sac", "relu", numbers_of(BOX))


def test_a_graph_by_hand() -> None:
    layers = (Dense(np.array([[1.0, -2.0]], np.float32), np.array([0.5], np.float32)), Activation("Relu"))
    session = Session(graph(Network(layers, "clip", Numbers((-1.0,), (2.0,))), 2))
    given = np.array([[1.0, 0.0], [0.0, 1.0], [5.0, 0.0], [0.2, 0.1]], np.float32)
    np.testing.assert_allclose(session.run(given)[:, 0], [1.5, 0.0, 2.0, 0.5], atol=1e-7)
