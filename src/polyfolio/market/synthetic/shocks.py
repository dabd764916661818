"""A market under stress: the same tape with a gap, with wilder moves, with all names as one, or without liquidity.

Every shock keeps what it does not name: the calendar, the missing bars, the shapes of the bars, and the level at which
a tape of other moves ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.bars import rounded, share_of_gap
from polyfolio.market.synthetic.history import FLAT, History, history_of
from polyfolio.market.synthetic.streams import Streams, whole, within


@dataclass(frozen=True, eq=False)
class Moved:
    """Additions to the logarithm of prices (rows, slots).

    Attributes:
        opened: at the opens.
        closed: at the closes.
        shadows: factor on the logarithm of the shadows.
    """

    opened: Floats
    closed: Floats
    shadows: float = 1.0


def gap(tape: Tape, size: float, at: int, symbols: Sequence[str] | None = None) -> Tape:
    """The tape with a gap before the open of one row; every later price keeps it.

    Args:
        tape: any tape.
        size: of the gap, -0.2 for a fall by a fifth; above -1.
        at: the row that opens lower, 1 or more.
        symbols: whose gap it is; None for all.
    """
    within("size", size, -0.999, 1000.0)
    whole("at", at, 1)
    if at >= tape.rows:
        raise ConfigError("at", at, f"below {tape.rows}, the rows of the tape", "Choose an earlier row.")
    level = np.zeros((tape.rows, tape.slots))
    slots = range(tape.slots) if symbols is None else [tape.universe.slot(symbol) for symbol in symbols]
    level[at:, list(slots)] = np.log1p(size)
    return moved(tape, Moved(level, level))


def wilder(tape: Tape, factor: float) -> Tape:
    """The tape with the distance of every return from its mean times a factor; it ends where it ended."""
    within("factor", factor, 0.0, 20.0)
    history = history_of(tape)
    steps = (factor - 1.0) * (history.total - np.nanmean(history.total, axis=0))
    gaps = (factor - 1.0) * history.gap
    return moved(tape, stepped(steps, gaps, factor))


def together(tape: Tape) -> Tape:
    """The tape with all names moving as one: each return is its mean plus its own deviation times the market's move.

    The market's move is the mean over the names of returns less their mean over their deviation, brought to deviation
    1. Means and deviations stay as they were, every correlation of returns becomes 1.
    """
    history = history_of(tape)
    centre, spread = np.nanmean(history.total, axis=0), np.nanstd(history.total, axis=0)
    unit = np.divide(history.total - centre, spread, out=np.full_like(history.total, np.nan), where=spread > FLAT)
    known = ~np.isnan(unit)
    market = np.where(known, unit, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    seen = known.any(axis=1)
    size = market[seen].std() if seen.any() else 0.0
    market = market / size if size > FLAT else np.zeros(market.size)
    return moved(tape, spread_out(history, centre + spread * (market * seen)[:, None] - history.total))


def shuffled(tape: Tape, seed: int = 0) -> Tape:
    """The tape with what is each name's own in another order: what the market explains stays, pairs come apart.

    A name's own part is its return less its mean and less its beta times the mean return of all names; it is permuted
    among the rows at which the name trades.
    """
    history = history_of(tape)
    own = residuals(history)
    steps, streams = np.zeros(own.shape), Streams(seed)
    for slot in range(own.shape[1]):
        known = np.flatnonzero(~np.isnan(own[:, slot]))
        order = streams.of(f"shuffled {tape.symbols[slot]}").permutation(known)
        steps[known, slot] = own[order, slot] - own[known, slot]
    return moved(tape, spread_out(history, steps))


def residuals(history: History) -> Floats:
    """What the market does not explain of each return (rows, slots); NaN without one."""
    centred = history.total - np.nanmean(history.total, axis=0)
    known = ~np.isnan(centred)
    filled = np.where(known, centred, 0.0)
    market = filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    power = (known * market[:, None] ** 2).sum(axis=0)
    betas = np.divide((filled * market[:, None]).sum(axis=0), power, out=np.zeros(power.size), where=power > 0.0)
    return np.asarray(np.where(known, centred - betas * market[:, None], np.nan), dtype=np.float64)


def drought(tape: Tape, volume: float = 0.1, spread: float = 5.0) -> Tape:
    """The tape with a part of its volume and a multiple of its spread, where it has one."""
    within("volume", volume, 0.0, 1.0)
    within("spread", spread, 0.0, 1000.0)
    wide = None if tape.spread is None else tape.spread * spread
    return replace(tape, volume=tape.volume * volume, spread=wide)


def stepped(steps: Floats, gaps: Floats, shadows: float = 1.0) -> Moved:
    """Additions from what each row adds to its return, and to the part of it before the open; NaN adds nothing."""
    steps, gaps = np.nan_to_num(steps, nan=0.0), np.nan_to_num(gaps, nan=0.0)
    closed = np.cumsum(steps, axis=0)
    return Moved(closed - steps + gaps, closed, shadows)


def spread_out(history: History, steps: Floats) -> Moved:
    """Additions of steps of which each name's usual share comes before the open."""
    return stepped(steps, steps * share_of_gap(history))


def moved(tape: Tape, change: Moved) -> Tape:
    """The tape with prices moved; shadows keep their shape, dividends and spreads go with the price."""
    opened, closed = tape.open * np.exp(change.opened), tape.close * np.exp(change.closed)
    up = (tape.high / np.maximum(tape.open, tape.close)) ** change.shadows
    down = (tape.low / np.minimum(tape.open, tape.close)) ** change.shadows
    made = {
        "open": opened,
        "high": np.maximum(opened, closed) * up,
        "low": np.minimum(opened, closed) * down,
        "close": closed,
    }
    made = rounded(made, tape.instruments["tick"])
    same = (change.opened == 0.0) & (change.closed == 0.0) & (change.shadows == 1.0)
    arrays: dict[str, Any] = {name: np.where(same, getattr(tape, name), values) for name, values in made.items()}
    for name in ("dividends", "spread"):
        own = getattr(tape, name)
        if own is not None:
            arrays[name] = own * np.exp(change.closed)
    return replace(tape, **arrays)
