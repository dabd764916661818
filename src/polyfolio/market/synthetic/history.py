"""What a tape's bars say apart from their level: returns, shapes of bars, volumes, and a stand-in where one is missing.

A bar is its gap from the close before, its body, and its two shadows, all as logarithms. The close before is taken
after dividends and splits, so a synthetic tape has neither: its returns are total returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.stamps import show
from polyfolio.market.synthetic.clock import phases
from polyfolio.market.synthetic.volume import activity_of

FEWEST = 30  # returns of a slot: five parameters and a tail
FLAT = 1e-12  # a smaller spread is rounding of the prices


@dataclass(frozen=True, eq=False)
class History:
    """A tape taken apart; arrays are (rows, slots) unless said.

    Attributes:
        tape: the original.
        phase: time of day of each row, numbered (rows).
        scale: volatility of each row's time of day over that of all (rows); returns are divided by it.
        rows: rows in which some slot has a return (count).
        stand_in: for each of `rows`, the row whose bar a slot takes: its own, or where it has none the row of the same
            time of day with the nearest market return (count, slots).
        total: log total return from the slot's bar before; NaN without.
        gap: the part of it up to the open.
        up: log(high / the larger of open and close).
        down: log(the smaller of open and close / low).
        activity: volume over its usual level around the row; NaN where unknown.
        usual: median level of volume (slots).
        mean: of `total / scale` (slots).
        deviation: population standard deviation of `total / scale` (slots).
    """

    tape: Tape
    phase: Ints
    scale: Floats
    rows: Ints
    stand_in: Ints
    total: Floats
    gap: Floats
    up: Floats
    down: Floats
    activity: Floats
    usual: Floats
    mean: Floats
    deviation: Floats

    @property
    def moves(self) -> np.ndarray:
        """Which slots move at all."""
        return np.asarray(self.deviation > FLAT)

    def filled(self, values: Floats) -> Floats:
        """Values (tape rows, slots) of `rows`, stand-ins where a slot has no bar."""
        return np.asarray(np.take_along_axis(values, self.stand_in, axis=0), dtype=np.float64)

    def calm(self) -> Floats:
        """Returns without the volatility of their time of day."""
        return np.asarray(self.total / self.scale[:, None], dtype=np.float64)

    def own(self, slot: int) -> Floats:
        """The calm returns of one slot, one after the other."""
        column = self.total[:, slot] / self.scale
        return np.asarray(column[~np.isnan(column)], dtype=np.float64)


def history_of(tape: Tape) -> History:
    """Take a tape apart.

    Raises:
        DataError: a symbol has too few returns, or a dividend and split that leave nothing of the close before.
    """
    base = _close_before(tape)
    on = ~np.isnan(base)
    total, gap = np.log(tape.close / base), np.log(tape.open / base)
    counts = (~np.isnan(total)).sum(axis=0)
    if counts.min() < FEWEST:
        slot = int(np.argmin(counts))
        remedy = "Widen the span or leave the symbol out."
        raise DataError(f"returns of {tape.symbols[slot]}", int(counts[slot]), f"at least {FEWEST}", remedy)
    phase = phases(tape)
    scale = _scale_of(total, phase)
    rows = np.flatnonzero(~np.isnan(total).all(axis=1))
    deviation = np.nanstd(total / scale[:, None], axis=0)
    activity, usual = activity_of(np.where(tape.tradable != 0, tape.volume, np.nan), int(phase.max()) + 1)
    tops, bottoms = np.maximum(tape.open, tape.close), np.minimum(tape.open, tape.close)
    return History(
        tape=tape,
        phase=phase,
        scale=scale,
        rows=rows,
        stand_in=_stand_ins(total / scale[:, None], deviation, rows, phase),
        total=total,
        gap=gap,
        up=np.where(on, np.log(tape.high / tops), np.nan),
        down=np.where(on, np.log(bottoms / tape.low), np.nan),
        activity=activity,
        usual=usual,
        mean=np.nanmean(total / scale[:, None], axis=0),
        deviation=deviation,
    )


def total_returns(tape: Tape) -> Floats:
    """Log total return of each bar over the slot's bar before (rows, slots); NaN without either."""
    return np.asarray(np.log(tape.close / _close_before(tape)), dtype=np.float64)


