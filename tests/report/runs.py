"""A small run for the tests of reports, saving and the command line."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table

DAY = 86_400_000_000_000
FIRST = 19_723  # 2024-01-01


def tape(rows: int = 60) -> Tape:
    """Two prices: one rises by 1 % a day and falls by a fifth on day 12, the other stands still."""
    day = np.arange(rows, dtype=np.int64) + FIRST
    steps = np.full(rows, 1.01)
    steps[0], steps[12] = 1.0, 0.8
    close = np.stack([100.0 * np.cumprod(steps), np.full(rows, 50.0)], axis=1)
    calendar = Calendar("24/7", 365.25, 365.25, "given", day)
    return Tape(
        day * DAY + DAY,
        close,
        close * 1.001,
        close * 0.999,
        close,
        np.full((rows, 2), 1e6),
        np.ones((rows, 2), np.uint8),
        calendar,
        Universe(("UP", "FLAT")),
        instrument_table(2),
    )


def spec(**more: Any) -> dict[str, Any]:
    """A lane without costs and one with costs, a cap and a stop."""
    costs = {
        "commission": {"model": "percentage", "percentage_fee": 0.001},
        "slippage": {"model": "percentage", "base_slippage": 0.0005},
    }
    return {
        "name": "two lanes",
        "journal": "full",
        "checked": True,
        "lanes": [
            {"name": "free", "strategy": {"name": "buy_and_hold"}},
            {
                "name": "paying",
                "strategy": {"name": "equal_weight"},
                "sizing": {"gross_target": 0.9},
                "limits": {"max_position": 0.3},
                "exits": {"stop_loss": 0.05},
                "rebalance": {"every": 5},
                "execution": costs,
            },
        ],
        **more,
    }


@cache
def result() -> Result:
    """The finished run."""
    return backtest(spec(), tape())
