"""A series against its benchmark, on the stamps both have: beta, alpha, tracking error, captures."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures import moments, pair
from polyfolio.kernels.measures.sums import add, clear, over_deviation, ratio, total

NAMES = (
    "beta",
    "alpha",
    "correlation",
    "r_squared",
    "active_return",
    "tracking_error",
    "information_ratio",
    "treynor",
    "up_capture",
    "down_capture",
    "capture_ratio",
    "batting_average",
)

_PAIR = 0
_ACTIVE = _PAIR + pair.SIZE
_CAPTURE = _ACTIVE + moments.SIZE
# log growth of series and benchmark in periods with b > 0 and b < 0 (sum and low part each), then the counts
_UP, _UP_BENCHMARK, _DOWN, _DOWN_BENCHMARK = _CAPTURE, _CAPTURE + 2, _CAPTURE + 4, _CAPTURE + 6
_UPS, _DOWNS, _AHEAD = _CAPTURE + 8, _CAPTURE + 9, _CAPTURE + 10
SIZE = _CAPTURE + 11


@kernel
def init(state: Floats) -> None:
    """Empty samples; `state` has SIZE values."""
    clear(state, SIZE)


@kernel
def update(state: Floats, value: float, benchmark: float, rate: float) -> None:
    """One more period: return, benchmark return, risk-free rate."""
    pair.update(state[_PAIR:], value - rate, benchmark - rate)
    moments.update(state[_ACTIVE:], value - benchmark)
    log_value = math.log1p(value) if value > -1.0 else math.nan
    log_benchmark = math.log1p(benchmark) if benchmark > -1.0 else math.nan
    if benchmark > 0.0:
        add(state, _UP, log_value)
        add(state, _UP_BENCHMARK, log_benchmark)
        state[_UPS] += 1.0
    elif benchmark < 0.0:
        add(state, _DOWN, log_value)
        add(state, _DOWN_BENCHMARK, log_benchmark)
        state[_DOWNS] += 1.0
    if value > benchmark:
        state[_AHEAD] += 1.0


@kernel
def _capture(logs: float, benchmark_logs: float, exponent: float) -> float:
    """Ratio of two growth rates exp(exponent * log growth) - 1."""
    if not (exponent * logs < 700.0 and exponent * benchmark_logs < 700.0):
        return math.nan
    return ratio(math.expm1(exponent * logs), math.expm1(exponent * benchmark_logs))


@kernel
def up_capture(state: Floats, scale: float) -> float:
    """Growth rate over growth rate of the benchmark, in periods with b > 0.

    scale 1 compares geometric means per period (ours); scale N compares yearly rates (empyrical).
    """
    return _capture(total(state, _UP), total(state, _UP_BENCHMARK), ratio(scale, state[_UPS]))


@kernel
def down_capture(state: Floats, scale: float) -> float:
    """`up_capture` in periods with b < 0."""
    return _capture(total(state, _DOWN), total(state, _DOWN_BENCHMARK), ratio(scale, state[_DOWNS]))


@kernel
def alpha_per_period(state: Floats) -> float:
    """mean(e) - beta * mean(b - rf)."""
    return pair.mean_x(state[_PAIR:]) - pair.slope(state[_PAIR:]) * pair.mean_y(state[_PAIR:])


@kernel
def information_per_period(state: Floats) -> float:
    """mean(r - b) / std(r - b, ddof=1)."""
    active = state[_ACTIVE:]
    return over_deviation(moments.mean(active), moments.deviation(active, 1.0))


@kernel
def finish(state: Floats, periods_per_year: float, out: Floats) -> None:
    """NAMES in order."""
    both = state[_PAIR:]
    active = state[_ACTIVE:]
    out[0] = pair.slope(both)
    out[1] = alpha_per_period(state) * periods_per_year
    out[2] = pair.correlation(both)
    out[3] = out[2] * out[2]
    out[4] = moments.mean(active) * periods_per_year
    out[5] = moments.deviation(active, 1.0) * math.sqrt(periods_per_year)
    out[6] = information_per_period(state) * math.sqrt(periods_per_year)
    out[7] = ratio(pair.mean_x(both) * periods_per_year, out[0])
    out[8] = up_capture(state, 1.0)
    out[9] = down_capture(state, 1.0)
    out[10] = ratio(out[8], out[9])
    n = moments.count(active)
    out[11] = state[_AHEAD] / n if n > 0.0 else math.nan


@entry
def summary(
    returns: Floats, benchmark: Floats, rates: Floats, periods_per_year: float, state: Floats, out: Floats
) -> None:
    """NAMES of two series on the same stamps; `state` is scratch of SIZE values."""
    init(state)
    for i in range(returns.shape[0]):
        update(state, returns[i], benchmark[i], rates[i])
    finish(state, periods_per_year, out)
