"""What all agents share: a stretch of the lane's program, run on the book that was handed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polyfolio.core.codes import Stage
from polyfolio.objects.orchestrator.messages import ProposedTrade, TradeProposal
from polyfolio.objects.orchestrator.states import AgentState, ExecutionState


class BaseAgent:
    """An agent: its configuration, what it remembers, and the stages that are its own.

    A subclass may change any verb. What it hands on is checked, goes through the stages after its own, and must pass
    the certificate before an order is let through.

    Args:
        config: its configuration.

    Attributes:
        name: by which it is told apart.
        stages: of the program, which are run in its turn.
        state: what it remembers.
    """

    name: ClassVar[str] = "agent"
    stages: ClassVar[frozenset[Stage]] = frozenset()

    def __init__(self, config: Any = None) -> None:
        self.config = config
        self.state = AgentState()
        self._after: TradeProposal | None = None  # of the last analysis

    def step(self, proposal: TradeProposal | None, state: ExecutionState) -> TradeProposal:
        """Its turn: the stages of `state.stretch` on the proposal."""
        assert proposal is not None
        return self.run(proposal, state)[0]

    def run(self, proposal: TradeProposal, state: ExecutionState) -> tuple[TradeProposal, tuple[str, ...]]:
        """The stages of the turn on a proposal; the proposal after them and what they cut, in sentences."""
        seat = state.seat
        if seat.trading:
            seat.put(proposal.sizes, int(Stage.EXTENSION))
        told = tuple(seat.run(*state.stretch))
        return proposed(state, proposal.confidence, "; ".join(told) or proposal.reasoning), told


def proposed(state: ExecutionState, confidence: float, reasoning: str) -> TradeProposal:
    """The book as it stands, as a proposal."""
    units, marks = state.seat.preview().tolist(), state.seat.marks().tolist()
    trades = tuple(
        ProposedTrade(ticker, unit, mark)
        for ticker, unit, mark in zip(state.seat.tickers, units, marks, strict=True)
        if unit != 0.0
    )
    return TradeProposal(state.seat.sizes(), trades, confidence, reasoning)


def factors(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """after / before of each size that changed; 0 for what had none."""
    return {
        name: after[name] / size if size != 0.0 else 0.0
        for name, size in before.items()
        if after.get(name, size) != size
    }
