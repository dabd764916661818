"""Double entry for one lane: what a fill, a mark, a dividend, a loan and a split do to the book.

The identity every bar must satisfy, to 1e-9 of equity (`mark` measures its residual):

    equity - equity_before = gain + dividends + interest + flows - commission - slippage - impact - borrow - funding
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Event, Period, Reason, Status
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.exits import guard_of
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.note import note, note_carry, note_status

_DAY = int(Period.DAY)
_FLOW = int(Event.FLOW)
_TRANSFER = int(Reason.TRANSFER)
_RUINED = int(Reason.RUINED)
_STATUS_LIVE = int(Status.LIVE)
_STATUS_HALTED = int(Status.HALTED)
_STATUS_RETIRED = int(Status.RETIRED)
_STATUS_RUINED = int(Status.RUINED)
_STATUS_TERMINATED = int(Status.TERMINATED)
_LIQUIDATING = int(Status.LIQUIDATING)
_LIQUIDATION = int(Reason.LIQUIDATION)
_SPLIT_CASH = int(Reason.SPLIT_CASH)


@kernel
def open_account(lane: Any) -> None:
    """First touch of a lane: the initial capital is there, nothing is held."""
    account = lane.account
    account.cash = lane.rules.initial_capital
    account.equity = account.cash
    account.equity_before = account.cash
    account.peak = account.cash
    account.day_equity = account.cash
    account.scale = 1.0
    account.guarded = guard_of(lane)


@kernel
def take_due(lane: Any, bar: Any, log: Any) -> None:
    """Capital that was moved to or from the lane arrives. It is no gain and no loss: drawdown and daily loss keep.

    The peak and the day's start grow with equity in proportion: both are read as shares of it.
    """
    account = lane.account
    due = account.due
    account.due = 0.0
    account.cash += due
    account.total_flows += due
    if account.equity > 0.0:
        grown = (account.equity + due) / account.equity
        account.peak *= grown
        account.day_equity *= grown
    else:
        account.peak = max(account.peak, due)
        account.day_equity += due
    note(lane, bar.row, log, -1, _FLOW, _TRANSFER, 0, 0.0, due)


@kernel
def begin_row(lane: Any, bar: Any, log: Any) -> None:
    """Start the terms of a new row; a new day starts the daily loss limit anew."""
    account = lane.account
    if account.row < 0:
        open_account(lane)
    account.row = bar.row
    account.equity_before = account.equity
    account.gain = 0.0
    account.dividends = 0.0
    account.interest = 0.0
    account.flows = account.due
    account.commission = 0.0
    account.slippage = 0.0
    account.impact = 0.0
    account.borrow = 0.0
    account.funding = 0.0
    account.turnover = 0.0
    if bar.starts & _DAY:
        account.day_equity = account.equity
        if account.status == _STATUS_HALTED:
            account.status = _STATUS_LIVE
            note_status(lane, bar, log, 0)
    if account.due != 0.0:
        take_due(lane, bar, log)
    if lane.rules.tier_period & bar.starts:
        account.period_volume = 0.0


@kernel
def position_after(held: float, quantity: float) -> float:
    """held + quantity; a rest below 1e-12 of what was traded is the rounding of a full close."""
    after = held + quantity
    return after if abs(after) > 1e-12 * abs(quantity) else 0.0


@kernel
def average_after(held: float, average: float, quantity: float, price: float, after: float) -> float:
    """Average entry price after a fill: weighted while the position grows, kept while it shrinks, new after a turn."""
    kept = price if held * after < 0.0 else average
    grows = held * quantity >= 0.0 and after != 0.0
    # One division whatever happens: a branch on the side of a fill is one the processor guesses wrong half the time.
    moved = (held * average + quantity * price if grows else kept) / (after if grows else 1.0)
    return moved if after != 0.0 else 0.0


@kernel
def realised_by(held: float, average: float, quantity: float, price: float, unit: float) -> float:
    """Profit that a fill realises against the average entry price: closed * (price - average) * side held."""
    closed = min(abs(quantity), abs(held)) if held * quantity < 0.0 else 0.0
    side = 1.0 if held > 0.0 else -1.0
    return closed * (price - average) * unit * side


@loop
def settle_sleeves(
    own: Floats,
    paid: Floats,
    reference: Floats,
    unit: Floats,
    decided: Floats,
    quantity: Floats,
    average_price: Floats,
    money: Floats,
    earned: Floats,
    late: Floats,
) -> int:
    """Quantity and average price after the fills, their notional, what they realise, what waiting cost.

    Returns the number of fills.
    """
    count = 0
    for k in range(own.size):
        held = quantity[k]
        average = average_price[k]
        trades = own[k] != 0.0
        # A sleeve that does not trade may have no price at all.
        price = paid[k] if trades else 0.0
        worth = unit[k] if trades else 0.0
        before = reference[k] if trades else 0.0
        after = position_after(held, own[k])
        moved = average_after(held, average, own[k], price, after)
        earned[k] = realised_by(held, average, own[k], price, worth)
        money[k] = own[k] * before * worth
        late[k] = own[k] * (before - decided[k] if decided[k] > 0.0 else 0.0) * worth
        average_price[k] = moved if trades else average
        quantity[k] = after if trades else held
        count += 1 if trades else 0
    return count


@loop
def book_slots(money: Floats, fee: Floats, slip: Floats, push: Floats, traded: Floats, cost: Floats) -> None:
    """What the fills traded and cost, per slot."""
    for i in range(money.size):
        traded[i] += money[i]
        cost[i] += fee[i] + slip[i] + push[i]


@kernel
def settle(lane: Any, s: Any, reference: Any, unit: Any) -> None:
    """Fills into the book, one per sleeve, all at once; a quantity of 0 changes nothing.

    `s.own` holds the signed quantities, `s.paid` their prices, `s.fee`, `s.slip` and `s.push` what they cost; the
    reference prices and units are per sleeve. Fills `s.money` and `s.earned`.

        cash -= quantity * reference * unit + commission + slippage + impact
        timing = quantity * (reference - decision price) * unit, inside the gain
    """
    account = lane.account
    account.fills += settle_sleeves(
        s.own,
        s.paid,
        reference,
        unit,
        lane.order_price,
        lane.quantity,
        lane.average_price,
        s.money,
        s.earned,
        s.late,
    )
    if lane.netted:
        net_fills(lane.at, lane.index, account.row)
    else:
        book_slots(s.money, s.fee, s.slip, s.push, lane.traded, lane.cost)
    notional = 0.0
    traded = 0.0
    commission = 0.0
    slippage = 0.0
    impact = 0.0
    realised = 0.0
    timing = 0.0
    for k in range(s.own.size):
        notional += s.money[k]
        traded += abs(s.money[k])
        commission += s.fee[k]
        slippage += s.slip[k]
        impact += s.push[k]
        realised += s.earned[k]
        timing += s.late[k]
    account.cash -= notional + (commission + slippage + impact)
    account.commission += commission
    account.slippage += slippage
    account.impact += impact
    account.total_commission += commission
    account.total_slippage += slippage
    account.total_impact += impact
    account.total_realised += realised
    account.total_timing += timing
    account.turnover += traded


@routine
def net_fills(at: Any, index: int, row: int) -> None:
    """Fills of sleeves that share slots, summed into their slots."""
    lane = lane_at(at, index, row)
    s = at.s
    for i in range(lane.held.size):
        lane.held[i] = 0.0
    for k in range(s.own.size):
        i = lane.slot_of[k]
        lane.held[i] += lane.quantity[k]
        lane.traded[i] += s.money[k]
        lane.cost[i] += s.fee[k] + s.slip[k] + s.push[k]


@kernel
def net_of(lane: Any, slot: int) -> float:
    """The slot's quantity: its sleeves, netted."""
    total = 0.0
    for k in range(lane.slot_of.size):
        if lane.slot_of[k] == slot:
            total += lane.quantity[k]
    return total


