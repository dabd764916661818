"""What the agents know and remember."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from polyfolio.objects.data import MarketData, PortfolioState
from polyfolio.objects.orchestrator.messages import ExecutionContext, Matrix, RiskMetrics, Said, TradeProposal
from polyfolio.objects.orchestrator.seat import Seat

KEPT = 250  # decisions an agent remembers


@dataclass(frozen=True)
class Decision:
    """What an agent did to a book once.

    Attributes:
        number: of the decision.
        before: sizes it was given; empty where it made the first ones.
        after: sizes it handed on.
        remarks: reasons and warnings.
    """

    number: int
    before: Mapping[str, float]
    after: Mapping[str, float]
    remarks: tuple[str, ...] = ()


@dataclass
class AgentState:
    """What an agent remembers.

    Attributes:
        historical_decisions: the last 250, oldest first.
        performance_metrics: counts and means by name.
        learning_state: what it has learned, as plain values.
    """

    historical_decisions: list[Decision] = field(default_factory=list)
    performance_metrics: dict[str, float] = field(default_factory=dict)
    learning_state: dict[str, Any] = field(default_factory=dict)

    def remember(self, decision: Decision) -> None:
        """Add a decision."""
        self.historical_decisions.append(decision)
        del self.historical_decisions[:-KEPT]
        changed = sum(decision.before.get(name, 0.0) != size for name, size in decision.after.items())
        for name, count in (("decisions", 1), ("changed_sizes", changed)):
            self.performance_metrics[name] = self.performance_metrics.get(name, 0.0) + count

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "historical_decisions": [
                {"number": one.number, "before": dict(one.before), "after": dict(one.after), "remarks": one.remarks}
                for one in self.historical_decisions
            ],
            "performance_metrics": self.performance_metrics,
            "learning_state": self.learning_state,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> AgentState:
        """From `plain`."""
        decisions = [
            Decision(one["number"], one["before"], one["after"], tuple(one["remarks"]))
            for one in data["historical_decisions"]
        ]
        return cls(decisions, dict(data["performance_metrics"]), dict(data["learning_state"]))


@dataclass
class ExecutionState:
    """One decision as it is made.

    Attributes:
        seat: the lane the agents work in.
        stretch: stages of its program that are the turn's, first and last (exclusive).
        number: of the decision.
        signals: as heard, by symbol.
        portfolio_state: cash and positions.
        market_data: bars by symbol.
        execution_context: parameters of this decision.
        trade_proposals: of every turn so far.
        risk_metrics: of the last assessment.
        correlation_matrix: of the last turn of the correlation agent.
        execution_metrics: number of orders, turnover, largest impact.
        agent_states: by the agents' names.
        method: sizing method that stands in for the lane's, as a code; None = the lane's.
    """

    seat: Seat
    agent_states: dict[str, AgentState]
    stretch: tuple[int, int] = (0, 0)
    number: int = 0
    signals: Said = field(default_factory=dict)
    portfolio_state: PortfolioState | None = None
    market_data: Mapping[str, MarketData] = field(default_factory=dict)
    execution_context: ExecutionContext = field(default_factory=ExecutionContext)
    trade_proposals: list[TradeProposal] = field(default_factory=list)
    risk_metrics: RiskMetrics | None = None
    correlation_matrix: Matrix = field(default_factory=dict)
    execution_metrics: dict[str, float] = field(default_factory=dict)
    method: int | None = None
