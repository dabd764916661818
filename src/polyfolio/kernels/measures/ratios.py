"""Reward over risk of one series: Sharpe, Sortino, omega, gain to pain, Kelly, stability."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures import moments, pair, partial
from polyfolio.kernels.measures.sums import add, clear, over_deviation, total

NAMES = (
    "sharpe",
    "sortino",
    "omega",
    "period_profit_factor",
    "gain_to_pain",
    "kelly_continuous",
    "annual_excess_return",
    "stability",
)

_EXCESS = 0
_TARGET = _EXCESS + moments.SIZE
_THRESHOLD = _TARGET + partial.SIZE
_ZERO = _THRESHOLD + partial.SIZE
_LINE = _ZERO + partial.SIZE
_LOG = _LINE + pair.SIZE  # the running log of wealth and its low part
SIZE = _LOG + 2


@kernel
def sharpe(excess: Floats, periods_per_year: float) -> float:
    """mean(e) / std(e, ddof=1) * sqrt(N) of a `moments` state that was fed e = r - rf."""
    return over_deviation(moments.mean(excess), moments.deviation(excess, 1.0)) * math.sqrt(periods_per_year)


@kernel
def sortino(below: Floats, periods_per_year: float) -> float:
    """(mean(r) - mar) / sqrt(mean(min(r - mar, 0)^2)) * sqrt(N) of a `partial` state with target mar."""
    return partial.mean_over_downside(below) * math.sqrt(periods_per_year)


@kernel
def kelly_continuous(excess: Floats) -> float:
    """mean(e) / var(e, ddof=1): the growth-optimal fraction of a continuous bet."""
    deviation = moments.deviation(excess, 1.0)
    return over_deviation(over_deviation(moments.mean(excess), deviation), deviation)


@kernel
def init(state: Floats) -> None:
    """Empty samples; `state` has SIZE values."""
    clear(state, SIZE)


@kernel
def update(state: Floats, value: float, rate: float, target: float, threshold: float) -> None:
    """One more period: its return, its risk-free rate, and the fixed targets of Sortino and omega."""
    moments.update(state[_EXCESS:], value - rate)
    partial.update(state[_TARGET:], value, target)
    partial.update(state[_THRESHOLD:], value, threshold)
    partial.update(state[_ZERO:], value, 0.0)
    # A wealth of 0 or less has no logarithm: NaN stays in the sum and stability is NaN.
    add(state, _LOG, math.log1p(value) if value > -1.0 else math.nan)
    pair.update(state[_LINE:], moments.count(state[_EXCESS:]), total(state, _LOG))


@kernel
def finish(state: Floats, periods_per_year: float, out: Floats) -> None:
    """NAMES in order."""
    excess = state[_EXCESS:]
    out[0] = sharpe(excess, periods_per_year)
    out[1] = sortino(state[_TARGET:], periods_per_year)
    out[2] = partial.omega(state[_THRESHOLD:])
    out[3] = partial.omega(state[_ZERO:])
    out[4] = partial.net_over_losses(state[_ZERO:])
    out[5] = kelly_continuous(excess)
    out[6] = moments.mean(excess) * periods_per_year
    correlation = pair.correlation(state[_LINE:])
    out[7] = correlation * correlation


@entry
def summary(
    returns: Floats, rates: Floats, target: float, threshold: float, periods_per_year: float, state: Floats, out: Floats
) -> None:
    """NAMES of a series; `rates` are per period; `state` is scratch of SIZE values."""
    init(state)
    for i in range(returns.shape[0]):
        update(state, returns[i], rates[i], target, threshold)
    finish(state, periods_per_year, out)
