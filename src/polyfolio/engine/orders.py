"""Orders and fills given one by one: what the object API and a live broker do instead of a program."""

from __future__ import annotations

import math

from polyfolio.core.book import Book
from polyfolio.core.codes import OrderType, Reason, TimeInForce
from polyfolio.core.views import Ledger, Log, Market, Scratch, Shared
from polyfolio.errors import ConfigError
from polyfolio.kernels.venue import settle_elsewhere


def submit(
    book: Book,
    lane: int,
    sleeve: int,
    quantity: float,
    row: int,
    *,
    order_type: str = "market",
    time_in_force: str = "day",
    limit: float = math.nan,
    stop: float = math.nan,
    decision_price: float,
) -> None:
    """Replace the sleeve's working order.

    Args:
        book: the book.
        lane: number of the lane.
        sleeve: number of the sleeve (the slot, where each slot has one).
        quantity: signed units.
        row: row of the decision.
        order_type: market, limit, stop, stop_limit.
        time_in_force: day, gtc, ioc, fok.
        limit: price of limit and stop_limit orders.
        stop: price of stop and stop_limit orders.
        decision_price: price the order was decided at, for max_slippage and the timing cost; NaN = unknown.
    """
    kind = _code(OrderType, "order_type", order_type)
    life = _code(TimeInForce, "time_in_force", time_in_force)
    needs = {
        "limit": (limit, (OrderType.LIMIT, OrderType.STOP_LIMIT)),
        "stop": (stop, (OrderType.STOP, OrderType.STOP_LIMIT)),
    }
    for name, (value, kinds) in needs.items():
        if kind in kinds and not value > 0.0:
            raise ConfigError(f"{name} of a {order_type} order", value, "a price above 0", f"Give {name}=...")
    if not math.isfinite(quantity):
        raise ConfigError("quantity", quantity, "finite", "Give the signed number of units.")
    order = book.orders[lane, sleeve]
    for name, value in (
        ("type", int(kind)),
        ("life", int(life)),
        ("limit", limit),
        ("stop", stop),
        ("row", row),
        ("reason", int(Reason.USER_ORDER)),
    ):
        order[name] = value
    book.order_quantity[lane, sleeve] = quantity
    book.order_price[lane, sleeve] = decision_price
    book.order_filled[lane, sleeve] = 0.0
    book.account["working"][lane] = 1


def spell_out(book: Book, lane: int, time_in_force: int) -> None:
    """Write the terms of the lane's plain orders into their records, so that one of them may be replaced."""
    if book.account["plain"][lane]:
        book.orders["type"][lane] = int(OrderType.MARKET)
        book.orders["life"][lane] = time_in_force
        book.orders["reason"][lane] = int(Reason.SIGNAL)
        book.orders["row"][lane] = book.account["decided"][lane]
        book.account["plain"][lane] = 0


def _code(kind: type[OrderType] | type[TimeInForce], name: str, word: str) -> OrderType | TimeInForce:
    try:
        return kind[word.upper().replace("-", "_")]
    except KeyError:
        words = ", ".join(item.name.lower() for item in kind)
        raise ConfigError(name, word, f"one of {words}", "Correct the word.") from None


def take_fill(
    work: tuple[Market, Shared, Ledger, Log, Scratch],
    lane: int,
    sleeve: int,
    row: int,
    quantity: float,
    price: float,
    *,
    commission: float = 0.0,
) -> float:
    """Book one fill that happened at a venue; returns the realised profit.

    Args:
        work: the engine's arrays.
        lane: number of the lane.
        sleeve: sleeve of the fill (the slot, where each slot has one).
        row: row it belongs to.
        quantity: signed units.
        price: price paid or received.
        commission: fee in base currency.
    """
    market, shared, book, log, scratch = work
    realised: float = settle_elsewhere(
        market, shared, book, log, scratch, lane, sleeve, row, quantity, price, commission
    )
    return realised
