"""The section `training`: defaults, contradictions with its environment, search spaces."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from polyfolio.rules.problems import field_at
from polyfolio.rules.search import SPACES, SearchSection, space_of
from polyfolio.rules.spec import Spec
from polyfolio.rules.training import TrainingSection

TWO = [{"name": "a"}, {"name": "b"}]


def run(training: Any, environment: Any = None, lanes: Any = None) -> Spec:
    data = {"name": "run", "environment": environment or {}, "training": training, "lanes": lanes or [{"name": "a"}]}
    return load(data)


def refused(training: Any, environment: Any = None, lanes: Any = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        run(training, environment, lanes)
    return caught.value


def test_a_rollout_of_the_defaults_is_whole_batches() -> None:
    section = TrainingSection()
    assert section.ppo.rollout * section.envs % section.ppo.batch == 0
    assert run({}).training == section


@pytest.mark.parametrize(
    "training, environment, lanes, field",
    [
        ({"algorithm": "sac"}, {"action": {"space": "discrete"}}, None, "training.algorithm"),
        ({"algorithm": "sac"}, {"action": {"space": "multi_discrete"}}, None, "training.algorithm"),
        ({}, {"observation": {"layout": "dict"}}, None, "environment.observation.layout"),
        ({}, {"split": {"train": 0.8, "validation": 0.0}}, None, "environment.split.validation"),
        ({}, {}, TWO, "training.agents"),
        ({"agents": {}}, {}, None, "training.agents"),
        ({"agents": {"policies": {"c": "x"}}}, {}, TWO, "training.agents.policies.c"),
        ({"agents": {"regimes": {"bull": "x"}}}, {}, TWO, "training.agents.regimes"),
        ({"ppo": {"batch": 100}}, {}, None, "training.ppo.batch"),
        ({"algorithm": "sac", "steps": 1000}, {}, None, "training.sac.learning_starts"),
        ({"sac": {"buffer": 100}}, {}, None, "training.sac.batch"),
        ({"sac": {"updates": 0}}, {}, None, "training.sac.updates"),
        ({"sac": {"entropy": -1.0}}, {}, None, "training.sac.entropy"),
        ({"seeds": [1, 1]}, {}, None, "training.seeds"),
        ({"seeds": [-1]}, {}, None, "training.seeds"),
        ({"tracking": {"mlflow": "./mlruns"}}, {}, None, "training.tracking.mlflow"),
        ({"validation": {"paitence": 3}}, {}, None, "training.validation.paitence"),
        ({"network": {"layers": [0]}}, {}, None, "training.network.layers[0]"),
    ],
)
def test_a_contradiction_is_refused_at_its_key(training: Any, environment: Any, lanes: Any, field: str) -> None:
    error = refused(training, environment, lanes)
    assert error.field == field
    assert error.remedy


def test_sac_learns_boxes_and_a_divisor_is_proposed() -> None:
    assert run({"algorithm": "sac"}).training is not None
    assert "batch: 64" in refused({"ppo": {"batch": 100}}).remedy
    assert run({"ppo": {"batch": 100}, "algorithm": "a2c"}).training is not None


def test_training_without_an_environment_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load({"name": "run", "training": {}, "lanes": [{"name": "a"}]})
    assert caught.value.field == "environment"
    assert "environment: {}" in caught.value.remedy


@pytest.mark.parametrize("address", ["sqlite", None, "sqlite:///x.db", "https://tracker"])
def test_stores_of_mlflow_are_addresses(address: str | None) -> None:
    training = run({"tracking": {"mlflow": address}}).training
    assert training is not None
    assert training.tracking.mlflow == address


def test_a_parameter_is_a_list_or_a_range() -> None:
    space = {"training.gamma": [0.9, 0.99], "training.ppo.learning_rate": {"low": 1e-5, "high": 1e-2, "log": True}}
    training = run({"search": {"space": space}}).training
    assert training is not None
    found = space_of("ppo", training.search)
    assert found["training.gamma"].choices == (0.9, 0.99)
    rate = found["training.ppo.learning_rate"]
    assert (rate.low, rate.high, rate.log, rate.choices) == (1e-5, 1e-2, True, None)


@pytest.mark.parametrize(
    "parameter",
    [
        {},
        [],
        {"low": 1.0},
        {"low": 2.0, "high": 1.0},
        {"low": 0.0, "high": 1.0, "log": True},
        {"low": 0.5, "high": 4.0, "whole": True},
        {"low": 1.0, "high": 2.0, "choices": [1.5]},
    ],
)
def test_a_parameter_without_values_is_refused(parameter: Any) -> None:
    assert "training.search.space" in refused({"search": {"space": {"training.gamma": parameter}}}).field


@pytest.mark.parametrize(
    "path", ["", "training.gama", "gamma", "training.search.trials", "training.network", "lanes.z.name"]
)
def test_a_path_that_leads_to_no_single_key_is_refused(path: str) -> None:
    error = refused({"search": {"space": {path: [1, 2]}}})
    assert error.field == f"training.search.space.{path}"
    assert error.remedy


@pytest.mark.parametrize(
    "path", ["environment.reward.eta", "lanes.a.limits.max_position", "lanes[0].risk.max_var", "lanes.0.sizing.method"]
)
def test_keys_of_environments_and_lanes_may_be_searched(path: str) -> None:
    assert run({"search": {"space": {path: [0.1, 0.2]}}}).training is not None


@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "sac"])
def test_the_space_of_an_algorithm_is_made_of_its_keys(algorithm: str) -> None:
    space = space_of(algorithm, SearchSection())
    assert space == SPACES[algorithm]
    for path, parameter in space.items():
        parts = tuple(path.split("."))
        assert field_at(Spec, parts) is not None, path
        value: Any = parameter.low if parameter.choices is None else parameter.choices[0]
        data: dict[str, Any] = {"algorithm": algorithm}
        inner = data
        for part in parts[1:-1]:
            inner = inner.setdefault(part, {})
        inner[parts[-1]] = value
        assert run(data).training != TrainingSection(algorithm=algorithm), path
