"""Steps of FinRL's NumPy environment; started by benchmarks/env_peers.py with the task as JSON."""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import distribution
from typing import Any

import numpy as np
from stepping import features as shown
from stepping import measured

NAME = "env_stocktrading_np"


def make(closes: Any, features: int, steps: int) -> Any:
    bars, assets = closes.shape
    path = distribution("finrl").locate_file(f"finrl/meta/env_stock_trading/{NAME}.py")
    spec = importlib.util.spec_from_file_location(NAME, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    config = {
        "price_array": closes,
        "tech_array": shown(closes, features).reshape(bars, assets * features),
        "turbulence_array": np.zeros(bars),
        "if_train": True,
    }
    return loaded.StockTradingEnv(config), list(np.random.default_rng(0).uniform(-1.0, 1.0, (steps, assets)))


if __name__ == "__main__":
    print(measured(sys.argv[1], "finrl", make))
