"""The largest feasible scale of the tradable part when another part of the book is frozen.

Book at scale x: frozen weights + x times the tradable wants. Every function narrows the feasible scales, an interval
[low, high] inside [0, 1]; high < low means that no scale is feasible. Gross, net, volatility and ES are convex in x,
so their feasible sets are intervals. VaR of a sample is not: its set may have holes, and its largest point is found
among the scales at which one observation crosses the bound.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.bounds import holds
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.risk import root_of_variance, sample_tail
from polyfolio.kernels.tail import historical_tail, tail_rank

_NEWTON_STEPS = 200
_SCAN_STEPS = 64
_BISECTIONS = 50


@kernel
def linear_range(fixed: float, moving: float, bound: float, low: float, high: float) -> tuple[float, float]:
    """{x in [low, high]: fixed + moving x <= bound}."""
    at_low = holds(fixed + moving * low, bound)
    at_high = holds(fixed + moving * high, bound)
    if at_low and at_high:
        return low, high
    if not (at_low or at_high):
        return low, low - 1.0
    root = min(max((bound - fixed) / moving, low), high)
    return (low, root) if at_low else (root, high)


@kernel
def quadratic_range(
    square: float, cross: float, fixed: float, bound: float, low: float, high: float
) -> tuple[float, float]:
    """{x in [low, high]: sqrt(square x^2 + cross x + fixed) <= bound}, the variance of a book with a frozen part.

    The roots of square x^2 + cross x + fixed - bound^2, in the form that does not subtract equal numbers.
    """
    at_low = holds(root_of_variance((square * low + cross) * low + fixed), bound)
    at_high = holds(root_of_variance((square * high + cross) * high + fixed), bound)
    if at_low and at_high:
        return low, high
    over = fixed - bound * bound
    if square <= 0.0:
        return linear_range(over, cross, 0.0, low, high)
    inside = cross * cross - 4.0 * square * over
    first, second = low, low - 1.0
    if inside >= 0.0:
        half = -0.5 * (cross + math.copysign(math.sqrt(inside), cross))
        one = half / square
        other = over / half if half != 0.0 else one
        first, second = max(min(one, other), low), min(max(one, other), high)
    if first > second:  # the roots lie outside; an end may still touch the bound
        if at_low:
            return low, low
        return (high, high) if at_high else (low, low - 1.0)
    return first, second


@kernel
def split_variance(want: Floats, frozen: Flags, covariance: Floats) -> tuple[float, float, float]:
    """Coefficients of x^2, x and 1 in the variance of f + x g: g'Cg, 2 f'Cg, f'Cf. NaN propagates."""
    square, cross, fixed = 0.0, 0.0, 0.0
    row = 0
    for i in range(want.size):
        for j in range(i + 1):
            if want[i] == 0.0 or want[j] == 0.0:
                continue
            part = want[i] * covariance[row + j] * want[j] * (1.0 if i == j else 2.0)
            if frozen[i] != 0 and frozen[j] != 0:
                fixed += part
            elif frozen[i] == 0 and frozen[j] == 0:
                square += part
            else:
                cross += part
        row += i + 1
    return square, cross, fixed


@kernel
def split_returns(want: Floats, frozen: Flags, risk: Any) -> None:
    """scratch[0..n) = returns of the frozen part, scratch[n..2n) = of the tradable part, n = length of the window."""
    n = risk.length
    start = risk.end - n
    for t in range(2 * n):
        risk.scratch[t] = 0.0
    for i in range(want.size):
        if want[i] != 0.0:
            part = 0 if frozen[i] != 0 else n
            for t in range(n):
                risk.scratch[part + t] += want[i] * risk.returns[i, start + t]


@kernel
def mix_returns(scale: float, risk: Any) -> None:
    """`sample` becomes frozen returns + scale x tradable returns."""
    for t in range(risk.length):
        risk.sample[t] = risk.scratch[t] + scale * risk.scratch[risk.length + t]


