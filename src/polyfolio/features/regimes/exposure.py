"""How much to hold in each state: a number per row for lanes to multiply their signals with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.regimes.base import Regime


def exposure(regime: Regime, tape: Tape, scale: Mapping[str, float], *, unknown: float = 0.0) -> Floats:
    """The expected scale at each row: each state's scale times its probability, float64[rows, slots].

    Times a strategy's signals it is a source for the lanes: `run(spec, tape, signals=signals * exposure(...))`.

    Args:
        regime: a fitted regime.
        tape: the rows to answer for.
        scale: a number per state, such as {"calm": 1.0, "turbulent": 0.3}.
        unknown: the number of rows without probabilities.

    Raises:
        ConfigError: a state without a finite number, or a number without a state.
    """
    odd = set(scale) ^ set(regime.states)
    if odd:
        raise ConfigError(
            "scale", sorted(odd), f"a number for each of {', '.join(regime.states)}", "Name every state once."
        )
    numbers: dict[str, Any] = {**scale, "unknown": unknown}
    for word, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise ConfigError(f"scale of {word}", number, "a finite number", "Correct the number.")
    probabilities = regime.probabilities(tape)
    total = np.zeros(tape.rows)
    for number, state in enumerate(regime.states):
        total += probabilities[:, number] * scale[state]
    return np.repeat(np.where(np.isnan(total), unknown, total)[:, None], tape.slots, axis=1)
