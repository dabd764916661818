"""One call of what is compiled for several portfolios, schedules, capital, lots and profit by strategy."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio import objects
from polyfolio.backtests.run import backtest
from polyfolio.backtests.session import Session
from polyfolio.core.records import RULES
from polyfolio.engine import warm
from polyfolio.engine.memory import records
from polyfolio.kernels import cost_terms, holdings
from polyfolio.kernels.measures import rolling
from polyfolio.objects.orchestrator import ExecutionConfig, TradeExecutionOrchestrator, TradeSelectionConfig
from polyfolio.report.by_strategy import by_strategy
from polyfolio.report.tax_lots import tax_lots
from polyfolio.strategies.least_variance import least_variance

HALF = warm.ROWS // 2


def run() -> None:
    """Walk two portfolios that work orders over bars and divide their capital; look at one in every way."""
    tape = warm.tiny_tape()
    session = Session(spec(), tape)
    session.run(HALF)
    session.transfer("a", None, 1.0)
    session.transfer(None, "b", 1.0)
    session.remove("b")
    session.run()
    session.result()
    result = backtest(spec(), tape)
    by_strategy(result, "a")
    tax_lots(result, "a")
    by_hand(result.equity("a"))
    in_turns()


def spec() -> dict[str, Any]:
    """Two portfolios in one group, each of one member."""
    members = {"members": {"rising": {"name": "momentum", "params": {"lookback": 2}}}}
    lane = {
        "strategy": {"name": "portfolio", "params": members},
        "execution": {"schedule": {"model": "vwap", "bars": 2}},
        "limits": {"min_cash_reserve": 0.5},
        "rebalance": {"every": 2},
    }
    return {
        "name": "warm",
        "journal": "full",
        "lanes": [{"name": name, **lane} for name in "ab"],
        "groups": [{"name": "g", "lanes": ["a", "b"], "capital": {"every": 5}}],
    }


def by_hand(path: Any) -> None:
    """What only optional libraries or long tapes ask for."""
    least_variance(np.eye(2))
    rules, one = records(np.zeros(1, RULES)), np.ones(1)
    tiers, terms = np.zeros((8, 3)), np.empty((cost_terms.TERMS, 1))
    cost_terms.exposure_bounds(rules, np.empty(3))
    cost_terms.cost_terms(1.0, one, one, one, one, one, rules, tiers, terms)
    holdings.grown(1.0, path, np.empty(path.size))
    ends = np.array([2], dtype=np.int64)
    found = np.empty((1, len(rolling.NAMES)))
    rolling.windows(path, np.zeros(path.size), path, ends, 2, 252.0, np.empty(rolling.SIZE), found)


def in_turns() -> None:
    """Agents one after another, with priorities, and the slices of their orders."""
    returns = np.linspace(-0.01, 0.01, warm.ROWS)
    data = {name: objects.MarketData.at(100.0, volume=1e6, volatility=0.01, returns=returns) for name in "AB"}
    config = ExecutionConfig(
        selection=TradeSelectionConfig(priorities={"A": 1}, max_turnover=0.1),
        sections={"execution": {"schedule": {"model": "twap", "bars": 2}}, "risk": {"warmup": "pass"}},
    )
    state = objects.PortfolioState(total_value=1e6, cash=1e6)
    TradeExecutionOrchestrator(config).execute_trades({"A": 0.5, "B": 0.5}, state, data)
