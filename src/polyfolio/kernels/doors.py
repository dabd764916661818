"""Compiled entries behind the object views: one lane at one row, a single verb each.

They build the views exactly as the walk does and call the same kernels, so that a lane driven verb by verb holds the
same bytes as one that was walked.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reason, Status
from polyfolio.core.types import Floats
from polyfolio.core.views import Here
from polyfolio.kernels.accounting import begin_row, close_row, judge, mark, open_account, realised_by, settle
from polyfolio.kernels.carry import accrue
from polyfolio.kernels.certificate import BINDS, BREACH, SLACK, certify
from polyfolio.kernels.commission import commission_of_fill
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.decide import certify_orders, decide, is_decision_row, order_wants
from polyfolio.kernels.impact import impact_quantity_cap, impact_rate, permanent_impact
from polyfolio.kernels.lanes import bar_at, lane_at, risk_at
from polyfolio.kernels.lifecycle import lifecycle_size
from polyfolio.kernels.note import note_mark
from polyfolio.kernels.pointers import place
from polyfolio.kernels.program import run_stages
from polyfolio.kernels.risk import book_risk
from polyfolio.kernels.slippage import half_spread_rate, slippage_rate

_LIVE = int(Status.LIVE)
_HALTED = int(Status.HALTED)
_MAX_DRAWDOWN = int(Reason.MAX_DRAWDOWN)
_MAX_DAILY_LOSS = int(Reason.MAX_DAILY_LOSS)

# What `refuse_signal` answers, in the order in which it asks.
ACCEPTED, DAILY_LOSS, TOTAL_EXPOSURE, ASSET_EXPOSURE, TOO_SMALL, PAPER, TOO_MANY = range(7)


@kernel
def take_state(lane: Any, bar: Any, cash: float, peak: float, day_equity: float) -> None:
    """The lane as its owner describes it: `lane.quantity` is written already, the rest follows from the marks.

    An unknown peak or start of the day (NaN) is the equity itself.
    """
    account = lane.account
    if account.row < 0:
        open_account(lane)
        account.row = bar.row
    account.cash = cash
    account.decided = -1
    account.peak = peak if peak == peak else 0.0
    mark(lane, bar, lane.at.s)
    account.day_equity = day_equity if day_equity == day_equity else account.equity
    if account.status == _HALTED:
        account.status = _LIVE


@entry
def want_for(market: Any, shared: Any, book: Any, log: Any, s: Any, state: Floats, last: int) -> float:
    """Size a described lane and run stages 1..last - 1 of its program; the want stands in `s.want`. Returns equity.

    Args:
        market: one row.
        shared: risk inputs of that row.
        book: one lane; its quantities and signals are written already.
        log: journal buffers.
        s: scratch.
        state: cash, peak, equity at the start of the day; NaN = unknown, cash apart.
        last: first stage not to run, below the width of a program.
    """
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    lane = lane_at(at, 0, 0)
    bar = bar_at(at, 0)
    take_state(lane, bar, state[0], state[1], state[2])
    if lane.account.equity > 0.0:
        decide(lane, bar, at.s, at.log, 0, last)
    return lane.account.equity


@entry
def want_at(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, final: int, last: int) -> bool:
    """Size a lane at a row and run stages 1..last - 1. Where it does not decide, it wants what it holds: False."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), final))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    deciding = bar.last == 0 and view.account.status <= _HALTED and is_decision_row(view, bar)
    if bar.last == 0:
        decide(view, bar, at.s, at.log, 0, last)
    if not deciding:
        want_what_is_held(view, at.s)
    return deciding


@kernel
def want_what_is_held(lane: Any, s: Any) -> None:
    """Held weights into `s.want`; 0 without equity."""
    equity = lane.account.equity
    for i in range(s.want.size):
        s.want[i] = lane.value[i] / equity if equity > 0.0 else 0.0


@entry
def limit_at(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, final: int, first: int) -> int:
    """The program from stage `first` on, over `s.want`. 1 to trade, 0 where a rebalancing rule holds the book."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), final))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    if run_stages(view, bar, at.s, at.log, first, view.program.size):
        return 1
    want_what_is_held(view, at.s)
    return 0


@entry
def order_at(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, final: int) -> None:
    """Turn `s.want` into the lane's working orders."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), final))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    order_wants(view, bar, at.s)


@kernel
def _write(out: Floats, row: int, reason: int, value: float, bound: float, grade: float) -> None:
    out[row, 0] = reason
    out[row, 1] = value
    out[row, 2] = bound
    out[row, 3] = grade


