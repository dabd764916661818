"""Failures injected at each agent: what comes out passes the certificate, or is nothing."""

from __future__ import annotations

import dataclasses
import logging
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Sizing
from polyfolio.errors import ConfigError, StopTrading
from polyfolio.objects import PortfolioState, Position
from polyfolio.objects.orchestrator import (
    AgentError,
    CorrelationAgent,
    ExecutionRulesAgent,
    ExecutionState,
    OrchestrationError,
    Order,
    PortfolioTradeExecutor,
    PositionSizingAgent,
    RecoveryAction,
    RecoveryStrategy,
    RiskManagementAgent,
    Step,
    TradeExecutionOrchestrator,
    TradeProposal,
    TradeSelector,
)
from polyfolio.objects.orchestrator.base import BaseAgent
from polyfolio.objects.orchestrator.ordering import orders_of
from polyfolio.objects.orchestrator.seat import Seat
from tests.objects.orchestrator.worlds import UNCORRELATED, bars, cash, five_alike, weights_config
from tests.objects.tools import make_tape, momentum

QUIET = logging.getLogger("quiet")
QUIET.propagate = False
QUIET.addHandler(logging.NullHandler())
USUAL = dict(TradeExecutionOrchestrator.usual)
PROPOSING = ["position", "risk", "correlation", "selector"]
Spoil = Callable[[TradeProposal], Any]


def boom(*_: Any) -> Any:
    raise RuntimeError("the model is not there")


SPOILS: dict[str, Spoil] = {
    "raises": boom,
    "nan": lambda p: dataclasses.replace(p, sizes=dict.fromkeys(p.sizes, math.nan)),
    "infinite": lambda p: dataclasses.replace(p, sizes=dict.fromkeys(p.sizes, math.inf)),
    "one missing": lambda p: dataclasses.replace(p, sizes=dict(list(p.sizes.items())[1:])),
    "one too many": lambda p: dataclasses.replace(p, sizes={**p.sizes, "ZZZ": 0.1}),
    "an array": lambda p: np.array(list(p.sizes.values())),
    "nothing": lambda _: None,
    "words": lambda p: dataclasses.replace(p, sizes=dict.fromkeys(p.sizes, "much")),
    "ten times as large": lambda p: dataclasses.replace(p, sizes={k: 10.0 * v + 1.0 for k, v in p.sizes.items()}),
}


def spoiled(name: str, spoil: Spoil, times: int = 10**9) -> BaseAgent:
    """The usual agent, whose answer is spoiled the first so many times."""
    usual = USUAL[name]
    left = [times]

    class Spoiled(usual):  # type: ignore[misc, valid-type]
        def step(self, proposal: TradeProposal | None, state: ExecutionState) -> Any:
            answer = super().step(proposal, state)
            left[0] -= 1
            return spoil(answer) if left[0] >= 0 else answer

    return Spoiled()


def selecting() -> Any:
    return weights_config(selection={"max_turnover": 0.5})


def usual_orders() -> dict[str, float]:
    signals, data = five_alike()
    found = TradeExecutionOrchestrator(selecting()).execute_trades(signals, cash(), data)
    return {order.symbol: order.quantity for order in found}


def quantities(orders: list[Order]) -> dict[str, float]:
    return {order.symbol: order.quantity for order in orders}


@pytest.mark.parametrize("what", SPOILS)
@pytest.mark.parametrize("name", PROPOSING)
def test_whatever_an_agent_does_what_comes_out_passes_the_certificate(name: str, what: str) -> None:
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(selecting(), agents={name: spoiled(name, SPOILS[what])})
    orders = orchestrator.execute_trades(signals, cash(), data)
    assert orchestrator.last_result.passed
    seat = orchestrator.seat
    assert seat.certify_orders({seat.tickers.index(order.symbol): order.quantity for order in orders}).passed
    if what != "ten times as large":  # that one may be cured by the stages that follow
        assert orchestrator.actions
        assert orchestrator.actions[-1].step is Step.STAGE
        assert quantities(orders) == usual_orders()


