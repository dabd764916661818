"""Which names are the largest, and how many of them may stay."""

from __future__ import annotations

import math

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import kernel, loop, routine

# Counting is quadratic; up to this many slots it is the shorter program and the faster one.
_FEW = 32
_STEPS = 2.0**27  # of a weight of 1: wants closer than 1e-8 are ties, which is what iterative sizings leave open


@kernel
def _before(one: int, other: int, size: Floats, rank: Ints) -> bool:
    """Slot `one` comes before `other`: larger, or equally large with the smaller rank."""
    if size[one] != size[other]:
        return bool(size[one] > size[other])
    return bool(rank[one] < rank[other])


@kernel
def _by_counting(order: Ints, size: Floats, rank: Ints) -> None:
    """A slot's place is the number of slots before it. No branch depends on the data."""
    for i in range(size.size):
        order[_slots_before(size[i], rank[i], size, rank)] = i


@loop
def _slots_before(own: float, mine: int, size: Floats, rank: Ints) -> int:
    """How many slots come before one: larger ones, and as large ones with a smaller rank."""
    count = 0
    for j in range(size.size):
        count += 1 if size[j] > own or (size[j] == own and rank[j] < mine) else 0
    return count


@kernel
def _sink(order: Ints, top: int, end: int, size: Floats, rank: Ints) -> None:
    """Restore the heap order[top..end), whose root is the slot that comes last."""
    slot = order[top]
    child = 2 * top + 1
    while child < end:
        if child + 1 < end and _before(order[child], order[child + 1], size, rank):
            child += 1
        if not _before(slot, order[child], size, rank):
            break
        order[top] = order[child]
        top = child
        child = 2 * top + 1
    order[top] = slot


@kernel
def _heap(order: Ints, size: Floats, rank: Ints) -> None:
    """Heapsort: n log n at worst and in place."""
    n = order.size
    start = n // 2
    end = n
    while end > 1:
        if start > 0:
            start -= 1  # building the heap
        else:
            end -= 1  # the root comes last of what is left
            last = order[end]
            order[end] = order[0]
            order[0] = last
        _sink(order, start, end, size, rank)


@routine
def largest_first(want: Floats, rank: Ints, order: Ints, scratch: Floats) -> None:
    """Sort the slots into `order`: by descending abs(want), those within 1e-8 of each other by rank.

    `rank` is the place of each slot's symbol among all symbols sorted by name, so that the order in which slots stand
    on the tape decides nothing. `scratch` holds one value per slot.
    """
    for i in range(want.size):
        # Wants that differ by rounding are equal, whatever the order of additions that made them.
        scratch[i] = math.floor(abs(want[i]) * _STEPS + 0.5)
        order[i] = i
    if want.size <= _FEW:
        _by_counting(order, scratch, rank)
    else:
        _heap(order, scratch, rank)


@kernel
def cap_counts(want: Floats, order: Ints, max_long: float, max_short: float, max_total: float, frozen: Flags) -> None:
    """At most max_long wants above 0, max_short below 0 and max_total together; the largest stay.

    Frozen positions count first: they are there and cannot be closed.
    """
    longs, shorts = 0, 0
    for i in range(want.size):
        if frozen[i] != 0:
            longs += want[i] > 0.0
            shorts += want[i] < 0.0
    for k in range(order.size):
        i = order[k]
        if want[i] == 0.0 or frozen[i] != 0:
            continue
        full = longs >= max_long if want[i] > 0.0 else shorts >= max_short
        if full or longs + shorts >= max_total:
            want[i] = 0.0
        elif want[i] > 0.0:
            longs += 1
        else:
            shorts += 1
