"""Which names make a pair: those whose paths lay closest together."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats

Pair = tuple[int, int]


def chosen(path: Floats, symbols: tuple[str, ...], count: int) -> list[Pair]:
    """The slots of up to `count` pairs, closest first; the first name of a pair is the one whose symbol sorts first.

    Paths start at 1; the distance is the sum of squared differences (Gatev, Goetzmann and Rouwenhorst 2006). Names
    without a worth in every row take no part, equal distances go by symbol, and a name is in one pair at most.

    Args:
        path: worth of one unit, float64[rows, slots].
        symbols: one per slot.
        count: pairs at most.
    """
    whole = np.flatnonzero(~np.isnan(path).any(axis=0))
    order = sorted(whole.tolist(), key=lambda slot: symbols[slot])
    started = np.ascontiguousarray((path[:, order] / path[0, order]).T)
    found: list[tuple[float, int, int]] = []
    for first in range(len(order)):
        apart = started[first + 1 :] - started[first]
        # A sum along rows of their own gives the same bits in whatever order the slots come.
        found += [(float(np.sum(row * row)), first, first + 1 + k) for k, row in enumerate(apart)]
    pairs: list[Pair] = []
    for _, first, second in sorted(found):
        pair = (order[first], order[second])
        if len(pairs) < count and not set(pair) & {slot for other in pairs for slot in other}:
            pairs.append(pair)
    return pairs
