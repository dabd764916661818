"""What stands between an agent's answer and the market: shapes, numbers, quantities, and the certificate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from polyfolio.core.codes import OrderType, TimeInForce
from polyfolio.objects.data import RiskCheckResult, TradeRequest
from polyfolio.objects.orchestrator.failures import AgentError
from polyfolio.objects.orchestrator.messages import Order, TradeProposal
from polyfolio.objects.orchestrator.recovery import EVERYONE
from polyfolio.objects.orchestrator.seat import Seat

REMEDY = "Correct the agent."


def ask(agent: str, verb: Callable[..., Any], *arguments: Any) -> Any:
    """An agent's answer; whatever it raises is an AgentError."""
    try:
        return verb(*arguments)
    except AgentError:
        raise
    except Exception as error:
        raise AgentError(agent, f"{type(error).__name__}: {error}", "an answer, not an exception", REMEDY) from error


def check_proposal(agent: str, proposal: object, seat: Seat) -> TradeProposal:
    """A proposal with a finite size for every symbol, and no other."""
    if not isinstance(proposal, TradeProposal) or not isinstance(proposal.sizes, Mapping):
        raise AgentError(agent, type(proposal).__name__, "a TradeProposal with sizes by symbol", REMEDY)
    if set(proposal.sizes) != set(seat.tickers):
        odd = sorted(set(map(str, proposal.sizes)) ^ set(seat.tickers))
        raise AgentError(agent, odd[:5], "sizes for exactly the symbols of the decision", REMEDY)
    for symbol, size in proposal.sizes.items():
        if isinstance(size, bool) or not isinstance(size, Real) or not math.isfinite(size):
            raise AgentError(agent, {symbol: size}, "finite sizes", REMEDY)
    return proposal


def let_through(agent: str, orders: object, seat: Seat, failed: bool) -> tuple[list[Order], RiskCheckResult]:
    """The orders an agent gave back, where they may be sent, with the certificate of the book they lead to.

    None is larger than what the lane's own stages wrote, or turned around; one left out ends. A book that breaks a
    limit passes only where it is what the program itself decides, the nearest it found to what is allowed, and nobody
    `failed` in this decision.

    Raises:
        AgentError: of the agent for what its orders are, of everybody for where they lead.
    """
    written = {request.ticker: (slot, request) for slot, request in seat.requests()}
    if not isinstance(orders, list) or not all(isinstance(order, Order) for order in orders):
        raise AgentError(agent, type(orders).__name__, "a list of Order", REMEDY)
    given: dict[str, Order] = {}
    for order in orders:
        if order.symbol in given:
            raise AgentError(agent, order.symbol, "at most one order per symbol", REMEDY)
        given[order.symbol] = order
        _check(agent, order, written)
    for symbol, (slot, request) in written.items():
        kept = given[symbol].quantity if symbol in given else 0.0
        if kept != request.quantity:
            seat.resize(slot, kept)
    result = seat.certify_orders({written[order.symbol][0]: order.quantity for order in orders})
    if not result.passed and seat.trading and (seat.touched or failed):
        raise AgentError(EVERYONE, result.reasons, "orders that pass the certificate", "Correct the agents.")
    return orders, result


def _check(agent: str, order: Order, written: Mapping[str, tuple[int, TradeRequest]]) -> None:
    """One order against the one that the lane's stages wrote."""
    if order.symbol not in written:
        raise AgentError(agent, order.symbol, "an order for a symbol the book trades: " + ", ".join(written), REMEDY)
    most, units = written[order.symbol][1].quantity, order.quantity
    if isinstance(units, bool) or not isinstance(units, Real) or not math.isfinite(units):
        raise AgentError(agent, {order.symbol: units}, "a finite number of units", REMEDY)
    if not (0.0 < units <= most or most <= units < 0.0):
        raise AgentError(agent, {order.symbol: units}, f"from 0 to {most:g} units, what the limits allow", REMEDY)
    request = order.request
    if not isinstance(request, TradeRequest) or (request.ticker, request.quantity) != (order.symbol, units):
        raise AgentError(agent, request, "a request for the same symbol and units", REMEDY)
    words = (
        request.order_type.upper() in OrderType.__members__,
        request.time_in_force.upper() in TimeInForce.__members__,
    )
    if not all(words):
        raise AgentError(agent, request, "a known order type and time in force", REMEDY)
    for level in (request.limit_price, request.stop_price):
        if level is not None and not 0.0 < level < math.inf:
            raise AgentError(agent, request, "limits above 0", REMEDY)
