"""A strategy on longer bars: it hears a bar when that has closed, and speaks then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.features.timeframe import PARTS, long_bars
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.composed import Composed
from polyfolio.strategies.worth import units_of, worth

DAYS_OF_A_YEAR = 365.25
PER_YEAR = {"week": DAYS_OF_A_YEAR / 7.0, "month": 12.0}


class OnTimeframe(Composed):
    """The signals of another strategy on bars of so many rows, or of a session day, week or month.

    A bar of n rows closes with its last row, counted from the tape's first. That a day, week or month is over is known
    at the first row of the next one. The signal is said at the row at which its bar is known, and no opinion in
    between. Longer bars are made of prices held through splits, with dividends put back.

    Args:
        strategy: `{"name": ..., "params": {...}}`; its rows are the longer bars. None for `momentum`.
        every: rows, "day", "week" or "month".
    """

    space: ClassVar[Mapping[str, Any]] = {"every": [2, 5, 10, 24, "day", "week", "month"]}

    def __init__(self, *, strategy: Mapping[str, Any] | None = None, every: int | str = 5) -> None:
        self.strategy = strategy
        self.every = every

    @property
    def warmup(self) -> int:
        """Rows of as many longer bars as the strategy needs, where a bar has a fixed number of rows."""
        needed = self.inner().warmup
        return needed * self.every if isinstance(self.every, int) else needed

    def fit(self, tape: Tape) -> Self:
        """Let the strategy learn from the longer bars of the training rows."""
        longer, _ = self._longer(tape)
        if longer is None:
            bound = f"short enough for two bars of {tape.rows} rows"
            raise ConfigError("every", self.every, bound, "Shorten the bars, or give a longer tape.")
        self.strategy_ = self.inner().fit(longer)
        return self

    def signals(self, tape: Tape) -> Floats:
        """Signals at the rows at which a longer bar is known; NaN elsewhere."""
        out = np.full((tape.rows, tape.slots), np.nan)
        longer, seen = self._longer(tape)
        if longer is not None:
            known = np.flatnonzero(np.diff(seen, prepend=-1) > 0)
            out[known] = self.inner().signals(longer)[seen[known]]
        return out

    def _longer(self, tape: Tape) -> tuple[Tape | None, Ints]:
        """The longer bars, None where there are less than two, and per row the number of the last one known."""
        if isinstance(self.every, str):
            if self.every not in PARTS:
                raise ConfigError("every", self.every, "rows, or one of " + ", ".join(PARTS), "Correct it.")
        else:
            at_least("every", self.every, 2)
        bars, seen = long_bars(whole(tape), self.every)
        if len(bars.closed) < 2:
            return None, seen
        longer = bars.tape(tape)
        # The row that closed each bar: the one at which it is known, or for days, weeks, months the one before.
        last = np.flatnonzero(np.diff(seen, prepend=-1) > 0) - isinstance(self.every, str)
        calendar = replace(longer.calendar, bars_per_year=self._per_year(tape))
        return replace(longer, times=tape.times[last], calendar=calendar), seen

    def _per_year(self, tape: Tape) -> float:
        if isinstance(self.every, int):
            return tape.calendar.bars_per_year / self.every
        return PER_YEAR.get(self.every, tape.calendar.days_per_year)


def whole(tape: Tape) -> Tape:
    """The tape with prices of what one unit of the first row has become; itself where nothing was split or paid."""
    if tape.splits is None and tape.dividends is None:
        return tape
    grown = worth(tape) / np.where(tape.tradable != 0, tape.close, np.nan)
    fields = {name: getattr(tape, name) * grown for name in PRICES}
    if tape.splits is not None:
        fields["volume"] = tape.volume / units_of(tape.splits)
    return replace(tape, splits=None, dividends=None, **fields)
