"""Trees that learn from the members' signals, their form and the market when to believe whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.kernels.volatility import trailing_mean, trailing_std
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.aggregate.adaptive import earned, form_of
from polyfolio.strategies.aggregate.base import Aggregator, refuse_bad_voices, returns_of
from polyfolio.strategies.aggregate.models import classifier
from polyfolio.strategies.aggregate.walk_forward import Fit, WalkForward, forward_returns, training_rows

LEAST = 50  # pairs of features and label that a fit needs
MARKET = ("agreement", "disagreement", "volatility", "return_5", "return_20")


@dataclass(frozen=True, eq=False)
class Importances:
    """How much each feature told, fit by fit.

    Attributes:
        rows: row of each fit.
        names: of the features.
        values: float64[fits, features]; each row adds up to 1.
    """

    rows: tuple[int, ...]
    names: tuple[str, ...]
    values: Floats


class LearnedAggregator(Aggregator):
    """2 p - 1, p the probability of a rise over `horizon` rows, by a model fitted anew every `refit` rows.

    Its features, of each name and row: every member's signal (times its confidence; 0 where it is silent); every
    member's form, which is its mean return over the last `form` rows by its deviation (`adaptive`); the members' mean
    signal (agreement) and the standard deviation of their signals (disagreement); the name's volatility over 20 rows;
    its mean return over 5 and over 20 rows by that volatility. Labels of all slots are learned together, from rows
    whose labels were known at the fit. Before the first fit, and where no member speaks, there is no opinion.

    Args:
        model: "random_forest" or "gradient_boosting"; needs scikit-learn.
        settings: keyword arguments of the model in place of the usual ones.
        first: row of the first fit.
        refit: rows until the next.
        window: training rows at most, the latest; None takes all.
        horizon: rows that a label reaches ahead; as many rows before each fit are left out.
        embargo: further rows left out.
        form: rows that a member's form is taken over.
        seed: of the model's random numbers.

    Attributes:
        importances_: of the last tape that was asked about.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "model": ["random_forest", "gradient_boosting"],
        "refit": {"low": 5, "high": 63, "whole": True},
        "window": {"low": 126, "high": 1008, "whole": True},
        "horizon": {"low": 1, "high": 20, "whole": True},
        "form": {"low": 20, "high": 120, "whole": True},
    }

    def __init__(  # noqa: PLR0913 - each is a key
        self,
        *,
        model: str = "random_forest",
        settings: Mapping[str, Any] | None = None,
        first: int = 252,
        refit: int = 21,
        window: int | None = 504,
        horizon: int = 5,
        embargo: int = 0,
        form: int = 60,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.settings = settings
        self.first = first
        self.refit = refit
        self.window = window
        self.horizon = horizon
        self.embargo = embargo
        self.form = form
        self.seed = seed

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """2 p - 1 of the model in force."""
        features = self._features(signals, confidences, tape, names)
        out = np.full(signals.shape[1:], np.nan)
        for fit, model in self._fitted(features, tape, self._names(signals, names)):
            asked = np.nan_to_num(features[:, fit.row : fit.until]).reshape(len(features), -1).T
            rise = model.predict_proba(np.ascontiguousarray(asked))[:, 1]
            out[fit.row : fit.until] = (2.0 * rise - 1.0).reshape(-1, tape.slots)
        out[np.isnan(signals).all(axis=0)] = np.nan
        return out

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The importance of each member in the model in force: that of its signal and of its form, over their sum."""
        features = self._features(signals, confidences, tape, names)
        members, out = len(signals), np.zeros(signals.shape)
        for fit, model in self._fitted(features, tape, self._names(signals, names)):
            own = model.feature_importances_[:members] + model.feature_importances_[members : 2 * members]
            out[:, fit.row : fit.until] = (own / own.sum() if own.sum() > 0.0 else own)[:, None, None]
        return np.where(np.isnan(signals), 0.0, out)

    def _features(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str]) -> Floats:
        """Everything the model is told, float64[features, rows, slots]; NaN while it is not known."""
        refuse_bad_voices(signals, confidences, tape, names)
        at_least("form", self.form, 2)
        said = np.nan_to_num(signals if confidences is None else signals * confidences)
        form = form_of(earned(signals, tape), self.form).T[:, :, None]
        spread = np.broadcast_to(form, said.shape)
        return np.concatenate([said, spread, told_by_market(said, tape)])

    def _names(self, signals: Floats, names: Sequence[str]) -> tuple[str, ...]:
        known = [str(name) for name in names] or [f"member {number}" for number in range(len(signals))]
        return (*known, *[f"{name} form" for name in known], *MARKET)

    def _fitted(self, features: Floats, tape: Tape, names: tuple[str, ...]) -> list[tuple[Fit, Any]]:
        """Each fit with its model; the last model goes on where a fit has too few pairs, or labels of one kind."""
        at_least("refit", self.refit, 1)
        schedule = WalkForward(self.first, self.refit, self.window, self.horizon, self.embargo)
        labels, last = forward_returns(tape, self.horizon), None
        fits, told = [], []
        for fit in schedule.fits(tape.rows):
            pairs, earned_after = training_rows(features, labels, fit, tape)
            rises = earned_after > 0.0
            if len(rises) >= LEAST and rises.any() and not rises.all():
                last = classifier(self.model, self.settings, self.seed).fit(pairs, rises)
                told.append((fit.row, last.feature_importances_))
            if last is not None:
                fits.append((fit, last))
        values = np.array([value for _, value in told]).reshape(-1, len(names))
        self.importances_ = Importances(tuple(row for row, _ in told), names, values)
        return fits


def told_by_market(said: Floats, tape: Tape) -> Floats:
    """The features MARKET, float64[5, rows, slots]."""
    change = returns_of(tape)
    sigma, short, long = (np.empty(change.shape) for _ in range(3))
    trailing_std(change, 20, np.empty(tape.slots), sigma)
    trailing_mean(change, 5, short)
    trailing_mean(change, 20, long)
    by = np.where(sigma > 0.0, sigma, np.nan)
    return np.stack([said.mean(axis=0), said.std(axis=0), sigma, short / by, long / by])
