"""The regime contract: which state the market is in, told from the rows up to the one that is asked about.

A regime reads the market as one series of returns. `fit` learns from a tape. A tracker walks the returns and gives, at
each, the probability of every state; `probabilities` and the stream use the same tracker, so a backtest and a live
account hear the same numbers. There is no way to ask for probabilities that later rows have changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.features.learned import Learned
from polyfolio.features.regimes.market import Market, market

UNKNOWN = -1  # the label of a row without probabilities


class Tracker(Protocol):
    """What a regime remembers between two rows."""

    def step(self, change: float) -> tuple[float, ...]:
        """The probability of each state after the next return of the market (NaN: none); NaN while unknown."""
        ...


class Regime(Learned, ABC):
    """Base of regimes.

    Attributes:
        meaning: what its states say, in one line.
        remembers: True where the state depends on every row since the first, not on the last `warmup` rows alone.
        symbol: the slot that is the market; None takes the mean return of all.
    """

    kind: ClassVar[str] = "regime"
    meaning: ClassVar[str]
    remembers: ClassVar[bool] = False
    symbol: str | None = None

    @property
    @abstractmethod
    def states(self) -> tuple[str, ...]:
        """A word per state, in the order of the probabilities."""

    @property
    @abstractmethod
    def warmup(self) -> int:
        """Rows before the first that has a state."""

    @abstractmethod
    def tracker(self) -> Tracker:
        """A tracker before its first row."""

    def learn(self, returns: Floats) -> Self:  # noqa: ARG002
        """Learn from returns of the market. A rule with given thresholds learns nothing."""
        return self

    def fit(self, tape: Tape) -> Self:
        """Learn from a tape, which is the training rows and no others."""
        return self.learn(market(tape, self.symbol)[0])

    def probabilities(self, tape: Tape) -> Floats:
        """The probability of each state at each row given the rows up to it, float64[rows, states]; NaN: unknown."""
        self.refuse_unfitted()
        tracker = self.tracker()
        found = [tracker.step(float(change)) for change in market(tape, self.symbol)[0]]
        return np.array(found, dtype=np.float64).reshape(tape.rows, len(self.states))

    def labels(self, tape: Tape) -> Ints:
        """The likeliest state at each row, int64[rows]; -1 where unknown, the first of equals."""
        return labels_of(self.probabilities(tape))

    def start(self, tape: Tape) -> RegimeStream:
        """The stream that continues after the tape's last row."""
        self.refuse_unfitted()
        tracker = self.tracker()
        returns, series = market(tape, self.symbol)
        for change in returns:
            tracker.step(float(change))
        return RegimeStream(series, tracker)


class RegimeStream:
    """A market and a tracker after the last row."""

    def __init__(self, series: Market, tracker: Tracker) -> None:
        self.series = series
        self.tracker = tracker

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The probabilities of the next row, float64[states], the same bits as on the longer tape.

        Args:
            bar: close and, where the tape has them, splits, float64[slots]; NaN where a slot has no bar.
        """
        return np.array(self.tracker.step(self.series.step(bar)))


def labels_of(probabilities: Floats) -> Ints:
    """The likeliest state of each row; -1 where a row has none."""
    unknown = np.asarray(np.isnan(probabilities).any(axis=1))
    likeliest = np.argmax(np.nan_to_num(probabilities), axis=1)
    return np.where(unknown, UNKNOWN, likeliest).astype(np.int64)


def certain(state: int | None, states: int) -> tuple[float, ...]:
    """All probability on one state; NaN for an unknown one."""
    if state is None:
        return (np.nan,) * states
    return tuple(1.0 if number == state else 0.0 for number in range(states))
