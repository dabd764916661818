"""Partial moments about a target: what lies above it, what lies below it, and the squares below it."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.measures.sums import add, clear, over_deviation, ratio, total

_COUNT, _SUM, _ABOVE, _BELOW, _SQUARES = 0, 1, 3, 5, 7
SIZE = 9


@kernel
def init(state: Floats) -> None:
    """An empty sample; `state` has SIZE values."""
    clear(state, SIZE)


@kernel
def update(state: Floats, value: float, target: float) -> None:
    """Take one more value; `target` is the same for every value of a sample."""
    distance = value - target
    state[_COUNT] += 1.0
    add(state, _SUM, distance)
    if distance > 0.0:
        add(state, _ABOVE, distance)
    else:
        add(state, _BELOW, -distance)
        add(state, _SQUARES, distance * distance)


@kernel
def omega(state: Floats) -> float:
    """sum(max(x - t, 0)) / sum(max(t - x, 0)); NaN when nothing lies below the target."""
    return ratio(total(state, _ABOVE), total(state, _BELOW))


@kernel
def net_over_losses(state: Floats) -> float:
    """sum(x - t) / sum(max(t - x, 0)); NaN when nothing lies below the target."""
    return ratio(total(state, _SUM), total(state, _BELOW))


@kernel
def downside_deviation(state: Floats) -> float:
    """sqrt(mean(min(x - t, 0)^2)), the mean over all values, not over the losses only."""
    if state[_COUNT] == 0.0:
        return math.nan
    return math.sqrt(total(state, _SQUARES) / state[_COUNT])


@kernel
def mean_over_downside(state: Floats) -> float:
    """mean(x - t) / downside deviation, per period; NaN when nothing lies below the target."""
    if state[_COUNT] == 0.0:
        return math.nan
    return over_deviation(total(state, _SUM) / state[_COUNT], downside_deviation(state))
