"""A vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.strategies.aggregate.base import Aggregator, Weights, refuse_bad_voices, weights_of
from polyfolio.strategies.aggregate.weighted_average import shares


class Majority(Aggregator):
    """1 or -1 where more than `quorum` of the weight that speaks votes for that side, else flat.

    Each member votes with the sign of its signal; 0 is a vote for flat. Confidences do not count.

    Args:
        weights: as of `weighted_average`.
        quorum: share of the votes that a side must pass, 0.5 or more.
        otherwise: "flat" or "hold", where no side passes it.
    """

    space: ClassVar[Mapping[str, Any]] = {"quorum": {"low": 0.5, "high": 0.9}, "otherwise": ["flat", "hold"]}

    def __init__(self, *, weights: Weights | None = None, quorum: float = 0.5, otherwise: str = "flat") -> None:
        self.weights = weights
        self.quorum = quorum
        self.otherwise = otherwise

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The side that won."""
        part = self._parts(signals, confidences, tape, names)
        rising, falling, spoken = (np.zeros(part.shape[1:]) for _ in range(3))
        for member, said in enumerate(signals):
            rising += np.where(said > 0.0, part[member], 0.0)
            falling += np.where(said < 0.0, part[member], 0.0)
            spoken += part[member]
        # Shares that add up to the quorum on paper may pass it by their last bit: a tie is no majority.
        least = self.quorum + 1e-12
        lost = 0.0 if self.otherwise == "flat" else np.nan
        won = np.where(rising > least, 1.0, np.where(falling > least, -1.0, lost))
        return np.where(spoken > 0.0, won, np.nan)

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """Share of the votes over the size of the signal, so that weight times signal is the vote itself."""
        part = self._parts(signals, confidences, tape, names)
        size = np.abs(signals)
        return np.divide(part, size, out=np.zeros(part.shape), where=size > 0.0)

    def _parts(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str]) -> Floats:
        refuse_bad_voices(signals, confidences, tape, names)
        if not 0.5 <= self.quorum < 1.0:
            raise ConfigError("quorum", self.quorum, "from 0.5, below 1", "Give the share of the votes to pass.")
        if self.otherwise not in ("flat", "hold"):
            raise ConfigError("otherwise", self.otherwise, "flat or hold", "Say what a vote without a winner means.")
        given = weights_of(self.weights, names, tape, len(signals))
        return shares(signals, None, given[:, None, :])
