"""The agents one after the other, and the lane's program run whole: the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.engine.engine import Engine
from polyfolio.objects import MarketData, PortfolioState, Position
from polyfolio.objects.orchestrator import (
    ExecutionConfig,
    PortfolioTradeExecutor,
    SystemInput,
    TradeExecutionOrchestrator,
)
from polyfolio.objects.orchestrator.configs import in_order, lane_of
from polyfolio.objects.orchestrator.seat import TO_THE_END, BenchSeat
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from tests.objects.test_same_book import LANES
from tests.objects.tools import COSTS, LIMITED, make_tape, momentum

MORE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "risk parity, selection, twap": (
        {
            "sizing": {"method": "risk_parity"},
            **LIMITED,
            "limits": {"max_position": 0.3, "max_gross": 1.0, "max_turnover": 0.2, "max_trades": 2},
            "execution": {**COSTS, "schedule": {"model": "twap", "bars": 3}},
            "rebalance": {"every": "week"},
        },
        {},
    ),
    "speed of recovery, position risk, min position": (
        {
            "sizing": {"method": "signal_strength"},
            "limits": {"max_position": 0.3, "min_position": 0.02},
            "risk": {
                "max_volatility": 0.06,
                "max_position_risk": 0.03,
                "risk_adjustment_speed": 0.1,
                "min_history": 40,
                "covariance": {"window": 40},
            },
            "feedback": {"iterations": 2, "resize_threshold": 0.6},
            "correlation": {"limit": 0.1, "rule": "damp", "adjustment_factor": 0.5},
        },
        {"lot": 1.0, "closed": 0.05},
    ),
}
ALL = {**LANES, **MORE}


def assert_same(executor: PortfolioTradeExecutor, engine: Engine) -> None:
    ours, theirs = executor.desk.book.arrays(), engine.book.arrays()
    assert [name for name in ours if ours[name].tobytes() != theirs[name].tobytes()] == []
    assert executor.journal.lane(0) == engine.journal.lane(0)
    assert executor.journal.fills.size > 0


@pytest.mark.parametrize("reordered", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_the_agents_leave_the_book_and_the_journal_of_the_engine(name: str, reordered: bool) -> None:
    lane, shape = ALL[name]
    tape = make_tape(121, **shape)
    spec = Spec(name="same", journal="full", checked=True, lanes=[{"name": "lane", **lane}])
    spec = in_order(spec) if reordered else spec
    signals = momentum(tape)
    engine = Engine(compile_spec(spec, tape.universe), tape, signals[None].copy()).run()
    executor = PortfolioTradeExecutor(spec, tape).run(signals)
    assert_same(executor, engine)
    assert not executor.orchestrator.actions
    assert executor.orchestrator.recovery.failures == {}


def test_the_documents_configuration_is_a_lane_like_any_other() -> None:
    tape = make_tape(300)
    config = ExecutionConfig.of({"position_config": {"method": "risk_parity", "learning_rate": 0.0}})
    spec = config.spec()
    names = ["size", "filter", "cap_position", "min_position", "feedback", "cap_position_risk", "correlation", "scale"]
    assert list(spec.lanes[0].program or ()) == names
    signals = momentum(tape)
    engine = Engine(compile_spec(spec, tape.universe), tape, signals[None].copy()).run()
    assert_same(PortfolioTradeExecutor(config, tape).run(signals), engine)


def world(random: np.random.Generator) -> tuple[dict[str, float], PortfolioState, dict[str, MarketData]]:
    names = [f"N{i}" for i in range(int(random.integers(1, 9)))]
    common = random.normal(0.0, 0.01, 120)
    data = {
        name: MarketData.at(
            float(random.uniform(5, 500)),
            volume=float(random.uniform(1e4, 1e6)),
            volatility=0.02,
            returns=common * random.uniform(0, 1) + random.normal(0.0, 0.01, 120),
        )
        for name in names
    }
    held = {
        name: Position(name, float(random.integers(-50, 50)), data[name].close, data[name].close)
        for name in names
        if random.uniform() < 0.5
    }
    signals = {name: float(random.uniform(-1, 1)) for name in names if random.uniform() < 0.8}
    return signals, PortfolioState(1e5, 1e5, held), data


def test_alone_the_agents_want_and_order_what_the_program_does_in_random_worlds() -> None:
    """Whole: one stretch over all stages on a second bench that hears the same."""
    random = np.random.default_rng(11)
    traded = 0
    for number in range(60):
        config = ExecutionConfig.of(
            {
                "position_config": {
                    "method": ["equal_weight", "risk_parity", "signal_strength", "kelly"][number % 4],
                    "max_position_size": 0.3,
                },
                "correlation_config": {"max_correlation": 0.2, "correlation_lookback": 60},
                "selection": {"max_turnover": 0.4} if number % 3 == 0 else {},
                "sections": {"risk": {"var_window": 60, "min_history": 60}},
                "lot": float(number % 2),
            }
        )
        signals, state, data = world(random)
        one = TradeExecutionOrchestrator(config)
        orders = one.execute_trades(signals, state, data)
        whole = BenchSeat(lane_of(config), tuple(data), 252.0, float(number % 2))
        whole.begin(signals, SystemInput(signals, data, state))
        whole.run(0, TO_THE_END)
        assert one.seat.scratch.want.tobytes() == whole.scratch.want.tobytes()
        assert one.seat.book.lane_bytes(0) == whole.book.lane_bytes(0)
        assert {order.symbol: order.quantity for order in orders} == {r.ticker: r.quantity for _, r in whole.requests()}
        assert np.concatenate(one.seat.events).tobytes() == np.concatenate(whole.events).tobytes()
        traded += len(orders)
    assert traded > 60
