"""The barrier of a group: limits across the lanes of one account, and orders that meet inside it.

Lanes of a group never see each other except here. Limits: only what opens is cut, by one factor for the group
(gross) or per slot (position), so that reductions always pass. Netting: what one lane buys and another sells at the
same moment changes hands at the reference price without cost; the larger side pays for the rest, pro rata.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import FillAt, Moment, Reason
from polyfolio.kernels.accounting import round_to_lot
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.funding import opening_part
from polyfolio.kernels.gather import fund, gather, waits_for_later
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.note import note
from polyfolio.kernels.target import target_at_fill

_OPEN = int(Moment.OPEN)
_NEXT_OPEN = int(FillAt.NEXT_OPEN)
_GROUP_LIMIT = int(Reason.GROUP_LIMIT)
_REFUSED = 4


@routine
def meet(at: Any, first: int, last: int, row: int) -> int:
    """What the lanes first..last-1 of a group will trade at the open, summed into `s.bought` and `s.sold`.

    Each lane funds its orders as if alone; the same steps give the same quantities when it trades. Returns whether
    the group nets its orders.
    """
    book = at.book
    s = at.s
    bar = bar_at(at, row)
    if not book.groups[book.group_of[first]].netting:
        return 0
    for i in range(s.bought.size):
        s.bought[i] = 0.0
        s.sold[i] = 0.0
    for index in range(first, last):
        lane = lane_at(at, index, row)
        if lane.account.pending and lane.rules.fill == _NEXT_OPEN:
            target_at_fill(at, index, row, bar.open, bar.unit_open)
        if waits_for_later(lane, _OPEN) or not gather(at, index, row, _OPEN, bar.open):
            continue
        fund(at, index, row, bar.open, bar.unit_open)
        for k in range(s.own.size):
            slot = lane.slot_of[k]
            s.bought[slot] += max(s.own[k], 0.0)
            s.sold[slot] += max(-s.own[k], 0.0)
    return 1


@routine
def limit_group(at: Any, first: int, last: int, row: int) -> None:
    """Cut the openings of a group's new orders until the group's limits hold, reductions untouched."""
    book = at.book
    s = at.s
    bar = bar_at(at, row)
    log = at.log
    group = book.groups[book.group_of[first]]
    equity = 0.0
    for index in range(first, last):
        equity += book.account[index].equity
    # Per slot: exposure that stays, exposure that is opened.
    for i in range(s.a.size):
        s.a[i] = 0.0
        s.b[i] = 0.0
    for index in range(first, last):
        lane = lane_at(at, index, row)
        for k in range(lane.order_quantity.size):
            i = lane.slot_of[k]
            price = bar.mark[i] * bar.unit[i]
            if lane.order_quantity[k] == 0.0 and lane.quantity[k] == 0.0:
                continue
            opening = opening_part(lane.quantity[k], lane.order_quantity[k])
            kept = lane.quantity[k] + lane.order_quantity[k] - opening
            s.a[i] += abs(kept) * price
            s.b[i] += abs(opening) * price
    kept_gross = 0.0
    opened_gross = 0.0
    for i in range(s.a.size):
        s.share[i] = factor_within(s.a[i], s.b[i], group.max_position * equity)
        kept_gross += s.a[i]
        opened_gross += s.b[i] * s.share[i]
    common = factor_within(kept_gross, opened_gross, group.max_gross * equity)
    for index in range(first, last):
        lane = lane_at(at, index, row)
        for k in range(lane.order_quantity.size):
            cut_opening(lane, bar, log, k, s.share[lane.slot_of[k]] * common)


@kernel
def factor_within(kept: float, opened: float, bound: float) -> float:
    """The largest factor in [0, 1] with kept + factor * opened <= bound."""
    if kept + opened <= bound or opened <= 0.0:
        return 1.0
    return max(0.0, (bound - kept) / opened)


@kernel
def cut_opening(lane: Any, bar: Any, log: Any, sleeve: int, factor: float) -> None:
    """Scale the opening part of a sleeve's order."""
    quantity = lane.order_quantity[sleeve]
    if quantity == 0.0 or factor >= 1.0:
        return
    slot = lane.slot_of[sleeve]
    opening = opening_part(lane.quantity[sleeve], quantity)
    if opening == 0.0:
        return
    left = quantity - opening + round_to_lot(opening * factor, lane.instruments[slot].lot)
    note(lane, bar.row, log, slot, _REFUSED, _GROUP_LIMIT, 0, quantity, left)
    lane.order_quantity[sleeve] = left