@kernel
def _gross(weights: Floats) -> float:
    total = 0.0
    for i in range(weights.size):
        total += abs(weights[i])
    return total


@kernel
def certify_losses(lane: Any, after: float, out: Floats, rows: int) -> int:
    """Drawdown and loss of the day against their bounds: at the bound gross exposure may only fall.

    `after` is the gross exposure after the trades, as a share of equity. Returns the number of rows.
    """
    account = lane.account
    rules = lane.rules
    grows = after * account.equity > account.gross * (1.0 + 1e-12)
    if rules.max_drawdown < math.inf:
        reached = not -account.drawdown < rules.max_drawdown
        grade = (BREACH if grows else BINDS) if reached else SLACK
        _write(out, rows, _MAX_DRAWDOWN, -account.drawdown, rules.max_drawdown, grade)
        rows += 1
    if rules.max_daily_loss < math.inf:
        loss = 1.0 - account.equity / account.day_equity if account.day_equity > 0.0 else 0.0
        reached = not loss <= rules.max_daily_loss
        grade = (BREACH if grows else BINDS) if reached else SLACK
        _write(out, rows, _MAX_DAILY_LOSS, loss, rules.max_daily_loss, grade)
        rows += 1
    return rows


@entry
def certify_want(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, out: Floats) -> int:
    """Certify the book `s.want`; returns the rows of `out`."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    risk = risk_at(at, lane, row)
    rows, _ = certify(at.s.want, at.s.frozen, risk, view.labels, view.caps, view.rules, at.s.certificate)
    copy_lines(at.s.certificate, rows, out)
    return certify_losses(view, _gross(at.s.want), out, rows)


@kernel
def copy_lines(lines: Floats, rows: int, out: Floats) -> None:
    """The first rows of a certificate."""
    for line in range(rows):
        for column in range(4):
            out[line, column] = lines[line, column]


@entry
def check_trades(
    market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, trades: Floats, out: Floats
) -> int:
    """Certify the book as it would be after `trades`, rows of sleeve and signed quantity. Returns the rows of `out`.

    The lane's own working orders are put aside meanwhile.
    """
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    for k in range(at.s.own.size):
        at.s.own[k] = view.order_quantity[k]
        view.order_quantity[k] = 0.0
    for line in range(trades.shape[0]):
        view.order_quantity[int(trades[line, 0])] += trades[line, 1]
    for i in range(at.s.frozen.size):
        at.s.frozen[i] = 0
    rows = certify_orders(view, bar, risk_at(at, lane, row), at.s, 0.0)
    for k in range(at.s.own.size):
        view.order_quantity[k] = at.s.own[k]
    copy_lines(at.s.certificate, rows, out)
    return certify_losses(view, _gross(at.s.trial), out, rows)


@entry
def describe(market: Any, shared: Any, book: Any, log: Any, s: Any, state: Floats) -> float:
    """`take_state` on its own; returns equity."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    lane = lane_at(at, 0, 0)
    take_state(lane, bar_at(at, 0), state[0], state[1], state[2])
    return lane.account.equity


@entry
def risk_of(market: Any, shared: Any, book: Any, log: Any, s: Any, rules: Any, row: int, out: Floats) -> None:
    """Annualised volatility, VaR and ES of `s.want`. `rules` is RULES[1] with all three limits on."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = risk_at(at, 0, row)
    out[0], out[1], out[2] = book_risk(at.s.want, view, rules[0])


@entry
def mark_at(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int) -> None:
    """Value the lane at the row's marks."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    mark(view, bar, at.s)
    judge(view, bar, at.log)


