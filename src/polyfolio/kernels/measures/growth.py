"""Wealth, growth and volatility. N = periods a year and years are inputs; nothing is assumed."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures import moments
from polyfolio.kernels.measures.sums import clear

NAMES = (
    "total_return",
    "cagr",
    "mean_return",
    "annual_mean",
    "period_volatility",
    "annual_volatility",
    "best",
    "worst",
    "positive_period_rate",
)

_WEALTH, _BEST, _WORST, _POSITIVE, _MOVED = 0, 1, 2, 3, 4
_MOMENTS = 5
SIZE = _MOMENTS + moments.SIZE
_LARGEST_LOG = 700.0  # exp(710) leaves float64


@kernel
def init(state: Floats) -> None:
    """Wealth 1 before the first return; `state` has SIZE values."""
    clear(state, SIZE)
    state[_WEALTH] = 1.0
    state[_BEST] = -math.inf
    state[_WORST] = math.inf
    moments.init(state[_MOMENTS:])


@kernel
def update(state: Floats, value: float) -> None:
    """Take the simple return of one more period."""
    state[_WEALTH] *= 1.0 + value
    state[_BEST] = max(state[_BEST], value)
    state[_WORST] = min(state[_WORST], value)
    if value > 0.0:
        state[_POSITIVE] += 1.0
    if value != 0.0:
        state[_MOVED] += 1.0
    moments.update(state[_MOMENTS:], value)


@kernel
def cagr(growth: float, years: float) -> float:
    """growth^(1/years) - 1 with growth = V_last / V_base; NaN when growth <= 0 or years is not positive."""
    if not (growth > 0.0 and years > 0.0):
        return math.nan
    power = math.log(growth) / years
    if not (power < _LARGEST_LOG):
        return math.nan
    return math.expm1(power)


@kernel
def annual_volatility(deviation: float, periods_per_year: float) -> float:
    """std(r, ddof=1) * sqrt(N)."""
    return deviation * math.sqrt(periods_per_year)


@kernel
def finish(state: Floats, periods_per_year: float, years: float, out: Floats) -> None:
    """NAMES in order; `positive_period_rate` leaves out returns of exactly 0."""
    sample = state[_MOMENTS:]
    n = moments.count(sample)
    out[0] = state[_WEALTH] - 1.0 if n > 0.0 else math.nan
    out[1] = cagr(state[_WEALTH], years) if n > 0.0 else math.nan
    out[2] = moments.mean(sample)
    out[3] = out[2] * periods_per_year
    out[4] = moments.deviation(sample, 1.0)
    out[5] = annual_volatility(out[4], periods_per_year)
    out[6] = state[_BEST] if n > 0.0 else math.nan
    out[7] = state[_WORST] if n > 0.0 else math.nan
    out[8] = state[_POSITIVE] / state[_MOVED] if state[_MOVED] > 0.0 else math.nan


@entry
def summary(returns: Floats, periods_per_year: float, years: float, state: Floats, out: Floats) -> None:
    """NAMES of a series of simple returns; `state` is scratch of SIZE values."""
    init(state)
    for i in range(returns.shape[0]):
        update(state, returns[i])
    finish(state, periods_per_year, years, out)


@entry
def wealth_path(returns: Floats, out: Floats) -> int:
    """out[0] = 1, out[t+1] = out[t] (1 + r_t); the first index with wealth <= 0, or -1."""
    ruined = -1
    out[0] = 1.0
    for i in range(returns.shape[0]):
        out[i + 1] = out[i] * (1.0 + returns[i])
        if ruined < 0 and not (out[i + 1] > 0.0):
            ruined = i + 1
    return ruined


@entry
def returns_of(equity: Floats, flows: Floats, out: Floats) -> int:
    """r_t = V_t / (V_{t-1} + F_t) - 1; the first index with equity <= 0, or -1.

    A flow arrives at the start of its bar, as in the book, and takes part in what the bar earns. Where all capital was
    taken out the return is 0. From the ruin on returns are NaN.
    """
    ruined = -1
    if not (equity[0] > 0.0):
        ruined = 0
    for i in range(out.shape[0]):
        if ruined >= 0:
            out[i] = math.nan
            continue
        base = equity[i] + flows[i + 1]
        empty = base == 0.0 and equity[i + 1] == 0.0
        out[i] = 0.0 if empty else equity[i + 1] / base - 1.0
        if not (equity[i + 1] > 0.0) and not empty:
            ruined = i + 1
    return ruined


@kernel
def per_period_rate(yearly: float, periods_per_year: float) -> float:
    """(1 + y)^(1/N) - 1 of a yearly effective rate; 0 stays exactly 0 even where N is unknown."""
    if yearly == 0.0:
        return 0.0
    if not (yearly > -1.0 and periods_per_year > 0.0):
        return math.nan
    return math.expm1(math.log1p(yearly) / periods_per_year)


@entry
def per_period_rates(yearly: Floats, periods_per_year: float, out: Floats) -> None:
    """`per_period_rate` of each bar's yearly rate; a single yearly rate holds for every bar."""
    for i in range(out.shape[0]):
        out[i] = per_period_rate(yearly[i if yearly.shape[0] > 1 else 0], periods_per_year)


@entry
def compound_groups(returns: Floats, labels: Ints, out: Floats, bars: Ints) -> int:
    """Returns compounded over runs of equal labels (months, weeks); the number of runs.

    out[k] = prod(1 + r) - 1 over run k, bars[k] = its number of returns. Nothing is dropped: a first or last run that
    is shorter than the others shows in `bars`.
    """
    runs = 0
    for i in range(returns.shape[0]):
        if i == 0 or labels[i] != labels[i - 1]:
            out[runs] = 1.0
            bars[runs] = 0
            runs += 1
        out[runs - 1] *= 1.0 + returns[i]
        bars[runs - 1] += 1
    for k in range(runs):
        out[k] -= 1.0
    return runs
