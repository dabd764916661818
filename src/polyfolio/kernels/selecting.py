"""Which trades of a decision are made where a budget does not hold all of them.

What reduces a position always passes. Openings come by size, the largest first; equal ones by the rank of their symbol,
so that the order of the slots decides nothing.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import kernel, loop
from polyfolio.kernels.counts import largest_first


@loop
def openings(want: Floats, held: Floats, frozen: Flags, out: Floats) -> float:
    """The part of each change that opens, signed; returns the sum of the parts that reduce.

    A position that turns is closed whole and opened anew: held 0.2, want -0.1 reduces by 0.2 and opens -0.1.
    """
    reduced = 0.0
    for i in range(want.size):
        same = want[i] * held[i] > 0.0
        grown = want[i] - held[i] if abs(want[i]) > abs(held[i]) else 0.0
        opened = grown if same else want[i]
        out[i] = opened if frozen[i] == 0 else 0.0
        reduced += abs(want[i] - held[i] - opened) if frozen[i] == 0 else 0.0
    return reduced


@kernel
def keep_trades(
    want: Floats,
    held: Floats,
    frozen: Flags,
    max_trades: float,
    rank: Ints,
    order: Ints,
    opened: Floats,
    scratch: Floats,
) -> None:
    """At most max_trades openings: the largest; the other names keep what is held of them, or are closed."""
    openings(want, held, frozen, opened)
    largest_first(opened, rank, order, scratch)
    count = 0.0
    for k in range(order.size):
        i = order[k]
        if opened[i] == 0.0:
            break
        count += 1.0
        if count > max_trades:
            want[i] -= opened[i]


@kernel
def keep_turnover(
    want: Floats,
    held: Floats,
    frozen: Flags,
    max_turnover: float,
    rank: Ints,
    order: Ints,
    opened: Floats,
    scratch: Floats,
) -> None:
    """Sum of abs(change) <= max_turnover, as far as openings can be left out; the last one fits what is left."""
    left = max_turnover - openings(want, held, frozen, opened)
    largest_first(opened, rank, order, scratch)
    for k in range(order.size):
        i = order[k]
        if opened[i] == 0.0:
            break
        part = min(abs(opened[i]), max(left, 0.0))
        if part < abs(opened[i]):
            want[i] += math.copysign(part, opened[i]) - opened[i]
        left -= part
