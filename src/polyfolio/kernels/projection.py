"""The nearest feasible book: minimise (1/2) |x - w|^2 over the books that meet every convex limit.

    0 <= x_i sign(w_i) <= max_position and max_position_risk / sigma_i        (no name turns from long to short)
    sum abs(x) <= gross,  min_net <= sum x <= max_net,  sum of abs(x) over a label <= its cap
    x'Cx <= s^2        (s from max_volatility and, where the tail is normal, max_var and max_es)

Solved by the alternating direction method of multipliers with over-relaxation (Boyd et al. 2011; the splitting and the
balancing of rho as in OSQP, Stellato et al. 2020): x meets all sets only in the limit, z lies in each of them.
Limits that are not convex (historical VaR, counts, correlation) are left to the stages that certify them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.bounds import gross_bound, holds, net_bound, sigma_bound
from polyfolio.kernels.cholesky import cholesky, cholesky_solve
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.quadratic import portfolio_variance
from polyfolio.kernels.risk import root_of_variance, tail_method

NOT_SOLVED = -1
_ITERATIONS = 4000
_RELAXATION = 1.6
_TOLERANCE = 1e-12
_LAST_TOLERANCE = 1e-9
_BALANCE_EVERY = 25
_BALANCE_UNTIL = 1000
_DUST = 1e-9  # weights this small are the solver's, not anybody's want
_NET_ROW = 1


class ProjectionWork(NamedTuple):
    """Memory of the solver, made once by `projection_work` and overwritten by every call."""

    root: Any  # float64[triangle], L with L L' = covariance / bound^2, times `balance`
    factor: Any  # float64[triangle], Cholesky factor of I + rho M'M
    rows: Any  # float64[rows, slots], each of length 1
    low: Any  # float64[rows]
    high: Any  # float64[rows]
    floor: Any  # float64[slots], lower end of the box
    ceiling: Any  # float64[slots]
    point: Any  # float64[slots], x
    image: Any  # float64[rows + 2 slots], M x: the box, the rows, the ball
    inside: Any  # float64[rows + 2 slots], z
    price: Any  # float64[rows + 2 slots], multipliers of M x = z
    pull: Any  # float64[slots]


def projection_work(slots: int, caps: int) -> ProjectionWork:
    """Memory for books of `slots` names under `caps` label caps."""
    triangle = slots * (slots + 1) // 2
    rows = caps + 2
    sizes = (triangle, triangle, (rows, slots), rows, rows, slots, slots, slots)
    stacked = rows + 2 * slots
    return ProjectionWork(*(np.zeros(size) for size in (*sizes, stacked, stacked, stacked, slots)))


@kernel
def _set_box(want: Floats, frozen: Flags, sigma: Floats, rules: Any, work: Any) -> None:
    year = math.sqrt(rules.periods_per_year)
    for i in range(want.size):
        if frozen[i] != 0:
            work.floor[i] = want[i]
            work.ceiling[i] = want[i]
            continue
        largest = rules.max_position
        if rules.max_position_risk < math.inf and sigma[i] > 0.0:
            largest = min(largest, rules.max_position_risk / (sigma[i] * year))
        work.floor[i] = -largest if want[i] < 0.0 else 0.0
        work.ceiling[i] = largest if want[i] > 0.0 else 0.0


@kernel
def _normalise_row(work: Any, row: int, low: float, high: float) -> None:
    """Divide a row by its length; a row of zeros bounds nothing."""
    length = 0.0
    for i in range(work.point.size):
        length += work.rows[row, i] * work.rows[row, i]
    length = math.sqrt(length)
    if length > 0.0:
        for i in range(work.point.size):
            work.rows[row, i] /= length
        low /= length
        high /= length
    else:
        low, high = -math.inf, math.inf
    work.low[row] = low
    work.high[row] = high


@kernel
def _set_rows(want: Floats, labels: Ints, caps: Floats, rules: Any, work: Any) -> int:
    """Gross, net, one row per label cap; signs are those of the want. Gives back the number of rows."""
    gross, _ = gross_bound(rules)
    net, _ = net_bound(rules)
    for i in range(want.size):
        work.rows[0, i] = 0.0 if want[i] == 0.0 else math.copysign(1.0, want[i])
        work.rows[_NET_ROW, i] = 1.0
    _normalise_row(work, 0, -math.inf, gross)
    _normalise_row(work, _NET_ROW, rules.min_net, net)
    rows = 2
    for cap in range(rules.label_caps, rules.label_caps_end):
        for i in range(want.size):
            belongs = want[i] != 0.0 and labels[int(caps[cap, 0]), i] == int(caps[cap, 1])
            work.rows[rows, i] = math.copysign(1.0, want[i]) if belongs else 0.0
        _normalise_row(work, rows, -math.inf, caps[cap, 2])
        rows += 1
    return rows


@kernel
def _semidefinite_root(covariance: Floats, scale: float, slots: int, root: Floats) -> None:
    """Write into `root` the L with L L' = scale^2 C for a C that may be singular: a column without a pivot is zero."""
    row = 0
    for i in range(slots):
        column = 0
        for j in range(i + 1):
            rest = covariance[row + j] * scale * scale
            smallest = 1e-18 * rest
            for k in range(j):
                rest -= root[row + k] * root[column + k]
            if j < i:
                pivot = root[column + j]
                root[row + j] = rest / pivot if pivot > 0.0 else 0.0
            else:
                root[row + j] = math.sqrt(rest) if rest > smallest and rest > 0.0 else 0.0
            column += j + 1
        row += i + 1


