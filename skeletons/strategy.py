"""Copy this file, rename the class, write your rule; `polyfolio strategies new NAME` does the first two.

Use it by its place, `strategy: {name: "my_module:NewHigh", params: {lookback: 50}}`, or give it a name of its own:
by an entry point in the group `polyfolio.strategy`, or in a notebook with `@register("strategy", "new_high")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.base import Strategy


class NewHigh(Strategy):
    """Long where the close is above every close of the `lookback` rows before it, flat where it is below them all.

    Args:
        lookback: rows to compare with.
    """

    # How a lane turns the signals into weights where its configuration does not say.
    sizing: ClassVar[str] = "equal_weight"
    # The values a search may try: a list, or a map of low, high, log, whole.
    space: ClassVar[Mapping[str, Any]] = {"lookback": {"low": 5, "high": 250, "log": True, "whole": True}}

    def __init__(self, *, lookback: int = 20) -> None:
        # Store, nothing else: a copy is made from these.
        self.lookback = lookback

    @property
    def warmup(self) -> int:
        """The rows compared with, and the row itself."""
        return self.lookback + 1

    def signals(self, tape: Tape) -> Floats:
        """1, 0, or NaN where the close is inside the range: no opinion keeps what is held."""
        at_least("lookback", self.lookback, 1)
        out = np.full((tape.rows, tape.slots), np.nan)
        if tape.rows <= self.lookback:
            return out
        close = np.where(tape.tradable != 0, tape.close, np.nan)
        # Row t of `before` holds the closes of rows t .. t + lookback - 1: it belongs to the signal of the row after.
        before = np.lib.stride_tricks.sliding_window_view(close, self.lookback, axis=0)[:-1]
        now = close[self.lookback :]
        fell = np.where(now < before.min(axis=-1), 0.0, np.nan)
        out[self.lookback :] = np.where(now > before.max(axis=-1), 1.0, fell)
        return out
