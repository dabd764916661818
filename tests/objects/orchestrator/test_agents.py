"""The agents one by one: messages, states, orders, selection, correlation, the monitor, the executor."""

from __future__ import annotations

import doctest
import logging
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Stage
from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import MarketData
from polyfolio.objects.orchestrator import (
    CorrelationAgent,
    ExecutionConfig,
    ExecutionContext,
    ExecutionState,
    PortfolioTradeExecutor,
    ResizingEvent,
    RiskManagementAgent,
    RiskResizingMonitor,
    SystemInput,
    TradeExecutionOrchestrator,
    TradeProposal,
    TradeSelectionConfig,
)
from polyfolio.objects.orchestrator import orchestrator as orchestrator_module
from polyfolio.rules.spec import Spec
from polyfolio.strategies.portfolio_signals import PortfolioSignalAggregator
from polyfolio.strategies.signal import StrategySignal
from tests.objects.orchestrator.worlds import UNCORRELATED, bars, cash, five_alike, weights_config
from tests.objects.tools import make_tape, momentum


def begun(orchestrator: TradeExecutionOrchestrator, signals: Any, data: Any) -> tuple[TradeProposal, ExecutionState]:
    state = orchestrator.begin(SystemInput(signals, data, cash()))
    return orchestrator.agents["position"].step(None, state), state


def turn(orchestrator: TradeExecutionOrchestrator, state: ExecutionState, stage: Stage) -> None:
    at = state.seat.codes.index(int(stage))
    state.stretch = (at, at + 1)


def test_a_configuration_in_the_documents_words_has_its_defaults() -> None:
    lane = ExecutionConfig().spec().lanes[0]
    assert (lane.limits.max_position, lane.limits.min_position) == (0.1, 0.01)
    assert (lane.risk.max_volatility, lane.risk.max_position_risk, lane.risk.max_var) == (0.15, 0.05, 0.02)
    assert (lane.correlation.limit, lane.correlation.adjustment_factor) == (0.7, 0.5)
    assert lane.execution.order_type.name == "LIMIT"
    assert (lane.execution.price_threshold, lane.execution.market_impact_limit) == (0.01, 0.005)
    assert (lane.feedback.iterations, lane.feedback.resize_threshold) == (3, 0.5)
    tighter = ExecutionConfig.of(
        {"feedback_config": {"risk_tolerance": {"portfolio_risk": 0.1, "position_risk": 1.0, "var": 1.0}}}
    )
    assert tighter.spec().lanes[0].risk.max_volatility == 0.1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"position_confg": {}}, "Did you mean `position_config`"),
        ({"risk_config": {"var_limits": 1}}, "Did you mean `var_limit`"),
        ({"position_config": {"method": "risk_partiy"}}, "risk_parity"),
        ({"risk_config": {"var_limit": -1.0}}, r"risk_config\.var_limit"),
        ({"execution_config": {"default_order_type": "LIMMIT"}}, "order_type"),
        ({"selection": {"priorities": {"A": 1.5}}}, "whole number"),
        ({"lot": -1.0}, "lot"),
        ({"sections": {"execution": {"fill": "same_close"}}}, "a later fill where agents decide"),
        ({"sections": {"execution": {"sizing": "fill"}}}, "decision where agents decide"),
        ({"position_config": {"method": "orders"}}, "another one where agents decide"),
    ],
)
def test_a_wrong_configuration_is_refused_by_its_own_words(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TradeExecutionOrchestrator(config)


def test_a_proposal_has_trades_confidence_and_reasons() -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config(**UNCORRELATED))
    data = bars(AAPL=(150.0, 1, 0.2), MSFT=(280.0, 2, 0.2))
    signals = {"AAPL": StrategySignal(0.15, 0.8), "MSFT": StrategySignal(-0.05, 0.4)}
    proposal, _ = begun(orchestrator, signals, data)
    assert [(t.symbol, t.type, t.quantity, t.price) for t in proposal.trades] == [
        ("AAPL", "BUY", 100.0, 150.0),
        ("MSFT", "SELL", -17.0, 280.0),
    ]
    # (0.8 x 0.15 + 0.4 x 0.05) / 0.2
    assert proposal.confidence == pytest.approx(0.7)
    assert proposal.reasoning == "AAPL: signal 0.15 -> 0.15; MSFT: signal -0.05 -> -0.05"


def test_words_numbers_and_documented_signals_are_heard() -> None:
    class Documented:
        signal, confidence = 0.5, 0.25

    orchestrator = TradeExecutionOrchestrator(weights_config(**UNCORRELATED))
    data = bars(A=(10.0, 1, 0.05), B=(10.0, 2, 0.05), C=(10.0, 4, 0.05))
    proposal, _ = begun(orchestrator, {"A": Documented(), "B": StrategySignal("SELL"), "C": 0.0}, data)
    assert proposal.sizes == {"A": 0.5, "B": -1.0, "C": 0.0}
    assert proposal.confidence == pytest.approx((0.25 * 0.5 + 0.5 * 1.0) / 1.5)


