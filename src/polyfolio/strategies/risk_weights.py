"""What rules that weigh names by their covariance share: who takes part in a row, and the walk over rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.eligible import eligible
from polyfolio.strategies.growth import by_symbol, relatives

LEAST_VOLATILITY = 1e-12  # per row: below it a return is rounding


class RiskWeights(Strategy):
    """Base of the rules. A signal is a weight: >= 0, and 1 in all over the names that take part.

    A name takes part where it is tradable now and in `min_observations` of the last `lookback` rows, was listed before
    them and moved in them. The returns are total returns; a row without a bar has a return of 0. Other tradable names
    get 0. Where nobody takes part, or no weights are found, there is no opinion.
    """

    sizing: ClassVar[str] = "weights"
    remembers: ClassVar[bool] = True  # a return after rows without a bar begins at the last one, however far back
    lookback: int
    min_observations: int

    @abstractmethod
    def weigh(self, returns: Floats) -> Floats | None:
        """Weights of names whose returns these are, float64[rows, names], each of which moved; None for none found."""

    @property
    def warmup(self) -> int:
        """The look-back, and the row its first return begins at."""
        return self.lookback + 1

    def signals(self, tape: Tape) -> Floats:
        """Weights, float64[rows, slots]."""
        at_least("lookback", self.lookback, 2)
        order = by_symbol(tape)
        wanted = eligible(tape, self.lookback, self.min_observations)[:, order]
        returns, tradable = relatives(tape)[:, order] - 1.0, tape.tradable[:, order] != 0
        out = np.full((tape.rows, tape.slots), np.nan)
        for row in range(self.lookback, tape.rows):
            span = returns[row + 1 - self.lookback : row + 1]
            known = ~np.isnan(wanted[row]) & ~np.isnan(span).any(axis=0)
            known[known] = span[:, known].std(axis=0) > LEAST_VOLATILITY
            weights = self.weigh(span[:, known]) if known.any() else None
            if weights is not None:
                line = np.where(tradable[row], 0.0, np.nan)
                line[known] = weights
                out[row, order] = line
        return out
