"""Moves from bar to bar: spikes that are taken back, jumps that stay, wicks, and closes that stand still.

A move is measured in usual moves: the median size of the symbol's moves around it, at least half of that over all its
rows. Medians, because a mean would take the spike into its own yardstick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.market.columns import BARS
from polyfolio.market.quality.findings import NOTHING, Found, emptied, finding, marked
from polyfolio.market.quality.table import Table
from polyfolio.market.quality.values import PRICES

AROUND = 101  # rows of the running median
FAR = 25.0  # usual moves; daily closes of large stocks in ten years reach it about once in ten symbols
LARGE = 0.1  # and not less than 10 %, so that quiet feeds do not fill the report
BACK = 0.25  # a spike leaves at most a quarter of its move behind
FEWEST = 30  # rows from which a usual move is known
CHANCE = 0.001  # expected number of runs in a symbol's rows below which a run is no chance
SHORTEST = 5  # bars of a run


@dataclass(frozen=True, eq=False)
class Moves:
    """Moves of the closes of a table.

    Attributes:
        logs: logarithm of each close over the symbol's close before; NaN where one is unknown.
        usual: size of a usual move at the row; NaN where the symbol has too few.
    """

    logs: Floats
    usual: Floats


def moves_of(table: Table) -> Moves:
    """The moves between known closes above 0."""
    close = np.where(table.column("close") > 0.0, table.column("close"), np.nan)
    with np.errstate(invalid="ignore"):
        close = np.where(np.isfinite(close), close, np.nan)
        logs = np.log(close / table.before(close))
    return Moves(logs, _usual(table, np.abs(logs)))


def _usual(table: Table, sizes: Floats) -> Floats:
    """Running median of the sizes within each symbol; the first rows take the first full one."""
    import pandas as pd  # noqa: PLC0415

    usual = np.full(sizes.size, np.nan)
    for _, a, b in table.spans():
        own = sizes[a:b]
        known = own[~np.isnan(own)]
        if known.size < FEWEST:
            continue
        running = pd.Series(own).rolling(AROUND, center=True, min_periods=FEWEST).median().to_numpy()
        # Where most closes repeat, the median is 0: the mean size then tells what a move is.
        floor = max(0.5 * float(np.median(known)), 0.25 * float(known.mean()))
        usual[a:b] = np.maximum(np.where(np.isnan(running), float(np.median(known)), running), floor)
    return usual


def check_moves(table: Table, moves: Moves, explained: Any) -> Found:
    """Spikes, jumps, wicks and runs; `explained` marks rows whose move another finding tells of."""
    far = (np.abs(moves.logs) > FAR * moves.usual) & (np.abs(moves.logs) > math.log1p(LARGE)) & ~explained
    back = np.zeros(far.size, bool)
    if far.size:
        back[:-1] = table.same()[1:] & (np.abs(moves.logs[:-1] + moves.logs[1:]) < BACK * np.abs(moves.logs[:-1]))
    spikes = far & back
    after = np.concatenate([np.zeros(min(far.size, 1), bool), spikes[:-1]])
    found = marked("spikes", table.rows, spikes, lambda row: _told(table, moves, row))
    found += emptied("spikes", table.rows, spikes, PRICES)
    found += marked("jumps", table.rows, far & ~spikes & ~after, lambda row: _told(table, moves, row))
    return found + _wicks(table, moves, spikes) + _stale(table, moves)


def _told(table: Table, moves: Moves, row: int) -> str:
    close = table.column("close")
    times = abs(moves.logs[row]) / moves.usual[row]
    return f"close {close[row - 1]:g} to {close[row]:g}, {math.expm1(moves.logs[row]):+.1%}, {times:.0f} usual moves"


def _wicks(table: Table, moves: Moves, spikes: Any) -> Found:
    if not table.has(*BARS):
        return NOTHING
    first, high, low, last = (table.column(name) for name in BARS)
    with np.errstate(invalid="ignore", divide="ignore"):
        up = np.log(high / np.maximum(first, last))
        down = np.log(np.minimum(first, last) / low)
        reach = np.fmax(up, down)
        wrong = np.isfinite(reach) & (reach > FAR * moves.usual) & (reach > math.log1p(LARGE)) & ~spikes
    return marked(
        "wicks",
        table.rows,
        wrong,
        lambda row: f"open {first[row]:g}, high {high[row]:g}, low {low[row]:g}, close {last[row]:g}",
    )


def _stale(table: Table, moves: Moves) -> Found:
    """Runs of equal closes longer than chance explains, by the symbol's own share of unchanged closes."""
    found = []
    for code, a, b in table.spans():
        still = moves.logs[a:b] == 0.0
        count = int(still.sum())
        if count < SHORTEST - 1 or b - a < FEWEST:
            continue
        starts, ends = _runs(still)
        lengths = ends - starts
        least = longest_by_chance(still.size, (count - int(lengths.max())) / still.size)
        long = np.flatnonzero(lengths + 1 >= least)
        examples = [
            f"{table.rows.at(a + int(starts[run]))}: {int(lengths[run]) + 1} closes of "
            f"{table.column('close')[a + int(starts[run])]:g}"
            for run in long[np.argsort(-lengths[long], kind="stable")][:3]
        ]
        if long.size:
            found.append(finding("stale_runs", table.rows.names[code], long.size, examples))
    return Found(tuple(found))


def longest_by_chance(rows: int, share: float) -> int:
    """Bars of one close from which on a run is no chance, where this share of closes repeats the one before."""
    if share <= 0.0:
        return SHORTEST
    return max(SHORTEST, math.ceil(math.log(CHANCE / rows) / math.log(min(share, 0.99))) + 1)


def _runs(flags: Any) -> tuple[Any, Any]:
    """Start and end (after the last) of each run of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
