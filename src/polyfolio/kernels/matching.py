"""Where an order meets the bar. Prices only: how much fills and what it costs is decided elsewhere.

A market order pays all costs. A limit order fills passively and never beyond its limit. A stop becomes a market
order at its trigger, a stop-limit a limit order. `matched` codes: 0 no, 1 taking (all costs), 2 resting (commission
only). The open comes first; what happens inside the bar is only known by its extremes.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import OrderType
from polyfolio.kernels.compile import kernel

_MARKET = int(OrderType.MARKET)
_LIMIT = int(OrderType.LIMIT)
_STOP = int(OrderType.STOP)
_STOP_LIMIT = int(OrderType.STOP_LIMIT)

NO, TAKES, RESTS = 0, 1, 2


@kernel
def reaches_limit(buy: bool, price: float, limit: float, touch: int) -> bool:
    """A buy limit is reached when the price trades below it, a sell limit above; `touch` lets equality count."""
    if buy:
        return price < limit or (touch != 0 and price == limit)
    return price > limit or (touch != 0 and price == limit)


@kernel
def reaches_stop(buy: bool, price: float, stop: float) -> bool:
    """A buy stop triggers at or above its price, a sell stop at or below."""
    return price >= stop if buy else price <= stop


@kernel
def match_open(order: Any, quantity: float, price: float, touch: int) -> int:
    """Match a working order against the open. A triggered stop changes its type for the rest of its life."""
    buy = quantity > 0.0
    if order.type == _STOP and reaches_stop(buy, price, order.stop):
        order.type = _MARKET
    if order.type == _STOP_LIMIT and reaches_stop(buy, price, order.stop):
        order.type = _LIMIT
    if order.type == _MARKET:
        return TAKES
    if order.type == _LIMIT and reaches_limit(buy, price, order.limit, touch):
        return RESTS
    return NO


@kernel
def match_bar(order: Any, quantity: float, bar: Any, slot: int, touch: int, out: Any) -> int:
    """Match an order that the open did not fill against the bar's extremes; out[0] = price.

    A stop-limit triggered inside the bar fills at its stop where that is within its limit (the price passed there);
    otherwise it rests as a limit order from the next row on, because the path after the trigger is unknown.
    """
    buy = quantity > 0.0
    favourable = bar.low[slot] if buy else bar.high[slot]
    adverse = bar.high[slot] if buy else bar.low[slot]
    if order.type == _LIMIT:
        # What is left of an order that the open went beyond: the bar did not trade as far as its limit.
        out[0] = min(order.limit, bar.high[slot]) if buy else max(order.limit, bar.low[slot])
        return RESTS if reaches_limit(buy, favourable, order.limit, touch) else NO
    if order.type == _STOP and reaches_stop(buy, adverse, order.stop):
        order.type = _MARKET
        out[0] = order.stop
        return TAKES
    if order.type == _STOP_LIMIT and reaches_stop(buy, adverse, order.stop):
        order.type = _LIMIT
        out[0] = order.stop
        within = order.stop <= order.limit if buy else order.stop >= order.limit
        return RESTS if within else NO
    return NO


@kernel
def round_to_tick(price: float, tick: float, buy: bool) -> float:
    """To the price step on the passive side: buys down, sells up. Tick 0: any price."""
    if tick <= 0.0:
        return price
    count = price / tick
    whole = math.floor(count + 1e-9) if buy else math.ceil(count - 1e-9)
    return whole * tick


@kernel
def typical_price(bar: Any, slot: int) -> float:
    """(high + low + close) / 3."""
    return (bar.high[slot] + bar.low[slot] + bar.close[slot]) / 3.0
