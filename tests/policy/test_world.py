"""What trainings that differ by luck alone have in common."""

from __future__ import annotations

import pytest

from polyfolio.policy.world import config_digest, learning_digest
from polyfolio.rules.load import load

BASE = {"name": "a", "lanes": [{"name": "one"}], "environment": {}, "training": {"steps": 1000}}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"name": "b", "seed": 4, "journal": "full"}, True),
        ({"training": {"steps": 1000, "seeds": [1, 2], "folder": "x", "tracking": {"mlflow": None}}}, True),
        ({"training": {"steps": 1000, "ppo": {"learning_rate": 0.5}}}, False),
        ({"training": {"steps": 2000}}, False),
        ({"environment": {"reward": {"type": "sortino"}}}, False),
        ({"lanes": [{"name": "one", "limits": {"max_position": 0.5}}]}, False),
    ],
)
def test_seed_name_and_place_are_left_out_of_what_was_learned(changes, same):
    base, other = load(BASE), load({**BASE, **changes})
    assert (learning_digest(base) == learning_digest(other)) is same
    assert config_digest(base) != config_digest(other)
    assert learning_digest(load({k: v for k, v in BASE.items() if k != "training"})) != learning_digest(base)
