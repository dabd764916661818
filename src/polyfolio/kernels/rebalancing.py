"""Whether a new target is worth trading for. A book in breach of a limit always trades: limits come before savings."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reason
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.quadratic import portfolio_variance
from polyfolio.kernels.risk import is_empty, root_of_variance

TRADE = 1
HOLD = 0
_ROUNDING = 1e-12  # of equity: a difference this small is the order of additions, and decides nothing
_NONE = int(Reason.NONE)
_THRESHOLD = int(Reason.THRESHOLD)
_RISK_BAND = int(Reason.RISK_BAND)
_NOT_WORTH_COST = int(Reason.NOT_WORTH_COST)


@kernel
def largest_distance(want: Floats, held: Floats, frozen: Flags) -> float:
    """max_i abs(w_i - h_i) over slots that can trade."""
    largest = 0.0
    for i in range(want.size):
        if frozen[i] == 0:
            largest = max(largest, abs(want[i] - held[i]))
    return largest


@kernel
def tracking_gain(want: Floats, held: Floats, covariance: Floats, rules: Any, scratch: Floats) -> float:
    """What the rebalancing is expected to gain, as a share of equity: (risk_aversion / 2) d'Cd, d = w - h.

    d'Cd is the tracking variance of the held book against the target over a year, so a gain is worth its cost when it
    repays it within a year. `scratch` holds one value per slot.
    """
    for i in range(want.size):
        scratch[i] = want[i] - held[i]
    gain: float = 0.5 * rules.risk_aversion * (portfolio_variance(scratch, covariance) * rules.periods_per_year)
    return gain


@kernel
def worth_trading(
    want: Floats,
    held: Floats,
    frozen: Flags,
    cost: float,
    breach: int,
    risk: Any,
    rules: Any,
    scratch: Floats,
    out: Ints,
) -> int:
    """1: trade to `want`; 0: hold the book as it is, out[0] = the Reason.

    threshold and risk band are occasions: with one of them on, the book trades when the largest distance to the
    target exceeds the threshold, or when the predicted volatility of the held book is outside [low, high]; with both
    on, either is enough. cost_aware is a veto on top: no trade whose expected gain is not above its cost. The whole
    rebalancing is judged: a part of the trades of a certified book would not be a certified book.

    Args:
        want: target weights, certified.
        held: weights held now. A book that holds nothing has no risk to keep in a band and passes the band.
        frozen: 1 where a slot cannot trade.
        cost: estimated cost of the whole rebalancing as a share of equity.
        breach: 1 when the held book is in breach of a limit.
        risk: a RiskView. A volatility or a gain that is undefined holds nothing back.
        rules: a RULES record.
        scratch: one value per slot.
        out: out[0] = NONE, THRESHOLD, RISK_BAND or NOT_WORTH_COST.
    """
    out[0] = _NONE
    if breach != 0:
        return TRADE
    band_on = rules.risk_band_low > 0.0 or rules.risk_band_high < math.inf
    occasion = not (rules.threshold > 0.0 or band_on)
    if rules.threshold > 0.0:
        out[0] = _THRESHOLD
        occasion = largest_distance(want, held, frozen) > rules.threshold + _ROUNDING
    if band_on and not occasion:
        out[0] = _RISK_BAND
        variance = portfolio_variance(held, risk.covariance)
        volatility = root_of_variance(variance * rules.periods_per_year)
        occasion = not (rules.risk_band_low <= volatility <= rules.risk_band_high) or is_empty(held)
    if not occasion:
        return HOLD
    out[0] = _NONE
    if rules.cost_aware and tracking_gain(want, held, risk.covariance, rules, scratch) <= cost + _ROUNDING:
        out[0] = _NOT_WORTH_COST
        return HOLD
    return TRADE