@entry
def close_at(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, final: int) -> None:
    """End the row: the identity's residual, the journal's mark."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), final))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    close_row(view)
    note_mark(view, bar, at.log)


@kernel
def reference_of(price: float, quantity: float, unit: float, concession: float) -> float:
    """The price before slippage and impact: price - concession / (quantity * unit), `concession` in money >= 0."""
    money = quantity * unit
    return price - concession / money if money != 0.0 else price


@entry
def book_trades(market: Any, shared: Any, book: Any, log: Any, s: Any, trades: Floats, realised: Floats) -> None:
    """Begin a row of a lane of one's own, settle trades that happened elsewhere, mark and close it.

    trades: rows of sleeve, quantity, price, commission, slippage, impact; the last three in money. What a trade
    realises is added to `realised` of its sleeve.
    """
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    lane = lane_at(at, 0, 0)
    bar = bar_at(at, 0)
    begin_row(lane, bar, at.log)
    accrue(lane, bar)
    settle_trades(lane, bar, at.s, trades, realised)
    mark(lane, bar, at.s)
    judge(lane, bar, at.log)
    close_row(lane)


@kernel
def settle_trades(lane: Any, bar: Any, s: Any, trades: Floats, realised: Floats) -> None:
    """Each trade into the book, one after the other, at its own price."""
    for line in range(trades.shape[0]):
        sleeve = int(trades[line, 0])
        for k in range(s.own.size):
            s.own[k] = 0.0
            s.fee[k] = 0.0
            s.slip[k] = 0.0
            s.push[k] = 0.0
            s.paid[k] = trades[line, 2]
            s.sleeve_price[k] = trades[line, 2]
            s.sleeve_unit[k] = bar.unit[lane.slot_of[k]]
        unit = bar.unit[lane.slot_of[sleeve]]
        s.own[sleeve] = trades[line, 1]
        s.fee[sleeve] = trades[line, 3]
        s.slip[sleeve] = trades[line, 4]
        s.push[sleeve] = trades[line, 5]
        s.sleeve_price[sleeve] = reference_of(trades[line, 2], trades[line, 1], unit, trades[line, 4] + trades[line, 5])
        settle(lane, s, s.sleeve_price, s.sleeve_unit)
        realised[sleeve] += s.earned[sleeve]


@entry
def settle_at(
    market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, trades: Floats, realised: Floats
) -> None:
    """`settle_trades` on a lane of a shared book, between its fills and its mark."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    settle_trades(view, bar_at(at, row), at.s, trades, realised)


@entry
def add_realised(fills: Any, count: int, realised: Floats) -> None:
    """realised[sleeve] += what each of the first `count` fills realised."""
    for line in range(count):
        realised[fills[line].sleeve] += fills[line].realised


@entry
def profits(market: Any, shared: Any, book: Any, log: Any, s: Any, lane: int, row: int, out: Floats) -> float:
    """out[sleeve] = profit not yet realised against the average entry price; returns the sum."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    bar = bar_at(at, row)
    total = 0.0
    for k in range(view.quantity.size):
        slot = view.slot_of[k]
        held = view.quantity[k]
        out[k] = 0.0
        if held != 0.0:
            out[k] = realised_by(held, view.average_price[k], -held, bar.mark[slot], bar.unit[slot])
        total += out[k]
    return total


@entry
def fee_of(rules: Any, tiers: Floats, order: Floats) -> float:
    """Commission of one fill. order: quantity, price, unit, filled before, volume of the period before."""
    return commission_of_fill(order[3], order[0], order[1], order[2], rules[0], tiers, order[4])


@entry
def concession_of(rules: Any, order: Floats) -> float:
    """Slippage and paid spread as a share of the price. order: quantity, price, volume, spread."""
    return slippage_rate(order[0], order[2], rules[0]) + half_spread_rate(order[3], order[1], rules[0])


@entry
def pressure_of(rules: Any, order: Floats, out: Floats) -> None:
    """Impact of a fill as shares of the price. order: quantity, volume, sigma, limit.

    out: what the fill pays, the permanent part, the largest quantity within `limit`.
    """
    out[0] = impact_rate(order[0], order[1], order[2], rules[0])
    out[1] = permanent_impact(order[0], order[1], order[2], rules[0])
    out[2] = impact_quantity_cap(order[3], order[1], order[2], rules[0])


@entry
def lifecycle_money(capital: float, evidence: Floats, signal: float, capped: int) -> float:
    """Money for a signal. evidence: base allocation, Sharpe ratio, win rate in percent."""
    return lifecycle_size(capital, evidence[0], evidence[1], evidence[2], signal, capped)


@entry
def refuse_signal(account: Floats, limits: Floats, paper: int, positions: int) -> tuple[int, float]:
    """The first limit that refuses a signal, and the total exposure as a share of value.

    Args:
        account: profit of the day, total value, total exposure, the asset's exposure (a share), position size.
        limits: max_daily_loss, max_total_exposure, max_per_asset, min_position_size, max_positions.
        paper: 1 where the configuration trades on paper only.
        positions: number of open positions.
    """
    share = account[2] / account[1]
    if not account[0] >= -limits[0] * account[1]:
        return DAILY_LOSS, share
    if not share < limits[1]:
        return TOTAL_EXPOSURE, share
    if not account[3] < limits[2]:
        return ASSET_EXPOSURE, share
    if not account[4] >= limits[3]:
        return TOO_SMALL, share
    if paper:
        return PAPER, share
    if not positions < limits[4]:
        return TOO_MANY, share
    return ACCEPTED, share
