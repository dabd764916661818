"""A hidden Markov model of the market: learned by expectation maximisation, answered by the forward recursion alone.

What is given at row t is P(state at t | rows up to t), the filtered probability. The smoothed one, P(state at t | all
rows), is what `predict_proba` and `predict` of libraries answer; it knows the future and is not offered here.
"""

from __future__ import annotations

import logging
import math
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.regimes.base import Regime, Tracker
from polyfolio.features.regimes.volatility import Deviation
from polyfolio.rules.arguments import at_least

log = logging.getLogger("polyfolio")

OBSERVED = ("return", "volatility")
ITERATIONS = 200  # most steps of one start; a start that stops early is judged by its likelihood all the same
LEAST_PER_STATE = 20  # observations; fewer leave a state's mean and deviation to chance


class HiddenMarkov(Regime):
    """Gaussian states with a transition matrix, in the order of their deviation: the calmest first.

    Observed are the market's return and, if asked for, the log of its deviation over `window` rows; both are brought
    to mean 0 and deviation 1 with the numbers of the training rows. A row without an observation passes the state on
    by the transition matrix alone.

    Args:
        count: states.
        observed: "return" and "volatility", or one of them.
        window: returns of the deviation.
        seed: of the starts of the search.
        starts: how many starts are tried; the likeliest model is kept.
        symbol: the slot that is the market; None takes the mean return of all.
    """

    name: ClassVar[str] = "hidden_markov"
    meaning: ClassVar[str] = "filtered probabilities of hidden states, the calmest first"
    remembers: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("means_", "deviations_", "transitions_", "start_", "middle_", "scale_")

    def __init__(
        self,
        *,
        count: int = 2,
        observed: tuple[str, ...] = ("return",),
        window: int = 10,
        seed: int = 0,
        starts: int = 4,
        symbol: str | None = None,
    ) -> None:
        self.count = count
        self.observed = observed
        self.window = window
        self.seed = seed
        self.starts = starts
        self.symbol = symbol

    @property
    def states(self) -> tuple[str, ...]:
        """From calm to turbulent."""
        middle = ["normal"] if self.count == 3 else [f"state_{number + 2}" for number in range(self.count - 2)]
        return ("calm", *middle, "turbulent")

    @property
    def warmup(self) -> int:
        """The first return has its end at row 1; a deviation needs its window."""
        return self.window if "volatility" in self.observed else 1

    def learn(self, returns: Floats) -> Self:
        """Learn from the training rows.

        Raises:
            DataError: too few observations, returns that never change, or no start that keeps all states.
        """
        self._refuse_bad_arguments()
        series = Observations(self.observed, self.window)
        found = np.array([series.step(float(change)) for change in returns]).reshape(-1, len(self.observed))
        known = ~np.isnan(found).any(axis=1)
        sample = found[known]
        least = LEAST_PER_STATE * self.count
        if len(sample) < least:
            raise DataError("training rows", len(sample), f"at least {least} with a return", "Give a longer tape.")
        self.middle_, self.scale_ = sample.mean(axis=0), sample.std(axis=0)
        if not (self.scale_ > 0.0).all():
            raise DataError("training returns", float(sample[0, 0]), "of more than one value", "Give other rows.")
        model = self._searched((sample - self.middle_) / self.scale_, _lengths(known))
        order = np.argsort(model.covars_[:, 0, 0], kind="stable")
        self.means_ = model.means_[order]
        self.deviations_ = np.sqrt(np.array([np.diag(matrix) for matrix in model.covars_[order]]))
        self.transitions_ = model.transmat_[np.ix_(order, order)]
        self.start_ = _stationary(self.transitions_)
        return self

    def tracker(self) -> Tracker:
        """The filter before the first row."""
        self.refuse_unfitted()
        return Filter(self, Observations(self.observed, self.window))

    def _refuse_bad_arguments(self) -> None:
        for name, least in (("count", 2), ("window", 2), ("starts", 1), ("seed", 0)):
            at_least(name, getattr(self, name), least)
        unknown = [word for word in self.observed if word not in OBSERVED]
        if unknown or not self.observed or len(set(self.observed)) < len(self.observed):
            raise ConfigError("observed", self.observed, f"one or both of {', '.join(OBSERVED)}", "Correct the words.")

    def _searched(self, sample: Floats, lengths: list[int]) -> Any:
        """The likeliest model of all starts that keeps every state alive."""
        best, best_likelihood = None, -np.inf
        for number in range(self.starts):
            model = self._begun(sample, number).fit(sample, lengths)
            if not np.allclose(model.transmat_.sum(axis=1), 1.0):
                continue  # a state that died cannot be scored
            likelihood = float(model.score(sample, lengths))
            if likelihood > best_likelihood:
                best, best_likelihood = model, likelihood
        if best is None:
            raise DataError("count", self.count, "states that the training rows visit", "Ask for fewer states.")
        log.debug("hidden Markov model of %d states: log likelihood %.3f", self.count, best_likelihood)
        return best

    def _begun(self, sample: Floats, number: int) -> Any:
        """A model at its start: means drawn from the sample, deviations and persistence at random.

        hmmlearn's own start, ten rounds of k-means, took 1.9 of 2.0 s for 2,000 returns on two shared cores.
        """
        random = np.random.default_rng([self.seed, number])
        model = _hmmlearn().GaussianHMM(
            n_components=self.count, covariance_type="diag", n_iter=ITERATIONS, tol=1e-4, init_params=""
        )
        stay = random.uniform(0.8, 0.98)
        model.startprob_ = np.full(self.count, 1.0 / self.count)
        model.transmat_ = np.full((self.count, self.count), (1.0 - stay) / (self.count - 1))
        np.fill_diagonal(model.transmat_, stay)
        model.means_ = 0.5 * sample[random.choice(len(sample), self.count, replace=False)]
        model.covars_ = random.uniform(0.3, 1.8, (self.count, sample.shape[1])) ** 2
        return model


