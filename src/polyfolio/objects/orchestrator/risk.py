"""The risk management agent, its feedback loop, and the agent that resizes single positions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from polyfolio.core.codes import Stage
from polyfolio.objects.orchestrator.base import BaseAgent, factors
from polyfolio.objects.orchestrator.configs import RiskFeedbackConfig
from polyfolio.objects.orchestrator.messages import RiskAdjustment, RiskAssessment, RiskMetrics, TradeProposal
from polyfolio.objects.orchestrator.seat import Seat
from polyfolio.objects.orchestrator.states import ExecutionState

MEASURED = {"max_volatility": "portfolio_risk", "max_var": "portfolio_var", "max_es": "expected_shortfall"}


class RiskManagementAgent(BaseAgent):
    """Keeps the limits: feedback, caps by risk, drawdown and daily loss, the certified scale, rebalancing."""

    name = "risk"
    stages = frozenset(
        {
            *(Stage.FEEDBACK, Stage.CAP_POSITION_RISK, Stage.HEDGE, Stage.DRAWDOWN, Stage.DAILY_LOSS),
            *(Stage.SCALE, Stage.PROJECT, Stage.REBALANCE),
        }
    )

    def step(self, proposal: TradeProposal | None, state: ExecutionState) -> TradeProposal:
        """Analyse, then adjust."""
        assert proposal is not None
        return self.adjust_trades(proposal, self.analyze_risk(proposal, state))

    def analyze_risk(self, proposal: TradeProposal, state: ExecutionState) -> RiskAdjustment:
        """What the stages of the turn do to the proposal, and the risk of what is left."""
        after, told = self.run(proposal, state)
        assessment = self.assess(state.seat)
        state.risk_metrics = assessment.metrics
        broken = tuple(
            f"{line.limit}: {line.value:.6g} breaks {line.bound:.6g}"
            if line.value == line.value
            else f"{line.limit}: not known, too little history for the bound {line.bound:.6g}"
            for line in assessment.certificate
            if line.broken
        )
        self._after = after
        return RiskAdjustment(after.sizes, factors(proposal.sizes, after.sizes), assessment.metrics, told + broken)

    def adjust_trades(self, proposal: TradeProposal, adjustment: RiskAdjustment) -> TradeProposal:
        """The proposal with the adjusted sizes."""
        if self._after is not None and adjustment.sizes is self._after.sizes:
            return self._after
        return TradeProposal(adjustment.sizes, (), proposal.confidence, "adjusted for risk")

    @staticmethod
    def assess(seat: Seat) -> RiskAssessment:
        """Risk of the book as it stands, against the lane's limits."""
        found = {line.limit: line.value for line in seat.certificate(everything=True).certificate}
        metrics = RiskMetrics(
            **{name: found[limit] for limit, name in MEASURED.items()},
            position_risks=position_risks(seat),
            drawdown=float(seat.book.account["drawdown"][seat.lane]),
        )
        return RiskAssessment(metrics, tuple(seat.certificate().certificate))


class RiskFeedbackLoop:
    """The rounds of the document as the stage feedback: positions first, then the book, no factor below a floor.

    Scaling single positions cures no breach of the portfolio's risk where positions move together; a round therefore
    measures the book too. A loop proves nothing all the same: the certified scale stands behind it.

    Args:
        config: rounds, tolerance and floor, as the lane's rules hold them; None = the lane's limits alone.
    """

    def __init__(self, config: RiskFeedbackConfig | None = None) -> None:
        self.config, self.risk_agent = config, RiskManagementAgent()

    def process(self, initial_proposal: TradeProposal, state: ExecutionState) -> TradeProposal:
        """The proposal after the rounds: the stage alone, whatever the stretch of the state."""
        at = next((place for place, code in enumerate(state.seat.codes) if code == Stage.FEEDBACK), None)
        if at is None:
            return initial_proposal
        whole, state.stretch = state.stretch, (at, at + 1)
        try:
            return self.risk_agent.run(initial_proposal, state)[0]
        finally:
            state.stretch = whole

    def is_risk_acceptable(self, assessment: RiskAssessment) -> bool:
        """Whether volatility, every position and VaR are within tolerance; what is not known is not."""
        if self.config is None:
            return assessment.passed
        tolerance = self.config.risk_tolerance
        pairs = (
            (assessment.portfolio_risk, tolerance.portfolio_risk),
            (assessment.max_position_risk, tolerance.position_risk),
            (assessment.var, tolerance.var),
        )
        return all(risk <= bound * (1.0 + 1e-9) for risk, bound in pairs)


class PositionResizingAgent(BaseAgent):
    """Makes positions smaller by their own risk, or all of them by the portfolio's: one round without a floor.

    Its factors are those of the document: bound / risk of the position, else bound / risk of the portfolio.
    """

    name = "resizing"

    def resize_positions(
        self, proposal: TradeProposal, assessment: RiskAssessment, state: ExecutionState
    ) -> TradeProposal:
        """The proposal with smaller sizes; whole units where the seat trades in lots.

        A limit that is off resizes nothing, and neither does a risk that is not known.
        """
        seat = state.seat
        bounds = {line.limit: line.bound for line in assessment.certificate}
        own, whole = bounds.get("max_position_risk", math.inf), bounds.get("max_volatility", math.inf)
        sizes = {
            name: size * factor_of(assessment.position_risks[name], own, assessment.portfolio_risk, whole)
            for name, size in proposal.sizes.items()
        }
        state.seat.put(sizes, int(Stage.FEEDBACK))
        at = len(seat.codes)
        keep, state.stretch = state.stretch, (at - 1, at - 1)
        try:
            return self.run(TradeProposal(sizes, (), proposal.confidence, resized(assessment)), state)[0]
        finally:
            state.stretch = keep


def resized(assessment: RiskAssessment) -> str:
    """Why sizes were changed."""
    return f"resized based on risk assessment: {assessment.summary}"


def factor_of(risk: float, own: float, portfolio: float, whole: float) -> float:
    """bound / risk where a bound is passed, the position's own first; 1 where neither is."""
    if risk > own:
        return own / risk
    return whole / portfolio if portfolio > whole else 1.0


def position_risks(seat: Seat) -> Mapping[str, float]:
    """abs(size) x annualised volatility of each symbol; 0 where nothing is wanted."""
    year = math.sqrt(seat.rule("periods_per_year"))
    sizes = np.array(list(seat.sizes().values()))
    with np.errstate(invalid="ignore"):
        risks = np.where(sizes == 0.0, 0.0, np.abs(sizes) * (seat.of_risk("sigma") * year))
    return dict(zip(seat.tickers, risks.tolist(), strict=True))
