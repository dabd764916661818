"""How much money can it carry? The same lane with more capital, while its orders move prices.

The impact model and the participation cap are switched on: the lane's own where it has them, else the square-root law
with a coefficient of one and a tenth of each bar's volume.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.backtests.referee.costs import USUAL_IMPACT, capital_times, moves_prices
from polyfolio.backtests.trial import Trial
from polyfolio.core.codes import Impact, Sizing
from polyfolio.core.types import Floats

MULTIPLES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
# Methods whose signals are quantities or money: more capital alone would change nothing.
FIXED = (Sizing.UNITS, Sizing.MONEY, Sizing.ORDERS)


def capacity(trial: Trial) -> dict[str, Any]:
    """The curve over capital, where half of the return is left, and where the profit in money is largest."""
    usual = trial.lane.execution.market_impact
    own = usual.model is not Impact.NONE and (usual.temporary_impact > 0.0 or usual.permanent_impact > 0.0)
    signals = scaled_signals(trial) if trial.lane.sizing.method in FIXED else None
    if not volume_is_known(trial):
        return {"why": "no_volume", "points": [], "half": None, "best": None, "impact": None, "coefficient": None}
    found = trial.outcomes([(capital_times(factor), moves_prices) for factor in MULTIPLES], signals)
    points = [
        {"multiple": factor, "capital": trial.capital * factor, "profit": trial.capital * factor * one.total_return}
        | one.record()
        for factor, one in zip(MULTIPLES, found, strict=True)
    ]
    earned = np.array([one.total_return for one in found])
    best = int(np.argmax(earned * np.array(MULTIPLES)))
    return {
        "why": "" if earned[0] > 0.0 else "earns_nothing",
        "points": points,
        "half": half_point(earned) * trial.capital if earned[0] > 0.0 else None,
        "best": trial.capital * MULTIPLES[best] if earned[0] > 0.0 else None,
        "impact": usual.model.name.lower() if own else Impact.SQUARE_ROOT.name.lower(),
        "coefficient": None if own else USUAL_IMPACT,
    }


def scaled_signals(trial: Trial) -> Floats:
    """The lane's signals times each multiple."""
    return np.ascontiguousarray(trial.signals * np.array(MULTIPLES)[:, None, None])


def volume_is_known(trial: Trial) -> bool:
    """Whether some bar says how much was traded in it."""
    return bool((trial.tape.volume[trial.tape.tradable != 0] > 0.0).any())


def half_point(earned: Floats) -> float:
    """The multiple at which the return is half of the first one, straight in its logarithm; inf where it never is."""
    half = 0.5 * earned[0]
    below = np.flatnonzero(~(earned > half))
    if below.size == 0:
        return math.inf
    last = int(below[0])
    left, right = np.log(MULTIPLES[last - 1]), np.log(MULTIPLES[last])
    share = (earned[last - 1] - half) / (earned[last - 1] - earned[last])
    return float(np.exp(left + (right - left) * share))