def test_a_risk_adjustment_names_factors_metrics_and_warnings() -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config(**UNCORRELATED))
    data = bars(AAPL=(150.0, 1, 0.07 / 0.15), MSFT=(280.0, 2, 0.03 / 0.14))
    proposal, state = begun(orchestrator, {"AAPL": 0.15, "MSFT": -0.14}, data)
    agent = orchestrator.risk_agent
    assert isinstance(agent, RiskManagementAgent)
    turn(orchestrator, state, Stage.FEEDBACK)
    adjustment = agent.analyze_risk(proposal, state)
    assert adjustment.adjustments == pytest.approx({"AAPL": 0.05 / 0.07})
    assert adjustment.risk_metrics.portfolio_risk == pytest.approx((0.05**2 + 0.03**2) ** 0.5)
    assert adjustment.risk_metrics.drawdown == 0.0
    assert adjustment.warnings[0].startswith("AAPL: 0.15 -> 0.107143 (feedback, feedback)")
    assert agent.adjust_trades(proposal, adjustment).sizes == adjustment.sizes


def test_a_correlation_adjustment_is_the_documents_damping() -> None:
    """Correlation 1 over a limit of 0.7: each is multiplied by 1 - 0.5; a hedge is left alone."""
    orchestrator = TradeExecutionOrchestrator(weights_config())
    data = bars(A=(10.0, 1, 0.05), B=(20.0, 1, 0.05), C=(5.0, 2, 0.05))
    for other, affected, factor in ((0.3, ("A", "B"), 0.5), (-0.3, (), None)):
        proposal, state = begun(orchestrator, {"A": 0.3, "B": other, "C": 0.3}, data)
        agent = orchestrator.correlation_agent
        assert isinstance(agent, CorrelationAgent)
        turn(orchestrator, state, Stage.CORRELATION)
        adjustment = agent.analyze_correlations(proposal, state)
        assert adjustment.affected_positions == affected
        assert adjustment.adjustments == (pytest.approx({"A": 0.5, "B": 0.5}) if factor else {})
        assert adjustment.correlation_matrix["A"]["B"] == pytest.approx(1.0)
        assert adjustment.correlation_matrix["A"]["C"] == pytest.approx(0.0, abs=1e-12)
        assert agent.adjust_trades(proposal, adjustment).sizes == adjustment.sizes


def test_orders_carry_type_limit_life_and_rules() -> None:
    rules = {"max_slippage": 0.001, "min_fill": 0.8, "market_impact": {"participation_rate_limit": 0.2}}
    orchestrator = TradeExecutionOrchestrator(weights_config(sections={"execution": rules, **UNCORRELATED["sections"]}))
    data = bars(AAPL=(150.0, 1, 0.2), MSFT=(280.0, 2, 0.2))
    buy, sell = orchestrator.execute_trades({"AAPL": 0.15, "MSFT": -0.14}, cash(), data)
    assert (buy.type, buy.time_in_force, buy.quantity, buy.limit_offset) == ("LIMIT", "DAY", 100.0, 0.01)
    assert buy.price == pytest.approx(151.5)
    assert sell.price == pytest.approx(277.2)
    assert buy.execution_rules == {
        "max_slippage": 0.001,
        "min_fill": 0.8,
        "market_impact_limit": 0.005,
        "participation_rate_limit": 0.2,
    }
    assert buy.slices == (100.0,)
    assert buy.request.limit_price == buy.price
    assert buy.describe()["symbol"] == "AAPL"


def test_an_order_is_cut_to_the_impact_limit() -> None:
    """Square root: 1.0 x 0.02 x sqrt(q / 10,000) <= 0.005 gives q = 625."""
    impact = {"model": "square_root", "temporary_impact": 1.0, "permanent_impact": 0.0}
    sections = {"execution": {"market_impact": impact}, **UNCORRELATED["sections"]}
    orchestrator = TradeExecutionOrchestrator(weights_config(sections=sections))
    history = bars(A=(10.0, 1, 0.02))["A"].returns
    data = {"A": MarketData.at(10.0, volume=10_000.0, volatility=0.02, returns=history)}
    [order] = orchestrator.execute_trades({"A": 0.5}, cash(), data)
    assert order.quantity == 625.0
    assert order.impact == pytest.approx(0.005)
    assert orchestrator.state.execution_metrics["largest_impact"] == order.impact


