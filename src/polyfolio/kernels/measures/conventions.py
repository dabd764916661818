"""What other libraries print under the same names, for `convention=`. None of these is used for our own numbers.

`NAMES` are variants computed from one series; `REPLACED` says, per library, which metric each variant stands for, and
`PERIODS` the periods a year the library assumes when it is told nothing. A metric that is not listed equals ours.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures import moments, pair, partial, relative
from polyfolio.kernels.measures.growth import cagr
from polyfolio.kernels.measures.order import quantile, sort
from polyfolio.kernels.measures.significance import psr
from polyfolio.kernels.measures.sums import clear, over_deviation, ratio

NAMES = (
    "cagr_by_count",
    "calmar_by_count",
    "sharpe_of_compounded_mean",
    "sortino_of_compounded_mean",
    "sharpe_geometric",
    "sortino_geometric",
    "volatility_compounded",
    "max_drawdown_additive",
    "ulcer_index_sample",
    "var_interpolated",
    "es_interpolated",
    "skew_unbiased",
    "excess_kurtosis_unbiased",
    "psr_unbiased",
    "recovery_of_sum",
    "sortino_of_excess",
)
RELATIVE_NAMES = (
    "alpha_compounded",
    "alpha_without_rate",
    "information_ratio_per_period",
    "treynor_of_total",
    "up_capture_annual",
    "down_capture_annual",
)

# The variants in words, for `explain`.
FORMULAS = {
    "cagr_by_count": "W_n^(N/n) - 1, years counted as n / N",
    "calmar_by_count": "cagr_by_count / abs(max_drawdown)",
    "sharpe_of_compounded_mean": "((1 + mean(r))^N - 1 - y) / (std(r, ddof=1) sqrt(N)), y = yearly rate",
    "sortino_of_compounded_mean": "((1 + mean(r))^N - 1 - y) / (std(r where r < 0, ddof=1) sqrt(N))",
    "sharpe_geometric": "(cagr_by_count - y) / volatility_compounded",
    "sortino_geometric": "(cagr_by_count - y) / (sqrt(mean(min(r, 0)^2)) sqrt(N))",
    "volatility_compounded": "sqrt((var(r) + (1 + g)^2)^N - (1 + g)^(2N)), g = geometric mean of r",
    "max_drawdown_additive": "min(S_t - max(S_1..S_t)), S = running sum of r, the start is no peak",
    "ulcer_index_sample": "sqrt(sum(dd^2) / (n - 1))",
    "var_interpolated": "-quantile(r, 1 - c), linear interpolation",
    "es_interpolated": "-mean(r where r <= quantile(r, 1 - c))",
    "skew_unbiased": "skew sqrt(n (n - 1)) / (n - 2)",
    "excess_kurtosis_unbiased": "(n - 1) ((n + 1)(kurtosis - 3) + 6) / ((n - 2)(n - 3))",
    "psr_unbiased": "psr with skew_unbiased and excess_kurtosis_unbiased + 3",
    "recovery_of_sum": "abs(sum(r)) / abs(max_drawdown)",
    "sortino_of_excess": "mean(e) / sqrt(mean(min(e, 0)^2)) sqrt(N), e = r - rf",
    "alpha_compounded": "(1 + mean(e) - beta mean(b - rf))^N - 1",
    "alpha_without_rate": "N (mean(r) - beta mean(b)), the risk-free rate left out",
    "information_ratio_per_period": "mean(r - b) / std(r - b, ddof=1)",
    "treynor_of_total": "(total_return - y) / beta",
    "up_capture_annual": "ratio of growth rates per year in periods with b > 0",
    "down_capture_annual": "ratio of growth rates per year in periods with b < 0",
}

PERIODS = {
    "quantstats": 252.0,
    "empyrical": 252.0,
    "ffn": 252.0,
    "lean": 252.0,
    "qlib": 238.0,
    "backtesting": 252.0,
}

_UNBIASED = {
    "skew": "skew_unbiased",
    "kurtosis": "excess_kurtosis_unbiased",
    "excess_kurtosis": "excess_kurtosis_unbiased",
}
_BY_COUNT = {"cagr": "cagr_by_count", "calmar": "calmar_by_count"}

# metric -> the variant, or one of our own numbers, that the library prints under that name
REPLACED: dict[str, dict[str, str]] = {
    "quantstats": {
        **_BY_COUNT,
        **_UNBIASED,
        "sortino": "sortino_of_excess",
        "ulcer_index": "ulcer_index_sample",
        "value_at_risk": "var_normal",
        "expected_shortfall": "es_normal",
        "es_historical": "es_interpolated",
        "alpha": "alpha_without_rate",
        "information_ratio": "information_ratio_per_period",
        "treynor": "treynor_of_total",
        "recovery_factor": "recovery_of_sum",
        "psr": "psr_unbiased",
    },
    "empyrical": {
        **_BY_COUNT,
        "value_at_risk": "var_interpolated",
        "var_historical": "var_interpolated",
        "expected_shortfall": "es_interpolated",
        "es_historical": "es_interpolated",
        "alpha": "alpha_compounded",
        "information_ratio": "information_ratio_per_period",
        "up_capture": "up_capture_annual",
        "down_capture": "down_capture_annual",
    },
    "ffn": {
        **_UNBIASED,
        "sortino": "sortino_of_excess",
        "information_ratio": "information_ratio_per_period",
    },
    "lean": {"sharpe": "sharpe_of_compounded_mean", "sortino": "sortino_of_compounded_mean"},
    "qlib": {"cagr": "annual_mean", "max_drawdown": "max_drawdown_additive"},
    "backtesting": {
        "calmar": "calmar_by_count",
        "sharpe": "sharpe_geometric",
        "sortino": "sortino_geometric",
        "annual_volatility": "volatility_compounded",
    },
}

_BELOW = moments.SIZE
_LOSSES = _BELOW + partial.SIZE
_OVER_RATE = _LOSSES + moments.SIZE
_EXCESS = _OVER_RATE + partial.SIZE
STATE_SIZE = _EXCESS + moments.SIZE


@kernel
def compounded(rate: float, periods_per_year: float) -> float:
    """(1 + rate)^N - 1."""
    return cagr(1.0 + rate, ratio(1.0, periods_per_year))


@kernel
def mean_rate(yearly: Floats) -> float:
    """The yearly rate as one number, for the libraries that take no series of rates."""
    level = 0.0
    for i in range(yearly.shape[0]):
        level += yearly[i]
    return float(level / yearly.shape[0])


@kernel
def volatility_compounded(deviation: float, geometric_mean: float, periods_per_year: float) -> float:
    """sqrt((var + (1 + g)^2)^N - (1 + g)^(2 N)), the deviation of a product of N independent returns."""
    square = (1.0 + geometric_mean) * (1.0 + geometric_mean)
    if not (square > 0.0 and periods_per_year > 0.0):
        return math.nan
    spread = math.log1p(deviation * deviation / square) * periods_per_year
    level = math.log(square) * periods_per_year
    if not (spread + level < 700.0):
        return math.nan
    return math.sqrt(math.exp(level) * math.expm1(spread))


@kernel
def max_drawdown_additive(returns: Floats) -> float:
    """min(S_t - max(S_1 .. S_t)) of the running sum of returns; the start is no peak."""
    if returns.shape[0] == 0:
        return math.nan
    level = 0.0
    peak = -math.inf
    deepest = 0.0
    for i in range(returns.shape[0]):
        level += returns[i]
        peak = max(peak, level)
        deepest = min(deepest, level - peak)
    return deepest


@kernel
def mean_at_most(ordered: Floats, n: int, bound: float) -> float:
    """Mean of the values at or below `bound`, NaN when there are none."""
    below = 0.0
    taken = 0
    while taken < n and ordered[taken] <= bound:
        below += ordered[taken]
        taken += 1
    return math.nan if taken == 0 else below / taken


@kernel
def skew_unbiased(skew: float, n: float) -> float:
    """G1 = g1 sqrt(n (n - 1)) / (n - 2)."""
    return skew * math.sqrt(n * (n - 1.0)) / (n - 2.0) if n > 2.0 else math.nan


@kernel
def excess_kurtosis_unbiased(kurtosis: float, n: float) -> float:
    """G2 = (n - 1) ((n + 1) (g2) + 6) / ((n - 2)(n - 3)) with g2 = kurtosis - 3."""
    if not (n > 3.0):
        return math.nan
    return (n - 1.0) * ((n + 1.0) * (kurtosis - 3.0) + 6.0) / ((n - 2.0) * (n - 3.0))


@kernel
def _feed(returns: Floats, rates: Floats, state: Floats) -> float:
    """Fill the samples of `state`; the growth of 1."""
    clear(state, STATE_SIZE)
    growth = 1.0
    for i in range(returns.shape[0]):
        growth *= 1.0 + returns[i]
        moments.update(state, returns[i])
        partial.update(state[_BELOW:], returns[i], 0.0)
        partial.update(state[_OVER_RATE:], returns[i] - rates[i], 0.0)
        moments.update(state[_EXCESS:], returns[i] - rates[i])
        if returns[i] < 0.0:
            moments.update(state[_LOSSES:], returns[i])
    return growth


@entry
def summary(
    returns: Floats,
    rates: Floats,
    yearly: Floats,
    ours: Floats,
    periods_per_year: float,
    confidence: float,
    state: Floats,
    ordered: Floats,
    out: Floats,
) -> None:
    """NAMES of a series.

    `ours` = (max_drawdown, ulcer_index, skew, kurtosis), which are ours already; `rates` are per period, `yearly` is
    one yearly rate or one per return; `state` is scratch of STATE_SIZE values, `ordered` of n.
    """
    growth = _feed(returns, rates, state)
    yearly_rate = mean_rate(yearly)
    for i in range(returns.shape[0]):
        ordered[i] = returns[i]
    sort(ordered, returns.shape[0])
    n = moments.count(state)
    mean = moments.mean(state)
    deviation = moments.deviation(state, 1.0)
    root = math.sqrt(periods_per_year)
    out[0] = cagr(growth, ratio(n, periods_per_year))
    out[1] = ratio(out[0], -ours[0])
    performance = compounded(mean, periods_per_year) - yearly_rate
    out[2] = over_deviation(performance, deviation * root)
    out[3] = over_deviation(performance, moments.deviation(state[_LOSSES:], 1.0) * root)
    out[6] = volatility_compounded(deviation, cagr(growth, n), periods_per_year)
    out[4] = over_deviation(out[0] - yearly_rate, out[6])
    out[5] = over_deviation(out[0] - yearly_rate, partial.downside_deviation(state[_BELOW:]) * root)
    out[7] = max_drawdown_additive(returns)
    out[8] = ours[1] * math.sqrt(n / (n - 1.0)) if n > 1.0 else math.nan
    level = quantile(ordered, returns.shape[0], 1.0 - confidence)
    out[9] = -level
    out[10] = -mean_at_most(ordered, returns.shape[0], level)
    out[11] = skew_unbiased(ours[2], n)
    out[12] = excess_kurtosis_unbiased(ours[3], n)
    excess = state[_EXCESS:]
    sharpe = over_deviation(moments.mean(excess), moments.deviation(excess, 1.0))
    out[13] = psr(sharpe, 0.0, n, out[11], out[12] + 3.0)
    out[14] = ratio(abs(mean * n), -ours[0])
    out[15] = partial.mean_over_downside(state[_OVER_RATE:]) * root


@entry
def relative_summary(
    returns: Floats,
    benchmark: Floats,
    yearly: Floats,
    periods_per_year: float,
    filled: Floats,
    state: Floats,
    out: Floats,
) -> None:
    """RELATIVE_NAMES; `filled` is the state that `relative.summary` left, `state` scratch of pair.SIZE values."""
    pair.init(state)
    growth = 1.0
    for i in range(returns.shape[0]):
        growth *= 1.0 + returns[i]
        pair.update(state, returns[i], benchmark[i])
    slope = pair.slope(state)
    out[0] = compounded(relative.alpha_per_period(filled), periods_per_year)
    out[1] = (pair.mean_x(state) - slope * pair.mean_y(state)) * periods_per_year
    out[2] = relative.information_per_period(filled)
    out[3] = ratio(growth - 1.0 - mean_rate(yearly), slope)
    out[4] = relative.up_capture(filled, periods_per_year)
    out[5] = relative.down_capture(filled, periods_per_year)
