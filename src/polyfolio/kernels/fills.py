"""From orders to fills at one moment of a bar: what is tradable, how much volume there is, what is left."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Moment, OrderType, ParticipationBase, Reason, Schedule, TimeInForce
from polyfolio.core.flags import DAY_END
from polyfolio.core.types import Floats
from polyfolio.kernels.accounting import round_to_lot, settle
from polyfolio.kernels.commission import traded_volume
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.note import note, note_fill
from polyfolio.kernels.pricing import price_fills
from polyfolio.kernels.schedule import runs

_OPEN = int(Moment.OPEN)
_BAR_BASE = int(ParticipationBase.BAR)
_GTC = int(TimeInForce.GTC)
_DAY = int(TimeInForce.DAY)
_FOK = int(TimeInForce.FOK)
_MARKET = int(OrderType.MARKET)
_REFUSED = 4
_SIGNAL = int(Reason.SIGNAL)
_NO_VOLUME = int(Reason.NO_VOLUME)
_UNTRADABLE = int(Reason.UNTRADABLE)
_PARTICIPATION = int(Reason.PARTICIPATION)
_MAX_SLIPPAGE = int(Reason.MAX_SLIPPAGE)
_NO_SCHEDULE = int(Schedule.NONE)
_EXPIRED = int(Reason.EXPIRED)
_MIN_FILL = int(Reason.MIN_FILL)
_FILL_OR_KILL = int(Reason.FILL_OR_KILL)
_LIMIT_NOT_REACHED = int(Reason.LIMIT_NOT_REACHED)


@kernel
def start_volume(lane: Any, bar: Any) -> None:
    """The volume a lane may take in this bar, over all its phases; inf where the cap is off or volume unknown."""
    rules = lane.rules
    for i in range(lane.volume_left.size):
        volume = bar.volume[i]
        lane.volume_left[i] = rules.participation_rate_limit * volume if volume == volume else math.inf


@kernel
def fillable(lane: Any, bar: Any, slot: int, wanted: float, moment: int, taken: float) -> float:
    """The signed part of `wanted` that the bar's volume lets through beside what is `taken` already.

    Nothing where there is no price or no volume.
    """
    if bar.tradable[slot] == 0 or bar.volume[slot] == 0.0:
        return 0.0
    left = lane.volume_left[slot] - taken
    if moment == _OPEN and lane.rules.auction_share < math.inf and bar.volume[slot] == bar.volume[slot]:
        left = min(left, lane.rules.auction_share * bar.volume[slot] - taken)
    if abs(wanted) <= left:
        return wanted
    return round_to_lot(math.copysign(max(left, 0.0), wanted), lane.instruments[slot].lot)


@kernel
def why_not(bar: Any, slot: int) -> int:
    """The reason behind a fill that `fillable` cut."""
    if bar.tradable[slot] == 0:
        return _UNTRADABLE
    return _NO_VOLUME if bar.volume[slot] == 0.0 else _PARTICIPATION


@kernel
def order_type(lane: Any, sleeve: int) -> int:
    """Type of a working order."""
    return _MARKET if lane.account.plain else lane.orders[sleeve].type


@kernel
def order_life(lane: Any, sleeve: int) -> int:
    """Time in force of a working order."""
    return lane.rules.time_in_force if lane.account.plain else lane.orders[sleeve].life


@kernel
def order_reason(lane: Any, sleeve: int) -> int:
    """Why a working order was placed."""
    return _SIGNAL if lane.account.plain else lane.orders[sleeve].reason


@routine
def spell_out(at: Any, index: int, row: int) -> None:
    """Write the terms of plain orders into their records, before one of them becomes something else."""
    lane = lane_at(at, index, row)
    for k in range(lane.orders.size):
        order = lane.orders[k]
        order.type = _MARKET
        order.life = lane.rules.time_in_force
        order.reason = _SIGNAL
        order.row = lane.account.decided
    lane.account.plain = 0


@routine
def refuse_far_prices(at: Any, index: int, row: int) -> None:
    """No fill beyond decision price * (1 +- max_slippage); the order ends. Exits have no decision price."""
    lane = lane_at(at, index, row)
    s = at.s
    for k in range(s.own.size):
        decided = lane.order_price[k]
        if s.own[k] == 0.0 or not decided > 0.0:
            continue
        side = 1.0 if s.own[k] > 0.0 else -1.0
        if side * (s.paid[k] - decided * (1.0 + side * lane.rules.max_slippage)) > 0.0:
            note(lane, row, at.log, lane.slot_of[k], _REFUSED, _MAX_SLIPPAGE, 0, s.own[k], 0.0)
            lane.order_quantity[k] = 0.0
            s.own[k] = 0.0
            s.asked[k] = 0.0
            s.slip[k] = 0.0
            s.push[k] = 0.0
            s.fee[k] = 0.0


@routine
def fill_all(at: Any, index: int, row: int, reference: Any, unit: Any, matched: int, moment: int, priced: int) -> None:
    """Fill `s.own` (within `s.asked`), settle, write down, and see to what is left of the orders.

    `reference` and `unit` are per slot; `priced` says that prices and costs stand in scratch already.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    rules = lane.rules
    prices = reference
    worth = unit
    spread = bar.spread
    base = bar.volume if rules.participation_base == _BAR_BASE else bar.base_volume_before
    sigma = bar.sigma_before
    if lane.netted:
        spread_out(lane.at, lane.index, bar.row, reference, unit)
        prices = s.sleeve_price
        worth = s.sleeve_unit
        spread = s.sleeve_spread
        base = s.sleeve_base
        sigma = s.sleeve_sigma
    if not priced:
        price_fills(lane, bar, s, prices, worth, spread, base, sigma, matched)
    if rules.max_slippage < math.inf:
        refuse_far_prices(lane.at, lane.index, bar.row)
    if lane.account.guarded and some_enter(s.own, lane.quantity):
        note_entries(lane.at, lane.index, bar.row, moment)
    settle(lane, s, prices, worth)
    after_fills(lane, bar, s, prices, worth, moment)


