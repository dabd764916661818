"""One lane through the objects, verb by verb, and through the engine: the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.engine.engine import Engine
from polyfolio.objects import (
    Desk,
    ExecutionSimulator,
    PortfolioManager,
    PositionSizer,
    RiskManager,
    TradeRequest,
    market_data,
)
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec
from tests.objects.tools import COSTS, LIMITED, make_tape, momentum


def plan_of(tape: Any, *lanes: dict[str, Any]) -> Plan:
    spec = Spec(
        name="same", journal="full", checked=True, lanes=[{"name": f"lane{i}", **lane} for i, lane in enumerate(lanes)]
    )
    return compile_spec(spec, tape.universe)


def by_objects(plan: Plan, tape: Any, signals: np.ndarray, lane: int = 0) -> Desk:
    desk = Desk(plan, tape, lane)
    manager, sizer = PortfolioManager(desk=desk), PositionSizer(desk=desk)
    risk, execution = RiskManager(desk=desk), ExecutionSimulator(desk=desk)
    source, requests = int(plan.rules["signal"][lane]), []
    for row in range(tape.rows):
        data = market_data(tape, row)
        manager.update_portfolio(execution.execute_trades(requests, data), data)
        state = manager.get_portfolio_state()
        heard = signals[source, row if signals.shape[1] > 1 else 0]
        sizes = sizer.calculate_position_sizes(dict(zip(tape.symbols, heard.tolist(), strict=True)), state, data)
        requests = manager.trade_requests(risk.adjust_positions_for_risk(sizes, state, data), data)
    desk.close()
    return desk


def assert_same(desk: Desk, engine: Engine, lane: int = 0) -> None:
    ours, theirs = desk.book.arrays(), engine.book.arrays()
    names = [name for name in ours if name != "slot_of"]
    differing = [name for name in names if ours[name][lane].tobytes() != theirs[name][lane].tobytes()]
    assert not differing
    assert desk.book.lane_bytes(lane) == engine.book.lane_bytes(lane)
    assert desk.journal.lane(lane) == engine.journal.lane(lane)
    assert desk.journal.fills.size > 0


LANES = {
    "equal weight with costs": ({"sizing": {"method": "equal_weight"}, "execution": COSTS}, {}),
    "limits, VaR, correlation, feedback, exits": ({"sizing": {"method": "signal_strength"}, **LIMITED}, {}),
    "weekly, gtc limit orders": (
        {
            "sizing": {"method": "inverse_volatility"},
            "rebalance": {"every": "week", "threshold": 0.01},
            "execution": {**COSTS, "order_type": "limit", "time_in_force": "gtc", "price_threshold": 0.002},
        },
        {},
    ),
    "lots, closed bars, drawdown": (
        {
            "sizing": {"method": "signal_strength"},
            **LIMITED,
            "account": {"initial_capital": 30_000.0},
            "risk": {"max_drawdown": 0.03, "max_volatility": 0.2, "covariance": {"window": 60}},
        },
        {"lot": 1.0, "closed": 0.05},
    ),
}


@pytest.mark.parametrize("name", LANES)
def test_objects_and_engine_leave_the_same_book_and_journal(name: str) -> None:
    lane, shape = LANES[name]
    tape = make_tape(201, **shape)
    plan = plan_of(tape, lane)
    signals = momentum(tape)[None].copy()
    engine = Engine(plan, tape, signals).run()
    assert_same(by_objects(plan, tape, signals), engine)


def test_a_lane_among_others_is_driven_alone() -> None:
    tape = make_tape(80)
    plan = plan_of(
        tape,
        {"sizing": {"method": "equal_weight"}, "execution": COSTS},
        {"sizing": {"method": "signal_strength"}, **LIMITED},
    )
    signals = np.stack([np.ones(tape.close.shape), momentum(tape)])
    engine = Engine(plan, tape, signals).run()
    for lane in range(2):
        assert_same(by_objects(plan, tape, signals, lane), engine, lane)


def test_a_margin_call_is_the_same_too() -> None:
    tape = make_tape(120, 3)
    plan = plan_of(
        tape,
        {
            "sizing": {"method": "weights", "allow_short": True},
            "limits": {"max_leverage": 12.0},
            "account": {"maintenance_margin": 0.08},
        },
    )
    signals = np.tile(np.array([9.0, -1.0, 1.0]), (1, tape.rows, 1))
    engine = Engine(plan, tape, signals).run()
    assert (engine.journal.fills["reason"] == 45).any()
    assert_same(by_objects(plan, tape, signals), engine)


def test_the_state_shows_what_the_book_holds() -> None:
    tape = make_tape(60)
    plan = plan_of(tape, {"sizing": {"method": "signal_strength"}, **LIMITED})
    desk = Desk(plan, tape)
    manager, execution = PortfolioManager(desk=desk), ExecutionSimulator(desk=desk)
    sizer, risk = PositionSizer(desk=desk), RiskManager(desk=desk)
    signals, requests = momentum(tape), []
    for row in range(40):
        data = market_data(tape, row)
        manager.update_portfolio(execution.execute_trades(requests, data), data)
        state = manager.get_portfolio_state()
        worth = sum(p.quantity * p.current_price for p in state.positions.values())
        assert state.total_value == pytest.approx(state.cash + worth, rel=1e-12)
        realised = float(desk.journal.fills["realised"].sum())
        assert state.realized_pnl == pytest.approx(realised, abs=1e-6)
        profit = sum(p.quantity * (p.current_price - p.average_price) for p in state.positions.values())
        assert state.unrealized_pnl == pytest.approx(profit, abs=1e-6)
        sizes = sizer.calculate_position_sizes(dict(zip(tape.symbols, signals[row].tolist(), strict=True)), state, data)
        requests = manager.trade_requests(risk.adjust_positions_for_risk(sizes, state, data), data)
    assert len(manager.portfolio_history) == 40
    assert sum(len(trades) for trades in desk.trades.values()) == desk.journal.fills.size
    assert manager.calculate_performance_metrics()["total_return"] == pytest.approx(
        manager.get_portfolio_state().total_value / 1e6 - 1.0
    )


def test_a_request_that_is_left_out_is_not_executed_and_a_changed_one_is() -> None:
    tape = make_tape(10, 3)
    uncapped = {"market_impact": {"participation_rate_limit": None}}
    desk = Desk(plan_of(tape, {"sizing": {"method": "equal_weight"}, "execution": uncapped}), tape)
    manager, execution = PortfolioManager(desk=desk), ExecutionSimulator(desk=desk)
    sizer, risk = PositionSizer(desk=desk), RiskManager(desk=desk)
    data = market_data(tape, 0)
    manager.update_portfolio(execution.execute_trades([], data), data)
    state = manager.get_portfolio_state()
    sizes = sizer.calculate_position_sizes(dict.fromkeys(tape.symbols, 1.0), state, data)
    requests = manager.trade_requests(risk.adjust_positions_for_risk(sizes, state, data), data)
    assert [request.ticker for request in requests] == ["S0", "S1", "S2"]
    trades = execution.execute_trades([requests[0], TradeRequest("S1", 7.0)], market_data(tape, 1))
    assert {trade.ticker: trade.quantity for trade in trades} == {"S0": requests[0].quantity, "S1": 7.0}
    assert {trade.ticker: trade.reason for trade in trades} == {"S0": "signal", "S1": "user_order"}