@loop
def value_slots(
    held: Floats, price: Floats, unit: Floats, value: Floats, traded: Floats, gain: Floats, earned: Floats
) -> None:
    """Value at the marks and what each slot earned since the last one."""
    for i in range(held.size):
        before = value[i]
        value[i] = held[i] * (price[i] if held[i] != 0.0 else 0.0) * (unit[i] if held[i] != 0.0 else 0.0)
        earned[i] = value[i] - before - traded[i]
        gain[i] += earned[i]
        traded[i] = 0.0


@kernel
def mark(lane: Any, bar: Any, s: Any) -> None:
    """Value the lane at the row's marks; the own impact is no part of a mark.

    gain = value - value at the last mark - what was traded at reference prices since, per slot.
    """
    account = lane.account
    value_slots(lane.held, bar.mark, bar.unit, lane.value, lane.traded, lane.gain, s.a)
    gain = 0.0
    net = 0.0
    gross = 0.0
    for i in range(lane.held.size):
        gain += s.a[i]
        net += lane.value[i]
        gross += abs(lane.value[i])
    account.gain += gain
    account.total_gain += gain
    account.net = net
    account.gross = gross
    account.equity = account.cash + net
    if not (account.equity <= account.peak):
        account.peak = account.equity
    account.drawdown = account.equity / account.peak - 1.0 if account.peak > 0.0 else 0.0


