"""The risk feedback stage and how fast risk may come back.

The rounds are those of the loop they come from: at most so many, each cutting by no less than a floor. Such a loop may
end in breach, so it proves nothing; the risk scale and the certificate that follow it do.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.bounds import holds
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.risk import kept_risk
from polyfolio.kernels.scale import proportional_scale, scale_tradable


@kernel
def resize_positions(want: Floats, frozen: Flags, sigma: Floats, rules: Any) -> bool:
    """w_i <- w_i max(bound / risk_i, resize_threshold) where risk_i = abs(w_i) annualised sigma_i is over its bound.

    Gives back whether the floor left a position over its bound. An unknown sigma leaves the position as it is.
    """
    left = False
    if rules.max_position_risk == math.inf:
        return left
    year = math.sqrt(rules.periods_per_year)
    for i in range(want.size):
        risk = abs(want[i]) * (sigma[i] * year)
        if frozen[i] == 0 and risk > rules.max_position_risk:
            factor = max(rules.max_position_risk / risk, rules.resize_threshold)
            want[i] *= factor
            left = left or not holds(risk * factor, rules.max_position_risk)
    return left


@routine
def feedback(want: Floats, frozen: Flags, risk: Any, rules: Any) -> int:
    """Rounds of resizing; gives back how many were taken.

    A round cuts each position whose own risk is over max_position_risk, then measures the book as it stands and scales
    all of it by bound / value where volatility or VaR are in breach; neither factor is below resize_threshold. A
    round that did not meet its floor leaves every limit met and is the last. With a frozen part the scaling is left
    to the risk scale: a plain factor could undo a hedge.
    """
    moving = True
    for i in range(want.size):
        if frozen[i] != 0 and want[i] != 0.0:
            moving = False
    for done in range(rules.feedback_iterations):
        left = resize_positions(want, frozen, risk.sigma, rules)
        if moving:
            volatility, var, _ = kept_risk(want, risk, rules)
            allowed = 1.0
            if not holds(volatility, rules.max_volatility) and volatility > 0.0:
                allowed = proportional_scale(volatility, rules.max_volatility)
            if not holds(var, rules.max_var) and var > 0.0:
                allowed = min(allowed, proportional_scale(var, rules.max_var))
            if allowed < 1.0:
                scale_tradable(want, frozen, max(allowed, rules.resize_threshold))
            left = left or allowed < rules.resize_threshold
        if not left:
            return done + 1
    return int(rules.feedback_iterations)


@kernel
def recover(scale_before: float, scale_now: float, speed: float) -> float:
    """Cuts act at once; a scale recovers by at most `speed` per decision (inf: at once)."""
    return min(scale_now, scale_before + speed)
