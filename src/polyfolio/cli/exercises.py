"""One call of everything that is compiled, through the functions that people's runs go through."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from polyfolio import objects
from polyfolio.backtests.active import against
from polyfolio.cli import exercises_of_portfolios
from polyfolio.engine import warm
from polyfolio.engine.engine import Engine
from polyfolio.kernels.compile import source_digest
from polyfolio.report.combined import combined_page
from polyfolio.report.episodes import compounded_by, drawdown_table
from polyfolio.report.metrics import Benchmark, Convention, metrics_from_marks, metrics_from_returns
from polyfolio.report.results import Results
from polyfolio.report.run_page.page import run_page
from polyfolio.rules.identity import run_id

DESK_ROWS = 4


def run(everything: bool = True) -> None:
    """Walk a tiny tape and report on it as a backtest does; if asked, use all that is asked for by name too."""
    results, engine = report()
    if everything:
        warm.exercise_the_rest()
        warm.exercise_agents()
        by_name(results, engine)
        on_a_desk()
        alone()
        exercises_of_portfolios.run()


def report() -> tuple[Results, Engine]:
    """What `polyfolio backtest` computes, its pages included."""
    engine = warm.exercise()
    tape, spec = engine.tape, warm.tiny_spec()
    results = Results(
        spec, engine.plan, tape, engine.journal, run_id(spec, tape.digest(), source_digest()), engine.book
    )
    results.record()
    results.trade_table()
    results.attribution(0)
    metrics_from_marks(results.journal.marks, tape.times, Convention("polyfolio", periods_per_year=252.0))
    drawdown_table(results.equity(0), tape.times)
    for lane in results.lanes:
        run_page(results, lane)
    combined_page(results)
    return results, engine


def by_name(results: Results, engine: Engine) -> None:
    """The reports that are asked for by name."""
    tape = engine.tape
    against(results, 0, {tape.symbols[0]: 1.0}, "symbol")
    path = results.equity(0)
    compounded_by(np.zeros(path.size), np.zeros(path.size, dtype=np.int64))
    benchmark = Benchmark(np.zeros(path.size - 1), tape.times[1:])
    for name in ("polyfolio", "quantstats"):
        convention = Convention(name, periods_per_year=252.0)
        metrics_from_marks(results.journal.marks, tape.times, convention, benchmark)
        metrics_from_returns(np.zeros(path.size - 1), tape.times, convention, benchmark)


def on_a_desk() -> None:
    """The four objects on one lane, verb by verb."""
    tape = warm.tiny_tape()
    desk = objects.open_desk(warm.tiny_spec(), tape)
    simulator, manager = objects.ExecutionSimulator(desk=desk), objects.PortfolioManager(desk=desk)
    sizer, guard = objects.PositionSizer(desk=desk), objects.RiskManager(desk=desk)
    requests: list[objects.TradeRequest] = []
    for row in range(DESK_ROWS):
        data = objects.market_data(tape, row)
        trades = simulator.execute_trades(requests, data)
        elsewhere = objects.Trade("A", 1.0, 100.0, None, 0.1, 0.0, f"elsewhere {row}")
        manager.update_portfolio([*trades, elsewhere], data)
        state = manager.get_portfolio_state()
        sizes = sizer.calculate_position_sizes(dict.fromkeys(tape.symbols, 1.0), state, data)
        requests = manager.trade_requests(guard.adjust_positions_for_risk(sizes, state, data), data)
        guard.check_risk_constraints(state, requests)


def alone() -> None:
    """The objects on market data of their own, and the functions beside them."""
    returns = np.linspace(-0.01, 0.01, warm.ROWS)
    data = {name: objects.MarketData.at(100.0, volume=1e6, volatility=0.01, returns=returns) for name in "AB"}
    manager, guard = objects.PortfolioManager(), objects.RiskManager({"max_portfolio_risk": 0.02})
    state = manager.get_portfolio_state()
    sizes = objects.PositionSizer().calculate_position_sizes({"A": 1.0, "B": 0.5}, state, data)
    requests = manager.trade_requests(guard.adjust_positions_for_risk(sizes, state, data), data)
    guard.check_risk_constraints(state, requests)
    cast(Any, guard.risk_models["var"])(sizes)
    manager.update_portfolio(objects.ExecutionSimulator().execute_trades(requests, data), data)
    manager.get_portfolio_state()
    objects.CommissionModel().calculate(1.0, 100.0)
    objects.SlippageModel().calculate(1.0, 100.0, volume=1e6)
    objects.MarketImpactModel().calculate(1.0, 1e6, 0.01)
    config = {"lifecycle_stage": "MATURE", "validation": {"sharpe_ratio": 2.0}, "performance": {"gross_win_rate": 60.0}}
    objects.calculate_position_size(config, 1e5, {"direction": "BUY", "confidence": 0.9})
    portfolio = {
        "daily_pnl": 0.0,
        "total_value": 1e5,
        "total_exposure": 0.0,
        "exposures_by_asset": {},
        "open_positions": [],
    }
    objects.validate_signal_execution({"pair": "A", "position_size": 500.0}, portfolio, config)