@routine
def spread_out(at: Any, index: int, row: int, reference: Any, unit: Any) -> None:
    """What is known per slot, per sleeve."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    for k in range(s.own.size):
        i = lane.slot_of[k]
        s.sleeve_price[k] = reference[i]
        s.sleeve_unit[k] = unit[i]
        s.sleeve_spread[k] = bar.spread[i]
        s.sleeve_base[k] = bar.volume[i] if lane.rules.participation_base == _BAR_BASE else bar.base_volume_before[i]
        s.sleeve_sigma[k] = bar.sigma_before[i]


@loop
def some_enter(own: Floats, quantity: Floats) -> int:
    """Whether some fill opens or turns a position."""
    found = 0
    for k in range(own.size):
        found |= 1 if own[k] != 0.0 and quantity[k] * (quantity[k] + own[k]) <= 0.0 else 0
    return found


@routine
def note_entries(at: Any, index: int, row: int, moment: int) -> None:
    """Start the guards of positions that these fills open or turn."""
    lane = lane_at(at, index, row)
    s = at.s
    for k in range(s.own.size):
        if s.own[k] != 0.0 and lane.quantity[k] * (lane.quantity[k] + s.own[k]) <= 0.0:
            lane.exits[k].extreme = 0.0
            lane.exits[k].entry_row = row
            lane.exits[k].entry_moment = moment


@kernel
def after_fills(lane: Any, bar: Any, s: Any, reference: Any, unit: Any, moment: int) -> None:
    """Journal, volume, and the rest of each order."""
    rules = lane.rules
    if rules.level >= 2:
        write_fills(lane.at, lane.index, bar.row, reference, moment)
    counts = rules.participation_rate_limit < math.inf
    if rules.volume_basis:
        for k in range(s.own.size):
            if s.own[k] != 0.0:
                lane.account.period_volume += traded_volume(s.own[k], s.paid[k], unit[k], rules)
    if counts:
        for k in range(s.own.size):
            lane.volume_left[lane.slot_of[k]] -= abs(s.own[k])
    if end_filled(s.asked, s.own, lane.order_quantity, lane.order_filled):
        leave_rests(lane.at, lane.index, bar.row)


@loop
def end_filled(asked: Floats, own: Floats, quantity: Floats, filled: Floats) -> int:
    """Orders that filled whole are done; returns whether some of those asked are not."""
    left = 0
    for k in range(own.size):
        done = asked[k] != 0.0 and own[k] == quantity[k]
        left |= 1 if asked[k] != 0.0 and own[k] != quantity[k] else 0
        quantity[k] = 0.0 if done else quantity[k]
        filled[k] = 0.0 if done else filled[k]
    return left


@routine
def write_fills(at: Any, index: int, row: int, reference: Any, moment: int) -> None:
    """One FILL row for each fill."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    for k in range(s.own.size):
        if s.own[k] != 0.0:
            note_fill(
                lane,
                bar,
                at.log,
                k,
                moment,
                order_reason(lane, k),
                s.own[k],
                s.paid[k],
                reference[k],
                s.fee[k],
                s.slip[k],
                s.push[k],
                s.earned[k],
            )


