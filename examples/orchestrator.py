"""Agents that turn signals into orders: the worked example of the loop, a failing agent, and a run on a tape."""

from __future__ import annotations

import logging

import numpy as np

import polyfolio as pf

DAYS, YEAR = 256, 252.0


def returns(step: int, volatility: float) -> np.ndarray:
    """Up and down in blocks of `step` days, with exactly this annualised volatility."""
    signs = np.where(np.arange(DAYS) // step % 2 == 0, 1.0, -1.0)
    return signs * volatility * np.sqrt((DAYS - 1) / DAYS / YEAR)


# 100 shares of AAPL have a risk of 0.07, 50 shares of MSFT one of 0.03; the limit is 0.05.
data = {
    "AAPL": pf.MarketData.at(150.0, returns=returns(1, 0.07 / 0.15)),
    "MSFT": pf.MarketData.at(280.0, returns=returns(2, 0.03 / 0.14)),
}
config = pf.ExecutionConfig(
    position_config=pf.PositionSizingConfig(method="weights", max_position_size=0.3),
    sections={"risk": {"covariance": {"method": "sample", "window": DAYS}}},
)
state = pf.PortfolioState(total_value=100_000.0, cash=100_000.0)
signals = {"AAPL": 0.15, "MSFT": -0.14}
orchestrator = pf.TradeExecutionOrchestrator(config)
for order in orchestrator.execute_trades(signals, state, data):
    print(f"{order.symbol} {order.quantity:+.0f} {order.type} at {order.price:.2f}")
for event in orchestrator.monitor.events:
    print(f"{event.symbol} {event.original_size:.3f} -> {event.new_size:.3f} ({event.reason})")
print("certified:", orchestrator.last_result.passed)


class Broken(pf.CorrelationAgent):
    """Has lost its data."""

    def analyze_correlations(self, *_: object) -> pf.CorrelationAdjustment:
        """Fails."""
        raise RuntimeError("no correlations today")


quiet = logging.getLogger("example")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False
recovery = pf.RecoveryStrategy(logger=quiet, notify=lambda action: print(f"{action.agent}: {action.step.value}"))
careful = pf.TradeExecutionOrchestrator(config, agents={"correlation": Broken()}, recovery=recovery)
print([order.quantity for order in careful.execute_trades(signals, state, data)])

tape = pf.demo_tape()
trend = np.zeros(tape.close.shape)
trend[240:] = np.sign(tape.close[240:] / tape.close[:-240] - 1.0)
executor = pf.PortfolioTradeExecutor(
    pf.ExecutionConfig(
        position_config=pf.PositionSizingConfig(method="inverse_volatility", max_position_size=0.3),
        correlation_config=pf.CorrelationConfig(update_frequency="bar"),
        selection=pf.TradeSelectionConfig(max_turnover=0.2),
        sections={"rebalance": {"every": "1d"}},
    ),
    tape,
)
executor.run(trend, until=600)
remembered = executor.orchestrator.risk_agent.state.historical_decisions
print(len(executor.trades), "trades; decisions remembered:", len(remembered))