ORDER_SPOILS: dict[str, Callable[[list[Order]], Any]] = {
    "raises": boom,
    "nothing": lambda _: None,
    "a map": lambda orders: {order.symbol: order for order in orders},
    "larger than allowed": lambda orders: [scaled(order, 1.5) for order in orders],
    "turned around": lambda orders: [scaled(order, -1.0) for order in orders],
    "nan": lambda orders: [scaled(order, math.nan) for order in orders],
    "twice": lambda orders: [*orders, *orders],
    "unknown symbol": lambda orders: [renamed(order, "ZZZ") for order in orders],
    "request of other units": lambda orders: [dataclasses.replace(order, quantity=1.0) for order in orders],
    "limit of 0": lambda orders: [worded(order, limit_price=0.0) for order in orders],
    "unknown type": lambda orders: [worded(order, order_type="maybe") for order in orders],
}


def worded(order: Order, **words: Any) -> Order:
    return dataclasses.replace(order, request=dataclasses.replace(order.request, **words))


def scaled(order: Order, factor: float) -> Order:
    units = factor * order.quantity
    return dataclasses.replace(worded(order, quantity=units), quantity=units)


def renamed(order: Order, symbol: str) -> Order:
    return dataclasses.replace(worded(order, ticker=symbol), symbol=symbol)


class SpoiledOrders(ExecutionRulesAgent):
    """Writes the usual orders and hands on others."""

    def __init__(self, spoil: Callable[[list[Order]], Any]) -> None:
        super().__init__()
        self.spoil = spoil

    def apply_rules(self, proposal: TradeProposal, state: ExecutionState) -> Any:
        return self.spoil(super().apply_rules(proposal, state))


@pytest.mark.parametrize("what", ORDER_SPOILS)
def test_orders_that_are_no_orders_or_too_large_are_replaced_by_the_lanes_own(what: str) -> None:
    signals, data = five_alike()
    agents: dict[str, BaseAgent] = {"execution": SpoiledOrders(ORDER_SPOILS[what])}
    orchestrator = TradeExecutionOrchestrator(selecting(), agents=agents)
    assert quantities(orchestrator.execute_trades(signals, cash(), data)) == usual_orders()
    assert [action.step for action in orchestrator.actions] == [Step.RETRY, Step.STAGE]
    assert orchestrator.last_result.passed


def test_fewer_and_smaller_orders_pass_and_stand_in_the_book() -> None:
    signals, data = five_alike()
    agents: dict[str, BaseAgent] = {
        "execution": SpoiledOrders(lambda orders: [scaled(orders[0], 0.5), *orders[2:]]),
    }
    orchestrator = TradeExecutionOrchestrator(selecting(), agents=agents)
    orders = orchestrator.execute_trades(signals, cash(), data)
    usual = usual_orders()
    first, second, *rest = usual
    assert quantities(orders) == {first: 0.5 * usual[first], **{name: usual[name] for name in rest}}
    assert {request.ticker: request.quantity for _, request in orchestrator.seat.requests()} == quantities(orders)
    assert second not in quantities(orders)
    assert not orchestrator.actions


def test_leaving_out_a_hedge_is_leaving_the_limits() -> None:
    """Long 0.5 and short 0.5 of one movement have a risk of 0.05; one leg alone has 0.225."""
    data = bars(A=(10.0, 1, 0.5), B=(10.0, 1, 0.4))
    parts: dict[str, Any] = {
        "risk_config": {"max_position_risk": 1.0, "var_limit": 0.5},
        "risk_feedback": None,
        **UNCORRELATED,
    }
    usual = TradeExecutionOrchestrator(weights_config(**parts)).execute_trades({"A": 0.5, "B": -0.5}, cash(), data)
    assert quantities(usual) == {"A": 5000.0, "B": -5000.0}
    agents: dict[str, BaseAgent] = {"execution": SpoiledOrders(lambda orders: orders[:1])}
    orchestrator = TradeExecutionOrchestrator(weights_config(**parts), agents=agents)
    orders = orchestrator.execute_trades({"A": 0.5, "B": -0.5}, cash(), data)
    assert quantities(orders) == quantities(usual)
    assert [(action.agent, action.step) for action in orchestrator.actions] == [("orders", Step.STAGE)]


class Careless(RiskManagementAgent):
    """Runs no stage and waves everything through."""

    def step(self, proposal: TradeProposal | None, state: ExecutionState) -> TradeProposal:
        assert proposal is not None
        return proposal


def test_an_agent_that_leaves_out_its_stage_gets_no_order_past_the_certificate() -> None:
    signals, data = five_alike()
    config = weights_config(lot=0.0, **UNCORRELATED)
    usual = TradeExecutionOrchestrator(config).execute_trades(signals, cash(), data)
    orchestrator = TradeExecutionOrchestrator(config, agents={"risk": Careless()})
    assert quantities(orchestrator.execute_trades(signals, cash(), data)) == quantities(usual) != {}
    assert [(action.agent, action.step) for action in orchestrator.actions] == [("orders", Step.STAGE)]


