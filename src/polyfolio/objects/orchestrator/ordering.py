"""The execution rules agent: the book that was agreed on, as orders."""

from __future__ import annotations

import math

from polyfolio.core.codes import OrderType, Stage
from polyfolio.objects.data import TradeRequest
from polyfolio.objects.orchestrator.base import BaseAgent
from polyfolio.objects.orchestrator.messages import Order, TradeProposal
from polyfolio.objects.orchestrator.seat import TO_THE_END, Seat
from polyfolio.objects.orchestrator.states import ExecutionState

# Rules of the simulation that go with every order, and the value that switches each off.
RULES = {
    "max_slippage": math.inf,
    "min_fill": 0.0,
    "market_impact_limit": math.inf,
    "participation_rate_limit": math.inf,
}


class ExecutionRulesAgent(BaseAgent):
    """Writes the orders: quantities in whole lots, impact cap, smallest order, type, limit, time in force, slices."""

    name = "execution"
    stages = frozenset({Stage.END})

    def apply_rules(self, proposal: TradeProposal, state: ExecutionState) -> list[Order]:
        """The orders that bring the book to the proposal's sizes, and those that go on from before."""
        seat = state.seat
        if seat.trading:
            seat.put(proposal.sizes, int(Stage.EXTENSION))
        seat.run(len(seat.codes), TO_THE_END)
        return orders_of(seat)


def orders_of(seat: Seat) -> list[Order]:
    """The lane's working orders."""
    rules = {name: seat.rule(name) for name, off in RULES.items() if seat.rule(name) != off}
    return [order_of(seat, slot, request, rules) for slot, request in seat.requests()]


def order_of(seat: Seat, slot: int, request: TradeRequest, rules: dict[str, float]) -> Order:
    """One working order with what is known of it."""
    kind = OrderType[request.order_type.upper()]
    return Order(
        symbol=request.ticker,
        quantity=request.quantity,
        type=request.order_type.upper(),
        price=request.limit_price if request.limit_price is not None else request.stop_price,
        time_in_force=request.time_in_force.upper(),
        limit_offset=0.0 if kind is OrderType.MARKET else seat.rule("price_threshold"),
        execution_rules=rules,
        slices=seat.slices(slot),
        impact=seat.impact(slot, request.quantity),
        request=request,
    )
