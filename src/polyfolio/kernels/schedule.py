"""Orders worked over bars: which part of an order may be filled by the end of its n-th bar.

`twap`: n / N. `vwap`: expected volume of the first n bars over that of all N; the expectation of a bar is the mean of
the same time of day over earlier days. `pov`: a share of each bar's volume, whatever has filled.
`almgren_chriss` (2000, the discrete form): with the price concession c sigma n / V of the model `linear` and a weight
L on the variance of what is left, the remaining part after n bars is sinh(k (N - n)) / sinh(k N), with
cosh(k) = 1 + L sigma P V / (2 c).
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Period, Schedule
from polyfolio.kernels.accounting import round_to_lot
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.lanes import bar_at, lane_at

_DAY = int(Period.DAY)
_NONE = int(Schedule.NONE)
_VWAP = int(Schedule.VWAP)
_POV = int(Schedule.POV)
_ALMGREN_CHRISS = int(Schedule.ALMGREN_CHRISS)


@kernel
def urgency_of(risk_aversion: float, sigma: float, turnover: float, temporary_impact: float) -> float:
    """k per bar, from cosh(k) = 1 + L sigma P V / (2 c); 0, equal parts, where sigma or the volume is not known.

    `turnover` = price times volume of a bar, in base currency.
    """
    half = 0.5 * risk_aversion * sigma * turnover / temporary_impact if temporary_impact > 0.0 else 0.0
    # acosh(1 + x) without losing x beside the 1.
    return math.log1p(half + math.sqrt(half * (half + 2.0))) if 0.0 < half < math.inf else 0.0


@kernel
def left_by_urgency(urgency: float, bars: int, n: int) -> float:
    """sinh(k (N - n)) / sinh(k N), written so that no large k overflows."""
    if urgency * bars < 1e-8:
        return 1.0 - n / bars
    return math.exp(-urgency * n) * math.expm1(-2.0 * urgency * (bars - n)) / math.expm1(-2.0 * urgency * bars)


@routine
def part_by_volume(at: Any, slot: int, first: int, bars: int, n: int) -> float:
    """Expected volume of the n rows after `first` over that of all `bars`; n / N where it is not known.

    At `first` the expectations of its own session and of the next one are known. Sessions after it are taken to be
    like the next one, bar by bar: their own expectations hold volumes from after `first`.
    """
    expected = at.market.expected
    starts = at.market.starts
    done = 0.0
    whole = 0.0
    begun = 0
    begin = 0
    end = 0
    for j in range(1, bars + 1):
        row = min(first + j, expected.shape[0] - 1)
        if first + j == row and starts[row] & _DAY:
            begun += 1
            if begun == 1:
                begin = row
            elif begun == 2:
                end = row
        if begun >= 2:
            row = begin + (row - end) % (end - begin)
        if j <= n:
            done += expected[row, slot]
        whole += expected[row, slot]
    part = done / whole if whole > 0.0 else n / bars
    return part if part == part else n / bars


@kernel
def runs(lane: Any, sleeve: int, row: int) -> bool:
    """Whether a working order still has parts to come after this row. Exits, without a decision price, have none."""
    rules = lane.rules
    if rules.schedule == _NONE or lane.order_price[sleeve] == 0.0:
        return False
    return rules.schedule != _POV and row - lane.orders[sleeve].row < rules.schedule_bars


@routine
def scheduled(at: Any, index: int, row: int, sleeve: int, wanted: float) -> float:
    """The signed part of `wanted` that the schedule lets through in this row."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    rules = lane.rules
    slot = lane.slot_of[sleeve]
    if lane.order_price[sleeve] == 0.0:
        return wanted
    if rules.schedule == _POV:
        volume = bar.volume[slot]
        due = math.copysign(rules.schedule_rate * volume, wanted) if volume == volume else wanted
    else:
        n = row - lane.orders[sleeve].row
        bars = rules.schedule_bars
        if n >= bars:
            return wanted
        part = n / bars
        if rules.schedule == _VWAP:
            part = part_by_volume(at, slot, lane.orders[sleeve].row, bars, n)
        elif rules.schedule == _ALMGREN_CHRISS:
            part = 1.0 - left_by_urgency(lane.orders[sleeve].urgency, bars, n)
        whole = lane.order_quantity[sleeve] + lane.order_filled[sleeve]
        due = whole * part - lane.order_filled[sleeve]
        if due * wanted <= 0.0:
            return 0.0  # more has filled than was due
    return wanted if abs(wanted) <= abs(due) else round_to_lot(due, lane.instruments[slot].lot)