class OwnSizes(PositionSizingAgent):
    """Sizes by itself, without the stage."""

    def propose_trades(self, state: ExecutionState) -> TradeProposal:
        return TradeProposal(dict.fromkeys(state.seat.tickers, 0.01), (), 1.0, "a hundredth each")


def test_an_agent_may_size_by_itself() -> None:
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(weights_config(**UNCORRELATED), agents={"position": OwnSizes()})
    orders = orchestrator.execute_trades(signals, cash(), data)
    assert quantities(orders) == dict.fromkeys(signals, 10.0)
    assert orchestrator.last_result.passed
    assert not orchestrator.actions


def test_a_failure_that_passes_is_asked_again_and_told() -> None:
    signals, data = five_alike()
    told: list[RecoveryAction] = []
    orchestrator = TradeExecutionOrchestrator(
        selecting(),
        agents={"correlation": spoiled("correlation", boom, times=1)},
        recovery=RecoveryStrategy(notify=told.append),
    )
    assert quantities(orchestrator.execute_trades(signals, cash(), data)) == usual_orders()
    assert [action.step for action in told] == [Step.RETRY]
    assert isinstance(told[0].error, AgentError)
    assert "the model is not there" in str(told[0].error)
    assert orchestrator.recovery.failures == {"correlation": 1}


def test_recovery_is_logged_with_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(selecting(), agents={"risk": spoiled("risk", boom)})
    with caplog.at_level(logging.WARNING, logger="polyfolio"):
        orchestrator.execute_trades(signals, cash(), data)
    fields = [record.recovery for record in caplog.records if hasattr(record, "recovery")]
    assert [field["step"] for field in fields] == ["retry", "stage"]
    assert {field["agent"] for field in fields} == {"risk"}


def failing(monkeypatch: pytest.MonkeyPatch, methods: set[str]) -> None:
    """The sizing stage itself fails for these methods."""
    run = Seat.run

    def maybe(self: Seat, first: int, last: int) -> list[str]:
        if first == 0 and Sizing(int(self.rule("method"))).name.lower() in methods:
            raise FloatingPointError("no solution")
        return run(self, first, last)

    monkeypatch.setattr(Seat, "run", maybe)


@pytest.mark.parametrize(
    ("broken", "steps", "empty"),
    [
        (set(), [], False),
        ({"risk_parity"}, ["retry", "stage", "inverse_volatility"], False),
        ({"risk_parity", "inverse_volatility"}, ["retry", "stage", "inverse_volatility", "equal_weight"], False),
        (
            {"risk_parity", "inverse_volatility", "equal_weight"},
            ["retry", "stage", "inverse_volatility", "equal_weight", "hold"],
            True,
        ),
    ],
)
def test_sizing_falls_back_from_risk_parity_to_equal_weight_to_nothing(
    monkeypatch: pytest.MonkeyPatch, broken: set[str], steps: list[str], empty: bool
) -> None:
    failing(monkeypatch, broken)
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(weights_config(position={"method": "risk_parity"}))
    orders = orchestrator.execute_trades(signals, cash(), data)
    assert [action.method or action.step.value for action in orchestrator.actions] == steps
    assert (orders == []) is empty
    assert orchestrator.last_result.passed
    assert orchestrator.seat.rule("method") == orchestrator.seat.own_method
    assert (orchestrator.seat.book.order_quantity == 0.0).all() == empty


def test_the_chain_of_methods_can_be_given_and_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, {"kelly"})
    signals, data = five_alike()
    recovery = RecoveryStrategy(retries=0, methods=("kelly", "signal_strength"))
    orchestrator = TradeExecutionOrchestrator(weights_config(position={"method": "kelly"}), recovery=recovery)
    orchestrator.execute_trades(signals, cash(), data)
    assert [action.method or action.step.value for action in orchestrator.actions] == ["stage", "signal_strength"]
    with pytest.raises(ConfigError, match="Did you mean `equal_weight`"):
        RecoveryStrategy(methods=("equal_wieght",))
    with pytest.raises(ConfigError, match="retries"):
        RecoveryStrategy(retries=-1)


