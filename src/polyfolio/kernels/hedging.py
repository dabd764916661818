"""A position in the benchmark slot that keeps the book's beta near a target."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.beta import book_beta
from polyfolio.kernels.compile import routine


@routine
def hedge(want: Floats, held: Floats, frozen: Flags, risk: Any, rules: Any) -> float:
    """Set the want of the hedge slot; gives back the beta of the wanted book with the hedge it had.

    beta = sum_i w_i beta_i over the last hedge_window observations, the hedge slot at the weight held and with a beta
    of 1. Within hedge_band of hedge_beta the hedge stays as it is; outside it moves to

        w_hedge = h_hedge + hedge_beta - beta

    as far as max_position and allow_short let it. The slot belongs to the hedge: a signal for it has no effect, since
    the target beta alone decides what is held there. With too little history (NaN) the hedge stays as it is.
    """
    slot = rules.hedge_slot
    if slot < 0:
        return math.nan
    want[slot] = held[slot]
    window = rules.hedge_window
    if frozen[slot] != 0 or window > risk.end or window > risk.sample.size:
        return math.nan
    beta: float = book_beta(want, risk.returns, slot, risk.end, window, risk.sample)
    if abs(beta - rules.hedge_beta) > rules.hedge_band:
        lowest = -rules.max_position if rules.allow_short else 0.0
        want[slot] = min(max(held[slot] + rules.hedge_beta - beta, lowest), rules.max_position)
    return beta
