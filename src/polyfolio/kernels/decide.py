"""A decision: signals to want, the program's stages on the want, want to orders, and the certificate.

The journal is written by comparing wants around each stage, so that no stage has to know about it.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Event, FillAt, Level, Reason, SizeAt, Sizing, Stage, Status, Warmup
from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.accounting import round_to_lot
from polyfolio.kernels.caps import reduce_only
from polyfolio.kernels.certificate import BREACH, certify, certify_line
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.exits import barred, hear
from polyfolio.kernels.fills import spell_out
from polyfolio.kernels.lanes import bar_at, lane_at, risk_at
from polyfolio.kernels.note import note
from polyfolio.kernels.program import note_changes, run_stages
from polyfolio.kernels.scale import risk_scale
from polyfolio.kernels.size import net_sleeves, reason_of, share_change, size
from polyfolio.kernels.target import order_to_target, place

_FULL = int(Level.FULL)
_HOLD = int(Event.HOLD)
_SIGNAL_EVENT = int(Event.SIGNAL)
_LIMIT = int(Event.LIMIT)
_CUT = int(Event.CUT)
_NOT_REBALANCE = int(Reason.NOT_REBALANCE_BAR)
_SIGNAL = int(Reason.SIGNAL)
_BARRED = int(Reason.BARRED)
_UNTRADABLE = int(Reason.UNTRADABLE)
_WARMUP = int(Reason.WARMUP)
_BLOCK = int(Warmup.BLOCK)
_MAX_POSITION_VALUE = int(Reason.MAX_POSITION_VALUE)
_SCALE = int(Stage.SCALE)
_LOT = int(Reason.LOT)
_FILTER = int(Stage.FILTER)
_HALTED = int(Status.HALTED)
_AT_FILL = int(SizeAt.FILL)
_ORDERS = int(Sizing.ORDERS)
_SAME_CLOSE = int(FillAt.SAME_CLOSE)
_NO_SHORTING = int(Reason.NO_SHORTING)
_REFUSED = int(Event.REFUSED)

# Rounds of rescaling after lots. Each aims further inside the bound than the one before, 1e-6 to 0.28 of it: coarse
# lots can round to the same quantities again and again.
_ROUNDS = 8
_MARGIN = 1e-6
_WIDER = 6.0


@kernel
def is_decision_row(lane: Any, bar: Any) -> bool:
    """Whether the lane decides at this row: every n bars, or the first bar of a period, or always."""
    rules = lane.rules
    if rules.every_bars > 0:
        return lane.account.decided < 0 or bar.row - lane.account.decided >= rules.every_bars
    if rules.every_period > 0:
        return bar.starts & rules.every_period != 0
    return True


@loop
def weigh_slots(value: Floats, equity: float, tradable: Flags, weight: Floats, frozen: Flags) -> None:
    """Weights held, and which slots cannot trade."""
    for i in range(value.size):
        weight[i] = value[i] / equity
        frozen[i] = 1 if tradable[i] == 0 else 0


@loop
def weigh_heard(
    value: Floats, equity: float, tradable: Flags, signal: Floats, resize: int, weight: Floats, frozen: Flags
) -> int:
    """The same where a slot has one sleeve, whose missing opinion freezes it; returns whether some slot is."""
    found = 0
    for i in range(value.size):
        weight[i] = value[i] / equity
        keeps = resize == 0 and value[i] * signal[i] > 0.0
        rests = tradable[i] == 0 or signal[i] != signal[i] or keeps
        frozen[i] = 1 if rests else 0
        found |= 1 if rests else 0
    return found


@kernel
def weigh(lane: Any, bar: Any, s: Any) -> int:
    """Held weights into `s.weight`; frozen slots into `s.frozen`: those that cannot trade or have no opinion.

    A frozen slot keeps its quantity and counts as risk. Returns 0 where none is frozen.
    """
    if not lane.netted:
        return weigh_heard(
            lane.value, lane.account.equity, bar.tradable, lane.signal, lane.rules.resize, s.weight, s.frozen
        )
    weigh_slots(lane.value, lane.account.equity, bar.tradable, s.weight, s.frozen)
    for i in range(lane.held.size):
        heard = False
        for k in range(lane.signal.size):
            if lane.slot_of[k] == i and not stays(lane, k):
                heard = True
        if not heard:
            s.frozen[i] = 1
    return 1


@kernel
def stays(lane: Any, sleeve: int) -> bool:
    """Whether a sleeve keeps its quantity: without an opinion, or on its signal's side where nothing is resized."""
    signal = lane.signal[sleeve]
    return signal != signal or (lane.rules.resize == 0 and lane.quantity[sleeve] * signal > 0.0)


