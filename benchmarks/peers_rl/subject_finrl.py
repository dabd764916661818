"""FinRL's StockTradingEnv as a subject of the audit.

The module is loaded by its file: importing the package `finrl` asks for brokers, data vendors and keys that the
environment does not need.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from polyfolio.testing.audit_subject import EnvSubject, wandering

PLACE = "meta/env_stock_trading/env_stocktrading.py"
SLOTS = 2
CASH = 1_000_000
UNITS = 100  # of an action of 1


def module() -> ModuleType:
    """The module of the environment, without its package."""
    package = importlib.util.find_spec("finrl")
    path = Path(next(iter(package.submodule_search_locations))) / PLACE
    spec = importlib.util.spec_from_file_location("env_stocktrading", path)
    loaded = importlib.util.module_from_spec(spec)
    sys.path.append(str(path.parent))
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


ENV = module().StockTradingEnv


def make(prices: np.ndarray | None = None, fee: float = 1e-3, features: np.ndarray | None = None) -> Any:
    """Two stocks and one indicator."""
    closes = wandering(200, SLOTS, np.random.default_rng(3)) if prices is None else prices
    rows = len(closes)
    frame = pd.DataFrame({"close": closes.ravel(), "tic": ["A", "B"] * rows}, index=np.repeat(np.arange(rows), SLOTS))
    frame["date"] = np.repeat(pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"), SLOTS)
    frame["macd"] = 0.0 if features is None else np.repeat(features[:, 0], SLOTS)
    return ENV(
        df=frame,
        stock_dim=SLOTS,
        hmax=UNITS,
        initial_amount=CASH,
        num_stock_shares=[0] * SLOTS,
        buy_cost_pct=[fee] * SLOTS,
        sell_cost_pct=[fee] * SLOTS,
        reward_scaling=1e-4,
        state_space=1 + 3 * SLOTS,
        action_space=SLOTS,
        tech_indicator_list=["macd"],
        print_verbosity=10**9,
    )


def worth(env: Any, _: Mapping[str, Any]) -> float:
    """Cash and shares at the state's prices."""
    cash, rest = env.state[0], np.asarray(env.state[1 : 1 + 2 * SLOTS], float)
    return float(cash + rest[:SLOTS] @ rest[SLOTS:])


def row_of(env: Any, _: Mapping[str, Any]) -> int:
    """The day of the last prices."""
    return int(env.day)


def subjects() -> list[EnvSubject]:
    """What is audited; it has no shorts."""
    return [
        EnvSubject(
            make,
            "FinRL StockTradingEnv",
            value=worth,
            row=row_of,
            flat=np.zeros(SLOTS, np.float32),
            long=np.ones(SLOTS, np.float32),
            slots=SLOTS,
            columns=1,
        )
    ]
