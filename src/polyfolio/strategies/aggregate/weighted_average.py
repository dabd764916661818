"""The weighted average of those who speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.strategies.aggregate.base import Aggregator, Weights, refuse_bad_voices, weights_of


class WeightedAverage(Aggregator):
    """sum(w c s) / sum(w c) over the members that speak: weight w, confidence c, signal s.

    Weights need not add up to 1. A slot of which one member alone speaks gets that member's signal, whatever its
    weight. Where nobody speaks, or all that do are without confidence or weight, there is no opinion.

    Args:
        weights: weight of each member by name, >= 0; or by symbol and name; or one per member; None for equal ones.
        by_confidence: False leaves confidences out.

    Example:
        Weights .5, .3, .2 on signals 1, -.5, 0 give .35.
    """

    space: ClassVar[Mapping[str, Any]] = {"by_confidence": [True, False]}

    def __init__(self, *, weights: Weights | None = None, by_confidence: bool = True) -> None:
        self.weights = weights
        self.by_confidence = by_confidence

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The average, clamped to -1 and 1."""
        refuse_bad_voices(signals, confidences, tape, names)
        given = weights_of(self.weights, names, tape, len(signals))
        return average(signals, confidences if self.by_confidence else None, given[:, None, :])

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """Weight times confidence, over their sum."""
        refuse_bad_voices(signals, confidences, tape, names)
        given = weights_of(self.weights, names, tape, len(signals))
        return shares(signals, confidences if self.by_confidence else None, given[:, None, :])


def average(signals: Floats, confidences: Floats | None, weights: Floats) -> Floats:
    """sum(w c s) / sum(w c) over the members that speak, float64[rows, slots]; NaN where the sum of w c is 0.

    Args:
        signals: float64[members, rows, slots].
        confidences: the same shape, or None.
        weights: float64[members, rows or 1, slots or 1].
    """
    above, below = (np.zeros(signals.shape[1:]) for _ in range(2))
    # Member by member: four arrays of (rows, slots) at a time, not four of all members.
    for member, said in enumerate(signals):
        weight = _spoken(said, None if confidences is None else confidences[member], weights[member])
        above += np.where(weight == 0.0, 0.0, weight * said)
        below += weight
    return _ratio(above, below).clip(-1.0, 1.0)


def shares(signals: Floats, confidences: Floats | None, weights: Floats) -> Floats:
    """w c / sum(w c) of each member, 0 where it is silent; arguments as of `average`."""
    out = np.empty(signals.shape)
    for member, said in enumerate(signals):
        out[member] = _spoken(said, None if confidences is None else confidences[member], weights[member])
    return np.nan_to_num(_ratio(out, out.sum(axis=0)))


def _spoken(said: Floats, sure: Floats | None, weight: Floats) -> Floats:
    """Weight times confidence where a member speaks, 0 where it is silent."""
    counts = np.broadcast_to(weight, said.shape) if sure is None else weight * sure
    return np.where(np.isnan(said), 0.0, counts)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0.0))
