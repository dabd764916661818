"""Stops, targets and trailing stops of a sleeve's position, and when it may come back.

stop   = average * (1 - side * stop_loss), tightened by the sleeve's own stop price and by
         extreme * (1 - side * trailing_stop), extreme = best price since the entry, known at the row's start
target = average * (1 + side * take_profit), or the sleeve's own target price if nearer
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import BarUntil, Guard, Reason
from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.compile import kernel, loop

_STOP_LOSS = int(Reason.STOP_LOSS)
_TRAILING_STOP = int(Reason.TRAILING_STOP)
_SIGNAL_CHANGE = int(BarUntil.SIGNAL_CHANGE)
_BARS = int(BarUntil.BARS)
_NOTHING = int(Guard.NOTHING)
_AVERAGE = int(Guard.AVERAGE)
_OWN = int(Guard.OWN)
STOPS, TARGETS = 1, 2


@kernel
def guard_of(lane: Any) -> int:
    """What the lane's rules watch positions by."""
    rules = lane.rules
    if rules.trailing_stop < math.inf:
        return _OWN
    return _AVERAGE if rules.stop_loss < math.inf or rules.take_profit < math.inf else _NOTHING


@kernel
def stop_price(lane: Any, sleeve: int) -> float:
    """The tightest stop of the sleeve's position; -inf (long) or inf (short) where there is none."""
    rules = lane.rules
    guard = lane.exits[sleeve]
    side = 1.0 if lane.quantity[sleeve] > 0.0 else -1.0
    stop = -side * math.inf
    if rules.stop_loss < math.inf:
        stop = lane.average_price[sleeve] * (1.0 - side * rules.stop_loss)
    if guard.stop == guard.stop:
        stop = max(stop, guard.stop) if side > 0.0 else min(stop, guard.stop)
    trail = trail_price(lane, sleeve)
    return max(stop, trail) if side > 0.0 else min(stop, trail)


@kernel
def trail_price(lane: Any, sleeve: int) -> float:
    """The trailing stop; -inf (long) or inf (short) where there is none."""
    side = 1.0 if lane.quantity[sleeve] > 0.0 else -1.0
    if lane.rules.trailing_stop < math.inf and lane.exits[sleeve].extreme > 0.0:
        return lane.exits[sleeve].extreme * (1.0 - side * lane.rules.trailing_stop)
    return -side * math.inf


@kernel
def target_price(lane: Any, sleeve: int) -> float:
    """The nearest target of the sleeve's position; inf (long) or 0 (short) where there is none."""
    side = 1.0 if lane.quantity[sleeve] > 0.0 else -1.0
    guard = lane.exits[sleeve]
    target = math.inf if side > 0.0 else 0.0
    if lane.rules.take_profit < math.inf:
        target = lane.average_price[sleeve] * (1.0 + side * lane.rules.take_profit)
    if guard.target == guard.target:
        target = min(target, guard.target) if side > 0.0 else max(target, guard.target)
    return target


@kernel
def stop_reached(long: bool, price: float, stop: float) -> bool:
    """At or beyond the stop, against the position."""
    return price <= stop if long else price >= stop


@kernel
def target_reached(long: bool, price: float, target: float) -> bool:
    """At or beyond the target, in the position's favour."""
    return price >= target if long else price <= target


@kernel
def stop_reason(lane: Any, sleeve: int, stop: float) -> int:
    """Which stop it is."""
    return _TRAILING_STOP if stop == trail_price(lane, sleeve) else _STOP_LOSS


@kernel
def watch(lane: Any, stop: Any, target: Any) -> None:
    """The stop and the target of every sleeve; out of reach where nothing is held."""
    for k in range(lane.quantity.size):
        held = lane.quantity[k] != 0.0
        stop[k] = stop_price(lane, k) if held else -math.inf
        target[k] = target_price(lane, k) if held else math.inf


@loop
def reached_by_average(
    quantity: Floats, tradable: Flags, low: Floats, high: Floats, average: Floats, stop_loss: float, take_profit: float
) -> int:
    """The same where stops and targets are shares of the average price and nothing else."""
    found = 0
    for k in range(quantity.size):
        # Truths are chosen between, not prices: a read of one of two places becomes a gather.
        long = quantity[k] > 0.0
        short = quantity[k] < 0.0
        below = average[k] * (1.0 - stop_loss)
        above = average[k] * (1.0 + stop_loss)
        stops = (long & (low[k] <= below)) | (short & (high[k] >= above))
        near = average[k] * (1.0 - take_profit)
        far = average[k] * (1.0 + take_profit)
        aims = (long & (high[k] >= far)) | (short & (low[k] <= near))
        found |= ((STOPS if stops else 0) | (TARGETS if aims else 0)) if tradable[k] != 0 else 0
    return found


@loop
def reached(quantity: Floats, tradable: Flags, low: Floats, high: Floats, stop: Floats, target: Floats) -> int:
    """Whether prices from `low` to `high` reach some stop (bit STOPS) or some target (bit TARGETS)."""
    found = 0
    for k in range(quantity.size):
        long = quantity[k] >= 0.0
        short = quantity[k] < 0.0
        stops = (long & (low[k] <= stop[k])) | (short & (high[k] >= stop[k]))
        aims = (long & (high[k] >= target[k])) | (short & (low[k] <= target[k]))
        found |= ((STOPS if stops else 0) | (TARGETS if aims else 0)) if tradable[k] != 0 else 0
    return found


@kernel
def follow(lane: Any, sleeve: int, high: float, low: float) -> None:
    """Move the extreme of a position with the bar that has ended; the entry's own bar starts it at the entry."""
    guard = lane.exits[sleeve]
    if lane.quantity[sleeve] == 0.0:
        guard.extreme = 0.0
        guard.stop = math.nan
        guard.target = math.nan
        return
    start = lane.average_price[sleeve] if guard.extreme == 0.0 else guard.extreme
    guard.extreme = max(start, high) if lane.quantity[sleeve] > 0.0 else min(start, low)


@kernel
def hear(lane: Any) -> None:
    """Remember the sign of each sleeve's signal; a missing one changes nothing."""
    keep_signs(lane.signal, lane.heard)


@loop
def keep_signs(signal: Floats, heard: Floats) -> None:
    """The signs of the signals that are there."""
    for k in range(signal.size):
        heard[k] = sign(signal[k]) if signal[k] == signal[k] else heard[k]


@kernel
def bar_sleeve(lane: Any, sleeve: int, row: int) -> None:
    """After a stop or target: out until the signal changes, or for a number of bars counted from this row."""
    guard = lane.exits[sleeve]
    guard.barred_row = row
    guard.barred_signal = lane.heard[sleeve]
    lane.account.barred = 1


@kernel
def barred(lane: Any, sleeve: int, row: int) -> bool:
    """Whether the sleeve must stay out at this row; lifts the bar when its condition is met."""
    guard = lane.exits[sleeve]
    if guard.barred_row < 0:
        return False
    rules = lane.rules
    if rules.bar_until == _BARS:
        out = row - guard.barred_row < rules.cooldown_bars
    elif rules.bar_until == _SIGNAL_CHANGE:
        # A missing signal says nothing, so it changes nothing.
        signal = lane.signal[sleeve]
        out = signal != signal or sign(signal) == guard.barred_signal
    else:
        out = False
    if not out:
        guard.barred_row = -1
    return out


@kernel
def sign(value: float) -> float:
    """-1, 0 or 1; 0 for NaN."""
    return 1.0 if value > 0.0 else (-1.0 if value < 0.0 else 0.0)
