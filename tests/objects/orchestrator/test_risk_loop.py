"""The feedback loop: the worked example, the trap, and what stands behind the rounds."""

from __future__ import annotations

import math

import pytest

from polyfolio.objects.orchestrator import (
    ExecutionState,
    RiskAssessment,
    RiskFeedbackLoop,
    RiskManagementAgent,
    RiskMetrics,
    SystemInput,
    TradeExecutionOrchestrator,
    TradeProposal,
)
from tests.objects.orchestrator.worlds import UNCORRELATED, bars, cash, five_alike, weights_config

# 100 shares at 150 and -50 at 280, of 100,000: 0.15 and -0.14. Risks 0.07 and 0.03.
SIGNALS = {"AAPL": 0.15, "MSFT": -0.14}
DATA = bars(AAPL=(150.0, 1, 0.07 / 0.15), MSFT=(280.0, 2, 0.03 / 0.14))


def begun(
    orchestrator: TradeExecutionOrchestrator, signals: object, data: object
) -> tuple[TradeProposal, ExecutionState]:
    """The state and the position agent's proposal."""
    state = orchestrator.begin(SystemInput(signals, data, cash()))  # type: ignore[arg-type]
    return orchestrator.agents["position"].step(None, state), state


def test_a_hundred_shares_at_a_risk_of_7_percent_become_71_at_5() -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config())
    proposal, state = begun(orchestrator, SIGNALS, DATA)
    assert {trade.symbol: (trade.quantity, trade.type) for trade in proposal.trades} == {
        "AAPL": (100.0, "BUY"),
        "MSFT": (-50.0, "SELL"),
    }
    before = RiskManagementAgent.assess(state.seat)
    assert before.position_risks == pytest.approx({"AAPL": 0.07, "MSFT": 0.03})
    assert not orchestrator.risk_loop.is_risk_acceptable(before)
    resized = orchestrator.risk_loop.process(proposal, state)
    assert {trade.symbol: trade.quantity for trade in resized.trades} == {"AAPL": 71.0, "MSFT": -50.0}
    after = RiskManagementAgent.assess(state.seat)
    assert after.position_risks == pytest.approx({"AAPL": 0.05, "MSFT": 0.03})
    assert orchestrator.risk_loop.is_risk_acceptable(after)
    orders = orchestrator.execute_trades(SIGNALS, cash(), DATA)
    assert {order.symbol: order.quantity for order in orders} == {"AAPL": 71.0, "MSFT": -50.0}
    assert orchestrator.last_result.passed


def test_the_resizing_agent_makes_the_same_of_it() -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config())
    proposal, state = begun(orchestrator, SIGNALS, DATA)
    assessment = RiskManagementAgent.assess(state.seat)
    resized = orchestrator.resizing_agent.resize_positions(proposal, assessment, state)
    assert {trade.symbol: trade.quantity for trade in resized.trades} == {"AAPL": 71.0, "MSFT": -50.0}
    assert "max_position_risk" in resized.reasoning


@pytest.mark.pitfall("VAL-09")
def test_five_positions_within_their_own_limits_that_move_as_one_are_cut_too() -> None:
    """None is over 0.05, together they have 0.25 over 0.15: 0.2 x 0.15 / 0.25 = 0.12 each."""
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(weights_config(**UNCORRELATED))
    proposal, state = begun(orchestrator, signals, data)
    before = RiskManagementAgent.assess(state.seat)
    assert before.max_position_risk == pytest.approx(0.05)
    assert before.portfolio_risk == pytest.approx(0.25)
    after_loop = orchestrator.risk_loop.process(proposal, state)
    assert after_loop.sizes == pytest.approx(dict.fromkeys(signals, 0.12), rel=1e-6)
    orders = orchestrator.execute_trades(signals, cash(), data)
    assert [order.quantity for order in orders] == [120.0] * 5  # 0.12 of 100,000 at 100
    assert orchestrator.last_result.passed
    assert orchestrator.assess().portfolio_risk <= 0.15 * (1.0 + 1e-9)


@pytest.mark.pitfall("VAL-09")
def test_a_breach_of_var_alone_is_cured() -> None:
    """Daily deviation 0.25 / sqrt(252) at gross 1 is a loss of 1.57 %: over a limit of 1 %."""
    signals, data = five_alike()
    parts = {
        "risk_config": {"var_limit": 0.01, "max_portfolio_risk": 0.9},
        "risk_feedback": {"risk_tolerance": {"portfolio_risk": 0.9, "position_risk": 0.9, "var": 0.01}},
        **UNCORRELATED,
    }
    orchestrator = TradeExecutionOrchestrator(weights_config(**parts))
    assert orchestrator.execute_trades(signals, cash(), data)
    assert orchestrator.last_result.passed
    assert 0.009 < orchestrator.assess().var <= 0.01 * (1.0 + 1e-9)


@pytest.mark.pitfall("VAL-09")
@pytest.mark.parametrize("rounds", [0, 1])
def test_rounds_that_do_not_suffice_are_finished_by_the_certified_scale(rounds: int) -> None:
    """Positions of risk 0.8: one round with a floor of 0.9 leaves far more than 0.05."""
    feedback = {"max_iterations": rounds, "resize_threshold": 0.9} if rounds else None
    config = weights_config(risk_feedback=feedback, **UNCORRELATED)
    orchestrator = TradeExecutionOrchestrator(config)
    data = bars(A=(10.0, 1, 1.6), B=(20.0, 1, 1.6))
    assert orchestrator.execute_trades({"A": 0.5, "B": 0.5}, cash(), data)
    assert orchestrator.last_result.passed
    assert orchestrator.assess().max_position_risk <= 0.05 * (1.0 + 1e-9)


def test_without_history_nothing_is_bought_and_the_reason_is_given() -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config())
    data = {"A": bars(A=(10.0, 1, 0.2))["A"], "NEW": type(DATA["AAPL"]).at(5.0)}
    orders = orchestrator.execute_trades({"A": 0.0, "NEW": 0.5}, cash(), data)
    assert orders == []
    assert any("warmup" in event.reason for event in orchestrator.monitor.events)


def test_what_is_not_known_is_not_within_tolerance() -> None:
    unknown = RiskMetrics(0.1, math.nan, 0.0, {"A": 0.01}, 0.0)
    loop = RiskFeedbackLoop(weights_config().risk_feedback)
    assert not loop.is_risk_acceptable(RiskAssessment(unknown, ()))
    known = RiskMetrics(0.15, 0.02, 0.0, {"A": 0.05}, 0.0)
    assert loop.is_risk_acceptable(RiskAssessment(known, ()))
