"""Writing into the journal's buffers. The driver guarantees room before a lane's bar begins."""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import Event, Level
from polyfolio.kernels.compile import kernel, routine

_FULL = int(Level.FULL)
_SUMMARY = int(Level.SUMMARY)
_STATUS = int(Event.STATUS)
_CARRY = int(Event.CARRY)


@kernel
def note(
    lane: Any, row: int, log: Any, slot: int, event: int, reason: int, stage: int, before: float, after: float
) -> None:
    """One event, kept at level full only."""
    if lane.rules.level < _FULL:
        return
    write_event(log.events, log.cursor, row, lane.index, slot, event, reason, stage, before, after)


@routine
def write_event(
    events: Any,
    cursor: Any,
    row: int,
    lane: int,
    slot: int,
    event: int,
    reason: int,
    stage: int,
    before: float,
    after: float,
) -> None:
    """Fill the next event."""
    entry = events[cursor[0]]
    cursor[0] += 1
    entry.row = row
    entry.lane = lane
    entry.slot = slot
    entry.event = event
    entry.reason = reason
    entry.stage = stage
    entry.before = before
    entry.after = after


@kernel
def note_status(lane: Any, bar: Any, log: Any, reason: int) -> None:
    """The lane changed its status."""
    note(lane, bar.row, log, -1, _STATUS, reason, 0, 0.0, float(lane.account.status))


@kernel
def note_carry(lane: Any, bar: Any, log: Any, slot: int, reason: int, money: float) -> None:
    """A dividend, a funding payment or the cash of a split."""
    note(lane, bar.row, log, slot, _CARRY, reason, 0, 0.0, money)


@kernel
def note_fill(
    lane: Any,
    bar: Any,
    log: Any,
    sleeve: int,
    moment: int,
    reason: int,
    quantity: float,
    price: float,
    reference: float,
    commission: float,
    slippage: float,
    impact: float,
    realised: float,
) -> None:
    """One fill, kept at level full."""
    if lane.rules.level < _FULL:
        return
    entry = log.fills[log.cursor[1]]
    log.cursor[1] += 1
    entry.row = bar.row
    entry.lane = lane.index
    entry.sleeve = sleeve
    entry.slot = lane.slot_of[sleeve]
    entry.moment = moment
    entry.reason = reason
    entry.quantity = quantity
    entry.price = price
    entry.reference = reference
    entry.commission = commission
    entry.slippage = slippage
    entry.impact = impact
    entry.realised = realised


@kernel
def note_mark(lane: Any, bar: Any, log: Any) -> None:
    """The row's identity, kept at level summary and above."""
    if lane.rules.level < _SUMMARY:
        return
    account = lane.account
    entry = log.marks[log.cursor[2]]
    log.cursor[2] += 1
    entry.row = bar.row
    entry.lane = lane.index
    entry.status = account.status
    entry.equity = account.equity
    entry.cash = account.cash
    entry.gross = account.gross
    entry.net = account.net
    entry.gain = account.gain
    entry.dividends = account.dividends
    entry.interest = account.interest
    entry.flows = account.flows
    entry.commission = account.commission
    entry.slippage = account.slippage
    entry.impact = account.impact
    entry.borrow = account.borrow
    entry.funding = account.funding
    entry.turnover = account.turnover
