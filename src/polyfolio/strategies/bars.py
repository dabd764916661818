"""What a rule of prices sees of a tape: each slot's own bars, held through splits; and the rules built on them.

A row in which a slot does not trade is no bar of it: a window of 20 bars spans more rows there, and a missing price
silences its row alone.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.features.own import OwnBars, own_bars
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.worth import units_of, worth


@dataclass(frozen=True, eq=False)
class Bars:
    """Each slot's own bars side by side: float64[slots, bars], NaN behind a slot's last one.

    Prices are those of one unit of the first row, which splits turn into more; volumes are counted in such units.

    Attributes:
        worth: the close with every payout put back into it.
        per_year: bars a year of the tape's calendar; NaN where unknown.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    worth: Floats
    per_year: float
    _own: OwnBars

    @classmethod
    def of(cls, tape: Tape) -> Self:
        """The bars of a tape; made once, all rules share them."""
        own = own_bars(tape, ("close",))
        bars: Self = own.once("bars of rules", lambda: cls._made(tape, own))
        return bars

    @classmethod
    def _made(cls, tape: Tape, own: OwnBars) -> Self:
        units = np.ones((tape.rows, tape.slots)) if tape.splits is None else units_of(tape.splits)
        return cls(
            open=side_by_side(own, tape.open * units),
            high=side_by_side(own, tape.high * units),
            low=side_by_side(own, tape.low * units),
            close=side_by_side(own, tape.close * units),
            volume=side_by_side(own, tape.volume / units),
            worth=side_by_side(own, worth(tape)),
            per_year=tape.calendar.bars_per_year,
            _own=own,
        )

    @property
    def counts(self) -> Ints:
        """Bars of each slot."""
        return self._own.counts

    def row(self, slot: int, bar: int) -> int:
        """The tape's row of a slot's bar."""
        return int(self._own.places[slot, bar]) if self._own.places.size else bar

    def on_rows(self, values: Floats) -> Floats:
        """Values [slots, bars] at their rows, float64[rows, slots]; NaN where a slot has no bar."""
        placed = np.array(values, dtype=np.float64, order="C")
        self._own.to_rows(placed, 0)
        return np.ascontiguousarray(placed.T)


def side_by_side(own: OwnBars, array: Floats) -> Floats:
    """An array [rows, slots] without the rows in which a slot has no bar, float64[slots, bars]."""
    turned = np.ascontiguousarray(array.T)
    if not own.places.size:
        return turned
    gathered = np.take_along_axis(turned, own.places, axis=1)
    gathered[np.arange(gathered.shape[1]) >= own.counts[:, None]] = np.nan
    return gathered


class BarRule(Strategy):
    """Base of strategies that look at one slot's own bars at a time.

    `remembers` is True: what is held is remembered, and where bars are missing `warmup` bars span more rows.
    """

    remembers: ClassVar[bool] = True

    def signals(self, tape: Tape) -> Floats:
        """What the rule holds after each row; NaN before its warm-up and where the slot does not trade."""
        self.refuse_bad_arguments()
        bars = Bars.of(tape)
        with np.errstate(invalid="ignore", divide="ignore"):  # the places behind a slot's last bar hold NaN
            return bars.on_rows(self.held(bars))

    @abstractmethod
    def refuse_bad_arguments(self) -> None:
        """Refuse arguments that the rule cannot work with."""

    @abstractmethod
    def held(self, bars: Bars) -> Floats:
        """What the rule holds after each bar, float64[slots, bars]; NaN is no opinion."""


def above(name: str, value: float, most: float = np.inf, least: float = 0.0) -> None:
    """Refuse an argument that is not a number above `least` and at most `most`."""
    at_least(name, value, least, whole=False)
    if not least < value <= most or np.isinf(value):
        bound = f"a number above {least:g}" + ("" if np.isinf(most) else f", at most {most:g}")
        raise ConfigError(name, value, bound, "Correct the argument.")