def test_where_every_stage_fails_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Seat, "run", boom)
    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(selecting())
    assert orchestrator.execute_trades(signals, cash(), data) == []
    assert orchestrator.actions[-1].step is Step.HOLD
    assert (orchestrator.seat.book.order_quantity == 0.0).all()


def test_an_interrupt_takes_the_decision_back_and_goes_on_up() -> None:
    def interrupt(_: Any) -> Any:
        raise KeyboardInterrupt

    signals, data = five_alike()
    orchestrator = TradeExecutionOrchestrator(selecting(), agents={"execution": SpoiledOrders(interrupt)})
    with pytest.raises(KeyboardInterrupt):
        orchestrator.execute_trades(signals, cash(), data)
    assert (orchestrator.seat.book.order_quantity == 0.0).all()
    assert orders_of(orchestrator.seat) == []


def test_on_a_tape_a_failing_agent_leaves_the_book_of_the_lane_without_it() -> None:
    tape = make_tape(90)
    signals, config = momentum(tape), {"sections": {"risk": {"min_history": 20, "var_window": 20}}}
    config["correlation_config"] = {"correlation_lookback": 20}  # type: ignore[assignment]
    usual = PortfolioTradeExecutor(config, tape).run(signals)
    agents = {name: spoiled(name, boom) for name in ("position", "risk", "correlation")}
    failing_ = PortfolioTradeExecutor(config, tape, agents=agents, recovery=RecoveryStrategy(logger=QUIET)).run(signals)
    assert failing_.journal.fills.size > 0
    assert failing_.journal.lane(0) == usual.journal.lane(0)
    assert failing_.desk.book.lane_bytes(0) == usual.desk.book.lane_bytes(0)


def test_on_a_tape_held_orders_are_those_that_worked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = make_tape(40)
    patient = {"order_type": "limit", "time_in_force": "gtc", "price_threshold": 0.0}
    config = {"sections": {"risk": {"min_history": 5, "var_window": 20}, "execution": patient}}
    config["correlation_config"] = {"correlation_lookback": 20}  # type: ignore[dict-item]
    executor = PortfolioTradeExecutor(config, tape, recovery=RecoveryStrategy(logger=QUIET))
    everything = dict.fromkeys(tape.symbols, 1.0)
    while not executor.orders:
        executor.step(everything)
    before = orders_of(executor.orchestrator.seat)
    monkeypatch.setattr(Seat, "run", boom)
    executor.step(everything)
    standing = {order.symbol: order.quantity for order in before}
    filled = {trade.ticker for trade in executor.trades}
    for order in executor.orders:
        assert order.quantity == standing[order.symbol] or order.symbol in filled
    assert {order.symbol for order in executor.orders} <= set(standing)


def test_the_errors_have_their_place_in_the_tree() -> None:
    error = AgentError("risk", 1.0, "finite", "Correct it.")
    assert isinstance(error, OrchestrationError)
    assert isinstance(error, StopTrading)
    again = pickle.loads(pickle.dumps(error))
    assert (again.agent, str(again)) == ("risk", str(error))


def test_an_agent_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean `correlation`"):
        TradeExecutionOrchestrator(agents={"corelation": CorrelationAgent()})
    assert set(USUAL) == {"position", "risk", "correlation", "selector", "execution"}
    assert USUAL["selector"] is TradeSelector


def test_after_a_failure_the_programs_own_breach_is_held_too() -> None:
    """A is frozen at a risk of 0.2 over 0.05: the program sells B all the same and says so; a failed decision waits."""
    data = bars(A=(10.0, 1, 0.5), B=(20.0, 2, 0.2))
    positions = {"A": Position("A", 4_000.0, 10.0, 10.0), "B": Position("B", 500.0, 20.0, 20.0)}
    held = PortfolioState(1e5, 5e4, positions)
    usual = TradeExecutionOrchestrator(weights_config(**UNCORRELATED))
    assert quantities(usual.execute_trades({"B": 0.0}, held, data)) == {"B": -500.0}
    assert not usual.last_result.passed
    assert any("max_position_risk: 0.2 breaks 0.05" in reason for reason in usual.last_result.reasons)
    agents = {"position": spoiled("position", boom)}
    careful = TradeExecutionOrchestrator(weights_config(**UNCORRELATED), agents=agents)
    assert careful.execute_trades({"B": 0.0}, held, data) == []
    assert [action.step for action in careful.actions] == [Step.RETRY, Step.STAGE, Step.STAGE, Step.HOLD]
    assert (careful.seat.book.order_quantity == 0.0).all()
