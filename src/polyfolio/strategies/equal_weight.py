"""The same for every name."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.strategies.base import Strategy


class EqualWeight(Strategy):
    """Signal 1 for each name that is tradable; the sizing method makes the weights."""

    sizing: ClassVar[str] = "equal_weight"

    def signals(self, tape: Tape) -> Floats:
        """1 where the slot is tradable, else NaN."""
        return np.where(tape.tradable != 0, 1.0, np.nan)
