"""Costs that an episode draws: the factor holds for every fee, and for the fees of each lane alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.envs.multi_agent import MultiAgentTradingEnv
from tests.envs.worlds import TAPE, Keys, config, one

ALL_IN = np.array([1.0, 1.0, 1.0, -1.0])
FACTOR = 2.0
DRAWN: Keys = {"randomise": {"costs": [FACTOR, FACTOR]}}


def tiers(rate: float) -> Keys:
    return {"commission": {"model": "tiered", "tiered_rates": [{"min_volume": 0.0, "rate": rate}]}}


def first_fee(commission: Keys, **environment: Any) -> float:
    """What the first step of an environment of one lane pays."""
    env = one(config({"execution": {"commission": commission}}, **environment))
    env.reset(seed=0)
    return float(env.step(ALL_IN)[4]["costs"]["commission"])


@pytest.mark.parametrize(
    "commission",
    (
        {"model": "percentage", "percentage_fee": 0.002},
        {"model": "percentage", "percentage_fee": 0.002, "max_fee": 1.0},
        {"model": "percentage", "percentage_fee": 0.0, "min_fee": 1.0},
        {"model": "fixed", "fixed_fee": 1.0},
        {"model": "per_unit", "per_unit_fee": 0.01},
        tiers(0.002)["commission"],
    ),
)
def test_a_factor_of_two_doubles_every_fee(commission: Keys) -> None:
    assert first_fee(commission, episode=DRAWN) == pytest.approx(FACTOR * first_fee(commission), rel=0.01)


@pytest.mark.parametrize("rates", ((0.002, 0.002, 0.002), (0.01, 0.002, 0.01), (0.002, 0.01, 0.01)))
def test_lanes_of_one_tier_table_draw_their_own_rates(rates: tuple[float, ...]) -> None:
    lanes = [
        {"name": f"lane {rate} {number}", "account": {"initial_capital": 20_000.0}, "execution": tiers(rate)}
        for number, rate in enumerate(rates)
    ]
    keys = {**config(episode=DRAWN), "lanes": lanes}
    env: Any = MultiAgentTradingEnv(keys, tape=TAPE)
    for seed in (0, 1):
        env.reset(seed=seed)
        *_, infos = env.step(dict.fromkeys(env.agents, ALL_IN))
        for lane, rate in zip(lanes, rates, strict=True):
            alone = first_fee(tiers(rate)["commission"], episode=DRAWN)
            assert infos[lane["name"]]["costs"]["commission"] == pytest.approx(alone, rel=1e-12)