@kernel
def close_row(lane: Any) -> None:
    """After the last mark of a row: turnover as a share and the identity's residual."""
    account = lane.account
    terms = account.gain + account.dividends + account.interest + account.flows
    costs = account.commission + account.slippage + account.impact + account.borrow + account.funding
    # Equity can pass through zero on its way to ruin, where nothing is small relative to it.
    size = abs(account.equity_before) + account.gross
    if size > 0.0:
        off = abs(account.equity - account.equity_before - terms + costs) / size
        if not (off <= account.residual):
            account.residual = off
    account.turnover = account.turnover / account.equity_before if account.equity_before > 0.0 else 0.0
    account.total_turnover += account.turnover


@kernel
def judge(lane: Any, bar: Any, log: Any) -> None:
    """After a mark and before the decision: ruin, the end of a liquidation, margin."""
    account = lane.account
    margin = lane.rules.maintenance_margin
    if account.status == _STATUS_RUINED:
        return
    emptied = account.status == _STATUS_RETIRED and account.equity == 0.0 and account.gross == 0.0
    if not (account.equity > 0.0) and not emptied:
        account.status = _STATUS_RUINED
        account.working = 1
        note_status(lane, bar, log, _RUINED)
    elif account.status == _LIQUIDATING:
        if account.gross == 0.0:
            account.status = _STATUS_LIVE
            note_status(lane, bar, log, _LIQUIDATION)
    elif account.status < _STATUS_TERMINATED and margin > 0.0 and not (account.equity >= margin * account.gross):
        account.status = _LIQUIDATING
        account.working = 1
        note_status(lane, bar, log, _LIQUIDATION)


@routine
def split(at: Any, index: int, row: int) -> None:
    """Splits: quantities times the ratio, prices by it, value unchanged; a rest below the lot is paid in cash."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    log = at.log
    for k in range(lane.quantity.size):
        i = lane.slot_of[k]
        ratio = bar.split[i]
        if not (ratio > 0.0) or ratio == 1.0:
            continue
        lane.average_price[k] /= ratio
        lane.order_quantity[k] *= ratio
        lane.order_filled[k] *= ratio
        lane.order_price[k] /= ratio
        order = lane.orders[k]
        order.limit /= ratio
        order.stop /= ratio
        guard = lane.exits[k]
        guard.stop /= ratio
        guard.target /= ratio
        guard.extreme /= ratio
        if lane.quantity[k] == 0.0:
            continue
        whole = round_to_lot(lane.quantity[k] * ratio, lane.instruments[i].lot)
        rest = lane.quantity[k] * ratio - whole
        lane.quantity[k] = whole
        if lane.netted:
            lane.held[i] = net_of(lane, i)
        if rest != 0.0:
            # Paid at the mark before, so that neither value nor gain changes.
            worth = rest * bar.mark_before[i] / ratio * bar.unit_open[i]
            lane.account.cash += worth
            lane.traded[i] -= worth
            note_carry(lane, bar, log, i, _SPLIT_CASH, worth)


@kernel
def round_to_lot(quantity: float, lot: float) -> float:
    """Towards zero to a whole number of lots, so that rounding never adds risk. Lot 0: any quantity.

    A count within 1e-9 of a whole number is that number: 0.3 / 0.1 is 2.9999999999999996 in binary.
    """
    if lot <= 0.0:
        return quantity
    count = math.floor(abs(quantity) / lot + 1e-9)
    return math.copysign(count * lot, quantity) if count > 0.0 else 0.0
