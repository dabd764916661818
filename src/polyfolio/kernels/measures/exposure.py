"""What was held and traded: exposure at the closes, turnover, time in the market."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures.sums import add, clear, total

NAMES = (
    "exposure_gross",
    "exposure_net",
    "leverage",
    "turnover",
    "annual_turnover",
    "one_way_turnover",
    "time_in_market",
)

_COUNT, _HELD, _LARGEST, _GROSS, _NET, _TURNOVER = 0, 1, 2, 3, 5, 7
SIZE = 9


@kernel
def init(state: Floats) -> None:
    """No bars yet; `state` has SIZE values."""
    clear(state, SIZE)


@kernel
def update(state: Floats, equity: float, gross: float, net: float, turnover: float) -> None:
    """One more bar: equity, sum of abs(value), sum of value at the close; traded notional / equity before it."""
    state[_COUNT] += 1.0
    if gross > 0.0:
        state[_HELD] += 1.0
    # Exposure of an account without equity is not defined, and one such bar must not vanish in a mean.
    share = gross / equity if equity > 0.0 else math.nan
    if not (share <= state[_LARGEST]):
        state[_LARGEST] = share
    add(state, _GROSS, share)
    add(state, _NET, net / equity if equity > 0.0 else math.nan)
    add(state, _TURNOVER, turnover)


@kernel
def finish(state: Floats, periods_per_year: float, out: Floats) -> None:
    """NAMES in order; exposures and turnover are means per bar, `leverage` is the largest gross exposure."""
    n = state[_COUNT]
    if n == 0.0:
        for i in range(7):
            out[i] = math.nan
        return
    out[0] = total(state, _GROSS) / n
    out[1] = total(state, _NET) / n
    # A NaN bar may be followed by a number, which would take the maximum's place: the mean remembers it.
    out[2] = math.nan if math.isnan(out[0]) else state[_LARGEST]
    out[3] = total(state, _TURNOVER) / n
    out[4] = out[3] * periods_per_year
    out[5] = 0.5 * out[3]
    out[6] = state[_HELD] / n


@entry
def summary(
    equity: Floats, gross: Floats, net: Floats, turnover: Floats, periods_per_year: float, state: Floats, out: Floats
) -> None:
    """NAMES of a run's bars; `state` is scratch of SIZE values."""
    init(state)
    for i in range(equity.shape[0]):
        update(state, equity[i], gross[i], net[i], turnover[i])
    finish(state, periods_per_year, out)
