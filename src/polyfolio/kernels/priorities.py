"""Which trades of a decision are made where the user ranks the names.

As `selecting`, but openings come by priority first, the smallest number first, then by size. What it leaves keeps the
budgets of the stage `select`, which therefore changes nothing after it.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.counts import largest_first
from polyfolio.kernels.selecting import openings


@kernel
def by_priority(order: Ints, priority: Ints) -> None:
    """Sort `order` by priority; names of one priority stay as they stand."""
    for k in range(1, order.size):
        slot = order[k]
        j = k
        while j > 0 and priority[order[j - 1]] > priority[slot]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = slot


@entry
def keep_by_priority(
    want: Floats, held: Floats, frozen: Flags, budgets: Floats, priority: Ints, rank: Ints, order: Ints, work: Floats
) -> None:
    """Cut `want` to the budgets: most openings, most turnover as a share of equity; inf = off.

    Args:
        want: wanted weights, changed in place.
        held: weights held.
        frozen: 1 where nothing changes.
        budgets: float64[2], openings and two-way turnover.
        priority: of each slot, small numbers first.
        rank: of each slot's symbol, breaks ties.
        order: int64[slots], overwritten.
        work: float64[2, slots], overwritten.
    """
    opened = work[0]
    left = budgets[1] - openings(want, held, frozen, opened)
    largest_first(opened, rank, order, work[1])
    by_priority(order, priority)
    count = 0.0
    for k in range(order.size):
        i = order[k]
        if opened[i] == 0.0:
            continue
        count += 1.0
        part = abs(opened[i]) if count <= budgets[0] else 0.0
        part = min(part, max(left, 0.0))
        if part < abs(opened[i]):
            want[i] += math.copysign(part, opened[i]) - opened[i]
        left -= part
