"""What rules of online portfolio selection share: the walk over price relatives, and names that are listed later."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.growth import by_symbol, relatives

# step(weights, relatives): the weights after a row, from those before it and the row's relatives.
Step = Callable[[Floats, Floats], Floats]

ROUNDING = 1e-14


class OnlineStrategy(Strategy):
    """Base of the rules. A signal is a weight: >= 0, and 1 in all over the names listed so far.

    The weights of a row are decided from the relatives up to that row and earn those of the next. The first row with
    a bar has equal weights. A name that is listed later enters with one equal share, the others give it up in
    proportion, and what the rule remembers begins anew with the larger market. A name without a bar has a relative
    of 1 and no opinion.
    """

    sizing: ClassVar[str] = "weights"
    remembers: ClassVar[bool] = True

    @abstractmethod
    def begin(self, names: int) -> Step:
        """The rule for a market of so many names, before its first relatives."""

    @property
    def warmup(self) -> int:
        """The first row has weights already."""
        return 1

    def signals(self, tape: Tape) -> Floats:
        """Weights, float64[rows, slots]; NaN where a slot is not tradable."""
        self.begin(1)
        order = by_symbol(tape)
        changes, tradable = relatives(tape)[:, order], tape.tradable[:, order] != 0
        listed = np.maximum.accumulate(tradable, axis=0)
        out = np.full((tape.rows, tape.slots), np.nan)
        weights, here, step = np.empty(0), np.zeros(tape.slots, dtype=bool), self.begin(0)
        for row in range(tape.rows):
            if weights.size:
                weights = step(weights, changes[row, here])
            if (listed[row] != here).any():
                weights, here = enlarged(weights, here, listed[row]), listed[row]
                step = self.begin(weights.size)
            out[row, order[here]] = weights
        out[tape.tradable == 0] = np.nan
        return out


def enlarged(weights: Floats, before: Flags, after: Flags) -> Floats:
    """Weights of the larger market: each new name has 1/k, the others the rest in proportion."""
    share = 1.0 / np.count_nonzero(after)
    new = after & ~before
    out = np.full(after.size, np.nan)
    out[before] = weights * (1.0 - np.count_nonzero(new) * share)
    out[new] = share
    return out[after]


def deviations(values: Floats) -> Floats:
    """What each value differs from the mean of all; 0 where that is rounding: a step divides by its square."""
    apart = values - values.mean()
    return apart if np.abs(apart).max() > ROUNDING * np.abs(values).max() else np.zeros_like(apart)
