"""Less where a name moves more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.kernels.volatility import trailing_std
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.aggregate.base import Weights, returns_of
from polyfolio.strategies.aggregate.weighted_average import WeightedAverage


class VolatilityAdjusted(WeightedAverage):
    """The weighted average times min(1, target / sigma), sigma the name's own annualised volatility.

    Sigma is the standard deviation (ddof 1) of the last `window` bar returns times the root of the bars in a year.
    Where it is not known yet there is no opinion.

    Args:
        target: volatility up to which a signal counts whole, annualised.
        window: bar returns of one estimate.
        weights: as of `weighted_average`.
        by_confidence: False leaves confidences out.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "target": {"low": 0.05, "high": 0.8, "log": True},
        "window": {"low": 10, "high": 120, "whole": True},
        "by_confidence": [True, False],
    }

    def __init__(
        self, *, target: float = 0.2, window: int = 20, weights: Weights | None = None, by_confidence: bool = True
    ) -> None:
        super().__init__(weights=weights, by_confidence=by_confidence)
        self.target = target
        self.window = window

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The average, made smaller."""
        return np.asarray(super().combine(signals, confidences, tape, names) * self.factor(tape))

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The average's weights, made smaller; 0 where there is no opinion."""
        return np.asarray(super().weigh(signals, confidences, tape, names) * np.nan_to_num(self.factor(tape)))

    def factor(self, tape: Tape) -> Floats:
        """min(1, target / sigma), float64[rows, slots]."""
        at_least("target", self.target, 0.0, whole=False)
        return factor_of(annual_volatility(tape, self.window), self.target)


def annual_volatility(tape: Tape, window: int) -> Floats:
    """Annualised volatility of each name over its last `window` bar returns, float64[rows, slots]."""
    at_least("window", window, 2)
    bars = tape.calendar.bars_per_year
    if math.isnan(bars):
        remedy = "Set tape.bars_per_year: a volatility a year needs it."
        raise DataError("calendar.bars_per_year", bars, "known", remedy)
    sigma = np.empty((tape.rows, tape.slots))
    trailing_std(returns_of(tape), window, np.empty(tape.slots), sigma)
    return np.asarray(sigma * math.sqrt(bars))


def factor_of(sigma: Floats, target: float) -> Floats:
    """min(1, target / sigma); 1 for a name that does not move, NaN for an unknown sigma."""
    out = np.divide(target, sigma, out=np.ones(sigma.shape), where=sigma > 0.0)
    return np.where(np.isnan(sigma), np.nan, np.minimum(out, 1.0))