@kernel
def keep_unheard(lane: Any, bar: Any, s: Any) -> None:
    """A sleeve that stays keeps its position beside the others of its slot."""
    for k in range(lane.signal.size):
        if stays(lane, k):
            i = lane.slot_of[k]
            held = lane.quantity[k] * bar.mark[i] * bar.unit[i] if lane.quantity[k] != 0.0 else 0.0
            s.own[k] = held / lane.account.equity
    net_sleeves(lane, s)


@kernel
def kept_weight(lane: Any, bar: Any, s: Any, slot: int) -> float:
    """What a frozen slot will hold: what it holds and what its working orders go on to fill.

    Where it cannot trade only an exit goes on (`target.hold_order`).
    """
    weight = s.weight[slot]
    if lane.account.working:
        price = bar.mark[slot] * bar.unit[slot] / lane.account.equity
        for k in range(lane.order_quantity.size):
            goes_on = bar.tradable[slot] != 0 or lane.order_price[k] == 0.0
            if lane.slot_of[k] == slot and lane.order_quantity[k] != 0.0 and goes_on:
                weight += lane.order_quantity[k] * price
    return weight


@kernel
def start_want(lane: Any, bar: Any, s: Any, log: Any, frozen: int) -> None:
    """Size, take out what is barred, pin what is frozen."""
    reason = size(lane, bar, s)
    if lane.netted:
        keep_unheard(lane, bar, s)
    if lane.rules.level >= _FULL:
        for k in range(lane.signal.size):
            i = lane.slot_of[k]
            if lane.signal[k] == lane.signal[k]:
                wanted = s.own[k] if lane.netted else s.want[i]
                why = reason_of(lane, reason, lane.signal[k], wanted)
                note(lane, bar.row, log, i, _SIGNAL_EVENT, why if why != 0 else _SIGNAL, k, lane.signal[k], wanted)
    if lane.account.barred:
        still = 0
        for k in range(lane.signal.size):
            if barred(lane, k, bar.row):
                still = 1
                i = lane.slot_of[k]
                wanted = s.own[k] if lane.netted else s.want[i]
                if wanted != 0.0:
                    note(lane, bar.row, log, i, _CUT, _BARRED, _FILTER, wanted, 0.0)
                if lane.netted:
                    s.own[k] = 0.0
                else:
                    s.want[i] = 0.0
        lane.account.barred = still
        if lane.netted:
            net_sleeves(lane, s)
    if lane.netted:
        copy_wants(s.want, s.sized)
    if reason == _WARMUP and lane.rules.warmup == _BLOCK:
        reduce_only(s.want, s.weight, s.frozen)
    if frozen:
        for i in range(s.want.size):
            if s.frozen[i] != 0:
                if bar.tradable[i] == 0 and s.want[i] != s.weight[i]:
                    note(lane, bar.row, log, i, _CUT, _UNTRADABLE, _FILTER, s.want[i], s.weight[i])
                s.want[i] = kept_weight(lane, bar, s, i)
                s.sized[i] = s.want[i]
    if lane.rules.level >= _FULL:
        copy_wants(s.want, s.before)


@loop
def copy_wants(want: Floats, out: Floats) -> None:
    """Remember the wants as the stages find them."""
    for i in range(want.size):
        out[i] = want[i]


