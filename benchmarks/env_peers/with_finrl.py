"""Steps of FinRL's StockTradingEnv; started by benchmarks/env_peers.py with the task as JSON.

The module is loaded from its file, because the package's own `__init__` imports brokers' libraries. It imports one name
of Stable-Baselines3, for a function that no step calls; a placeholder spares the download of a learner.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import distribution
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from stepping import features as shown
from stepping import measured


def module(name: str) -> Any:
    for part in ("stable_baselines3", "stable_baselines3.common", "stable_baselines3.common.vec_env"):
        sys.modules[part] = ModuleType(part)
    sys.modules["stable_baselines3.common.vec_env"].DummyVecEnv = None
    path = distribution("finrl").locate_file(f"finrl/meta/env_stock_trading/{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def make(closes: Any, features: int, steps: int) -> Any:
    bars, assets = closes.shape
    columns = [f"feature_{number}" for number in range(features)]
    frame = pd.DataFrame(shown(closes, features).reshape(bars * assets, features), columns=columns)
    frame["close"] = closes.ravel()
    frame["date"] = np.repeat(pd.date_range("2000-01-03", periods=bars).strftime("%Y-%m-%d"), assets)
    frame["tic"] = np.tile([f"A{number:02d}" for number in range(assets)], bars)
    frame["turbulence"] = 0.0
    frame.index = np.repeat(np.arange(bars), assets)
    env = module("env_stocktrading").StockTradingEnv(
        df=frame,
        stock_dim=assets,
        hmax=100,
        initial_amount=1_000_000,
        num_stock_shares=[0] * assets,
        buy_cost_pct=[0.001] * assets,
        sell_cost_pct=[0.001] * assets,
        reward_scaling=1e-4,
        state_space=1 + (2 + features) * assets,
        action_space=assets,
        tech_indicator_list=columns,
        print_verbosity=10**9,
    )
    return env, list(np.random.default_rng(0).uniform(-1.0, 1.0, (steps, assets)))


if __name__ == "__main__":
    print(measured(sys.argv[1], "finrl", make))
