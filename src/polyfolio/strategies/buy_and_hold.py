"""Buy once, then hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest, finite
from polyfolio.strategies.base import Strategy


class BuyAndHold(Strategy):
    """The weights at the first row, no opinion ever after.

    The weights stand until the lane hears them: where it decides every fifth row, or once a week, it buys at its next
    decision. What a limit cuts off there stays unbought, and what a stop sells is not bought again.

    Args:
        weights: weight of each symbol, 0 for those left out; None for 1 / number of symbols.
        start: "all": every symbol at the first row where all that have a weight are tradable; "each": each symbol at
            its own first tradable row, with its weight of the equity of that time.
    """

    sizing: ClassVar[str] = "weights"
    space: ClassVar[Mapping[str, Any]] = {"start": ["all", "each"]}
    remembers: ClassVar[bool] = True
    once: ClassVar[bool] = True

    def __init__(self, *, weights: Mapping[str, float] | None = None, start: str = "all") -> None:
        self.weights = weights
        self.start = start

    def signals(self, tape: Tape) -> Floats:
        """The weights at the first row, NaN elsewhere."""
        if self.start not in ("all", "each"):
            raise ConfigError("start", self.start, "all or each", "Say whether to wait for every symbol.")
        row = self._weights(tape)
        out = np.full((tape.rows, tape.slots), np.nan)
        wanted = np.flatnonzero(row)
        tradable = tape.tradable[:, wanted] != 0
        if self.start == "all":
            together = tradable.all(axis=1)
            if together.any():
                out[int(np.argmax(together)), wanted] = row[wanted]
            return out
        listed = np.flatnonzero(tradable.any(axis=0))
        out[np.argmax(tradable[:, listed], axis=0), wanted[listed]] = row[wanted[listed]]
        return out

    def _weights(self, tape: Tape) -> Floats:
        if self.weights is None:
            return np.full(tape.slots, 1.0 / tape.slots)
        row = np.zeros(tape.slots)
        for symbol, weight in self.weights.items():
            if symbol not in tape.symbols:
                known = ", ".join(tape.symbols[:12])
                bound = f"of one of the tape's {tape.slots} symbols ({known})"
                raise ConfigError(f"weights.{symbol}", weight, bound, closest(symbol, tape.symbols))
            row[tape.symbols.index(symbol)] = finite(f"weights.{symbol}", weight)
        return row
