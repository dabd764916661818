"""What a lane held, spell by spell: from the close at which a name is held to the close at which it no longer is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from polyfolio.core.codes import Reason
from polyfolio.core.types import Floats, Ints

NOTHING = 1e-12
# Exits inside a bar, at a price of their own: a copy that decides at closes follows them one bar later.
BY_PRICE = (Reason.STOP_LOSS, Reason.TAKE_PROFIT, Reason.TRAILING_STOP, Reason.LIQUIDATION)


@dataclass(frozen=True, eq=False)
class Spell:
    """One name held on one side.

    Attributes:
        slot: the name.
        first: row of the first close at which it is held.
        length: closes at which it is held.
        after: bars from `first` to each trade of the spell, the entry (0) included, ascending.
        weights: share of equity at the close of each of these bars, signed.
    """

    slot: int
    first: int
    length: int
    after: Ints
    weights: Floats

    @property
    def end(self) -> int:
        """Row of the first close at which it is no longer held."""
        return self.first + self.length


def spells_of(weights: Floats, fills: np.ndarray) -> list[Spell]:
    """Spells in order of their first rows.

    Args:
        weights: share of equity in each slot at each close, float64[rows, slots].
        fills: FILL records of the lane.
    """
    out = []
    for slot in range(weights.shape[1]):
        own = fills[fills["slot"] == slot]
        path = weights[:, slot]
        stretches = list(runs(np.where(np.abs(path) > NOTHING, np.sign(path), 0.0)))
        stopped = set(own["row"][np.isin(own["reason"], BY_PRICE)].tolist())
        for number, (first, end) in enumerate(stretches):
            later = stretches[number + 1][0] if number + 1 < len(stretches) else weights.shape[0]
            longer = int(end in stopped and end < later)
            traded = np.unique(own["row"][(own["row"] >= first) & (own["row"] < end)])
            traded = traded if traded.size and traded[0] == first else np.append(first, traded)
            out.append(Spell(slot, first, end - first + longer, traded - first, path[traded]))
    return sorted(out, key=lambda spell: (spell.first, spell.slot))


def runs(sides: Floats) -> Iterator[tuple[int, int]]:
    """First row and row after the last of each stretch of one side that is not 0."""
    edges = np.flatnonzero(np.diff(sides, prepend=0.0, append=0.0))
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if sides[first] != 0.0:
            yield first, end
