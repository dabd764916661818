"""What `projected` says where no decision reached the orders: what is held."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.envs.worlds import Keys, config, drawn, one


@pytest.mark.parametrize("rebalance", ({"every": 5}, {"threshold": 0.9}))
def test_a_decision_that_is_held_back_projects_what_is_held(rebalance: Keys) -> None:
    env = one(config({"rebalance": rebalance}), info="full")
    _, info = env.reset(seed=0)
    held_back = 0
    for action in drawn(env.action_space, 40):
        before = info["weights"]
        info = env.step(action)[4]
        reasons = {said["reason"] for said in info["reasons"] if said["event"] == "hold"}
        if reasons:
            held_back += 1
            np.testing.assert_array_equal(info["projected"], before)
            assert info["turnover"] == 0.0
        else:
            np.testing.assert_allclose(info["projected"], info["asked"], rtol=1e-9)
    assert 10 < held_back < 40


def test_orders_by_quantity_project_what_is_held() -> None:
    sizing: dict[str, Any] = {"sizing": {"method": "orders", "allow_short": True}}
    env = one(config(sizing, action={"kind": "signals", "space": "multi_discrete"}))
    _, info = env.reset(seed=0)
    for action in drawn(env.action_space, 5):
        before = info["weights"]
        info = env.step(action)[4]
        np.testing.assert_array_equal(info["projected"], before)
