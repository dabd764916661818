"""Size factors by hand, in a decision, and over a restored state."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import PortfolioState, Position
from polyfolio.objects.orchestrator import (
    ExecutionConfig,
    PortfolioTradeExecutor,
    PositionSizingConfig,
    TradeExecutionOrchestrator,
)
from polyfolio.objects.orchestrator.learning import Learner, adapted, sharpe_of
from tests.objects.orchestrator.worlds import UNCORRELATED, bars, weights_config
from tests.objects.tools import make_tape, momentum

YEAR = 252.0


def test_a_sharpe_ratio_is_annualised_with_one_degree_of_freedom() -> None:
    returns = np.array([[0.01, 0.0], [0.03, 0.0]])
    found = sharpe_of(returns, YEAR)
    # mean 0.02 over 0.01 sqrt 2
    assert found[0] == pytest.approx(math.sqrt(2.0) * math.sqrt(252.0))
    assert math.isnan(found[1])


def test_factors_move_by_the_clipped_ratio_and_stay_from_half_to_one_and_a_half() -> None:
    factor = adapted(np.ones(4), np.array([0.5, 9.0, -9.0, np.nan]), 0.1)
    np.testing.assert_allclose(factor, [math.exp(0.05), math.exp(0.1), math.exp(-0.1), 1.0])
    far = np.array([9.0, -9.0])
    moved = np.ones(2)
    for _ in range(20):
        moved = adapted(moved, far, 0.1)
    assert moved.tolist() == [1.5, 0.5]


def test_a_learner_pairs_each_weight_with_the_return_that_follows_it() -> None:
    learner = Learner(2, 0.1, 2, YEAR)
    one = np.ones(2)
    path = [([100.0, 50.0], [0.5, 0.0]), ([102.0, 40.0], [0.25, 0.0]), ([51.0, 40.0], [0.5, 0.1])]
    for step, (mark, weight) in enumerate(path):
        # at the last row one unit of the first became two: 51 is 102 of before
        learner.see(np.array(mark), np.array([2.0, 1.0]) if step == 2 else one)
        learner.decided(np.array(weight))
    # returns 0.5 x 2 %, 0.25 x 0 %: mean 0.005, deviation 0.01 / sqrt 2; the other name was not held
    sharpe = 0.005 / (0.01 / math.sqrt(2.0)) * math.sqrt(YEAR)
    np.testing.assert_allclose(learner.factor, [math.exp(0.1 * min(sharpe, 1.0)), 1.0])
    assert learner.returns == []


def test_what_was_learned_sizes_the_next_decision_and_the_caps_still_hold() -> None:
    """Two names held at 0.1; one rises at every decision, the other falls: 10 % at a rate of ln 1.1."""
    rate = math.log(1.1)
    position = {"learning_rate": rate, "adaptation_period": 3, "max_position_size": 0.105}
    orchestrator = TradeExecutionOrchestrator(weights_config(position=position, lot=0.0, **UNCORRELATED))
    ups, sizes = [100.0, 101.0, 103.0, 104.0], []
    for up in ups:
        data = bars(UP=(up, 1, 0.2), DOWN=(10_000.0 / up, 2, 0.2))
        held = {name: Position(name, 0.0, 1.0, data[name].close) for name in data}
        orchestrator.execute_trades({"UP": 0.1, "DOWN": 0.1}, PortfolioState(1e5, 1e5, held), data)
        sizes.append(orchestrator.state.trade_proposals[-1].sizes)
    assert sizes[2] == pytest.approx({"UP": 0.1, "DOWN": 0.1})
    learned = orchestrator.position_agent.state.learning_state
    assert learned["factor"] == pytest.approx([1.1, 1.0 / 1.1])
    data = bars(UP=(104.0, 1, 0.2), DOWN=(10_000.0 / 104.0, 2, 0.2))
    orchestrator.execute_trades({"UP": 0.1, "DOWN": 0.1}, PortfolioState(1e5, 1e5), data)
    # 0.11 is over the cap of 0.105
    assert orchestrator.state.trade_proposals[-1].sizes == pytest.approx({"UP": 0.105, "DOWN": 0.1 / 1.1})
    assert any(event.reason == "size: extension" for event in orchestrator.monitor.events)
    assert orchestrator.last_result.passed


def test_a_rate_of_0_learns_nothing_and_wrong_ones_are_refused() -> None:
    learner = Learner(1, 0.0, 2, YEAR)
    for mark in (1.0, 2.0, 4.0):
        learner.see(np.array([mark]), np.ones(1))
        learner.decided(np.ones(1))
    assert learner.factor.tolist() == [1.0]
    with pytest.raises(ConfigError, match="learning_rate"):
        PositionSizingConfig(learning_rate=-0.1)
    with pytest.raises(ConfigError, match="adaptation_period"):
        PositionSizingConfig(adaptation_period=1)


def adaptive(**position: Any) -> ExecutionConfig:
    learns = {"learning_rate": 0.2, "adaptation_period": 5, "method": "signal_strength", **position}
    risk = {"min_history": 20, "var_window": 20}
    parts = {"position_config": learns, "correlation_config": {"correlation_lookback": 20}, "sections": {"risk": risk}}
    return ExecutionConfig.of(parts)


def test_an_executor_goes_on_from_its_state_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    tape = make_tape(120)
    signals = momentum(tape)
    whole = PortfolioTradeExecutor(adaptive(), tape).run(signals)
    first = PortfolioTradeExecutor(adaptive(), tape).run(signals, until=60)
    first.save(tmp_path / "state.json")
    second = PortfolioTradeExecutor(adaptive(), tape).restore(tmp_path / "state.json").run(signals)
    assert second.desk.book.digest() == whole.desk.book.digest()
    for name in ("events", "fills", "marks"):
        late = getattr(whole.journal, name)
        assert late[late["row"] >= 60].tobytes() == getattr(second.journal, name).tobytes()
    assert second.desk.realised.tobytes() == whole.desk.realised.tobytes()
    factors = second.orchestrator.position_agent.state.learning_state["factor"]
    assert factors == whole.orchestrator.position_agent.state.learning_state["factor"]
    assert min(factors) < 1.0 < max(factors)
    ours, theirs = second.orchestrator.risk_agent.state, whole.orchestrator.risk_agent.state
    assert ours.plain() == theirs.plain()


def test_learning_changes_the_run() -> None:
    tape = make_tape(120)
    signals = momentum(tape)
    one = PortfolioTradeExecutor(adaptive(), tape).run(signals)
    other = PortfolioTradeExecutor(adaptive(learning_rate=0.0), tape).run(signals)
    assert one.desk.book.digest() != other.desk.book.digest()


def test_alone_the_state_is_restored_too(tmp_path: Path) -> None:
    data = bars(A=(10.0, 1, 0.9), B=(20.0, 2, 0.9))
    calm = bars(A=(10.0, 1, 0.1), B=(20.0, 2, 0.1))
    risk = {"max_portfolio_risk": 0.15, "max_position_risk": 9.0, "var_limit": 0.5, "risk_adjustment_speed": 0.1}
    config = weights_config(risk_config=risk, risk_feedback=None, **UNCORRELATED)
    one, said = TradeExecutionOrchestrator(config), {"A": 0.5, "B": -0.5}
    state = PortfolioState(1e5, 1e5)
    one.execute_trades(said, state, data)
    one.save(tmp_path / "state.json")
    two = TradeExecutionOrchestrator(config)
    two.restore(tmp_path / "state.json")
    fresh = TradeExecutionOrchestrator(config)
    ours, theirs, new = (orchestrator.execute_trades(said, state, calm) for orchestrator in (two, one, fresh))
    assert ours == theirs
    assert two.seat.book.lane_bytes(0) == one.seat.book.lane_bytes(0)
    assert two.number == one.number == 2
    # the scale that was cut recovers by risk_adjustment_speed: it is part of the state
    assert {order.symbol: order.quantity for order in new} != {order.symbol: order.quantity for order in ours}


def test_a_state_file_that_is_none_is_refused(tmp_path: Path) -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config())
    path = tmp_path / "state.json"
    with pytest.raises(DataError, match="a readable JSON file"):
        orchestrator.restore(path)
    path.write_text("{broken")
    with pytest.raises(DataError, match="a readable JSON file"):
        orchestrator.restore(path)
    path.write_text("[]")
    with pytest.raises(DataError, match="polyfolio orchestrator"):
        orchestrator.restore(path)
    orchestrator.save(path)
    data = json.loads(path.read_text())
    assert data["version"] == 1
    path.write_text(json.dumps({**data, "version": 99}))
    with pytest.raises(DataError, match="version: got 99"):
        orchestrator.restore(path)
    path.write_text(json.dumps({**data, "agents": {}}))
    with pytest.raises(DataError, match="all agents"):
        orchestrator.restore(path)
    orchestrator.save(path)
    with pytest.raises(DataError, match="saved on"):
        PortfolioTradeExecutor(adaptive(), make_tape(30)).restore(path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config())
    path = tmp_path / "state.json"
    orchestrator.save(path)
    before = path.read_bytes()
    orchestrator.position_agent.state.performance_metrics["a function"] = test_learning_changes_the_run  # type: ignore[assignment]
    with pytest.raises(TypeError):
        orchestrator.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_disk_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orchestrator = TradeExecutionOrchestrator(weights_config())
    path = tmp_path / "state.json"
    orchestrator.save(path)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    orchestrator.number = 7
    with pytest.raises(OSError, match="no space left"):
        orchestrator.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
