"""A run of two lanes for the tests of pages: splits, lots, shorts, limits, a stop, a benchmark, names with markup."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table

DAY = 86_400_000_000_000
FIRST = 18_993  # 2022-01-01
SYMBOLS = ("INDEX", "SPLIT", "A<b>&C", "FOUR")


def tape(rows: int = 500, seed: int = 5) -> Tape:
    """Four random walks; the second is split two for one on row 200 and one for three on row 350."""
    rng = np.random.default_rng(seed)
    day = np.arange(rows, dtype=np.int64) + FIRST
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.015, (rows, 4)), axis=0))
    splits = np.ones((rows, 4))
    for row, ratio in ((200, 2.0), (350, 1.0 / 3.0)):
        if row < rows:
            splits[row, 1] = ratio
            close[row:, 1] /= ratio
    dividends = np.zeros((rows, 4))
    dividends[50::60, 2] = 0.5
    return Tape(
        day * DAY + DAY,
        close * 0.999,
        close * 1.01,
        close * 0.99,
        close,
        np.full((rows, 4), 1e6),
        np.ones((rows, 4), np.uint8),
        Calendar("24/7", 365.25, 365.25, "given", day),
        Universe(SYMBOLS, {"sector": ("broad", "tech", "tech", "energy")}),
        instrument_table(4, lot=[0.0, 1.0, 0.01, 0.0]),
        dividends=dividends,
        splits=splits,
    )


def spec(**more: Any) -> dict[str, Any]:
    """One lane with limits, costs and a stop, one that goes short."""
    return {
        "name": "pages",
        "journal": "full",
        "checked": True,
        "defaults": {"execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}}},
        "lanes": [
            {
                "name": "careful <i>",
                "strategy": {"name": "equal_weight"},
                "account": {"benchmark": "INDEX"},
                "sizing": {"method": "equal_weight", "gross_target": 0.7},
                "limits": {"max_position": 0.2, "max_gross": 0.7, "labels": [{"by": "sector", "cap": 0.3}]},
                "exits": {"stop_loss": 0.05},
                "rebalance": {"every": 10},
            },
            {
                "name": "both sides",
                "strategy": {"name": "momentum", "params": {"lookback": 20, "long_short": True}},
                "account": {"initial_capital": 250_000.0},
                "sizing": {"method": "equal_weight", "gross_target": 1.0, "allow_short": True},
                "rebalance": {"every": 5},
            },
        ],
        **more,
    }


@cache
def result() -> Result:
    """The finished run."""
    return backtest(spec(), tape())


@cache
def summary() -> Result:
    """The same run, journalled at level summary."""
    return backtest(spec(journal="summary"), tape())
