"""Weights in proportion to one over volatility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.eligible import eligible


class InverseVolatility(Strategy):
    """Signal 1 for each eligible name; the sizing method `inverse_volatility` makes the weights.

    Args:
        lookback: rows in which a name must have traded often enough.
        min_observations: how often.
    """

    sizing: ClassVar[str] = "inverse_volatility"
    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 40, "high": 250, "whole": True},
        "min_observations": {"low": 20, "high": 40, "whole": True},
    }

    def __init__(self, *, lookback: int = 60, min_observations: int = 40) -> None:
        self.lookback = lookback
        self.min_observations = min_observations

    @property
    def warmup(self) -> int:
        """The look-back."""
        return self.lookback

    def signals(self, tape: Tape) -> Floats:
        """1 where the slot is eligible, else NaN."""
        return eligible(tape, self.lookback, self.min_observations)
