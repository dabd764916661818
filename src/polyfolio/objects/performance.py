"""The performance of a series of portfolio values: the measures of the kernels, by name."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.kernels.measures import drawdown, growth, moments, ratios, tails

CONFIDENCE = 0.95
SMALLEST_SAMPLE = 60
NAMES = (
    *growth.NAMES,
    *ratios.NAMES,
    *moments.NAMES,
    *drawdown.NAMES,
    *drawdown.TAIL_NAMES,
    *drawdown.REWARD_NAMES,
    *tails.NAMES,
)


def named(names: tuple[str, ...], out: Floats) -> dict[str, float]:
    """An output array as a map."""
    return dict(zip(names, out.tolist(), strict=True))


def metrics_of(values: Sequence[float], flows: Sequence[float], periods: float, years: float) -> dict[str, float]:
    """Every measure of one series; NaN where it is undefined.

    Args:
        values: portfolio value before the first bar and at the close of each.
        flows: money paid in at each of them; 0 for none.
        periods: bars a year.
        years: elapsed years; NaN = unknown.
    """
    wealth = np.array(values, dtype=np.float64)
    n = max(len(values) - 1, 0)
    returns, none = np.empty(n), np.zeros(n)
    ruined = growth.returns_of(wealth, np.array(flows, dtype=np.float64), returns) if n else -1
    if n == 0 or ruined >= 0:
        return dict.fromkeys(NAMES, math.nan)
    grown, rewarded, shaped = (np.empty(len(part.NAMES)) for part in (growth, ratios, moments))
    growth.summary(returns, periods, years, np.empty(growth.SIZE), grown)
    ratios.summary(returns, none, 0.0, 0.0, periods, np.empty(ratios.SIZE), rewarded)
    moments.summary(returns, np.empty(moments.SHAPE_SIZE), shaped)
    found = {**named(growth.NAMES, grown), **named(ratios.NAMES, rewarded), **named(moments.NAMES, shaped)}
    return {**found, **_falls(returns, found), **_tails(returns)}


def _falls(returns: Floats, found: dict[str, float]) -> dict[str, float]:
    n = len(returns)
    path, depths = np.empty(n + 1), np.empty(n)
    growth.wealth_path(returns, path)
    fallen, worst, rewarded = (
        np.empty(len(names)) for names in (drawdown.NAMES, drawdown.TAIL_NAMES, drawdown.REWARD_NAMES)
    )
    drawdown.summary(path, np.empty(drawdown.SIZE), depths, fallen)
    drawdown.tail(depths, CONFIDENCE, np.empty(n), np.empty(n), worst)
    drawdown.rewards(fallen, found["cagr"], found["annual_excess_return"], found["total_return"], rewarded)
    return {
        **named(drawdown.NAMES, fallen),
        **named(drawdown.TAIL_NAMES, worst),
        **named(drawdown.REWARD_NAMES, rewarded),
    }


def _tails(returns: Floats) -> dict[str, float]:
    out, n = np.empty(len(tails.NAMES)), len(returns)
    tails.summary(returns, CONFIDENCE, SMALLEST_SAMPLE, np.empty(tails.STATE_SIZE), np.empty(n), np.empty(n), out)
    return named(tails.NAMES, out)