@kernel
def historical_var_top(risk: Any, confidence: float, bound: float, low: float, high: float) -> float:
    """The largest x in [low, high] with historical VaR <= bound, or -1.

    VaR holds while fewer than k = ceil(alpha n) returns f_t + x g_t are worse than -bound. Going down from `high` a
    loss leaves that set only at x_t = -(bound + f_t) / g_t with g_t < 0, so the answer is `high` or one of those. A
    bisection would end at any edge of the set: VaR may hold, break and hold again.
    """
    n = risk.length
    k = tail_rank(n, confidence)
    at = high
    for _ in range(n + 1):
        worse = 0
        below = -1.0
        for t in range(n):
            moving = risk.scratch[n + t]
            loss = -(risk.scratch[t] + at * moving)
            if not holds(loss, bound):
                worse += 1
                if moving < 0.0:
                    below = max(below, min(-(bound + risk.scratch[t]) / moving, at))
        if worse < k:
            return at
        if below < low or below >= at:
            return -1.0
        at = below
    return -1.0


@kernel
def _tail_slope(risk: Any, confidence: float, quantile: float) -> float:
    """Slope of ES in x for sample = f + x g: minus the mean of g over the tail; ties at the quantile share its rest."""
    n = risk.length
    below, tied = 0, 0
    sum_below, sum_tied = 0.0, 0.0
    for t in range(n):
        if risk.sample[t] < quantile:
            below += 1
            sum_below += risk.scratch[n + t]
        elif risk.sample[t] == quantile:
            tied += 1
            sum_tied += risk.scratch[n + t]
    tail = max((1.0 - confidence) * n, 1.0)
    slope: float = -(sum_below + max(tail - below, 0.0) * sum_tied / max(tied, 1)) / tail
    return slope


@kernel
def historical_es_top(risk: Any, confidence: float, bound: float, low: float, high: float) -> float:
    """The largest x in [low, high] with historical ES <= bound, or -1.

    ES is convex and piecewise linear in x, so Newton's steps from the right never pass the root and end on it exactly
    after finitely many pieces. A slope that is not positive at a breach means that no smaller scale helps.
    """
    n = risk.length
    worst = risk.scratch[2 * n :]
    out = risk.scratch[3 * n :]
    at = high
    for _ in range(_NEWTON_STEPS):
        mix_returns(at, risk)
        historical_tail(risk.sample, n, confidence, worst, out)
        if holds(out[1], bound):
            return at
        slope = _tail_slope(risk, confidence, -out[0])
        if not (slope > 0.0):
            return -1.0
        at -= (out[1] - bound) / slope
        if at < low:
            return -1.0
    return -1.0


@kernel
def _sample_holds(square: float, cross: float, fixed: float, scale: float, method: int, risk: Any, rules: Any) -> bool:
    mix_returns(scale, risk)
    sigma = root_of_variance((square * scale + cross) * scale + fixed)
    var, shortfall = sample_tail(sigma, method, risk, rules)
    return holds(var, rules.max_var) and holds(shortfall, rules.max_es)


@kernel
def scanned_top(
    square: float, cross: float, fixed: float, low: float, high: float, method: int, risk: Any, rules: Any
) -> float:
    """The largest x found in [low, high] at which VaR and ES of `method` hold, or -1.

    Cornish-Fisher is neither convex nor piecewise linear in x. The first of 64 equal steps from the top at which it
    holds is refined by bisection against the step above, which keeps a feasible end. A feasible interval narrower
    than a step can be missed; what is given back always holds.
    """
    found = -1.0
    above = high
    for step in range(_SCAN_STEPS + 1 + _BISECTIONS):
        if found >= 0.0:
            at = 0.5 * (found + above)
        elif step <= _SCAN_STEPS:
            at = high - (high - low) * step / _SCAN_STEPS
        else:
            return -1.0
        if not _sample_holds(square, cross, fixed, at, method, risk, rules):
            above = at
        elif step == 0:
            return at
        else:
            found = at
    return found
