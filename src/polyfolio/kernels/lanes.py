"""What a lane, a bar and a risk view see: the only place where lane and row are indices.

Each table says where a field stands; the fields themselves are described in `core.views` and `risk.RiskView`. A field
stands in a tuple of one, since a function without reference counting may not return an array.
"""
# ruff: noqa: ARG005  (every field is looked up by address, lane and row, whichever of them it needs)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyfolio.core.views import Bar, Lane, Seat
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.pointers import view_of
from polyfolio.kernels.risk import RiskView


@kernel
def held_row(row: int, rows: int) -> int:
    """Row of an array that may have a single row for all."""
    return row if rows > 1 else 0


@kernel
def row_before(row: int) -> int:
    """The row before, or the first."""
    return row - 1 if row > 0 else 0


def _table(shape: Any, **fields: Callable[[Any, int, int], Any]) -> dict[str, Any]:
    """The fields as kernels with names of their own."""
    if set(fields) != set(shape._fields):
        raise TypeError(f"{shape.__name__}: {sorted(set(fields) ^ set(shape._fields))} stand in one place only")
    for name, look in fields.items():
        look.__name__ = look.__qualname__ = f"{shape.__name__}_{name}"
    return {name: kernel(look) for name, look in fields.items()}


_LANE = _table(
    Lane,
    account=lambda at, index, row: (at.book.account[index],),
    rules=lambda at, index, row: (at.book.rules[index],),
    program=lambda at, index, row: (at.book.program[index],),
    tiers=lambda at, index, row: (at.book.tiers[at.book.rules[index].tier_table],),
    budget=lambda at, index, row: (at.book.budget[index],),
    evidence=lambda at, index, row: (at.book.evidence[index],),
    caps=lambda at, index, row: (at.book.caps,),
    labels=lambda at, index, row: (at.book.labels,),
    rank=lambda at, index, row: (at.book.rank,),
    slot_of=lambda at, index, row: (at.book.slot_of,),
    instruments=lambda at, index, row: (at.book.instruments,),
    signal=lambda at, index, row: (
        at.book.signals[at.book.rules[index].signal, held_row(row, at.book.signals.shape[1])],
    ),
    quantity=lambda at, index, row: (at.book.quantity[index],),
    average_price=lambda at, index, row: (at.book.average_price[index],),
    order_quantity=lambda at, index, row: (at.book.order_quantity[index],),
    order_price=lambda at, index, row: (at.book.order_price[index],),
    order_filled=lambda at, index, row: (at.book.order_filled[index],),
    orders=lambda at, index, row: (at.book.orders[index],),
    exits=lambda at, index, row: (at.book.exits[index],),
    crossed=lambda at, index, row: (at.book.crossed[index],),
    heard=lambda at, index, row: (at.book.heard[index],),
    held=lambda at, index, row: (at.book.held[index],),
    value=lambda at, index, row: (at.book.value[index],),
    traded=lambda at, index, row: (at.book.traded[index],),
    pressure=lambda at, index, row: (at.book.pressure[index],),
    gain=lambda at, index, row: (at.book.gain[index],),
    cost=lambda at, index, row: (at.book.cost[index],),
    carry=lambda at, index, row: (at.book.carry[index],),
    want=lambda at, index, row: (at.book.want[index],),
    sleeve_want=lambda at, index, row: (at.book.sleeve_want[index],),
    volume_left=lambda at, index, row: (at.book.volume_left[index],),
    netted=lambda at, index, row: (at.book.netted[0],),
    index=lambda at, index, row: (index,),
    at=lambda at, index, row: (at,),
)