def _close_before(tape: Tape) -> Floats:
    """The close before each bar after its split and dividend; NaN where a slot has no bar, or none before it."""
    seen = np.where(tape.tradable != 0, tape.close, np.nan)
    where = np.where(np.isnan(seen), 0, np.arange(tape.rows)[:, None])
    last = np.take_along_axis(seen, np.maximum.accumulate(where, axis=0), axis=0)
    before = np.vstack([np.full((1, tape.slots), np.nan), last[:-1]])
    ratio, payout = _events(tape, "splits", 1.0), _events(tape, "dividends", 0.0)
    base = before / np.where(ratio > 0.0, ratio, 1.0) - payout
    base[tape.tradable == 0] = np.nan
    wrong = base <= 0.0
    if wrong.any():
        row, slot = (int(number) for number in np.argwhere(wrong)[0])
        raise DataError(
            f"dividends[{tape.symbols[slot]}] at {show(int(tape.times[row]))} (row {row})",
            float(payout[row, slot]),
            f"below the close before after the split, {float(base[row, slot] + payout[row, slot]):g}",
            "Correct the dividend or the split: one event may be written as both.",
        )
    return np.asarray(base, dtype=np.float64)


def _events(tape: Tape, name: str, none: float) -> Floats:
    """An optional field; events of rows without a bar count at the slot's next bar."""
    array = getattr(tape, name)
    if array is None:
        return np.full((tape.rows, tape.slots), none)
    known = np.where(np.isnan(array), none, array)
    return _carried(known, tape.tradable != 0, none)


def _carried(values: Floats, on: np.ndarray, none: float) -> Floats:
    out = np.array(values)
    for row, slot in np.argwhere(~on & (values != none)):
        later = np.flatnonzero(on[row:, slot])
        if later.size:
            into = row + int(later[0])
            out[into, slot] = (
                out[into, slot] * values[row, slot] if none == 1.0 else out[into, slot] + values[row, slot]
            )
    return out


def _scale_of(total: Floats, phase: Ints) -> Floats:
    """Root mean square of each time of day over that of all rows, pooled over slots; 1 where nothing moves."""
    out = np.ones(total.shape[0])
    if phase.max() == 0:
        return out
    power = np.nanmean(total**2, axis=0)
    unit = np.divide(total**2, power, out=np.full_like(total, np.nan), where=power > FLAT**2)
    for number in range(int(phase.max()) + 1):
        block = unit[phase == number]
        if not np.isnan(block).all() and np.nanmean(block) > 0.0:
            out[phase == number] = np.sqrt(np.nanmean(block))
    return out


def _stand_ins(calm: Floats, deviation: Floats, rows: Ints, phase: Ints) -> Ints:
    """For every row and slot the row whose bar the slot takes."""
    unit = np.divide(calm, deviation, out=np.zeros_like(calm), where=deviation > FLAT)
    unit[np.isnan(calm)] = np.nan
    market = np.nanmean(unit[rows], axis=1)
    at = np.full(calm.shape[0], np.nan)
    at[rows] = market
    out = np.repeat(rows[:, None], calm.shape[1], axis=1)
    for slot in range(calm.shape[1]):
        present = ~np.isnan(calm[:, slot])
        missing = ~present[rows]
        for number in np.unique(phase[rows][missing]):
            these = np.flatnonzero(missing & (phase[rows] == number))
            same = np.flatnonzero(present & (phase == number))
            known = same if same.size else np.flatnonzero(present)
            out[these, slot] = _nearest(known, at[known], market[these])
    return out


def _nearest(rows: Ints, values: Floats, wanted: Floats) -> Ints:
    """Of `rows`, those whose values are nearest to the wanted ones."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    right = np.clip(np.searchsorted(ranked, wanted), 1 if ranked.size > 1 else 0, ranked.size - 1)
    left = np.maximum(right - 1, 0)
    closer = np.where(np.abs(ranked[left] - wanted) <= np.abs(ranked[right] - wanted), left, right)
    return np.asarray(rows[order[closer]], dtype=np.int64)