@kernel
def _set_ball(covariance: Floats, bound: float, slots: int, work: Any) -> float:
    """The ball |R x| <= radius with R = L' times a balance that makes |R| about 1; gives back the radius.

    The balance is 1 / sqrt(max_i sum_j abs(C_ij)), from a bound on the largest eigenvalue. The radius is inf where
    there is no ball and NaN where the covariance is unknown.
    """
    largest = 0.0
    for i in range(slots):
        total = 0.0
        for j in range(slots):
            high, low = max(i, j), min(i, j)
            total += abs(covariance[high * (high + 1) // 2 + low])
        if math.isnan(total):
            return math.nan
        largest = max(largest, total)
    if bound == math.inf or largest == 0.0:
        for place in range(work.root.size):
            work.root[place] = 0.0
        return math.inf
    balance = 1.0 / math.sqrt(largest)
    _semidefinite_root(covariance, balance, slots, work.root)
    return bound * balance


@kernel
def _set_factor(slots: int, rows: int, rho: float, work: Any) -> int:
    """Cholesky factor of I + rho (I + A'A + R'R), A the rows and R the ball's root."""
    place = 0
    for i in range(slots):
        for j in range(i + 1):
            total = 1.0 if i == j else 0.0
            for row in range(rows):
                total += work.rows[row, i] * work.rows[row, j]
            for k in range(j + 1):
                total += work.root[i * (i + 1) // 2 + k] * work.root[j * (j + 1) // 2 + k]
            work.factor[place] = (1.0 if i == j else 0.0) + rho * total
            place += 1
    return cholesky(work.factor, slots)


@kernel
def _times(slots: int, rows: int, work: Any) -> None:
    """Write M point into `image`: the point, A point, R point with R = L'."""
    for i in range(slots):
        work.image[i] = work.point[i]
        work.image[slots + rows + i] = 0.0
    for row in range(rows):
        total = 0.0
        for i in range(slots):
            total += work.rows[row, i] * work.point[i]
        work.image[slots + row] = total
    place = 0
    for i in range(slots):
        for k in range(i + 1):
            work.image[slots + rows + k] += work.root[place + k] * work.point[i]
        place += i + 1


@kernel
def _times_back(slots: int, rows: int, rho: float, work: Any) -> None:
    """Write into `pull` M'(rho z - price)."""
    for i in range(slots):
        work.pull[i] = rho * work.inside[i] - work.price[i]
    for row in range(rows):
        force = rho * work.inside[slots + row] - work.price[slots + row]
        for i in range(slots):
            work.pull[i] += work.rows[row, i] * force
    ball = slots + rows
    place = 0
    for i in range(slots):
        for k in range(i + 1):
            work.pull[i] += work.root[place + k] * (rho * work.inside[ball + k] - work.price[ball + k])
        place += i + 1


@kernel
def _project_each(slots: int, rows: int, radius: float, work: Any) -> None:
    """Move `inside` to the nearest point of box x slabs x ball, each set by itself."""
    for i in range(slots):
        work.inside[i] = min(max(work.inside[i], work.floor[i]), work.ceiling[i])
    for row in range(rows):
        work.inside[slots + row] = min(max(work.inside[slots + row], work.low[row]), work.high[row])
    ball = slots + rows
    length = 0.0
    for i in range(slots):
        length += work.inside[ball + i] * work.inside[ball + i]
    length = math.sqrt(length)
    if length > radius:
        for i in range(slots):
            work.inside[ball + i] *= radius / length


@kernel
def _step(want: Floats, slots: int, rows: int, radius: float, rho: float, work: Any) -> tuple[float, float]:
    """One round; gives back the largest primal and dual residual."""
    _times_back(slots, rows, rho, work)
    for i in range(slots):
        work.point[i] = want[i] + work.pull[i]
    cholesky_solve(work.factor, slots, work.point)
    _times(slots, rows, work)
    for place in range(2 * slots + rows):
        relaxed = _RELAXATION * work.image[place] + (1.0 - _RELAXATION) * work.inside[place]
        work.price[place] += rho * relaxed
        work.inside[place] = work.price[place] / rho
    _project_each(slots, rows, radius, work)
    primal = 0.0
    for place in range(2 * slots + rows):
        work.price[place] -= rho * work.inside[place]
        primal = max(primal, abs(work.image[place] - work.inside[place]))
    _times_back(slots, rows, 0.0, work)
    dual = 0.0
    for i in range(slots):
        dual = max(dual, abs(work.point[i] - want[i] - work.pull[i]))
    return primal, dual


@kernel
def _solve(want: Floats, rows: int, radius: float, work: Any) -> int:
    """Rounds until both residuals are below 1e-12, or -1.

    Bounds next to zero (a net of 1e-9) let prices crawl back from an early overshoot by 1e-9 a round: after the last
    round 1e-9 is good enough, and the caller looks whether the limits hold.
    """
    slots = want.size
    rho = 1.0
    primal, dual = math.inf, math.inf
    stale = True
    for place in range(2 * slots + rows):
        work.inside[place] = 0.0
        work.price[place] = 0.0
    for done in range(_ITERATIONS):
        if stale and _set_factor(slots, rows, rho, work) == 0:
            return NOT_SOLVED
        stale = False
        primal, dual = _step(want, slots, rows, radius, rho, work)
        if primal < _TOLERANCE and dual < _TOLERANCE:
            return done + 1
        if done % _BALANCE_EVERY == _BALANCE_EVERY - 1 and done < _BALANCE_UNTIL:
            ratio = math.sqrt(max(primal, 1e-300) / max(dual, 1e-300))
            if ratio > 3.0 or ratio < 1.0 / 3.0:
                rho = min(max(rho * ratio, 1e-4), 1e4)
                stale = True
    return _ITERATIONS if primal < _LAST_TOLERANCE and dual < _LAST_TOLERANCE else NOT_SOLVED


@kernel
def _settle_net(frozen: Flags, rules: Any, work: Any) -> None:
    """Take the solver's last rounding out of the net: the side that is too large shrinks, nothing else can break."""
    longs, shorts, fixed = 0.0, 0.0, 0.0
    for i in range(work.point.size):
        if frozen[i] != 0:
            fixed += work.point[i]
        elif work.point[i] > 0.0:
            longs += work.point[i]
        else:
            shorts += work.point[i]
    net, _ = net_bound(rules)
    over = longs + shorts + fixed - net
    under = rules.min_net - longs - shorts - fixed
    for i in range(work.point.size):
        if frozen[i] == 0:
            if over > 0.0 and work.point[i] > 0.0:
                work.point[i] *= max(1.0 - over / longs, 0.0)
            elif under > 0.0 and work.point[i] < 0.0:
                work.point[i] *= max(1.0 + under / shorts, 0.0)


@kernel
def _is_feasible(covariance: Floats, bound: float, rows: int, work: Any) -> bool:
    for row in range(rows):
        total, length = 0.0, 0.0
        for i in range(work.point.size):
            total += work.rows[row, i] * work.point[i]
            length = max(length, abs(work.rows[row, i]))
        # Rows have length 1; the limits are held to the slack of unscaled sums.
        if length > 0.0 and not (
            holds(total / length, work.high[row] / length) and holds(-total / length, -work.low[row] / length)
        ):
            return False
    return bound == math.inf or holds(root_of_variance(portfolio_variance(work.point, covariance)), bound)


@routine
def project(want: Floats, frozen: Flags, risk: Any, labels: Ints, caps: Floats, rules: Any, work: Any) -> int:
    """Replace `want` by the nearest feasible book (frozen slots stay); gives back the rounds taken.

    -1, and `want` as it was, when the limits contradict each other, the covariance is unknown or the solver did not
    end: the caller falls back to the scale. `work` is a ProjectionWork for at least as many slots and caps.
    """
    slots = want.size
    _set_box(want, frozen, risk.sigma, rules, work)
    rows = _set_rows(want, labels, caps, rules, work)
    bound, _ = sigma_bound(tail_method(risk, rules), rules)
    radius = math.inf
    if bound < math.inf:
        radius = _set_ball(risk.covariance, bound, slots, work)
    else:
        for place in range(work.root.size):
            work.root[place] = 0.0
    if math.isnan(radius):
        return NOT_SOLVED
    rounds = _solve(want, rows, radius, work)
    if rounds == NOT_SOLVED:
        return NOT_SOLVED
    for i in range(slots):
        value = min(max(work.point[i], work.floor[i]), work.ceiling[i])
        work.point[i] = value if frozen[i] != 0 or abs(value) > _DUST else 0.0
    _settle_net(frozen, rules, work)
    if not _is_feasible(risk.covariance, bound, rows, work):
        return NOT_SOLVED
    for i in range(slots):
        want[i] = work.point[i]
    return rounds
