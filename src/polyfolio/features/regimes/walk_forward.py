"""A regime learned anew now and then, each time from the rows before."""

from __future__ import annotations

import logging
from typing import ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.regimes.base import Regime, Tracker
from polyfolio.rules.arguments import at_least

log = logging.getLogger("polyfolio")


class WalkForward(Regime):
    """After `first` rows, and every `every` rows from then on, a clone of the regime learns from the rows so far.

    The new one walks the rows so far before it answers. Nothing is known before row `first`, and no row is answered
    with anything that a later one has taught; `fit` is not needed and does nothing. Where the rows do not allow
    learning (too few returns), the log says so and the last one learned goes on.

    Args:
        regime: the regime to learn; it is not touched.
        first: rows before it learns for the first time.
        every: rows until it learns again.
        span: rows it learns from at most, the latest; None takes all.
    """

    name: ClassVar[str] = "walk_forward"
    meaning: ClassVar[str] = "another regime, learned anew from the rows before"
    remembers: ClassVar[bool] = True

    def __init__(self, *, regime: Regime, first: int = 504, every: int = 63, span: int | None = None) -> None:
        self.regime = regime
        self.first = first
        self.every = every
        self.span = span
        self.symbol = getattr(regime, "symbol", None)

    @property
    def states(self) -> tuple[str, ...]:
        """Those of the regime."""
        return self.regime.states

    @property
    def warmup(self) -> int:
        """It answers once it has learned."""
        return max(self.first, self.regime.warmup)

    def tracker(self) -> Tracker:
        """Before the first row."""
        if not isinstance(self.regime, Regime):
            raise ConfigError("regime", self.regime, "a regime", "Give an instance, such as HiddenMarkov().")
        at_least("first", self.first, 2)
        at_least("every", self.every, 1)
        if self.span is not None:
            at_least("span", self.span, 2)
        return WalkForwardTracker(self)


class WalkForwardTracker:
    """The returns so far and the tracker of what was learned from them."""

    def __init__(self, walk: WalkForward) -> None:
        self.walk = walk
        self.returns: list[float] = []
        self.inner: Tracker | None = None

    def step(self, change: float) -> tuple[float, ...]:
        """The probabilities after the next return."""
        rows = len(self.returns)
        if rows >= self.walk.first and (rows - self.walk.first) % self.walk.every == 0:
            past = np.array(self.returns)
            self._learn(past if self.walk.span is None else past[-self.walk.span :], rows)
        self.returns.append(change)
        return (np.nan,) * len(self.walk.states) if self.inner is None else self.inner.step(change)

    def _learn(self, past: Floats, row: int) -> None:
        """A new tracker, walked to this row."""
        try:
            learned = self.walk.regime.clone().learn(past)
        except DataError as error:
            log.warning("walk-forward at row %d: nothing learned. %s", row, error)
            return
        self.inner = learned.tracker()
        for earlier in self.returns:
            self.inner.step(earlier)
