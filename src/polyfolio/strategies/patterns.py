"""Price patterns: an entry with a stop, a target and a last bar. The pages are in docs/concepts/price-patterns.md.

A pattern completes at the close of a bar. Its position is held until the first later bar that reaches the stop or the
target, or until it was held for `hold` bars. A rule sees closed bars: the order that follows is filled after them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.bars import BarRule, Bars, above
from polyfolio.strategies.latch import Marks


class Setup(NamedTuple):
    """One completed pattern that was entered.

    Prices are those of one unit of the tape's first row, which splits turn into more.
    """

    symbol: str
    row: int  # the pattern's last bar: the entry is decided at its close
    side: int  # 1 long, -1 short
    entry: float  # that close
    stop: float
    target: float
    end: int | None  # row whose close ends it; None: held at the last row
    why: str  # "stop", "target", "time", or "open" while it is held


class Pattern(NamedTuple):
    """Where a pattern completes, and the stop it gives: arrays [slots, bars]."""

    completes: Marks
    stop: Floats


class PricePattern(BarRule):
    """Base of rules that wait for a pattern and then hold with a stop and a target.

    Attributes:
        reward: the target's distance from the close of the entry, in distances of the stop.
        hold: bars after which the position ends.
        long_short: True also sells the mirrored pattern.
    """

    reward: float
    hold: int
    long_short: bool

    @abstractmethod
    def found(self, bars: Bars) -> Pattern:
        """Where the pattern of a long completes; the base asks with mirrored bars for shorts."""

    def refuse_bad_arguments(self) -> None:
        """Refuse a target at the entry and a position that is never held."""
        above("reward", self.reward)
        at_least("hold", self.hold, 1)

    def held(self, bars: Bars) -> Floats:
        """1 or -1 from the bar that completes a pattern to the one before its end, else 0."""
        out = np.zeros(bars.close.shape)
        out[:, : self.warmup - 1] = np.nan
        for slot, entered in enumerate(self._entered(bars)):
            for trade in entered:
                out[slot, trade.bar : trade.end] = trade.side
        return out

    def setups(self, tape: Tape) -> list[Setup]:
        """Every pattern that was entered, by row and symbol."""
        self.refuse_bad_arguments()
        bars = Bars.of(tape)
        rows = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for slot, entered in enumerate(self._entered(bars)):
                for trade in entered:
                    end = None if trade.why == "open" else bars.row(slot, trade.end)
                    place = (tape.symbols[slot], bars.row(slot, trade.bar))
                    close = float(bars.close[slot, trade.bar])
                    rows.append(Setup(*place, trade.side, close, trade.stop, trade.target, end, trade.why))
        return sorted(rows, key=lambda setup: (setup.row, setup.symbol))

    def _entered(self, bars: Bars) -> Iterator[list[_Trade]]:
        """The trades of each slot."""
        mirror = mirrored(bars)
        long, short = self.found(bars), self.found(mirror)
        fall = short.completes if self.long_short else np.zeros_like(long.completes)
        one_way = long.completes != fall  # a bar that completes both says nothing
        for slot in range(len(bars.close)):
            trades: list[_Trade] = []
            for bar in np.flatnonzero(one_way[slot]).tolist():
                if trades and bar <= trades[-1].end:
                    continue
                side = 1 if long.completes[slot, bar] else -1
                seen, pattern = (bars, long) if side > 0 else (mirror, short)
                trades.append(self._trade(seen, slot, bar, side, float(pattern.stop[slot, bar])))
            yield trades

    def _trade(self, bars: Bars, slot: int, bar: int, side: int, stop: float) -> _Trade:
        """What becomes of an entry; `bars` are mirrored for a short, and so are its levels until they are returned."""
        close = float(bars.close[slot, bar])
        target = close + self.reward * (close - stop)
        last = min(bar + self.hold, int(bars.counts[slot]) - 1)
        stopped = bars.low[slot, bar + 1 : last + 1] <= stop
        over = stopped | (bars.high[slot, bar + 1 : last + 1] >= target)
        if over.any():
            first = int(np.argmax(over))
            end, why = bar + 1 + first, "stop" if stopped[first] else "target"
        elif last == bar + self.hold:
            end, why = last, "time"
        else:
            end, why = last + 1, "open"
        return _Trade(bar, side, side * stop, side * target, end, why)


class _Trade(NamedTuple):
    bar: int
    side: int
    stop: float
    target: float
    end: int
    why: str


def mirrored(bars: Bars) -> Bars:
    """The bars upside down: what is a low of one is a high of the other."""
    return replace(bars, open=-bars.open, high=-bars.low, low=-bars.high, close=-bars.close)


def share_of_range(bars: Bars) -> Floats:
    """Where the close lies in its bar: 0 at the low, 1 at the high; NaN in a bar without a range."""
    reach = bars.high - bars.low
    return np.where(reach > 0.0, (bars.close - bars.low) / reach, np.nan)
