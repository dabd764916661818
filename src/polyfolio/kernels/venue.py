"""Fills that happened elsewhere, and the first touch of a lane that has no row yet."""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import Moment, Reason
from polyfolio.core.views import Here
from polyfolio.kernels.accounting import open_account, settle
from polyfolio.kernels.compile import entry
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.note import note_fill
from polyfolio.kernels.pointers import place

_CLOSE = int(Moment.CLOSE)
_USER_ORDER = int(Reason.USER_ORDER)


@entry
def settle_elsewhere(
    market: Any,
    shared: Any,
    book: Any,
    log: Any,
    s: Any,
    lane: int,
    sleeve: int,
    row: int,
    quantity: float,
    price: float,
    commission: float,
) -> float:
    """Book a fill at `price`; the price is its own reference, so spread and impact are inside the gain."""
    at = place(Here(place(market), place(shared), place(book), place(log), place(s), -1))
    view = lane_at(at, lane, row)
    if view.account.row < 0:
        open_account(view)
        view.account.row = row
    bar = bar_at(at, row)
    unit = bar.unit
    for k in range(s.own.size):
        s.own[k] = 0.0
        s.fee[k] = 0.0
        s.slip[k] = 0.0
        s.push[k] = 0.0
        s.paid[k] = price
        s.sleeve_price[k] = price
        s.sleeve_unit[k] = unit[view.slot_of[k]]
    s.own[sleeve] = quantity
    s.fee[sleeve] = commission
    settle(view, s, s.sleeve_price, s.sleeve_unit)
    note_fill(
        view, bar, at.log, sleeve, _CLOSE, _USER_ORDER, quantity, price, price, commission, 0.0, 0.0, s.earned[sleeve]
    )
    return s.earned[sleeve]
