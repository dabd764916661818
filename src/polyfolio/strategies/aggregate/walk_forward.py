"""Learning as time goes on: when a model is fitted anew, from which rows, and for which rows it then answers.

A label of row r is what came after it, up to row r + horizon. A fit at row f therefore ends its training rows at
f - horizon (later ones are purged: their labels are not known yet), less an embargo.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.aggregate.base import returns_of


@dataclass(frozen=True)
class WalkForward:
    """A schedule of fits.

    Attributes:
        first: row of the first fit.
        every: rows until the next one.
        window: training rows at most, the latest; None takes all.
        horizon: rows a label reaches ahead.
        embargo: further rows left out before each fit.
    """

    first: int = 252
    every: int = 21
    window: int | None = 504
    horizon: int = 5
    embargo: int = 0

    def __post_init__(self) -> None:
        for name, least in (("every", 1), ("horizon", 1), ("embargo", 0)):
            at_least(name, getattr(self, name), least)
        at_least("first", self.first, self.horizon + self.embargo + 1)
        if self.window is not None:
            at_least("window", self.window, 2)

    def fits(self, rows: int) -> Iterator[Fit]:
        """Every fit on a tape of so many rows."""
        for row in range(self.first, rows, self.every):
            end = row - self.horizon - self.embargo + 1
            start = 0 if self.window is None else max(0, end - self.window)
            yield Fit(row, start, end, min(row + self.every, rows))


@dataclass(frozen=True)
class Fit:
    """One fit at `row`: from the rows `start` to `end` (exclusive), for the rows from `row` to `until` (exclusive)."""

    row: int
    start: int
    end: int
    until: int


def forward_returns(tape: Tape, horizon: int) -> Floats:
    """What each name earned from the close of a row over the next `horizon` rows; NaN where that is not known."""
    change = returns_of(tape)
    worth = np.cumprod(1.0 + np.nan_to_num(change), axis=0)
    out = np.full(change.shape, np.nan)
    if tape.rows > horizon:
        out[:-horizon] = worth[horizon:] / worth[:-horizon] - 1.0
        unlisted = np.isnan(change[1 : tape.rows - horizon + 1])
        out[:-horizon][unlisted | (tape.tradable[:-horizon] == 0)] = np.nan
    return out


def training_rows(features: Floats, labels: Floats, fit: Fit, tape: Tape) -> tuple[Floats, Floats]:
    """Features and labels of a fit, slots in the order of their symbols; pairs with an unknown number left out.

    Args:
        features: float64[features, rows, slots].
        labels: float64[rows, slots].
        fit: which rows.
        tape: where the symbols are from: a forest draws pairs by their place, which must not depend on the slots.
    """
    order = np.argsort(np.array(tape.symbols), kind="stable")
    part = features[:, fit.start : fit.end, order].reshape(len(features), -1).T
    wanted = labels[fit.start : fit.end, order].ravel()
    known = ~(np.isnan(wanted) | np.isnan(part).any(axis=1))
    return np.ascontiguousarray(part[known]), np.ascontiguousarray(wanted[known])


def refuse_unknown_word(field: str, word: object, known: tuple[str, ...]) -> None:
    """Refuse a word that is none of those known."""
    if word not in known:
        raise ConfigError(field, word, "one of " + ", ".join(known), "Choose one of these words.")
