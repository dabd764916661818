"""Risk parity and minimum variance, long-only and fully invested.

Both start cold, from the covariance alone, so that a result depends on its inputs and never on the bar before:
the same row gives the same bytes in a single lane, in a batch and when a run is resumed.

Covariances are packed triangles: entry (i, j), j <= i, at i (i + 1) / 2 + j. A name takes part where its budget is
positive and its variance known and positive (for minimum variance zero will do); every other name has weight 0.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.cholesky import cholesky, cholesky_solve
from polyfolio.kernels.compile import kernel, routine

NOT_CONVERGED = -1

# The promise is 1e-10 on a contribution; normalising and a product in another order of additions take their part.
CONTRIBUTION_TOLERANCE = 2e-11
MAX_SWEEPS = 2_000
# Beyond it the best long-only book has a volatility of 1e-7 of its parts: rounding, and no budget can be met.
LARGEST_LEVERAGE = 1e7

# States of a name in the active set: takes part with weight 0, or held. 0 does not take part.
_FREE = 1.0
_HELD = 2.0

# Share of each variance added to itself where the names held have a singular matrix: it bounds their weights.
RIDGE = 1e-12
FIRST_SWEEPS = 20
# Slack of the optimality conditions relative to the variance; the variance is then within twice this of the least.
OPTIMALITY_TOLERANCE = 1e-11


@kernel
def add_column(covariance: Floats, name: int, step: float, out: Floats) -> None:
    """Add to `out`: step * (column `name` of the symmetric matrix)."""
    row = name * (name + 1) // 2
    for j in range(name):
        out[j] += covariance[row + j] * step
    row += name
    for j in range(name, out.size):
        out[j] += covariance[row] * step
        row += j + 1


@kernel
def pairs_known(covariance: Floats, taking_part: Floats) -> bool:
    """Whether every covariance between names that take part is a finite number."""
    row = 0
    for i in range(taking_part.size):
        for j in range(i):
            if taking_part[i] > 0.0 and taking_part[j] > 0.0 and not abs(covariance[row + j]) < math.inf:
                return False
        row += i + 1
    return True


@kernel
def normalise(out: Floats) -> None:
    """Divide by the sum; zeros stay zeros."""
    total = 0.0
    for i in range(out.size):
        total += out[i]
    for i in range(out.size):
        out[i] = out[i] / total if total > 0.0 else 0.0


@kernel
def clear(out: Floats) -> int:
    """No weights: what is left of a failure."""
    for i in range(out.size):
        out[i] = 0.0
    return NOT_CONVERGED


@kernel
def start_parity(covariance: Floats, budget: Floats, out: Floats) -> float:
    """out_i = sqrt(b_i / C_ii) for names that take part, else 0. Returns the sum of their budgets."""
    total = 0.0
    row = 0
    for i in range(budget.size):
        row += i
        variance = covariance[row + i]
        takes_part = 0.0 < budget[i] < math.inf and 0.0 < variance < math.inf
        total += budget[i] if takes_part else 0.0
        out[i] = math.sqrt(budget[i]) / math.sqrt(variance) if takes_part else 0.0
    return total


@kernel
def parity_sweep(covariance: Floats, budget: Floats, total: float, out: Floats, product: Floats) -> float:
    """One cycle over the names; returns the largest abs(contribution - budget) after it.

    x_i = (-c_i + sqrt(c_i^2 + 4 C_ii b_i)) / (2 C_ii), c_i = sum_{j != i} C_ij x_j, which solves
    x_i (C x)_i = b_i for x_i alone. For c_i > 0 it is written without the difference, which would cancel.
    """
    row = 0
    for i in range(out.size):
        row += i
        if out[i] > 0.0:
            share = budget[i] / total
            own = covariance[row + i]
            others = product[i] - own * out[i]
            root = math.sqrt(others * others + 4.0 * own * share)
            after = 2.0 * share / (others + root) if others > 0.0 else (root - others) / (2.0 * own)
            step = after - out[i]
            out[i] = after
            add_column(covariance, i, step, product)
    variance = 0.0
    for i in range(out.size):
        variance += out[i] * product[i] if out[i] > 0.0 else 0.0
    worst = 0.0
    for i in range(out.size):
        if out[i] > 0.0:
            worst = max(worst, abs(out[i] * product[i] / variance - budget[i] / total))
    return worst if variance > 0.0 else math.inf


@routine
def risk_parity(covariance: Floats, budget: Floats, out: Floats, scratch: Floats) -> int:
    """Weights >= 0 with sum 1 and w_i (C w)_i / (w'C w) = b_i, to 1e-10 on every contribution.

    Cyclical coordinate descent on w'Cw / 2 - sum b_i ln w_i (Griveau-Billion, Richard, Roncalli 2013). A singular
    matrix has a solution as long as no long-only book is free of risk.

    Args:
        covariance: packed triangle.
        budget: shares of risk per name, any scale; not positive leaves the name out.
        out: the weights; all 0 on failure.
        scratch: at least n numbers.

    Returns:
        Sweeps taken (0: nobody takes part, all weights 0), or NOT_CONVERGED: a covariance between names that take
        part is unknown, or the budgets cannot be met; the caller falls back to inverse volatility.
    """
    total = start_parity(covariance, budget, out)
    if not total > 0.0:
        return 0
    if not pairs_known(covariance, out):
        return clear(out)
    for i in range(out.size):
        scratch[i] = 0.0
    product = scratch[: out.size]
    for i in range(out.size):
        if out[i] > 0.0:
            add_column(covariance, i, out[i], product)
    for sweep in range(MAX_SWEEPS):
        if parity_sweep(covariance, budget, total, out, product) <= CONTRIBUTION_TOLERANCE:
            normalise(out)
            return sweep + 1
        if not parity_leverage(covariance, out) < LARGEST_LEVERAGE:
            return clear(out)
    return clear(out)


@kernel
def parity_leverage(covariance: Floats, out: Floats) -> float:
    """The sum of x_i sigma_i: at the solution, where x'Cx = 1, the volatility of the parts over that of the book."""
    total = 0.0
    row = 0
    for i in range(out.size):
        row += i
        if out[i] > 0.0:
            total += out[i] * math.sqrt(covariance[row + i])
    return total


@kernel
def min_variance(covariance: Floats, out: Floats, scratch: Floats) -> int:
    """`min_variance_among` all names whose variance is known."""
    budget = scratch[: out.size]
    for i in range(out.size):
        budget[i] = 1.0
    return min_variance_among(covariance, budget, out, scratch[out.size :])


@routine
def min_variance_among(covariance: Floats, budget: Floats, out: Floats, scratch: Floats) -> int:
    """Weights >= 0 with sum 1 and the least w'Cw, over names with a positive budget.

    With x free of the sum, min x'Cx / 2 - sum x_i over x >= 0 has the same answer up to scale (there C x = 1 on
    the names held and C x >= 1 on the others). A few sweeps of coordinate descent find most of the names held, an
    active set (Lawson and Hanson) the rest exactly. Where several books are least, as with two names of one return,
    which of them comes out depends on the order of slots; its variance does not.

    Args:
        covariance: packed triangle.
        budget: names with a value > 0 take part; the size of the value means nothing here.
        out: the weights; all 0 on failure. Names without any variance share everything alike.
        scratch: at least 3 n + n (n + 1) / 2 numbers (`min_variance`: one n more).

    Returns:
        Rounds of the active set (0: nobody takes part, or a riskless name takes all), or NOT_CONVERGED.
    """
    n = out.size
    candidate = scratch[:n]
    product = scratch[n : 2 * n]
    solution = scratch[2 * n : 3 * n]
    triangle = scratch[3 * n :]
    riskless = mark_candidates(covariance, budget, candidate, out)
    if riskless >= 0:
        normalise(out)
        return 0
    if not pairs_known(covariance, candidate):
        return clear(out)
    for i in range(n):
        product[i] = 0.0
    for _ in range(FIRST_SWEEPS):
        variance_sweep(covariance, candidate, out, product)
    rounds = settle_active_set(covariance, candidate, out, product, solution, triangle)
    if rounds == NOT_CONVERGED:
        return clear(out)
    normalise(out)
    return rounds


@kernel
def mark_candidates(covariance: Floats, budget: Floats, candidate: Floats, out: Floats) -> int:
    """candidate_i = _FREE for names that take part, out_i = 1 for those without variance, else 0.

    Returns the number of names without variance, 0 where nobody takes part, -1 where the variance is to be found.
    """
    count = 0
    riskless = 0
    row = 0
    for i in range(out.size):
        row += i
        variance = covariance[row + i]
        takes_part = budget[i] > 0.0 and 0.0 <= variance < math.inf
        candidate[i] = _FREE if takes_part else 0.0
        out[i] = 1.0 if takes_part and variance == 0.0 else 0.0
        count += 1 if takes_part else 0
        riskless += 1 if out[i] > 0.0 else 0
    return riskless if riskless > 0 or count == 0 else -1


@kernel
def variance_sweep(covariance: Floats, candidate: Floats, out: Floats, product: Floats) -> None:
    """x_i = max(0, x_i + (1 - (C x)_i) / C_ii), name by name."""
    row = 0
    for i in range(out.size):
        row += i
        if candidate[i] > 0.0:
            after = out[i] + (1.0 - product[i]) / covariance[row + i]
            step = max(0.0, after) - out[i]
            if step != 0.0:
                out[i] += step
                add_column(covariance, i, step, product)


@kernel
def solve_held(covariance: Floats, candidate: Floats, ridge: float, solution: Floats, triangle: Floats) -> int:
    """Solve C s = 1 over the names held, s packed at the front of `solution`. 0 where C is not definite."""
    size = 0
    count = 0
    row = 0
    for i in range(candidate.size):
        if candidate[i] == _HELD:
            for j in range(i):
                if candidate[j] == _HELD:
                    triangle[size] = covariance[row + j]
                    size += 1
            triangle[size] = covariance[row + i] * (1.0 + ridge)
            size += 1
            solution[count] = 1.0
            count += 1
        row += i + 1
    if not cholesky(triangle, count):
        return 0
    cholesky_solve(triangle, count, solution)
    return 1


@kernel
def step_ratio(now: float, goal: float) -> float:
    """The part of the way from `now` to `goal` at which a weight reaches 0; 1 where it stays positive."""
    if goal > 0.0:
        return 1.0
    return now / (now - goal) if now > 0.0 else 0.0


@kernel
def move_to(solution: Floats, candidate: Floats, out: Floats) -> float:
    """Go from x towards s until the first weight reaches 0, and release it. Returns the part gone, 1 for all."""
    part = 1.0
    count = 0
    for i in range(out.size):
        if candidate[i] == _HELD:
            part = min(part, step_ratio(out[i], solution[count]))
            count += 1
    count = 0
    for i in range(out.size):
        if candidate[i] == _HELD:
            goal = solution[count]
            count += 1
            if goal <= 0.0 and step_ratio(out[i], goal) <= part:
                out[i] = 0.0
                candidate[i] = _FREE
            else:
                out[i] = goal if part >= 1.0 else out[i] + part * (goal - out[i])
    return part


@kernel
def name_to_add(covariance: Floats, candidate: Floats, out: Floats, product: Floats) -> int:
    """The name whose (C x)_i is furthest below 1, beyond tolerance and rounding; -1 where x is optimal."""
    for i in range(out.size):
        product[i] = 0.0
    for i in range(out.size):
        if out[i] > 0.0:
            add_column(covariance, i, out[i], product)
    leverage = parity_leverage(covariance, out)
    chosen = -1
    largest = 0.0
    row = 0
    for i in range(out.size):
        row += i
        if candidate[i] == _FREE:
            rounding = 1e-14 * leverage * math.sqrt(covariance[row + i])
            excess = 1.0 - product[i] - OPTIMALITY_TOLERANCE - rounding
            if excess > largest:
                largest = excess
                chosen = i
    return chosen


@kernel
def settle_active_set(
    covariance: Floats, candidate: Floats, out: Floats, product: Floats, solution: Floats, triangle: Floats
) -> int:
    """From a feasible x to the optimal one: solve on the names held, release what turns negative, add one, repeat."""
    for i in range(out.size):
        if out[i] > 0.0:
            candidate[i] = _HELD
    ridge = 0.0
    for rounds in range(1, 4 * out.size + 20):
        if not solve_held(covariance, candidate, ridge, solution, triangle):
            # Not from the start: at variances 4e-7 and 0.5 a ridge costs 1e-9 of optimality that exact solving has.
            if ridge > 0.0:
                return NOT_CONVERGED
            ridge = RIDGE
        elif move_to(solution, candidate, out) >= 1.0:
            chosen = name_to_add(covariance, candidate, out, product)
            if chosen < 0:
                return rounds
            candidate[chosen] = _HELD
    return NOT_CONVERGED
