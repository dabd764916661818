"""Fills that happened elsewhere, and the first touch of a lane that has no row yet."""

from __future__ import annotations

from typing import Any

from polyfolio.core.views import Ledger
from polyfolio.kernels.accounting import open_account, settle
from polyfolio.kernels.compile import entry
from polyfolio.kernels.lanes import lane_at


@entry
def settle_elsewhere(
    book: Any, lane: int, sleeve: int, row: int, quantity: float, price: float, unit: float, commission: float
) -> float:
    """Book a fill at `price`; the price is its own reference, so spread and impact are inside the gain."""
    view = lane_at(book, lane, row)
    if view.account.row < 0:
        open_account(view)
        view.account.row = row
    return settle(view, sleeve, quantity, price, price, unit, commission, 0.0, 0.0)


__all__ = ["Ledger", "settle_elsewhere"]
