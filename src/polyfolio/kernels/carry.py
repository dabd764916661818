"""What holding costs and pays from one close to the next: borrow, interest, funding, dividends."""

from __future__ import annotations

from typing import Any

from polyfolio.core.flags import DIVIDEND, FUNDING
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.note import note_carry


@kernel
def day_share(days: float, day_count: float) -> float:
    """The share of a year that `days` calendar days are; ACT/360 unless set."""
    return days / day_count


@kernel
def accrue(lane: Any, bar: Any) -> None:
    """Carry since the close before: borrow on shorts, interest on cash, funding at its stamps, dividends.

    borrow = abs(short value) * rate * days / day_count; interest = cash * rate * days / day_count (loan_rate on
    negative cash); funding = quantity * mark * rate; dividends = quantity * dividend per unit.
    """
    account = lane.account
    rules = lane.rules
    year = day_share(bar.days, rules.day_count)
    if year > 0.0:
        rate = rules.interest_rate if account.cash > 0.0 else rules.loan_rate
        interest = account.cash * rate * year
        borrow = 0.0
        if account.gross != account.net:  # equal to the last bit where nothing is short
            for i in range(lane.held.size):
                if lane.held[i] < 0.0:
                    own = bar.borrow[i]
                    fee = -lane.value[i] * (own if own == own else rules.borrow_rate) * year
                    lane.carry[i] -= fee
                    borrow += fee
        account.interest += interest
        account.total_interest += interest
        account.borrow += borrow
        account.total_borrow += borrow
        account.cash += interest - borrow
    if bar.flags & FUNDING:
        pay_funding(lane.at, lane.index, bar.row)
    if bar.flags & DIVIDEND:
        pay_dividends(lane.at, lane.index, bar.row)


@routine
def pay_funding(at: Any, index: int, row: int) -> None:
    """Perpetual funding at a stamp: longs pay position * mark * rate. NaN means no stamp."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    log = at.log
    for i in range(lane.held.size):
        rate = bar.funding[i]
        if rate == rate and rate != 0.0 and lane.held[i] != 0.0:
            paid = lane.value[i] * rate
            lane.account.cash -= paid
            lane.account.funding += paid
            lane.account.total_funding += paid
            lane.carry[i] -= paid
            note_carry(lane, bar, log, i, 0, -paid)


@routine
def pay_dividends(at: Any, index: int, row: int) -> None:
    """Dividends on the ex-date: cash to longs, charged to shorts."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    log = at.log
    for i in range(lane.held.size):
        amount = bar.dividend[i]
        if amount == amount and amount != 0.0 and lane.held[i] != 0.0:
            paid = lane.held[i] * amount * bar.unit_open[i]
            lane.account.cash += paid
            lane.account.dividends += paid
            lane.account.total_dividends += paid
            lane.carry[i] += paid
            note_carry(lane, bar, log, i, 0, paid)
