"""A linear model of what the members say, learned as time goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.aggregate import linear
from polyfolio.strategies.aggregate.base import Aggregator, refuse_bad_voices
from polyfolio.strategies.aggregate.walk_forward import (
    Fit,
    WalkForward,
    forward_returns,
    refuse_unknown_word,
    training_rows,
)

LEAST = 30  # pairs of signals and label that a fit needs


class Stacking(Aggregator):
    """What followed the members' signals so far says how to read them now.

    Every `refit` rows from row `first` on a model is fitted to the members' signals (0 where one is silent) of the
    training rows, all slots together, and what the names earned over the `horizon` rows after. `ridge` predicts that
    return; the signal is the prediction over the standard deviation of the predictions of the training rows, between
    -1 and 1. `logistic` gives the probability p of a rise; the signal is 2 p - 1. Before the first fit, and where no
    member speaks, there is no opinion.

    Args:
        model: "ridge" or "logistic".
        first: row of the first fit.
        refit: rows until the next.
        window: training rows at most, the latest; None takes all.
        horizon: rows that a label reaches ahead; as many rows before each fit are left out.
        embargo: further rows left out.
        penalty: weight of the squared coefficients, per training pair.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "model": ["ridge", "logistic"],
        "refit": {"low": 5, "high": 63, "whole": True},
        "window": {"low": 126, "high": 1008, "whole": True},
        "horizon": {"low": 1, "high": 20, "whole": True},
        "penalty": {"low": 1e-4, "high": 1.0, "log": True},
    }

    def __init__(  # noqa: PLR0913 - each is a key
        self,
        *,
        model: str = "ridge",
        first: int = 252,
        refit: int = 21,
        window: int | None = 504,
        horizon: int = 5,
        embargo: int = 0,
        penalty: float = 0.01,
    ) -> None:
        self.model = model
        self.first = first
        self.refit = refit
        self.window = window
        self.horizon = horizon
        self.embargo = embargo
        self.penalty = penalty

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The model's signal."""
        voices = self._voices(signals, confidences, tape, names)
        out = np.full(signals.shape[1:], np.nan)
        for fit, model, scale in self._fitted(voices, tape):
            said = linear.answer(voices[:, fit.row : fit.until], model)
            if self.model == "logistic":
                out[fit.row : fit.until] = 2.0 * linear.sigmoid(said) - 1.0
            else:
                out[fit.row : fit.until] = (said * scale).clip(-1.0, 1.0)
        out[np.isnan(signals).all(axis=0)] = np.nan
        return out

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The coefficient of each member in the model in force; below 0 where it is read the other way round."""
        voices = self._voices(signals, confidences, tape, names)
        out = np.zeros(signals.shape)
        for fit, model, scale in self._fitted(voices, tape):
            out[:, fit.row : fit.until] = (model[1:] * scale)[:, None, None]
        return np.where(np.isnan(signals), 0.0, out)

    def _voices(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str]) -> Floats:
        """Signal times confidence, 0 where a member is silent."""
        refuse_bad_voices(signals, confidences, tape, names)
        refuse_unknown_word("model", self.model, ("ridge", "logistic"))
        at_least("penalty", self.penalty, 0.0, whole=False)
        return np.nan_to_num(signals if confidences is None else signals * confidences)

    def _fitted(self, voices: Floats, tape: Tape) -> list[tuple[Fit, Floats, float]]:
        """Each fit with its model and what turns a prediction into a signal; the last model where one fails."""
        labels, found, last = forward_returns(tape, self.horizon), [], None
        for fit in self._schedule().fits(tape.rows):
            last = self._learned(*training_rows(voices, labels, fit, tape)) or last
            if last is not None:
                found.append((fit, *last))
        return found

    def _learned(self, features: Floats, labels: Floats) -> tuple[Floats, float] | None:
        if len(labels) < LEAST:
            return None
        if self.model == "logistic":
            rises = (labels > 0.0).astype(np.float64)
            return None if rises.min() == rises.max() else (linear.logistic(features, rises, self.penalty), 1.0)
        model = linear.ridge(features, labels, self.penalty)
        spread = float(np.std(linear.answer(features.T[:, :, None], model)))
        return None if spread == 0.0 else (model, 1.0 / spread)

    def _schedule(self) -> WalkForward:
        at_least("refit", self.refit, 1)
        return WalkForward(self.first, self.refit, self.window, self.horizon, self.embargo)
