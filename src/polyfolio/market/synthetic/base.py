"""The contract of a synthetic market: fitted to a tape, it makes tapes that could have been that one.

An estimator like a strategy: the constructor takes keyword arguments, each written out, and stores them under their
own names; what `fit` learns ends in `_`. Whatever it makes knows all of the tape it was fitted to, so a market for
training is fitted to the training split alone.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.bars import Draw, build
from polyfolio.market.synthetic.clock import extended
from polyfolio.market.synthetic.history import History, history_of
from polyfolio.market.synthetic.streams import Streams, whole


class SyntheticMarket(ABC):
    """Base of synthetic markets.

    Attributes:
        name: the word for it in a file, "garch".
        meaning: one line.
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    history_: History

    def fit(self, tape: Tape) -> Self:
        """Learn from a tape.

        Raises:
            DataError: a symbol has fewer than 30 returns.
        """
        self.history_ = history_of(tape)
        self.learn(self.history_)
        return self

    def sample(self, rows: int | None = None, *, seed: int = 0, path: int = 0) -> Tape:
        """A tape of the same slots and calendar that begins at the original's first stamp and prices.

        Args:
            rows: length, at least 2; None for the original's. A longer tape of the same seed and path begins with
                the shorter one, bit by bit.
            seed: 0 or more.
            path: number of the path; the paths of one seed are independent.
        """
        if not hasattr(self, "history_"):
            raise ConfigError(type(self).__name__, "not fitted", "fitted to a tape", "Call fit(tape) first.")
        rows = self.history_.tape.rows if rows is None else rows
        whole("rows", rows, 2)
        streams = Streams(seed, path)
        _, _, origin = extended(self.history_.tape, rows)
        draw = self.draw(self.history_.phase[origin[1:]], streams)
        return build(self.history_, draw, rows, streams.of("shapes"))

    @abstractmethod
    def learn(self, history: History) -> None:
        """Fit to a history; what is learned ends in `_`."""

    @abstractmethod
    def draw(self, phase: Ints, streams: Streams) -> Draw:
        """Returns for rows with these times of day."""

    def params(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.params().items())})"


def scale_by_phase(history: History, phase: Ints) -> Floats:
    """The volatility of each time of day over that of all, as a column."""
    scales = np.ones(int(history.phase.max()) + 1)
    scales[history.phase] = history.scale
    return scales[phase][:, None]
