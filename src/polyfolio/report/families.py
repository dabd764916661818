"""Calls the measures, family by family: arrays in, names and values out. No formula stands here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.kernels.measures import (
    conventions,
    drawdown,
    exposure,
    growth,
    moments,
    pair,
    ratios,
    relative,
    significance,
    tails,
    trades,
)

Values = dict[str, float]


@dataclass(frozen=True)
class Basis:
    """What the formulas of one run share: N, Y, rates, targets and confidence."""

    periods_per_year: float
    years: float
    yearly: Floats  # yearly risk-free rate: one, or one per return
    rates: Floats  # the same per period, one per return
    target: float
    threshold: float
    confidence: float
    smallest_sample: int


def named(names: tuple[str, ...], out: Floats) -> Values:
    """An output array as a mapping; a negative zero, the sign-changed loss of a flat series, becomes 0."""
    return dict(zip(names, (out + 0.0).tolist(), strict=True))


def of_growth(returns: Floats, basis: Basis) -> Values:
    """Growth, volatility, ratios, shape and significance of a series."""
    grown = np.empty(len(growth.NAMES))
    growth.summary(returns, basis.periods_per_year, basis.years, np.empty(growth.SIZE), grown)
    rewards = np.empty(len(ratios.NAMES))
    state = np.empty(ratios.SIZE)
    ratios.summary(returns, basis.rates, basis.target, basis.threshold, basis.periods_per_year, state, rewards)
    shape = np.empty(len(moments.NAMES))
    moments.summary(returns, np.empty(moments.SHAPE_SIZE), shape)
    sure = np.empty(len(significance.NAMES))
    state = np.empty(significance.STATE_SIZE)
    significance.summary(returns, basis.rates, 0.0, basis.confidence, state, sure)
    return {
        **named(growth.NAMES, grown),
        **named(ratios.NAMES, rewards),
        **named(moments.NAMES, shape),
        **named(significance.NAMES, sure),
    }


def of_drawdowns(returns: Floats, basis: Basis, known: Values) -> Values:
    """Falls below the running maximum, and the ratios that divide by them; `known` are the values of `of_growth`."""
    n = returns.size
    wealth, depths = np.empty(n + 1), np.empty(n)
    growth.wealth_path(returns, wealth)
    falls = np.empty(len(drawdown.NAMES))
    drawdown.summary(wealth, np.empty(drawdown.SIZE), depths, falls)
    worst = np.empty(len(drawdown.TAIL_NAMES))
    drawdown.tail(depths, basis.confidence, np.empty(n), np.empty(n), worst)
    rewards = np.empty(len(drawdown.REWARD_NAMES))
    drawdown.rewards(falls, known["cagr"], known["annual_excess_return"], known["total_return"], rewards)
    return {
        **named(drawdown.NAMES, falls),
        **named(drawdown.TAIL_NAMES, worst),
        **named(drawdown.REWARD_NAMES, rewards),
    }


def of_tails(returns: Floats, basis: Basis) -> Values:
    """VaR and expected shortfall; `value_at_risk` and `expected_shortfall` are the historical ones."""
    n = returns.size
    out = np.empty(len(tails.NAMES))
    state = np.empty(tails.STATE_SIZE)
    tails.summary(returns, basis.confidence, basis.smallest_sample, state, np.empty(n), np.empty(n), out)
    values = named(tails.NAMES, out)
    return {
        "value_at_risk": values["var_historical"],
        "expected_shortfall": values["es_historical"],
        **values,
    }


def of_library(returns: Floats, basis: Basis, known: Values) -> Values:
    """The variants of other libraries under their own names; `known` are our numbers."""
    ours = np.array([known[name] for name in ("max_drawdown", "ulcer_index", "skew", "kurtosis")])
    out = np.empty(len(conventions.NAMES))
    state = np.empty(conventions.STATE_SIZE)
    conventions.summary(
        returns,
        basis.rates,
        basis.yearly,
        ours,
        basis.periods_per_year,
        basis.confidence,
        state,
        np.empty(returns.size),
        out,
    )
    return named(conventions.NAMES, out)


def of_benchmark(returns: Floats, benchmark: Floats, rates: Floats, basis: Basis, library: bool) -> Values:
    """Numbers against a benchmark on the same stamps; `rates` are those of these stamps.

    With `library` the variants of other libraries stand beside ours, under their own names.
    """
    filled = np.empty(relative.SIZE)
    out = np.empty(len(relative.NAMES))
    relative.summary(returns, benchmark, rates, basis.periods_per_year, filled, out)
    values = named(relative.NAMES, out)
    if library:
        other = np.empty(len(conventions.RELATIVE_NAMES))
        state = np.empty(pair.SIZE)
        conventions.relative_summary(returns, benchmark, basis.yearly, basis.periods_per_year, filled, state, other)
        values |= named(conventions.RELATIVE_NAMES, other)
    return values


def of_bars(bars: Floats, n_year: float) -> Values:
    """Exposure, turnover and time in the market; rows of `bars` are equity, gross, net and turnover."""
    out = np.empty(len(exposure.NAMES))
    exposure.summary(bars[0], bars[1], bars[2], bars[3], n_year, np.empty(exposure.SIZE), out)
    return named(exposure.NAMES, out)


def of_trades(closed: Any) -> Values:
    """Statistics of TRADE records."""
    out = np.empty(len(trades.NAMES))
    trades.summary(closed, np.empty(trades.SIZE), out)
    return named(trades.NAMES, out)
