"""The trade selector: which trades of a decision are made where budgets do not hold all of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from polyfolio.core.codes import Event, Reason, Stage
from polyfolio.core.records import EVENT
from polyfolio.errors import ConfigError
from polyfolio.kernels.priorities import keep_by_priority
from polyfolio.objects.orchestrator.base import BaseAgent, proposed
from polyfolio.objects.orchestrator.configs import TradeSelectionConfig, whole_number
from polyfolio.objects.orchestrator.messages import TradeProposal
from polyfolio.objects.orchestrator.states import ExecutionState
from polyfolio.rules.arguments import closest

LAST = 2**62  # the place of a symbol without a priority


class TradeSelector(BaseAgent):
    """Keeps the budgets of a decision: the stage select.

    What reduces a position passes and uses the budget of turnover first. Openings follow by priority, then by size,
    then by symbol. Without priorities this is the stage alone.

    Args:
        config: budgets and priorities.
    """

    name = "selector"
    stages = frozenset({Stage.SELECT})

    def __init__(self, config: TradeSelectionConfig | None = None) -> None:
        super().__init__(config)

    def step(self, proposal: TradeProposal | None, state: ExecutionState) -> TradeProposal:
        """Select."""
        assert proposal is not None
        return self.select_trades(proposal, state)

    def select_trades(self, proposal: TradeProposal, state: ExecutionState) -> TradeProposal:
        """The proposal with the trades its budgets hold."""
        seat = state.seat
        if seat.trading:
            seat.put(proposal.sizes, int(Stage.EXTENSION))
        places = self.places(state)
        if places and seat.trading:
            scratch, rules = seat.scratch, seat.rule
            order = [places.get(ticker, LAST) for ticker in seat.tickers]
            before = scratch.want.copy()
            keep_by_priority(
                scratch.want,
                scratch.weight,
                scratch.frozen,
                np.array([rules("max_trades"), rules("max_turnover")]),
                np.array(order, dtype=np.int64),
                seat.ledger.rank,
                np.zeros(len(order), dtype=np.int64),
                np.zeros((2, len(order))),
            )
            for slot in np.flatnonzero(scratch.want != before).tolist():
                cut = (seat.row, seat.lane, slot, int(Event.CUT), int(Reason.TURNOVER), int(Stage.SELECT))
                change = (float(before[slot]), float(scratch.want[slot]))
                seat.events.append(np.array([(*cut, *change)], dtype=EVENT))
            scratch.before[:] = scratch.want
        told = seat.run(*state.stretch)
        return proposed(state, proposal.confidence, "; ".join(told) or proposal.reasoning)

    def places(self, state: ExecutionState) -> dict[str, int]:
        """The priorities that hold for this decision."""
        return (dict(self.config.priorities) if self.config else {}) | dict(state.execution_context.priorities)

    @staticmethod
    def check(priorities: Mapping[str, int], tickers: tuple[str, ...]) -> None:
        """Refuse a priority of an unknown symbol, or one that is no whole number."""
        for symbol, place in priorities.items():
            if symbol not in tickers:
                bound = "a symbol of the decision: " + ", ".join(tickers[:12])
                raise ConfigError(f"priorities.{symbol}", symbol, bound, closest(symbol, tickers))
            whole_number(f"priorities.{symbol}", place)