class Observations:
    """Returns in, what the model observes out."""

    def __init__(self, observed: tuple[str, ...], window: int) -> None:
        self.observed = observed
        self.deviation = Deviation(window)

    def step(self, change: float) -> tuple[float, ...]:
        """The observations of the next row; NaN where there are none."""
        deviation = self.deviation.step(change)
        volatility = math.log(deviation) if deviation > 0.0 and not math.isnan(change) else math.nan
        given = {"return": change, "volatility": volatility}
        return tuple(given[word] for word in self.observed)


class Filter:
    """The forward recursion: P(state | rows so far), one row at a time, in plain floats so that bits never differ."""

    def __init__(self, model: HiddenMarkov, series: Observations) -> None:
        self.series = series
        self.transitions = model.transitions_.tolist()
        self.middle, self.scale = model.middle_.tolist(), model.scale_.tolist()
        self.normals = [list(zip(m, d, strict=True)) for m, d in zip(model.means_, model.deviations_, strict=True)]
        self.next = model.start_.tolist()  # P(state at the next row | rows so far)
        self.states = range(model.count)
        self.known = False

    def step(self, change: float) -> tuple[float, ...]:
        """The probabilities after the next return; NaN before the first observation."""
        observation = self.series.step(change)
        now = self.next
        if not any(math.isnan(value) for value in observation):
            self.known = True
            now = self._updated(observation)
        self.next = [math.fsum(now[i] * self.transitions[i][j] for i in self.states) for j in self.states]
        return tuple(now) if self.known else (math.nan,) * len(now)

    def _updated(self, observation: tuple[float, ...]) -> list[float]:
        """Bayes: the prior times the likelihood, over their sum. The largest log is taken out against underflow."""
        scaled = [(x - m) / s for x, m, s in zip(observation, self.middle, self.scale, strict=True)]
        logs = [
            math.log(prior) + math.fsum(_log_density(x, *normal) for x, normal in zip(scaled, normals, strict=True))
            if prior > 0.0
            else -math.inf
            for prior, normals in zip(self.next, self.normals, strict=True)
        ]
        most = max(logs)
        shares = [math.exp(value - most) for value in logs]
        total = math.fsum(shares)
        return [share / total for share in shares]


def _log_density(x: float, mean: float, deviation: float) -> float:
    """Log of the normal density, without the constant that all states share."""
    z = (x - mean) / deviation
    return -0.5 * z * z - math.log(deviation)


def _stationary(transitions: Floats) -> Floats:
    """The distribution that the transition matrix leaves as it is: least squares of p (A - 1) = 0, sum p = 1."""
    count = len(transitions)
    system = np.vstack([transitions.T - np.eye(count), np.ones(count)])
    found = np.linalg.lstsq(system, np.append(np.zeros(count), 1.0))[0]
    positive = np.clip(found, 0.0, None)
    share: Floats = positive / positive.sum()
    return share


def _lengths(known: Any) -> list[int]:
    """Lengths of the runs of rows that have an observation: no transition is learned across a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(np.int8), [0]])))
    return [int(end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _hmmlearn() -> Any:
    try:
        from hmmlearn import hmm  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.9 s: it imports scikit-learn
    except ImportError as error:
        raise ConfigError(
            "hidden_markov",
            "hmmlearn is not installed",
            "installed where a hidden Markov model is learned",
            "Install the extra: pip install 'polyfolio[research]'.",
        ) from error
    return hmm
