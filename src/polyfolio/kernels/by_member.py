"""Profit of a lane's slots divided among the strategies whose signals were behind the positions."""

from __future__ import annotations

import math

from polyfolio.core.codes import FillAt
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import entry, kernel

_SAME_CLOSE = int(FillAt.SAME_CLOSE)
_NEXT_CLOSE = int(FillAt.NEXT_CLOSE)

# Contributions that add up to less than this part of their size cancel: nobody's side prevails.
CANCELLED = 1e-9


@entry
def earned_by_bar(gain: Floats, carry: Floats, cost: Floats, out: Floats) -> None:
    """What each slot earned in each bar: gain + carry - cost, each given as its running total, [rows, slots]."""
    for i in range(out.shape[1]):
        gained = 0.0
        carried = 0.0
        spent = 0.0
        for t in range(out.shape[0]):
            out[t, i] = (gain[t, i] - gained) + (carry[t, i] - carried) - (cost[t, i] - spent)
            gained = gain[t, i]
            carried = carry[t, i]
            spent = cost[t, i]


@kernel
def _newest(side: float, long: int, short: int) -> int:
    """The latest row with a signal on a side; on any side where there is none."""
    if side > 0.0 and long >= 0:
        return long
    if side < 0.0 and short >= 0:
        return short
    return max(long, short)


@entry
def behind(held: Floats, signals: Floats, heard: Flags, fill: int, out: Ints) -> None:
    """out[row, slot] = the row whose signal was behind the position that earned in that bar; -1 for none.

    It is the latest heard row before the bar whose signal has the side of the position. The position of a bar is the
    one at its close where orders fill before the close, the one it began with where they fill at the close; the other
    of the two where that one is flat. An entry that fills at the close it was decided on is its own row.

    Args:
        held: quantity at each close, [rows, slots].
        signals: what the lane heard, NaN where there was no opinion.
        heard: 1 where the lane decided and the slot traded.
        fill: FillAt of the lane.
        out: [rows, slots].
    """
    at_close = fill == _SAME_CLOSE or fill == _NEXT_CLOSE
    for i in range(held.shape[1]):
        long = -1
        short = -1
        for t in range(held.shape[0]):
            before = held[t - 1, i] if t > 0 else 0.0
            after = held[t, i]
            first = before if at_close else after
            side = first if first != 0.0 else (after if at_close else before)
            now = heard[t, i] != 0 and not math.isnan(signals[t, i])
            own = fill == _SAME_CLOSE and before == 0.0
            if not own:
                out[t, i] = _newest(side, long, short)
            if now and signals[t, i] > 0.0:
                long = t
            elif now and signals[t, i] < 0.0:
                short = t
            if own:
                out[t, i] = _newest(side, long, short)


@entry
def divide(
    earned: Floats, contributions: Floats, rows_behind: Ints, by_slot: Floats, by_row: Floats, rest: Floats
) -> None:
    """Each bar's profit times c_m / sum(c), c_m what member m added to the signal behind it.

    Where the contributions cancel, every member that spoke gets the same part. Profit with no signal behind it, and
    the rounding, stay in `rest`, so that members and rest add up to each slot's profit.

    Args:
        earned: profit, [rows, slots].
        contributions: [members, rows, slots], NaN where a member was silent.
        rows_behind: of `behind`.
        by_slot: profit of each member and slot.
        by_row: profit of each member and row.
        rest: profit of each slot that is nobody's.
    """
    by_slot[:] = 0.0
    by_row[:] = 0.0
    members = contributions.shape[0]
    for i in range(earned.shape[1]):
        whole = 0.0
        low = 0.0
        given = 0.0
        for t in range(earned.shape[0]):
            part = earned[t, i]
            before = whole
            whole = before + part
            low += (before - (whole - (whole - before))) + (part - (whole - before))
            row = rows_behind[t, i]
            if row < 0 or part == 0.0:
                continue
            total = 0.0
            size = 0.0
            spoke = 0
            for k in range(members):
                added = contributions[k, row, i]
                if not math.isnan(added):
                    total += added
                    size += abs(added)
                    spoke += 1
            for k in range(members):
                added = contributions[k, row, i]
                if not math.isnan(added):
                    share = added / total if abs(total) > CANCELLED * size else 1.0 / spoke
                    by_slot[k, i] += part * share
                    by_row[k, t] += part * share
        for k in range(members):
            given += by_slot[k, i]
        rest[i] = (whole + low) - given
