"""More weight for members that were right lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.kernels.volatility import trailing_mean, trailing_std
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.aggregate.base import Aggregator, Weights, refuse_bad_voices, returns_of, weights_of
from polyfolio.strategies.aggregate.weighted_average import average, shares


class Adaptive(Aggregator):
    """The weighted average, each weight multiplied by exp(rate x form), form what a member earned lately.

    A member's return at a row is the mean, over the slots it spoke of one row before, of that signal times the slot's
    return. Form is the mean of its last `window` returns over their standard deviation (ddof 1), times the root of
    `window`, between -3 and 3; 0 while it is not known.

    Args:
        window: rows that form is taken over.
        rate: how much form counts; 0 leaves the weights as they are.
        weights: as of `weighted_average`: what the multiples are taken of.
        by_confidence: False leaves confidences out.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "window": {"low": 20, "high": 252, "whole": True},
        "rate": {"low": 0.0, "high": 2.0},
        "by_confidence": [True, False],
    }

    def __init__(
        self, *, window: int = 60, rate: float = 0.5, weights: Weights | None = None, by_confidence: bool = True
    ) -> None:
        self.window = window
        self.rate = rate
        self.weights = weights
        self.by_confidence = by_confidence

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The average, clamped to -1 and 1."""
        weights = self._weights(signals, confidences, tape, names)
        return average(signals, confidences if self.by_confidence else None, weights)

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """Weight times form's multiple times confidence, over their sum."""
        weights = self._weights(signals, confidences, tape, names)
        return shares(signals, confidences if self.by_confidence else None, weights)

    def _weights(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str]) -> Floats:
        refuse_bad_voices(signals, confidences, tape, names)
        at_least("window", self.window, 2)
        at_least("rate", self.rate, 0.0, whole=False)
        given = weights_of(self.weights, names, tape, len(signals))
        multiple = np.exp(self.rate * form_of(earned(signals, tape), self.window))
        return np.asarray(given[:, None, :] * multiple.T[:, :, None])


def earned(signals: Floats, tape: Tape) -> Floats:
    """The return of each member at each row, float64[rows, members]: NaN where it had not spoken a row before."""
    change = returns_of(tape)[1:]
    out = np.full((tape.rows, len(signals)), np.nan)
    for member, said in enumerate(signals):
        made = said[:-1] * change
        known = ~np.isnan(made)
        # Slot by slot, in the order of the symbols: the last bit does not depend on the order of the slots.
        total, count = np.zeros(len(made)), known.sum(axis=1)
        for slot in np.argsort(np.array(tape.symbols), kind="stable"):
            total += np.where(known[:, slot], made[:, slot], 0.0)
        np.divide(total, count, out=out[1:, member], where=count > 0)
    return out


def form_of(returns: Floats, window: int) -> Floats:
    """Mean over standard deviation of the last `window` returns, times the root of `window`; within 3, 0 if unknown."""
    mean, sigma = np.empty(returns.shape), np.empty(returns.shape)
    values = np.ascontiguousarray(returns)
    trailing_mean(values, window, mean)
    trailing_std(values, window, np.empty(returns.shape[1]), sigma)
    form = np.divide(mean, sigma, out=np.zeros(mean.shape), where=sigma > 0.0)
    return np.asarray(np.nan_to_num(form * np.sqrt(window)).clip(-3.0, 3.0))
