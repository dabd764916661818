"""gym-anytrading's StocksEnv as a subject of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from gym_anytrading.envs import Positions, StocksEnv

from polyfolio.testing.audit_subject import EnvSubject, wandering

WINDOW = 10


def make(prices: np.ndarray | None = None, fee: float | None = None) -> StocksEnv:
    """Sell or buy; `fee` replaces the fees of both sides."""
    closes = wandering(200, 1, np.random.default_rng(3)) if prices is None else prices
    env = StocksEnv(pd.DataFrame({"Close": closes[:, 0]}), WINDOW, (WINDOW, len(closes)))
    if fee is not None:
        env.trade_fee_bid_percent = env.trade_fee_ask_percent = fee
    return env


def worth(env: StocksEnv, info: Mapping[str, Any]) -> float:
    """Its total profit; what is held is marked at the last price, its buying fee taken."""
    profit = float(info["total_profit"])
    if info["position"] is not Positions.Long or env._truncated:
        return profit
    gain = float(env.prices[env._current_tick]) / float(env.prices[env._last_trade_tick])
    return profit * (1.0 - env.trade_fee_ask_percent) * gain


def row_of(env: StocksEnv, _: Mapping[str, Any]) -> int:
    """The row of the last price."""
    return int(env._current_tick)


def subjects() -> list[EnvSubject]:
    """What is audited. Its short position is none: it holds cash."""
    return [EnvSubject(make, "gym-anytrading StocksEnv", value=worth, row=row_of, flat=0, long=1)]