@routine
def place_signals(at: Any, index: int, row: int) -> None:
    """Sizing `orders`: the signal is the quantity to trade, and no stage reshapes it."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    log = at.log
    if lane.account.plain:
        spell_out(at, index, row)
    working = 0
    for k in range(lane.signal.size):
        i = lane.slot_of[k]
        quantity = lane.signal[k] if lane.signal[k] == lane.signal[k] else 0.0
        quantity = round_to_lot(quantity, lane.instruments[i].lot)
        if lane.rules.allow_short == 0 and quantity < 0.0 and lane.quantity[k] + quantity < 0.0:
            left = -max(lane.quantity[k], 0.0)
            note(lane, row, log, i, _REFUSED, _NO_SHORTING, 0, quantity, left)
            quantity = left
        if quantity != 0.0 and bar.mark[i] > 0.0:
            after = lane.quantity[k] + quantity
            place(lane, bar, log, k, quantity, bar.mark[i], bar.unit[i], bar.base_volume[i], bar.sigma[i], after)
        if lane.order_quantity[k] != 0.0:
            working = 1
    lane.account.working = working


@kernel
def certify_orders(lane: Any, bar: Any, risk: Any, s: Any, after: float) -> int:
    """Certify the book as the orders intend it, filled whole; returns the rows of `s.certificate`, codes[2] = breaches.

    Weights are of the equity before the trades, or of `after` where rebates make that larger.
    """
    equity = max(lane.account.equity, after)
    for i in range(s.trial.size):
        s.trial[i] = lane.value[i] / equity
    for k in range(lane.order_quantity.size):
        i = lane.slot_of[k]
        if lane.order_quantity[k] != 0.0:
            s.trial[i] += lane.order_quantity[k] * bar.mark[i] * bar.unit[i] / equity
    rows, breaches = certify(s.trial, s.frozen, risk, lane.labels, lane.caps, lane.rules, s.certificate)
    if lane.rules.max_position_value < math.inf:
        largest = 0.0
        for i in range(s.trial.size):
            largest = max(largest, abs(s.trial[i]) * equity)
        rows = certify_line(s.certificate, rows, _MAX_POSITION_VALUE, largest, lane.rules.max_position_value)
        breaches += s.certificate[rows - 1, 3] == BREACH
    s.codes[2] = breaches
    return rows


@routine
def keep_within_lots(at: Any, index: int, row: int, after: float) -> int:
    """Certify after lots. Rounding a hedge can raise risk: then the wants are scaled again from the rounded book.

    Returns the rows of the certificate. After the rounds a breach that is left stands in it, graded as such.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    risk = risk_at(at, index, row)
    s = at.s
    rows = certify_orders(lane, bar, risk, s, after)
    margin = _MARGIN
    for _ in range(_ROUNDS):
        if s.codes[2] == 0 or lane.rules.lots == 0:
            break
        scale = risk_scale(s.trial, s.frozen, risk, lane.rules, 1.0, s.codes)
        if not 0.0 <= scale < 1.0:
            break
        scale *= 1.0 - margin
        margin *= _WIDER
        for i in range(s.want.size):
            if s.frozen[i] == 0:
                s.want[i] *= scale
                lane.want[i] = s.want[i]
        if lane.netted:
            for k in range(s.own.size):
                s.own[k] *= scale if s.frozen[lane.slot_of[k]] == 0 else 1.0
        note_changes(lane, bar, s, at.log, _SCALE, _LOT)
        after = order_to_target(at, index, row, bar.mark, bar.unit, bar.base_volume, bar.sigma)
        rows = certify_orders(lane, bar, risk, s, after)
    return rows


@routine
def write_certificate(at: Any, index: int, row: int, rows: int) -> None:
    """Each limit with its value, its bound and its grade."""
    lane = lane_at(at, index, row)
    s = at.s
    for line in range(rows):
        note(
            lane,
            row,
            at.log,
            -1,
            _LIMIT,
            int(s.certificate[line, 0]),
            int(s.certificate[line, 3]),
            s.certificate[line, 1],
            s.certificate[line, 2],
        )


@loop
def keep_decision(want: Floats, frozen: Flags, out: Floats) -> None:
    """The want, NaN where it is frozen."""
    for i in range(want.size):
        out[i] = want[i] if frozen[i] == 0 else math.nan


@kernel
def order_wants(lane: Any, bar: Any, s: Any) -> None:
    """Remember the want and turn it into orders, now or at the fill."""
    keep_decision(s.want, s.frozen, lane.want)
    if lane.netted:
        share_change(lane.at, lane.index, bar.row)
        for k in range(s.own.size):
            lane.sleeve_want[k] = s.own[k]
    if lane.rules.sizing == _AT_FILL and lane.rules.fill != _SAME_CLOSE:
        lane.account.pending = 1
        return
    after = order_to_target(lane.at, lane.index, bar.row, bar.mark, bar.unit, bar.base_volume, bar.sigma)
    if lane.rules.level >= _FULL or lane.rules.lots:
        rows = keep_within_lots(lane.at, lane.index, bar.row, after)
        write_certificate(lane.at, lane.index, bar.row, rows)


@kernel
def decide(lane: Any, bar: Any, s: Any, log: Any, first: int, last: int) -> None:
    """One lane's decision at one row; stages first..last-1 of its program (all of them, unless a caller steps in)."""
    account = lane.account
    if account.status > _HALTED:
        return
    if lane.rules.method == _ORDERS:
        account.decided = bar.row
        place_signals(lane.at, lane.index, bar.row)
        return
    if first == 0:
        if not is_decision_row(lane, bar):
            note(lane, bar.row, log, -1, _HOLD, _NOT_REBALANCE, 0, 0.0, 0.0)
            return
        account.decided = bar.row
        s.codes[3] = 0
        if account.guarded:
            hear(lane)
        frozen = weigh(lane, bar, s)
        start_want(lane, bar, s, log, frozen)
    elif account.decided != bar.row or s.codes[3] != 0:
        return
    trade = run_stages(lane, bar, s, log, first, last)
    s.codes[3] = 0 if trade else 1
    if trade and last >= lane.program.size:
        order_wants(lane, bar, s)
