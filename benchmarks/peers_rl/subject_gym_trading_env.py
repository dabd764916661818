"""gym-trading-env's TradingEnv as a subject of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from gym_trading_env.environments import TradingEnv

from polyfolio.testing.audit_subject import EnvSubject, wandering

COLUMNS = 2


def make(
    prices: np.ndarray | None = None,
    fee: float = 1e-3,
    borrow: float = 0.0,
    features: np.ndarray | None = None,
    **settings: Any,
) -> TradingEnv:
    """Positions short, flat and long over bars that open where they close."""
    closes = wandering(200, 1, np.random.default_rng(3)) if prices is None else prices
    close = closes[:, 0]
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), close))
    frame.index = pd.date_range("2024-01-01", periods=len(close), freq="h")
    frame["feature_move"] = np.r_[0.0, np.diff(np.log(close))]
    for number in range(0 if features is None else COLUMNS):
        frame[f"feature_{number}"] = features[:, number]
    return TradingEnv(
        df=frame,
        positions=[-1, 0, 1],
        trading_fees=fee,
        borrow_interest_rate=borrow,
        verbose=0,
        **{"initial_position": 0, **settings},
    )


def make_by_default(prices: np.ndarray | None = None) -> TradingEnv:
    """The same with the position drawn at the start, which is the environment's default."""
    return make(prices, initial_position="random")


def make_windows(prices: np.ndarray | None = None) -> TradingEnv:
    """The same with the last five observations stacked and a start drawn."""
    return make(prices, windows=5, max_episode_duration=50)


def row_of(_: TradingEnv, info: Mapping[str, Any]) -> int:
    """The row of the last bar."""
    return int(info["idx"])


def subjects() -> list[EnvSubject]:
    """What is audited."""
    name = "gym-trading-env TradingEnv"
    return [
        EnvSubject(make, f"{name}, initial_position 0", row=row_of, short=0, flat=1, long=2, columns=COLUMNS),
        EnvSubject(make_by_default, f"{name}, initial_position random (the default)", row=row_of),
        EnvSubject(make_windows, f"{name}, windows 5, max_episode_duration 50", row=row_of),
    ]
