"""The correlation agent: positions that move together are made smaller."""

from __future__ import annotations

from polyfolio.core.codes import Stage
from polyfolio.objects.orchestrator.base import BaseAgent, factors
from polyfolio.objects.orchestrator.messages import CorrelationAdjustment, Matrix, TradeProposal
from polyfolio.objects.orchestrator.seat import Seat
from polyfolio.objects.orchestrator.states import ExecutionState


class CorrelationAgent(BaseAgent):
    """Damps or drops what is correlated: the stage correlation."""

    name = "correlation"
    stages = frozenset({Stage.CORRELATION})

    def step(self, proposal: TradeProposal | None, state: ExecutionState) -> TradeProposal:
        """Analyse, then adjust."""
        assert proposal is not None
        return self.adjust_trades(proposal, self.analyze_correlations(proposal, state))

    def analyze_correlations(self, proposal: TradeProposal, state: ExecutionState) -> CorrelationAdjustment:
        """What the stage does to the proposal, with the matrix it looks at."""
        self._after = after = self.run(proposal, state)[0]
        state.correlation_matrix = matrix = correlations(state.seat)
        limit = state.seat.rule("correlation_limit")
        return CorrelationAdjustment(
            after.sizes,
            factors(proposal.sizes, after.sizes),
            matrix,
            affected(proposal, matrix, limit),
        )

    def adjust_trades(self, proposal: TradeProposal, adjustment: CorrelationAdjustment) -> TradeProposal:
        """The proposal with the adjusted sizes."""
        if self._after is not None and adjustment.sizes is self._after.sizes:
            return self._after
        return TradeProposal(adjustment.sizes, (), proposal.confidence, "adjusted for correlation")


def correlations(seat: Seat) -> Matrix:
    """Correlations by pair of symbols; NaN where there is too little history."""
    triangle, names = seat.of_risk("correlation").tolist(), seat.tickers
    packed = {(i, j): triangle[i * (i + 1) // 2 + j] for i in range(len(names)) for j in range(i + 1)}
    return {one: {other: packed[max(i, j), min(i, j)] for j, other in enumerate(names)} for i, one in enumerate(names)}


def affected(proposal: TradeProposal, matrix: Matrix, limit: float) -> tuple[str, ...]:
    """Symbols that are wanted and whose signed correlation with another is over the limit."""
    wanted = {name: size for name, size in proposal.sizes.items() if size != 0.0}
    return tuple(
        one
        for one, size in wanted.items()
        if any(
            other != one and matrix[one][other] * (1.0 if size * held > 0.0 else -1.0) > limit
            for other, held in wanted.items()
        )
    )
