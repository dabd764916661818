"""Strategies that learn from the rows before: refitted as they go, from returns that were over by then."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.arguments import at_least, finite
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.samples import Samples, samples_of

TARGETS = ("sign", "size")
LARGEST_SEED = 2**32 - 1  # of scikit-learn
LEAST = 20  # samples; a model of fewer is not made
SPACE: Mapping[str, Any] = {
    "target": ["sign", "size"],
    "horizon": {"low": 1, "high": 20, "whole": True},
    "refit": {"low": 20, "high": 250, "whole": True},
    "first": {"low": 100, "high": 1000, "whole": True},
    "embargo": {"low": 0, "high": 20, "whole": True},
    "threshold": {"low": 0.0, "high": 0.5},
    "long_short": [True, False],
}


class Fitted(NamedTuple):
    """A model after it learned."""

    row: int
    samples: int
    model: Any
    scale: float  # deviation of the forward returns it learned from


class LearnedStrategy(Strategy):
    """Base of the strategies that learn forward returns from features of all names together.

    At row `first` and every `refit` rows from then on a new model learns from the rows before it and answers until the
    next one does. It learns from forward returns that ended `embargo` rows before it or earlier: later ones are purged.
    After `fit` the model of those rows answers every row, and nothing is refitted. Where there are too few samples, or
    all have one sign, the model before goes on.

    Args:
        features: as a configuration writes them; None takes `samples.HANDFUL`.
        target: "sign" learns whether a name rises, and 2 p - 1 is the signal; "size" learns by how much, and the
            prediction over the deviation of the returns learned from, cut to -1 to 1, is the signal.
        horizon: rows of the forward return.
        refit: rows between two fits.
        first: row of the first fit.
        window: rows back from a fit that are learned from; None takes all.
        embargo: rows between the last return learned from and the fit.
        threshold: absolute signals below it are 0.
        long_short: False leaves out signals below 0.
        seed: of the model's random numbers.

    Attributes:
        importances_: weight of each feature in the models of the last `signals`, 1 in all.
        refits_: (row, samples) of each of their fits.
        model_: after `fit`.
    """

    sizing: ClassVar[str] = "signal_strength"
    remembers: ClassVar[bool] = True
    model_: Fitted

    def __init__(  # noqa: PLR0913 - each is a key of a configuration
        self,
        *,
        features: Sequence[Any] | None,
        target: str,
        horizon: int,
        refit: int,
        first: int,
        window: int | None,
        embargo: int,
        threshold: float,
        long_short: bool,
        seed: int,
    ) -> None:
        self.features = features
        self.target = target
        self.horizon = horizon
        self.refit = refit
        self.first = first
        self.window = window
        self.embargo = embargo
        self.threshold = threshold
        self.long_short = long_short
        self.seed = seed

    @abstractmethod
    def model(self) -> Any:
        """A scikit-learn classifier (target sign) or regressor (size) that has learned nothing."""

    @property
    def warmup(self) -> int:
        """The first fit."""
        return self.first + 1

    def fit(self, tape: Tape) -> Self:
        """Learn one model from a tape, which then answers every row."""
        self._refuse_bad_arguments()
        found = self._learned(samples_of(tape, self.features, self.horizon), tape.rows - 1, None)
        if found is None:
            bound = f"at least {LEAST} samples of rises and falls ({self.horizon} rows apart)"
            raise DataError("training rows", tape.rows, bound, "Give a longer training tape.")
        self.model_ = found
        return self

    def signals(self, tape: Tape) -> Floats:
        """-1 to 1; NaN before the first fit and where a feature is unknown."""
        self._refuse_bad_arguments()
        samples = samples_of(tape, self.features, self.horizon)
        out = np.full((tape.rows, tape.slots), np.nan)
        models = [self.model_._replace(row=0)] if hasattr(self, "model_") else self._walk(samples, tape.rows)
        ends = [*(fitted.row for fitted in models[1:]), tape.rows]
        for fitted, end in zip(models, ends, strict=False):
            out[fitted.row : end, samples.order] = self._answers(fitted, samples.features[fitted.row : end])
        self.refits_ = tuple((fitted.row, fitted.samples) for fitted in models)
        weights = np.array([fitted.model.feature_importances_ for fitted in models])
        means = weights.mean(axis=0).tolist() if models else [np.nan] * len(samples.names)
        self.importances_ = dict(zip(samples.names, means, strict=True))
        return out

    def _walk(self, samples: Samples, rows: int) -> list[Fitted]:
        found = (self._learned(samples, row, self.window) for row in range(self.first, rows, self.refit))
        return [fitted for fitted in found if fitted is not None]

    def _learned(self, samples: Samples, row: int, window: int | None) -> Fitted | None:
        features, forward = samples.before(row, window, self.embargo)
        rises = forward > 0.0
        if forward.size < LEAST or rises.all() or not rises.any():
            return None
        model = self.model().fit(features, rises if self.target == "sign" else forward)
        return Fitted(row, forward.size, model, float(forward.std()))

    def _answers(self, fitted: Fitted, features: Floats) -> Floats:
        out = np.full(features.shape[:2], np.nan)
        known = np.isfinite(features).all(axis=2)
        if known.any():
            if self.target == "sign":
                said = 2.0 * fitted.model.predict_proba(features[known])[:, 1] - 1.0
            else:
                said = np.clip(fitted.model.predict(features[known]) / fitted.scale, -1.0, 1.0)
            said = np.where(np.abs(said) < self.threshold, 0.0, said)
            out[known] = said if self.long_short else np.maximum(said, 0.0)
        return out

    def _refuse_bad_arguments(self) -> None:
        for name, least in (("horizon", 1), ("refit", 1), ("first", 1), ("embargo", 0), ("seed", 0)):
            at_least(name, getattr(self, name), least)
        if self.window is not None:
            at_least("window", self.window, self.horizon + 1)
        if self.features is not None and (isinstance(self.features, str) or not self.features):
            raise ConfigError("features", self.features, "a list of features", "Name one, or leave it out.")
        if not 0.0 <= finite("threshold", self.threshold) <= 1.0:
            raise ConfigError("threshold", self.threshold, "from 0 to 1, as signals are", "Correct the argument.")
        if self.seed > LARGEST_SEED:
            raise ConfigError("seed", self.seed, f"at most {LARGEST_SEED}", "Correct the argument.")
        if not isinstance(self.long_short, bool):
            raise ConfigError("long_short", self.long_short, "true or false", "Choose one of the two.")
        if self.target not in TARGETS:
            raise ConfigError("target", self.target, "sign or size", "Choose one of the two.")
        self.model()


def scikit_learn(module: str) -> Any:
    """A module of scikit-learn, or the extra that brings it."""
    try:
        from sklearn import ensemble  # type: ignore[import-untyped]  # noqa: PLC0415 - it takes a second
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[search]'."
        raise ConfigError("scikit-learn", None, f"installed ({error})", remedy) from error
    return getattr(ensemble, module)
