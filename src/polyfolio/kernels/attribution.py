"""Where the money came from: by cost kind, by instrument, by timing, and against a benchmark.

Every split here sums back to what it splits; the remainder is returned so that the caller can show it.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures.sums import add, total

# The identity of a bar: change of equity = sum of sign * term.
COST_KINDS = (
    "gain",
    "dividends",
    "interest",
    "flows",
    "commission",
    "slippage",
    "impact",
    "borrow",
    "funding",
)
ASSET_KINDS = ("gain", "dividends", "commission", "slippage", "impact", "borrow", "funding")
BRINSON = ("allocation", "selection", "interaction")
# out: sum per kind, then total and remainder
COST_SIZE = len(COST_KINDS) + 2
COST_STATE_SIZE = 2 * len(COST_KINDS) + 1
_LARGEST = 2 * len(COST_KINDS)


@kernel
def signed_terms(mark: Any, out: Floats) -> None:
    """COST_KINDS of one MARK record with their signs: what was earned > 0, what was paid < 0."""
    out[0] = mark["gain"]
    out[1] = mark["dividends"]
    out[2] = mark["interest"]
    out[3] = mark["flows"]
    out[4] = -mark["commission"]
    out[5] = -mark["slippage"]
    out[6] = -mark["impact"]
    out[7] = -mark["borrow"]
    out[8] = -mark["funding"]


@kernel
def init(state: Floats) -> None:
    """Nothing earned yet; `state` has COST_STATE_SIZE values."""
    for i in range(COST_STATE_SIZE):
        state[i] = 0.0


@kernel
def update(state: Floats, before: float, mark: Any, terms: Floats) -> None:
    """Take one lane-bar: equity before it and its MARK record; `terms` is scratch of 9 values."""
    signed_terms(mark, terms)
    earned = 0.0
    for i in range(9):
        add(state, 2 * i, terms[i])
        earned += terms[i]
    residual = abs(mark["equity"] - before - earned)
    # Written so that a NaN residual is kept as the largest.
    if not (residual <= state[_LARGEST]):
        state[_LARGEST] = residual


@entry
def cost_kinds(marks: Any, lane: int, start: float, state: Floats, terms: Floats, out: Floats) -> float:
    """Sum of each term of the identity over one lane's bars.

    Args:
        marks: MARK records in order of rows; other lanes are passed over.
        lane: the lane to split.
        start: equity before its first mark.
        state: scratch of COST_STATE_SIZE values.
        terms: scratch of 9 values.
        out: COST_SIZE values: COST_KINDS signed, their total, and change of equity minus that total.

    Returns:
        The largest residual of a single bar, in money.
    """
    init(state)
    equity = start
    for i in range(marks.shape[0]):
        mark = marks[i]
        if mark["lane"] != lane:
            continue
        update(state, equity, mark, terms)
        equity = mark["equity"]
    earned = 0.0
    for i in range(9):
        out[i] = total(state, 2 * i)
        earned += out[i]
    out[9] = earned
    out[10] = equity - start - earned
    return float(state[_LARGEST])


@entry
def by_asset(terms: Floats, change: float, out: Floats) -> float:
    """Profit of each slot and the part of the change of equity that belongs to none (interest, flows).

    terms[slot, kind] in the order of ASSET_KINDS, costs as positive numbers; out[slot] = gain + dividends - costs.
    The return value is change - sum(out), so slots and remainder add up to the account.
    """
    assigned = 0.0
    lost = 0.0
    for slot in range(terms.shape[0]):
        profit = terms[slot, 0] + terms[slot, 1]
        for kind in range(2, 7):
            profit -= terms[slot, kind]
        out[slot] = profit
        before = assigned
        assigned = before + profit
        part = assigned - before
        lost += (before - (assigned - part)) + (profit - part)
    return change - (assigned + lost)


@entry
def timing(fills: Any, decision_prices: Floats, multipliers: Floats, out: Floats) -> float:
    """Gain between the decision's price and the fill's reference, per slot; the sum is returned.

    out[slot] = sum(q * m * (decision - reference)): what the book would have earned more (< 0) or less (> 0) had it
    traded at the price it decided on. A fill without a decision price (NaN), a stop for example, has no timing part.
    """
    for slot in range(out.shape[0]):
        out[slot] = 0.0
    moved = 0.0
    for i in range(fills.shape[0]):
        fill = fills[i]
        wait = decision_prices[i] - fill["reference"]
        if math.isnan(wait):
            continue
        part = fill["quantity"] * multipliers[fill["slot"]] * wait
        out[fill["slot"]] += part
        moved += part
    return moved


@kernel
def brinson_group(
    weight: float, benchmark_weight: float, own: float, benchmark: float, total_benchmark: float, out: Floats
) -> None:
    """BRINSON of one group: (wp - wb)(Rb_i - Rb), wb (Rp_i - Rb_i), (wp - wb)(Rp_i - Rb_i) (Brinson-Fachler 1985).

    A group absent on one side takes the other side's return, so that its whole effect is allocation.
    """
    if weight == 0.0 and benchmark_weight == 0.0:
        out[0] = 0.0
        out[1] = 0.0
        out[2] = 0.0
        return
    if weight == 0.0:
        own = benchmark
    elif benchmark_weight == 0.0:
        benchmark = own
    active = weight - benchmark_weight
    out[0] = active * (benchmark - total_benchmark)
    out[1] = benchmark_weight * (own - benchmark)
    out[2] = active * (own - benchmark)


@entry
def brinson(
    weights: Floats, benchmark_weights: Floats, returns: Floats, benchmark_returns: Floats, out: Floats, totals: Floats
) -> None:
    """Split of one period's active return over groups.

    Args:
        weights, benchmark_weights: per group, each summing to 1 (cash is a group).
        returns, benchmark_returns: per group; not read where the weight is 0.
        out: (groups, 3), BRINSON.
        totals: portfolio return, benchmark return, active return, sum of all parts.
    """
    own = 0.0
    benchmark = 0.0
    for i in range(weights.shape[0]):
        if weights[i] != 0.0:
            own += weights[i] * returns[i]
        if benchmark_weights[i] != 0.0:
            benchmark += benchmark_weights[i] * benchmark_returns[i]
    parts = 0.0
    for i in range(weights.shape[0]):
        brinson_group(weights[i], benchmark_weights[i], returns[i], benchmark_returns[i], benchmark, out[i])
        parts += out[i, 0] + out[i, 1] + out[i, 2]
    totals[0] = own
    totals[1] = benchmark
    totals[2] = own - benchmark
    totals[3] = parts


@kernel
def carino_factor(own: float, benchmark: float) -> float:
    """Carino (1999): k = (ln(1 + Rp) - ln(1 + Rb)) / (Rp - Rb), and its limit 1 / (1 + Rp) when both are equal.

    Written as ln1p((Rp - Rb) / (1 + Rb)) / (Rp - Rb): the difference of two logarithms would cancel.
    """
    if not (own > -1.0 and benchmark > -1.0):
        return math.nan
    active = own - benchmark
    if active == 0.0:
        return 1.0 / (1.0 + own)
    return math.log1p(active / (1.0 + benchmark)) / active


@entry
def carino(parts: Floats, returns: Floats, benchmark_returns: Floats, out: Floats, totals: Floats) -> None:
    """Link per-period parts so that they sum to the compounded active return.

    out[i] = sum_t (k_t / K) parts[t, i], k_t per period and K over the whole span.

    Args:
        parts: (periods, parts), each row summing to returns[t] - benchmark_returns[t].
        returns, benchmark_returns: per period.
        out: one linked value per part.
        totals: compounded return, compounded benchmark return, their difference, sum of the linked parts.
    """
    own = 1.0
    benchmark = 1.0
    for t in range(returns.shape[0]):
        own *= 1.0 + returns[t]
        benchmark *= 1.0 + benchmark_returns[t]
    whole = carino_factor(own - 1.0, benchmark - 1.0)
    for i in range(out.shape[0]):
        out[i] = 0.0
    for t in range(returns.shape[0]):
        share = carino_factor(returns[t], benchmark_returns[t]) / whole
        for i in range(out.shape[0]):
            out[i] += share * parts[t, i]
    linked = 0.0
    for i in range(out.shape[0]):
        linked += out[i]
    totals[0] = own - 1.0
    totals[1] = benchmark - 1.0
    totals[2] = own - benchmark
    totals[3] = linked