_BAR = _table(
    Bar,
    open=lambda at, index, row: (at.market.open[row],),
    high=lambda at, index, row: (at.market.high[row],),
    low=lambda at, index, row: (at.market.low[row],),
    close=lambda at, index, row: (at.market.close[row],),
    volume=lambda at, index, row: (at.market.volume[row],),
    spread=lambda at, index, row: (at.market.spread[held_row(row, at.market.spread.shape[0])],),
    dividend=lambda at, index, row: (at.market.dividend[held_row(row, at.market.dividend.shape[0])],),
    split=lambda at, index, row: (at.market.split[held_row(row, at.market.split.shape[0])],),
    borrow=lambda at, index, row: (at.market.borrow[held_row(row, at.market.borrow.shape[0])],),
    funding=lambda at, index, row: (at.market.funding[held_row(row, at.market.funding.shape[0])],),
    tradable=lambda at, index, row: (at.market.tradable[row],),
    mark=lambda at, index, row: (at.market.mark[row],),
    mark_before=lambda at, index, row: (at.market.mark[row_before(row)],),
    unit=lambda at, index, row: (at.market.unit[held_row(row, at.market.unit.shape[0])],),
    unit_open=lambda at, index, row: (at.market.unit_open[held_row(row, at.market.unit_open.shape[0])],),
    sigma=lambda at, index, row: (at.market.sigma[row],),
    base_volume=lambda at, index, row: (at.market.base_volume[row],),
    sigma_before=lambda at, index, row: (at.market.sigma[row_before(row)],),
    base_volume_before=lambda at, index, row: (at.market.base_volume[row_before(row)],),
    days=lambda at, index, row: (at.market.days[row],),
    flags=lambda at, index, row: (at.market.flags[row],),
    starts=lambda at, index, row: (at.market.starts[row],),
    row=lambda at, index, row: (row,),
    last=lambda at, index, row: (1 if row == at.final else 0,),
)


@kernel
def observed(at: Any, rows: int, row: int) -> int:
    """The row of a risk input for the observations known at this row; some inputs have a single one for all."""
    return at.market.observations[row] - at.shared.first if rows > 1 else 0


_RISK = _table(
    RiskView,
    covariance=lambda at, index, row: (
        at.shared.covariance[at.book.rules[index].covariance_model, observed(at, at.shared.covariance.shape[1], row)],
    ),
    correlation=lambda at, index, row: (
        at.shared.correlation[at.book.rules[index].covariance_model, observed(at, at.shared.covariance.shape[1], row)],
    ),
    sigma=lambda at, index, row: (
        at.shared.sigma[at.book.rules[index].covariance_model, observed(at, at.shared.covariance.shape[1], row)],
    ),
    returns=lambda at, index, row: (at.shared.returns,),
    end=lambda at, index, row: (at.market.observations[row],),
    length=lambda at, index, row: (min(at.book.rules[index].var_window, at.market.observations[row]),),
    sample=lambda at, index, row: (at.s.sample,),
    scratch=lambda at, index, row: (at.s.tail,),
    known=lambda at, index, row: (at.s.known,),
)

lane_at = view_of(Lane, _LANE)
_bar_at = view_of(Bar, _BAR)
risk_at = view_of(RiskView, _RISK)


@kernel
def bar_at(at: Any, row: int) -> Any:
    """The view of one row."""
    return _bar_at(at, 0, row)


_SEAT = _table(
    Seat,
    agent=lambda at, index, row: (at.agents[index],),
    episode=lambda at, index, row: (at.episodes[index],),
    step=lambda at, index, row: (at.steps[index],),
    action=lambda at, index, row: (at.actions[index],),
    asked=lambda at, index, row: (at.asked[index],),
    projected=lambda at, index, row: (at.projected[index],),
    held=lambda at, index, row: (at.held[index],),
    cut=lambda at, index, row: (at.cut[index],),
    observation=lambda at, index, row: (at.observations[index],),
    running=lambda at, index, row: (at.running[index],),
    returns=lambda at, index, row: (at.returns[index],),
    trend=lambda at, index, row: (at.trend[row],),
    shown=lambda at, index, row: (at.panel[row],),
    exposure=lambda at, index, row: (at.exposure,),
    seen=lambda at, index, row: (at.seen,),
)

seat_at = view_of(Seat, _SEAT)