@routine
def leave_rests(at: Any, index: int, row: int) -> None:
    """What did not fill: `gtc` waits, `day` waits until its day ends, `ioc` and `fok` end. All have a reason."""
    lane = lane_at(at, index, row)
    s = at.s
    for k in range(s.own.size):
        if s.asked[k] == 0.0 or lane.order_quantity[k] == 0.0:
            continue
        rest = rest_of(lane.order_quantity[k], s.own[k])
        begins = lane.order_filled[k] == 0.0 and lane.rules.schedule == _NO_SCHEDULE
        if begins and abs(s.own[k]) < lane.rules.min_fill * abs(s.asked[k]):
            if order_life(lane, k) != _GTC:
                note(lane, row, at.log, lane.slot_of[k], _REFUSED, _MIN_FILL, 0, rest, rest)
            slice_order(lane, k, row)
        lane.order_filled[k] += s.own[k]
        life = order_life(lane, k)
        waits = life == _GTC or life == _DAY or runs(lane, k, row)
        if rest != 0.0:
            reason = s.why[k] if s.why[k] != 0 else _EXPIRED
            note(lane, row, at.log, lane.slot_of[k], _REFUSED, reason, 0, rest, rest if waits else 0.0)
        lane.order_quantity[k] = rest if waits else 0.0
        if lane.order_quantity[k] == 0.0:
            lane.order_filled[k] = 0.0


@kernel
def slice_order(lane: Any, sleeve: int, row: int) -> None:
    """An order of which less than `min_fill` can fill in its first bar is sliced over bars: it becomes `gtc`."""
    if lane.account.plain:
        spell_out(lane.at, lane.index, row)
    lane.orders[sleeve].life = _GTC


@kernel
def rest_of(whole: float, done: float) -> float:
    """What is left of an order; a rest of rounding size is nothing."""
    rest = whole - done
    return 0.0 if abs(rest) <= 1e-12 * abs(whole) else rest


@kernel
def all_or_none(lane: Any, bar: Any, s: Any, log: Any, sleeve: int) -> None:
    """Fill-or-kill: an order that cannot fill whole ends."""
    if order_life(lane, sleeve) == _FOK and s.own[sleeve] != lane.order_quantity[sleeve]:
        note(lane, bar.row, log, lane.slot_of[sleeve], _REFUSED, _FILL_OR_KILL, 0, lane.order_quantity[sleeve], 0.0)
        lane.order_quantity[sleeve] = 0.0
        s.own[sleeve] = 0.0
        s.asked[sleeve] = 0.0


@kernel
def expire(lane: Any, bar: Any, log: Any) -> None:
    """Day orders end with the session day they could first fill in, immediate ones with their first row."""
    day_end = bar.flags & DAY_END != 0
    for k in range(lane.order_quantity.size):
        quantity = lane.order_quantity[k]
        if quantity == 0.0:
            continue
        life = order_life(lane, k)
        if life == _GTC or (life == _DAY and not day_end) or runs(lane, k, bar.row):
            continue
        reason = _EXPIRED if life == _DAY else _LIMIT_NOT_REACHED
        note(lane, bar.row, log, lane.slot_of[k], _REFUSED, reason, 0, quantity, 0.0)
        lane.order_quantity[k] = 0.0
        lane.order_filled[k] = 0.0
