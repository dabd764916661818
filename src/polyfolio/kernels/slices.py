"""The slices of a working order: what its schedule lets through bar by bar, each part filling whole.

The parts are those of `schedule`. A share of each bar's volume (`pov`) is of the trailing mean volume, since the volume
to come is not known.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Schedule
from polyfolio.core.types import Floats
from polyfolio.core.views import Here
from polyfolio.kernels.accounting import round_to_lot
from polyfolio.kernels.compile import entry, kernel, routine
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.pointers import place
from polyfolio.kernels.schedule import left_by_urgency, part_by_volume

_NONE = int(Schedule.NONE)
_VWAP = int(Schedule.VWAP)
_POV = int(Schedule.POV)
_ALMGREN_CHRISS = int(Schedule.ALMGREN_CHRISS)


@kernel
def slices_by_volume(whole: float, each: float, out: Floats) -> int:
    """Parts of at most `each` units; the last slot of `out` takes what is left. One part where volume is not known."""
    left = whole
    count = 0
    while left != 0.0 and count < out.size:
        last = not each > 0.0 or abs(left) <= each or count == out.size - 1
        out[count] = left if last else math.copysign(each, whole)
        left -= out[count]
        count += 1
    return count


@routine
def slices_by_time(at: Any, index: int, row: int, sleeve: int, out: Floats) -> int:
    """The order's parts over the bars of its schedule, in whole lots but for the last."""
    lane = lane_at(at, index, row)
    rules = lane.rules
    slot = lane.slot_of[sleeve]
    whole = lane.order_quantity[sleeve]
    bars = min(int(rules.schedule_bars), out.size)
    done = 0.0
    for n in range(1, bars + 1):
        part = n / bars
        if rules.schedule == _VWAP:
            part = part_by_volume(at, slot, row, bars, n)
        elif rules.schedule == _ALMGREN_CHRISS:
            part = 1.0 - left_by_urgency(lane.orders[sleeve].urgency, bars, n)
        due = whole * part - done
        left = whole - done
        if n == bars or abs(due) >= abs(left):
            due = left
        elif due * whole > 0.0:
            due = round_to_lot(due, lane.instruments[slot].lot)
        else:
            due = 0.0
        out[n - 1] = due
        done += due
    return bars


@entry
def slices_of(
    market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, sleeve: int, out: Floats
) -> int:
    """Write the signed slices of a sleeve's working order, decided at `row`, into `out`; returns how many."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    quantity = view.order_quantity[sleeve]
    if quantity == 0.0:
        return 0
    if view.rules.schedule == _NONE or view.order_price[sleeve] == 0.0:
        out[0] = quantity
        return 1
    if view.rules.schedule == _POV:
        return slices_by_volume(quantity, view.rules.schedule_rate * bar.base_volume[view.slot_of[sleeve]], out)
    return slices_by_time(at, lane, row, sleeve, out)
