"""Measures over a window that moves along a series: volatility, Sharpe ratio, beta.

Every window is measured by the formulas of the whole series, from its own returns alone; a sum that is carried along
would carry its rounding along too.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry
from polyfolio.kernels.measures import growth, moments, pair, ratios

NAMES = ("annual_volatility", "sharpe", "beta")
SIZE = 2 * moments.SIZE + pair.SIZE


@entry
def windows(
    returns: Floats,
    rates: Floats,
    benchmark: Floats,
    ends: Ints,
    window: int,
    periods_per_year: float,
    state: Floats,
    out: Floats,
) -> None:
    """NAMES of the `window` returns up to and with each end.

    Args:
        returns, rates: simple returns and risk-free rates per period.
        benchmark: its returns on the same periods; empty for none, beta is NaN then.
        ends: index of the last return of each window, at least window - 1.
        window: returns in a window.
        periods_per_year: N.
        state: scratch of SIZE values.
        out: (ends, NAMES).
    """
    plain = state[: moments.SIZE]
    excess = state[moments.SIZE : 2 * moments.SIZE]
    both = state[2 * moments.SIZE :]
    against = benchmark.shape[0] == returns.shape[0]
    for at in range(ends.shape[0]):
        moments.init(plain)
        moments.init(excess)
        pair.init(both)
        for i in range(ends[at] - window + 1, ends[at] + 1):
            moments.update(plain, returns[i])
            moments.update(excess, returns[i] - rates[i])
            if against:
                pair.update(both, returns[i] - rates[i], benchmark[i] - rates[i])
        out[at, 0] = growth.annual_volatility(moments.deviation(plain, 1.0), periods_per_year)
        out[at, 1] = ratios.sharpe(excess, periods_per_year)
        out[at, 2] = pair.slope(both) if against else math.nan
