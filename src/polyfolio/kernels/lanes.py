"""Building the views: the only place where lane and row are indices."""

from __future__ import annotations

from typing import Any

from polyfolio.core.views import Bar, Lane
from polyfolio.kernels.compile import inlined, kernel
from polyfolio.kernels.pointers import view
from polyfolio.kernels.risk import RiskView


@kernel
def held_row(row: int, rows: int) -> int:
    """Row of an array that may have a single row for all."""
    return row if rows > 1 else 0


@inlined
def bar_at(at: Any, row: int) -> Any:
    """The view of one row."""
    market = at.market
    before = row - 1 if row > 0 else 0
    return view(
        Bar(
            market.open[row],
            market.high[row],
            market.low[row],
            market.close[row],
            market.volume[row],
            market.spread[held_row(row, market.spread.shape[0])],
            market.dividend[held_row(row, market.dividend.shape[0])],
            market.split[held_row(row, market.split.shape[0])],
            market.borrow[held_row(row, market.borrow.shape[0])],
            market.funding[held_row(row, market.funding.shape[0])],
            market.tradable[row],
            market.mark[row],
            market.mark[before],
            market.unit[held_row(row, market.unit.shape[0])],
            market.unit_open[held_row(row, market.unit_open.shape[0])],
            market.sigma[row],
            market.base_volume[row],
            market.sigma[before],
            market.base_volume[before],
            market.days[row],
            market.flags[row],
            market.starts[row],
            row,
            1 if row == at.final else 0,
        )
    )


@inlined
def lane_at(at: Any, lane: int, row: int) -> Any:
    """The view of one lane at one row; `at` is the address of a `Here`."""
    book = at.book
    rules = book.rules[lane]
    return view(
        Lane(
            book.account[lane],
            rules,
            book.program[lane],
            book.tiers[rules.tier_table],
            book.budget[lane],
            book.evidence[lane],
            book.caps,
            book.labels,
            book.rank,
            book.slot_of,
            book.instruments,
            book.signals[rules.signal, held_row(row, book.signals.shape[1])],
            book.quantity[lane],
            book.average_price[lane],
            book.order_quantity[lane],
            book.order_price[lane],
            book.order_filled[lane],
            book.orders[lane],
            book.exits[lane],
            book.crossed[lane],
            book.held[lane],
            book.value[lane],
            book.traded[lane],
            book.pressure[lane],
            book.gain[lane],
            book.cost[lane],
            book.carry[lane],
            book.want[lane],
            book.sleeve_want[lane],
            book.volume_left[lane],
            book.netted[0],
            lane,
            at,
        )
    )


@inlined
def risk_at(at: Any, rules: Any, row: int) -> Any:
    """The risk inputs of one row, as this lane's rules ask for them."""
    shared = at.shared
    end = at.market.observations[row]
    k = end - shared.first if shared.covariance.shape[1] > 1 else 0
    model = rules.covariance_model
    window = rules.var_window
    return view(
        RiskView(
            shared.covariance[model, k],
            shared.correlation[model, k],
            shared.sigma[model, k],
            shared.returns,
            end,
            window if window < end else end,
            at.s.sample,
            at.s.tail,
        )
    )
