"""Features that look at one slot at a time: computed slot by slot in memory where a slot's bars lie side by side."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.features.base import Feature, Stream
from polyfolio.features.own import OwnBars, own_bars


class SlotWise(Feature):
    """Base of features that need nothing but a slot's own bars.

    Attributes:
        shares: the name of an intermediate result that several features use, else "".
    """

    shares: ClassVar[str] = ""

    def prepare(self, own: OwnBars) -> None:
        """Make the shared intermediate result, where there is one."""

    @abstractmethod
    def fill(self, own: OwnBars, out: Floats) -> None:
        """Write values into out[outputs, slots, bars] from each slot's bar `warmup` on; the rest may hold anything."""

    def block(self, own: OwnBars, out: Floats) -> None:
        """Write values into out[outputs, slots, rows], NaN where there is none."""
        self.fill(own, out)
        for column in out:
            own.to_rows(column, self.warmup)

    def compute(self, tape: Tape) -> Floats:
        """Values, float64[outputs, rows, slots]; NaN before the warm-up and where a slot has no bar."""
        out = np.empty((len(self.outputs), tape.slots, tape.rows))
        self.block(own_bars(tape, self.inputs), out)
        return out.transpose(0, 2, 1)


class Windowed(SlotWise):
    """Base of features whose value follows from the last `warmup + 1` bars, in a fixed order of operations."""

    @abstractmethod
    def values(self, bars: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Values of each bar, one array [slots, bars] per output, from fields of that shape."""

    def fill(self, own: OwnBars, out: Floats) -> None:
        """Write the values of all bars."""
        with np.errstate(all="ignore"):  # the places behind a slot's last bar hold NaN
            for column, values in zip(out, self.values(own.fields), strict=True):
                column[...] = values

    def start(self, tape: Tape) -> Stream:
        """The stream that continues after the tape's last row."""
        return Tail(self, own_bars(tape, self.inputs))


class Tail:
    """The stream of a windowed feature: the last bars of each slot, computed like any others."""

    def __init__(self, feature: Windowed, own: OwnBars) -> None:
        self.feature = feature
        self.length = feature.warmup + 1
        self.counts = own.counts.copy()
        self.fields = {name: _last(own.fields[name], own.counts, self.length) for name in feature.inputs}

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values."""
        here = np.ones(self.counts.size, bool)
        for name in self.fields:
            here &= np.isfinite(bar[name])
        self.counts += here
        for name, tail in self.fields.items():
            if here.all():
                tail[:, :-1] = tail[:, 1:]
                tail[:, -1] = bar[name]
            else:
                tail[here, :-1] = tail[here, 1:]
                tail[here, -1] = bar[name][here]
        with np.errstate(all="ignore"):
            values = [column[:, -1] for column in self.feature.values(self.fields)]
        return np.where(here & (self.counts >= self.length), np.array(values), np.nan)


def _last(field: Floats, counts: np.ndarray, length: int) -> Floats:
    tail = np.full((counts.size, length), np.nan)
    for slot, count in enumerate(counts):
        kept = min(int(count), length)
        tail[slot, length - kept :] = field[slot, count - kept : count]
    return tail
