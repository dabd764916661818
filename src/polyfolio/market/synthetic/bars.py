"""From returns and the bars they borrow their shape from to a tape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.clock import calendar_like, extended
from polyfolio.market.synthetic.history import History
from polyfolio.market.synthetic.volume import persistent

WIDEST = math.log(10.0)  # a draw beyond a tenfold move of one bar is held there
NEIGHBOURS = 5  # ranks around the nearest return from which a bar's shape is taken
CARRIED = ("borrow", "funding")


@dataclass(frozen=True, eq=False)
class Draw:
    """What a model draws for the rows after the first.

    Attributes:
        returns: log returns (rows - 1, slots).
        donors: rows of the original whose bars are taken whole, or None: bars of similar returns give their shape.
    """

    returns: Floats
    donors: Ints | None = None


def build(history: History, draw: Draw, rows: int, random: np.random.Generator) -> Tape:
    """The tape of a draw. It begins at the original's first prices; gaps after a slot's first bar stay gaps."""
    tape = history.tape
    times, day, origin = extended(tape, rows)
    present = (tape.tradable != 0) & ~np.isnan(tape.close)
    first = np.argmax(present, axis=0)
    on = ~_gaps(present)[origin]
    returns = np.where(on[1:], np.clip(draw.returns, -WIDEST, WIDEST), 0.0)
    if draw.donors is None:
        donors = np.vstack([first, alike(history, returns, history.phase[origin[1:]], random)])
        activity = persistent(history.activity, history.rows, donors, history.phase, history.phase[origin])
    else:
        donors = np.vstack([first, draw.donors])
        activity = np.take_along_axis(history.activity, donors, axis=0)
    arrays = rounded(_prices(history, returns, donors, first), tape.instruments["tick"])
    arrays["volume"] = activity * history.usual
    arrays |= _optional(tape, arrays["close"], donors)
    for array in arrays.values():
        array[~on] = np.nan
    return Tape(
        times=times,
        tradable=on.astype(np.uint8),
        calendar=calendar_like(tape, day),
        universe=tape.universe,
        instruments=tape.instruments.copy(),
        **arrays,
    )


def _gaps(present: np.ndarray) -> np.ndarray:
    """Rows without a bar between a slot's first and last one."""
    begun = np.logical_or.accumulate(present, axis=0)
    ahead = np.logical_or.accumulate(present[::-1], axis=0)[::-1]
    return np.asarray(begun & ahead & ~present)


def alike(history: History, returns: Floats, phase: Ints, random: np.random.Generator) -> Ints:
    """For each return a row of the original, of the same slot and time of day, whose return is near."""
    offsets = random.integers(-NEIGHBOURS, NEIGHBOURS + 1, size=returns.shape)
    out = np.zeros(returns.shape, dtype=np.int64)
    for number in np.unique(phase):
        these = np.flatnonzero(phase == number)
        own = np.flatnonzero(history.phase == number)
        for slot in range(returns.shape[1]):
            known = own[~np.isnan(history.total[own, slot])]
            if known.size == 0:
                known = np.flatnonzero(~np.isnan(history.total[:, slot]))
            order = known[np.argsort(history.total[known, slot], kind="stable")]
            rank = np.searchsorted(history.total[order, slot], returns[these, slot]) + offsets[these, slot]
            out[these, slot] = order[np.clip(rank, 0, order.size - 1)]
    return out


def _prices(history: History, returns: Floats, donors: Ints, first: Ints) -> dict[str, Floats]:
    """Open, high, low and close, unrounded; row 0 is each slot's first bar."""
    tape = history.tape
    start = {name: getattr(tape, name)[first, np.arange(first.size)] for name in ("open", "high", "low", "close")}
    logs = np.vstack([np.log(start["close"]), returns]).cumsum(axis=0)
    taken = {name: np.take_along_axis(getattr(history, name), donors[1:], axis=0) for name in ("gap", "up", "down")}
    beyond = returns - np.take_along_axis(history.total, donors[1:], axis=0)
    widest = np.nanmax(np.abs(history.total), axis=0)
    wider = np.maximum(np.abs(returns) / np.where(widest > 0.0, widest, 1.0), 1.0)
    opened = logs[:-1] + taken["gap"] + share_of_gap(history) * beyond
    top, bottom = np.maximum(opened, logs[1:]), np.minimum(opened, logs[1:])
    made = {
        "open": opened,
        "high": top + taken["up"] * wider,
        "low": bottom - taken["down"] * wider,
        "close": logs[1:],
    }
    return {name: np.vstack([start[name], np.exp(value)]) for name, value in made.items()}


def share_of_gap(history: History) -> Floats:
    """The share of each slot's squared returns that comes before the open."""
    gap = np.nanmean(history.gap**2, axis=0)
    body = np.nanmean((history.total - history.gap) ** 2, axis=0)
    return np.asarray(np.divide(gap, gap + body, out=np.zeros_like(gap), where=gap + body > 0.0), dtype=np.float64)


def rounded(bars: dict[str, Floats], tick: Floats) -> dict[str, Floats]:
    """Prices in steps of the tick, one at least; rounding is monotone, so a bar's order of prices holds."""
    stepped = tick > 0.0
    for array in bars.values():
        steps = np.maximum(np.rint(array[:, stepped] / tick[stepped]), 1.0)
        array[:, stepped] = steps * tick[stepped]
    return bars


def _optional(tape: Tape, close: Floats, donors: Ints) -> dict[str, Floats]:
    """Spread in proportion to the price; borrow and funding as they stood, none filled in."""
    out = {
        name: np.take_along_axis(getattr(tape, name), donors, axis=0)
        for name in CARRIED
        if getattr(tape, name) is not None
    }
    if tape.spread is not None:
        out["spread"] = np.take_along_axis(tape.spread / tape.close, donors, axis=0) * close
    return out
