"""Correlated pairs, taken with the signs of the book: rho_ij sign(w_i w_j), so that a hedge is not punished.

`correlation` is a packed lower triangle. A NaN in it (too little history) is passed over.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import kernel, loop, routine


@kernel
def _larger(one: float, other: float) -> float:
    """The larger of the two; a NaN in `other` is passed over."""
    return other if other > one else one


@kernel
def signed_correlation(want: Floats, correlation: Floats, i: int, j: int) -> float:
    """rho_ij sign(w_i w_j) of two wanted names; -1, the lowest there is, when they are no pair."""
    if want[i] == 0.0 or want[j] == 0.0 or i == j:
        return -1.0
    high, low = max(i, j), min(i, j)
    rho: float = correlation[high * (high + 1) // 2 + low]
    return rho if (want[i] > 0.0) == (want[j] > 0.0) else -rho


@kernel
def largest_correlation(want: Floats, correlation: Floats) -> float:
    """The largest signed correlation among wanted pairs, -1 when there is no pair; pairs with NaN are passed over."""
    largest = -1.0
    for i in range(want.size):
        if want[i] != 0.0:
            for j in range(i):
                largest = _larger(largest, signed_correlation(want, correlation, i, j))
    return largest


@loop
def some_beyond(correlation: Floats, slots: int, limit: float) -> int:
    """Whether some pair's correlation is beyond the limit in size: below it no signs of the wants matter."""
    found = 0
    for i in range(slots):
        row = i * (i + 1) // 2
        for j in range(i):
            found |= 1 if abs(correlation[row + j]) > limit else 0
    return found


@kernel
def damp(want: Floats, correlation: Floats, limit: float, factor: float, frozen: Flags, scratch: Floats) -> None:
    """w_i <- w_i (1 - a max_j (rho_ij sign(w_i w_j) - limit)+ / (1 - limit)), a = factor.

    Computed from the wants before any is damped, so no order of slots matters. A formula, not a certified limit.
    `scratch` holds one value per slot.
    """
    if not (limit < 1.0) or not some_beyond(correlation, want.size, limit):
        return
    for i in range(want.size):
        scratch[i] = 0.0
    for i in range(want.size):
        if want[i] == 0.0:
            continue
        row = i * (i + 1) // 2
        for j in range(i):
            if want[j] == 0.0:
                continue
            rho = correlation[row + j]
            excess = (rho if (want[i] > 0.0) == (want[j] > 0.0) else -rho) - limit
            if excess > scratch[i]:
                scratch[i] = excess
            if excess > scratch[j]:
                scratch[j] = excess
    for i in range(want.size):
        if scratch[i] > 0.0 and frozen[i] == 0:
            want[i] *= max(1.0 - factor * scratch[i] / (1.0 - limit), 0.0)


@routine
def drop(want: Floats, correlation: Floats, limit: float, order: Ints, frozen: Flags) -> int:
    """Keep names in `order` (largest first); one whose signed correlation with a kept name exceeds `limit` becomes 0.

    Frozen names are kept before all others. Gives back how many names were dropped.
    """
    dropped = 0
    for k in range(order.size):
        i = order[k]
        if want[i] == 0.0 or frozen[i] != 0:
            continue
        worst = -math.inf
        for j in range(want.size):
            if frozen[j] != 0:
                worst = _larger(worst, signed_correlation(want, correlation, i, j))
        for earlier in range(k):
            worst = _larger(worst, signed_correlation(want, correlation, i, order[earlier]))
        if worst > limit:
            want[i] = 0.0
            dropped += 1
    return dropped
