"""Tapes and configurations for the tests of the object views."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table

DAY = 86_400_000_000_000

COSTS: dict[str, Any] = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "slippage": {"model": "linear", "base_slippage": 1e-4, "volume_impact": 1e-8},
    "market_impact": {"model": "square_root", "permanent_impact": 0.1, "temporary_impact": 0.05},
}
LIMITED: dict[str, Any] = {
    "limits": {"max_position": 0.3, "max_gross": 1.0, "max_long_positions": 6},
    "risk": {"max_volatility": 0.12, "max_var": 0.01, "max_drawdown": 0.2, "covariance": {"window": 60}},
    "correlation": {"limit": 0.3},
    "feedback": {"iterations": 3},
    "exits": {"stop_loss": 0.05, "take_profit": 0.1},
    "execution": COSTS,
}


def make_tape(rows: int = 201, slots: int = 8, seed: int = 3, **more: Any) -> Tape:
    """Random walks with daily bars; `lot` and `closed` (share of rows a slot is not tradable) may be given."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.012, (rows, slots)), 0))
    opens = np.vstack([close[:1], close[:-1]]) * np.exp(random.normal(0.0, 0.003, (rows, slots)))
    high, low = np.maximum(opens, close) * 1.004, np.minimum(opens, close) * 0.996
    tradable = (random.uniform(size=(rows, slots)) >= more.get("closed", 0.0)).astype(np.uint8)
    tradable[0] = 1
    day = np.arange(rows, dtype=np.int64) + 19_000
    return Tape(
        (day + 1) * DAY,
        opens,
        high,
        low,
        close,
        random.uniform(2e3, 2e4, (rows, slots)),
        tradable,
        Calendar("24/7", 365.25, 365.25, "given", day),
        Universe(tuple(f"S{i}" for i in range(slots))),
        instrument_table(slots, lot=more.get("lot", 0.0)),
    )


def momentum(tape: Tape, bars: int = 10) -> np.ndarray:
    """Signals for tests: the trailing return where it is positive, else 0."""
    trailing = np.zeros(tape.close.shape)
    trailing[bars:] = tape.close[bars:] / tape.close[:-bars] - 1.0
    return np.where(trailing > 0.0, trailing, 0.0)
