"""Steps of gym-trading-env's TradingEnv; started by benchmarks/env_peers.py with the task as JSON."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from gym_trading_env.environments import TradingEnv
from stepping import features as shown
from stepping import measured


def make(closes: Any, features: int, steps: int) -> Any:
    days = pd.date_range("2000-01-03", periods=len(closes), freq="D")
    columns = dict.fromkeys(("open", "high", "low", "close"), closes[:, 0])
    columns |= {f"feature_{number}": shown(closes, features)[:, 0, number] for number in range(features)}
    env = TradingEnv(pd.DataFrame(columns, index=days), positions=[0, 1], trading_fees=0.001, verbose=0)
    return env, np.random.default_rng(0).integers(0, 2, steps).tolist()


if __name__ == "__main__":
    print(measured(sys.argv[1], "gym-trading-env", make))
