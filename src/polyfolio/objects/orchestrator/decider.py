"""One decision: every agent in turn, and what happens when one fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.codes import Event, Reason, Sizing, Stage
from polyfolio.core.records import EVENT
from polyfolio.objects.data import RiskCheckResult
from polyfolio.objects.orchestrator import gate
from polyfolio.objects.orchestrator.base import BaseAgent
from polyfolio.objects.orchestrator.failures import AgentError
from polyfolio.objects.orchestrator.messages import Order, ResizingEvent, TradeProposal
from polyfolio.objects.orchestrator.monitor import RiskResizingMonitor
from polyfolio.objects.orchestrator.ordering import ExecutionRulesAgent, orders_of
from polyfolio.objects.orchestrator.recovery import EVERYONE, RecoveryAction, RecoveryStrategy, Step
from polyfolio.objects.orchestrator.risk import RiskManagementAgent
from polyfolio.objects.orchestrator.seat import Kept, Seat
from polyfolio.objects.orchestrator.states import Decision, ExecutionState
from polyfolio.objects.risk import stage_name

Turn = tuple[str, int, int]  # agent, first stage, last stage (exclusive)


@dataclass(frozen=True)
class Setting:
    """Who decides in an attempt: agents that the lane's own stages stand in for, and a simpler sizing method."""

    without: frozenset[str] = frozenset()
    method: int | None = None

    def after(self, action: RecoveryAction, names: Mapping[str, Any]) -> Setting:
        """Who decides in the next attempt."""
        if action.step is Step.STAGE:
            out = set(names) if action.agent == EVERYONE else {action.agent}
            return replace(self, without=self.without | out)
        if action.step is Step.METHOD:
            return replace(self, method=int(Sizing[str(action.method).upper()]))
        return self


def turns_of(codes: list[int], agents: Mapping[str, type[BaseAgent]]) -> list[Turn]:
    """The agents' turns in the order of the program: neighbouring stages of one agent are one turn."""
    owner = {stage: name for name, agent in agents.items() for stage in agent.stages}
    found: list[Turn] = []
    for at, code in enumerate(codes):
        name = owner[Stage(code)]
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1], at + 1)
        else:
            found.append((name, at, at + 1))
    return found


class Decider:
    """Takes a decision in a seat.

    Args:
        agents: by name.
        plain: the lane's own stages as agents, which stand in for those that fail.
        recovery: what happens when one does.

    Attributes:
        turns: of the agents, for the program of the seat.
        result: certificate of the book that the orders lead to.
        actions: what was done about failures.
        history: (agent, what it did) of the attempt that passed.
    """

    def __init__(
        self, agents: Mapping[str, BaseAgent], plain: Mapping[str, BaseAgent], recovery: RecoveryStrategy
    ) -> None:
        self.agents, self.plain, self.recovery = agents, plain, recovery
        self.turns: list[Turn] = []
        self.result = RiskCheckResult(True, [], [], [])
        self.actions: list[RecoveryAction] = []
        self.history: list[tuple[str, Decision]] = []

    def decide(self, state: ExecutionState) -> list[Order]:
        """Attempts until one passes; behind all steps of recovery the book is held."""
        seat, setting = state.seat, Setting()
        kept, self.actions, self.history = seat.keep(), [], []
        passed = False
        try:
            while True:
                try:
                    orders = self._attempt(state, setting)
                except AgentError as error:
                    self._undo(seat, kept)
                    action = self.recovery.handle_error(error, state, self.actions)
                    self.actions.append(action)
                    if action.step is Step.HOLD:
                        orders = self._hold(seat)
                    else:
                        setting = setting.after(action, self.plain)
                        continue
                passed = True
                return orders
        finally:
            if not passed:  # whatever went wrong, no order of this decision works
                self._undo(seat, kept)

    def remember(self, state: ExecutionState, orders: list[Order], monitor: RiskResizingMonitor) -> None:
        """What was decided, into the agents' memories, the state and the monitor."""
        for name, decision in self.history:
            self.agents[name].state.remember(decision)
        ordered = {order.symbol: order.quantity for order in orders}
        self.agents["execution"].state.remember(Decision(state.number, {}, ordered, tuple(self.result.reasons)))
        worst = sorted(order.impact for order in orders)
        state.execution_metrics = {
            "orders": float(len(orders)),
            "slices": float(sum(len(order.slices) for order in orders)),
            "largest_impact": worst[-1] if worst else 0.0,
        }
        metrics = state.risk_metrics = RiskManagementAgent.assess(state.seat).metrics
        for event in np.concatenate([np.zeros(0, EVENT), *state.seat.events]):
            if event["event"] == Event.CUT:
                why = f"{stage_name(int(event['stage']))}: {Reason(int(event['reason'])).name.lower()}"
                symbol = state.seat.tickers[int(event["slot"])]
                sizes = float(event["before"]), float(event["after"])
                monitor.log_resizing_event(ResizingEvent(symbol, *sizes, why, metrics, state.number))

    def _undo(self, seat: Seat, kept: Kept) -> None:
        seat.restore(kept)
        seat.start()
        seat.use_method(None)
        self.history = []

    def _hold(self, seat: Seat) -> list[Order]:
        """Nothing new: orders that worked before go on."""
        rest = (seat.row, seat.lane, -1, int(Event.HOLD), int(Reason.FALLBACK), 0, 0.0, 0.0)
        seat.events = [np.array([rest], dtype=EVENT)]
        self.result = seat.certify_orders({slot: request.quantity for slot, request in seat.requests()})
        return orders_of(seat)

    def _attempt(self, state: ExecutionState, setting: Setting) -> list[Order]:
        """Every agent once; raises AgentError at the first failure."""
        seat, proposal = state.seat, TradeProposal({})
        state.trade_proposals, state.method = [], setting.method
        for name, first, last in self.turns:
            agent = self.plain[name] if name in setting.without else self.agents[name]
            state.stretch = (first, last)
            before, given = dict(proposal.sizes), proposal if state.trade_proposals else None
            proposal = gate.check_proposal(name, gate.ask(name, agent.step, given, state), seat)
            if not seat.events:  # an agent that sizes by itself: the lane decides all the same
                gate.ask(name, seat.run, first, last)
            state.trade_proposals.append(proposal)
            self.history.append((name, Decision(state.number, before, dict(proposal.sizes), (proposal.reasoning,))))
        return self._order(state, (self.plain if "execution" in setting.without else self.agents)["execution"])

    def _order(self, state: ExecutionState, agent: BaseAgent) -> list[Order]:
        """The last proposal as orders that may be sent."""
        seat, proposal = state.seat, state.trade_proposals[-1]
        state.stretch = (len(seat.codes), len(seat.codes))
        so_far = len(seat.events)
        orders = gate.ask("execution", _apply, agent, proposal, state)
        if len(seat.events) == so_far:  # an agent that writes its own: they are held against the lane's
            gate.ask("execution", ExecutionRulesAgent().apply_rules, proposal, state)
        orders, self.result = gate.let_through("execution", orders, seat, failed=bool(self.actions))
        return orders


def _apply(agent: Any, proposal: TradeProposal, state: ExecutionState) -> object:
    return agent.apply_rules(proposal, state)
