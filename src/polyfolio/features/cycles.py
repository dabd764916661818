"""Cycles by Hilbert transform: the four functions of TA-Lib that take its longest time, from one shared pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.features.base import Stream
from polyfolio.features.compiled.hilbert import COSINES, OUTPUTS, SINES, STATE, WARMUP, cycle
from polyfolio.features.own import OwnBars, own_bars
from polyfolio.features.slotwise import SlotWise


class Cycle(SlotWise):
    """Base of features that take columns of the shared pass.

    Attributes:
        taken: which of phase, sine, lead sine, trend line, trend mode.
    """

    inputs: ClassVar[tuple[str, ...]] = ("close",)
    remembers: ClassVar[bool] = True
    shares: ClassVar[str] = "cycle"
    taken: ClassVar[tuple[int, ...]]

    def prepare(self, own: OwnBars) -> None:
        """Make the shared pass."""
        own.once(self.shares, lambda: passed(own))

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return WARMUP

    def fill(self, own: OwnBars, out: Floats) -> None:
        """Copy the columns of the shared pass."""
        columns, _ = own.once(self.shares, lambda: passed(own))
        for sink, place in zip(out, self.taken, strict=True):
            sink[...] = columns[place]

    def start(self, tape: Tape) -> Stream:
        """The state after the tape's last row."""
        own = own_bars(tape, self.inputs)
        _, state = own.once(self.shares, lambda: passed(own))
        return CycleStream(self.taken, state.copy())


def passed(own: OwnBars) -> tuple[Floats, Floats]:
    """All columns, and the state behind the last bar."""
    closes = own.fields["close"]
    state = np.zeros((closes.shape[0], STATE))
    columns = np.full((OUTPUTS, *closes.shape), np.nan)
    cycle(closes, own.counts, SINES, COSINES, state, columns)
    return columns, state


class CycleStream:
    """The stream of the shared pass."""

    def __init__(self, taken: tuple[int, ...], state: Floats) -> None:
        self.taken = list(taken)
        self.state = state

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values."""
        closes = np.ascontiguousarray(bar["close"])[:, None]
        here = np.isfinite(closes[:, 0])
        columns = np.full((OUTPUTS, here.size, 1), np.nan)
        cycle(closes, here.astype(np.int64), SINES, COSINES, self.state, columns)
        ready = here & (self.state[:, 0] > WARMUP)
        return np.where(ready, columns[self.taken, :, 0], np.nan)


class HtDcphase(Cycle):
    """Phase of the dominant cycle."""

    name = "ht_dcphase"
    meaning = "Phase of the dominant cycle in degrees."
    taken = (0,)


class HtSine(Cycle):
    """Sine of the phase."""

    name = "ht_sine"
    meaning = "Sine of the cycle's phase, now and 45 degrees ahead."
    outputs = ("sine", "lead")
    taken = (1, 2)


class HtTrendline(Cycle):
    """Trend line."""

    name = "ht_trendline"
    meaning = "Price without its dominant cycle."
    taken = (3,)


class HtTrendmode(Cycle):
    """Trend mode."""

    name = "ht_trendmode"
    meaning = "1 in a trend, 0 in a cycle."
    taken = (4,)
