"""How much dearer could trading be before nothing is left?

The break-even multiple is the smallest multiple of the lane's own costs at which its total return is no longer above
0; the break-even rate is the same for a flat share of what is traded in place of all costs. Between two multiples that
were run the return is taken as straight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polyfolio.backtests.referee.costs import charges, flat, times
from polyfolio.backtests.trial import Change, Trial
from polyfolio.core.types import Floats

MULTIPLES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 35.0, 60.0, 100.0)
RATES = (0.0, 1e-4, 2e-4, 4e-4, 7e-4, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 8e-3, 1.3e-2, 2e-2, 4e-2, 0.1)
ROUNDS = 2  # of runs inside the bracket
INSIDE = 15  # variants of a round: each makes the bracket 16 times narrower


def break_even(trial: Trial) -> dict[str, Any]:
    """The multiple and the rate; None where there is none, with the reason under `why`."""
    paying = charges(
        trial.plan.rules, trial.plan.tiers[trial.plan.rules["tier_table"][0]], trial.tape.spread is not None
    )
    multiple, why = root(trial, times, MULTIPLES) if paying else (None, "no_costs")
    rate, why_rate = root(trial, flat, RATES)
    return {
        "multiple": multiple,
        "why_multiple": why,
        "most": MULTIPLES[-1],
        "rate_bp": None if rate is None else rate * 1e4,
        "why_rate": why_rate,
        "most_bp": RATES[-1] * 1e4,
    }


def root(trial: Trial, make: Callable[[float], Change], levels: Sequence[float]) -> tuple[float | None, str]:
    """The smallest level at which the return is 0 or less, and why there is none: `never_earns` or `always_earns`."""
    tried = np.array(levels)
    earned = trial.growth([(make(level),) for level in levels])
    if not earned[0] > 0.0:
        return None, "never_earns"
    for _ in range(ROUNDS):
        last = first_loss(earned)
        if last is None:
            return None, "always_earns"
        fresh = np.linspace(tried[last - 1], tried[last], INSIDE + 2)
        inside = trial.growth([(make(level),) for level in fresh[1:-1].tolist()])
        earned = np.concatenate([[earned[last - 1]], inside, [earned[last]]])
        tried = fresh
    last = first_loss(earned)
    return crossing(tried, earned, last or tried.size - 1), ""


def first_loss(earned: Floats) -> int | None:
    """The first place where nothing is earned, None without one."""
    lost = np.flatnonzero(~(earned > 0.0))
    return int(lost[0]) if lost.size else None


def crossing(levels: Floats, earned: Floats, last: int) -> float:
    """Where the straight line between the levels before and at `last` is 0."""
    left, right = levels[last - 1], levels[last]
    fallen = earned[last - 1] - earned[last]
    return float(left + (right - left) * (earned[last - 1] / fallen if fallen > 0.0 else 1.0))
