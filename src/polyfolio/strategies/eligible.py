"""Names that a rule about risk may hold: tradable, and with enough rows behind them."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least


def eligible(tape: Tape, lookback: int, min_observations: int) -> Floats:
    """1 where a slot is tradable, now and in `min_observations` of the last `lookback` rows; else NaN."""
    at_least("lookback", lookback, 1)
    at_least("min_observations", min_observations, 1)
    if min_observations > lookback:
        raise ConfigError("min_observations", min_observations, f"<= lookback ({lookback})", "Change one of them.")
    on = tape.tradable != 0
    total = np.cumsum(on, axis=0, dtype=np.int64)
    total[lookback:] -= total[:-lookback].copy()
    return np.where(on & (total >= min_observations), 1.0, np.nan)