SCHEDULES: dict[str, tuple[dict[str, Any], list[float]]] = {
    "twap": ({"model": "twap", "bars": 4}, [250.0, 250.0, 250.0, 250.0]),
    "twap in lots": ({"model": "twap", "bars": 3}, [333.0, 333.0, 334.0]),
    "vwap without expectations": ({"model": "vwap", "bars": 2}, [500.0, 500.0]),
    "pov of 3,000 units": ({"model": "pov", "rate": 0.1}, [300.0, 300.0, 300.0, 100.0]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_slices_of_a_thousand_units_by_hand(name: str) -> None:
    schedule, slices = SCHEDULES[name]
    config = weights_config(sections={"execution": {"schedule": schedule}, **UNCORRELATED["sections"]})
    history = bars(A=(50.0, 1, 0.02))["A"].returns
    data = {"A": MarketData.at(50.0, volume=3_000.0, returns=history)}
    [order] = TradeExecutionOrchestrator(config).execute_trades({"A": 0.5}, cash(), data)
    assert order.quantity == 1000.0
    assert order.slices == pytest.approx(tuple(slices))


def test_almgren_chriss_slices_follow_the_hyperbolic_sine() -> None:
    """k from cosh k = 1 + L sigma P V / (2 c); what is left after n of N bars is sinh(k (N - n)) / sinh(k N)."""
    schedule = {"model": "almgren_chriss", "bars": 5, "risk_aversion": 1e-6}
    impact = {"model": "linear", "temporary_impact": 0.1, "permanent_impact": 0.0}
    sections = {"execution": {"schedule": schedule, "market_impact": impact}, **UNCORRELATED["sections"]}
    parts: dict[str, Any] = {"execution_config": {"market_impact_limit": 0.5}, "lot": 0.0}
    history = bars(A=(50.0, 1, 0.02))["A"].returns
    data = {"A": MarketData.at(50.0, volume=1e6, volatility=0.02, returns=history)}
    [order] = TradeExecutionOrchestrator(weights_config(sections=sections, **parts)).execute_trades(
        {"A": 0.5}, cash(), data
    )
    k = np.arccosh(1.0 + 1e-6 * 0.02 * 50.0 * 1e6 / (2.0 * 0.1))
    left = np.sinh(k * (5 - np.arange(6))) / np.sinh(k * 5)
    np.testing.assert_allclose(order.slices, -np.diff(left) * order.quantity, rtol=1e-9)
    assert order.slices[0] > order.slices[-1] * 1.5


@pytest.mark.parametrize("model", ["twap", "almgren_chriss"])
def test_slices_are_what_the_engine_fills_bar_by_bar(model: str) -> None:
    tape = make_tape(40, 2)
    execution = {
        "schedule": {"model": model, "bars": 4, "risk_aversion": 1e-4},
        "market_impact": {"model": "linear", "temporary_impact": 0.05, "participation_rate_limit": None},
    }
    lane = {
        "name": "slow",
        "sizing": {"method": "weights"},
        "execution": execution,
        "account": {"initial_capital": 1e4},
    }
    executor = PortfolioTradeExecutor(Spec(name="slow", lanes=[lane]), tape)
    nothing = dict.fromkeys(tape.symbols, float("nan"))
    for _ in range(20):
        executor.step(nothing)
    first = {order.symbol: order for order in executor.step(dict.fromkeys(tape.symbols, 0.4))}
    assert {len(order.slices) for order in first.values()} == {4}
    done = len(executor.trades)
    for _ in range(4):
        executor.step(nothing)
    for symbol, order in first.items():
        filled = [trade.quantity for trade in executor.trades[done:] if trade.ticker == symbol]
        assert filled == pytest.approx(list(order.slices), rel=1e-9)


def test_a_turnover_budget_goes_to_the_names_with_priority() -> None:
    names = ["A", "B", "C", "D"]
    data = bars(**{name: (10.0, 2**at, 0.02) for at, name in enumerate(names)})
    signals = {"A": 0.3, "B": 0.2, "C": 0.1, "D": 0.1}
    for priorities, expected in (
        ({}, {"A": 3000.0, "B": 500.0}),
        ({"D": 1, "C": 2}, {"D": 1000.0, "C": 1000.0, "A": 1500.0}),
    ):
        selection = {"max_turnover": 0.35, "priorities": priorities}
        orchestrator = TradeExecutionOrchestrator(weights_config(selection=selection, **UNCORRELATED))
        orders = orchestrator.execute_trades(signals, cash(), data)
        assert {order.symbol: order.quantity for order in orders} == expected
    context = ExecutionContext(priorities={"B": 0})
    orders = orchestrator.execute(SystemInput(signals, data, cash(), context))
    assert {order.symbol: order.quantity for order in orders} == {"B": 2000.0, "D": 1000.0, "C": 500.0}
    with pytest.raises(ConfigError, match=r"priorities\.E"):
        orchestrator.execute(SystemInput(signals, data, cash(), ExecutionContext(priorities={"E": 0})))


def test_a_number_of_trades_is_kept_and_priorities_say_which() -> None:
    signals, data = five_alike()
    selection = TradeSelectionConfig(max_trades=2, priorities={"E": 1, "C": 2})
    config = weights_config(selection=selection, **UNCORRELATED)
    orders = TradeExecutionOrchestrator(config).execute_trades(signals, cash(), data)
    assert {order.symbol for order in orders} == {"C", "E"}


def test_the_monitor_logs_fields_and_counts() -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger = logging.getLogger("polyfolio.test_monitor")
    logger.setLevel(logging.INFO)
    logger.addHandler(Keep())
    told: list[ResizingEvent] = []
    monitor = RiskResizingMonitor(told.append, logger)
    orchestrator = TradeExecutionOrchestrator(weights_config(**UNCORRELATED), monitor=monitor)
    data = bars(AAPL=(150.0, 1, 0.07 / 0.15), MSFT=(280.0, 2, 0.03 / 0.14))
    orchestrator.execute_trades({"AAPL": 0.15, "MSFT": -0.14}, cash(), data)
    event = told[0]
    assert list(monitor.events) == told
    assert (event.symbol, event.original_size, event.reason, event.decision) == ("AAPL", 0.15, "feedback: feedback", 1)
    assert event.new_size == pytest.approx(0.15 * 0.05 / 0.07)
    assert event.risk_metrics.position_risks["AAPL"] == pytest.approx(0.05)
    assert monitor.metrics.count == {"AAPL": 1}
    assert monitor.metrics.removed == pytest.approx({"AAPL": 0.15 - event.new_size})
    fields: Any = records[0].resizing  # type: ignore[attr-defined]
    assert (fields["symbol"], fields["original_size"], fields["reason"]) == ("AAPL", 0.15, "feedback: feedback")
    assert records[0].getMessage() == "position resized: AAPL from 0.15 to 0.107143 due to feedback: feedback"


def test_the_agents_remember_their_decisions() -> None:
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(weights_config())
    for _ in range(3):
        orchestrator.execute_trades(signals, cash(), data)
    for agent in (orchestrator.position_agent, orchestrator.risk_agent, orchestrator.correlation_agent):
        assert agent.state.performance_metrics["decisions"] >= 3
        assert agent.state.historical_decisions[-1].number == 3
    damped = orchestrator.correlation_agent.state.historical_decisions[-1]
    assert all(damped.after[name] < damped.before[name] for name in signals)
    assert orchestrator.state.agent_states["risk"] is orchestrator.risk_agent.state
    for _ in range(260):
        orchestrator.execute_trades(signals, cash(), data)
    assert len(orchestrator.correlation_agent.state.historical_decisions) == 250


def test_several_strategies_trade_a_tape_through_an_aggregator() -> None:
    tape = make_tape(80)
    trend = momentum(tape)
    risk = {"min_history": 20, "var_window": 20}
    parts = {"correlation_config": {"correlation_lookback": 20}, "sections": {"risk": risk}}
    aggregator = PortfolioSignalAggregator(weights={"trend": 0.75, "other": 0.25})
    executor = PortfolioTradeExecutor(ExecutionConfig.of(parts), tape, aggregator=aggregator)

    def say(row: int, data: Any, state: Any) -> dict[str, dict[str, float]]:
        assert list(data) == list(tape.symbols)
        assert state.total_value > 0.0
        now = np.sign(trend[row]).tolist()
        return {"trend": dict(zip(tape.symbols, now, strict=True)), "other": dict.fromkeys(tape.symbols, 1.0)}

    executor.run(say)
    joined = PortfolioTradeExecutor(ExecutionConfig.of(parts), tape).run(0.75 * np.sign(trend) + 0.25)
    assert executor.trades
    assert executor.desk.book.digest() == joined.desk.book.digest()
    with pytest.raises(DataError, match="The tape has ended"):
        executor.step({})


def test_what_cannot_be_decided_is_refused_with_a_remedy() -> None:
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(weights_config())
    with pytest.raises(DataError, match="a ticker with market data"):
        orchestrator.execute_trades({"ZZZ": 1.0}, cash(), data)
    with pytest.raises(DataError, match="finite number"):
        orchestrator.execute_trades({"A": float("inf")}, cash(), data)
    with pytest.raises(DataError, match="market_data"):
        orchestrator.execute_trades(signals, cash())
    with pytest.raises(DataError, match="worth more than 0"):
        orchestrator.execute_trades(signals, cash(-1.0), data)
    orchestrator.observe(data)
    assert orchestrator.execute_trades(signals, cash())
    assert orchestrator.seat.requests()


def test_examples_run() -> None:
    assert doctest.testmod(orchestrator_module).attempted > 0
    assert doctest.testmod(orchestrator_module).failed == 0
