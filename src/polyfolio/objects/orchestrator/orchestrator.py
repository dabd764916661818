"""TradeExecutionOrchestrator: signals to orders, one agent after the other, each a stretch of the lane's program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polyfolio.errors import ConfigError
from polyfolio.objects import checks
from polyfolio.objects.data import MarketData, PortfolioState, RiskCheckResult
from polyfolio.objects.orchestrator import remembered
from polyfolio.objects.orchestrator.base import BaseAgent
from polyfolio.objects.orchestrator.configs import ExecutionConfig, lane_of
from polyfolio.objects.orchestrator.correlation import CorrelationAgent
from polyfolio.objects.orchestrator.decider import Decider, turns_of
from polyfolio.objects.orchestrator.failures import OrchestrationError
from polyfolio.objects.orchestrator.messages import Order, RiskAssessment, Said, SystemInput
from polyfolio.objects.orchestrator.monitor import RiskResizingMonitor
from polyfolio.objects.orchestrator.ordering import ExecutionRulesAgent
from polyfolio.objects.orchestrator.recovery import RecoveryAction, RecoveryStrategy
from polyfolio.objects.orchestrator.risk import PositionResizingAgent, RiskFeedbackLoop, RiskManagementAgent
from polyfolio.objects.orchestrator.seat import BenchSeat, DeskSeat, Seat, TapeDesk
from polyfolio.objects.orchestrator.selector import TradeSelector
from polyfolio.objects.orchestrator.sizing import PositionSizingAgent, heard
from polyfolio.objects.orchestrator.states import ExecutionState
from polyfolio.rules.arguments import closest
from polyfolio.rules.spec import Spec


class TradeExecutionOrchestrator:
    """Agents that turn signals into orders.

    Args:
        config: an ExecutionConfig, a map of its parts, or a Spec of one lane in this package's words.
        desk: a lane on a tape; without one each decision is made from the state and the bars it is given.
        agents: in place of the usual ones, by name: position, risk, correlation, selector, execution. One without a
            configuration takes the one given here.
        recovery: what happens when an agent fails.
        monitor: hears of every size that was changed.

    Attributes:
        state: the last decision.
        risk_loop: the feedback loop of the lane.
        resizing_agent: makes single positions smaller; no part of a decision, for use by hand.

    Example:
        >>> from polyfolio.objects import MarketData, PortfolioState
        >>> orchestrator = TradeExecutionOrchestrator({"risk_config": {"var_limit": 0.05}})
        >>> data = {"AAPL": MarketData.at(150.0, returns=[0.01, -0.01] * 150)}
        >>> [order] = orchestrator.execute_trades({"AAPL": 1.0}, PortfolioState(100_000.0, 100_000.0), data)
        >>> order.type, order.quantity
        ('LIMIT', 66.0)
    """

    usual: ClassVar[Mapping[str, type[BaseAgent]]] = {
        agent.name: agent
        for agent in (PositionSizingAgent, RiskManagementAgent, CorrelationAgent, TradeSelector, ExecutionRulesAgent)
    }

    def __init__(
        self,
        config: ExecutionConfig | Mapping[str, Any] | Spec | None = None,
        *,
        desk: TapeDesk | None = None,
        agents: Mapping[str, BaseAgent] | None = None,
        recovery: RecoveryStrategy | None = None,
        monitor: RiskResizingMonitor | None = None,
    ) -> None:
        given = ExecutionConfig.of(config) if isinstance(config, Mapping) else config or ExecutionConfig()
        for name in agents or {}:
            if name not in self.usual:
                raise ConfigError(f"agents.{name}", name, "one of " + ", ".join(self.usual), closest(name, self.usual))
        self._spec = lane_of(given)
        self.config = ExecutionConfig() if isinstance(given, Spec) else given
        own = {} if isinstance(given, Spec) else parts_of(given)
        plain = {name: agent(own.get(name)) for name, agent in self.usual.items()}
        self.agents: dict[str, BaseAgent] = plain | dict(agents or {})
        for name, agent in self.agents.items():
            agent.config = own.get(name) if agent.config is None else agent.config
        self.recovery = RecoveryStrategy() if recovery is None else recovery
        self.monitor = RiskResizingMonitor() if monitor is None else monitor
        self._decider = Decider(self.agents, plain, self.recovery)
        self.risk_loop = RiskFeedbackLoop(None if isinstance(given, Spec) else given.risk_feedback)
        self.resizing_agent = PositionResizingAgent()
        self.number = 0
        self._observed: dict[str, MarketData] = {}
        self._waiting: dict[str, Any] = {}
        self._seat: Seat | None = None
        if desk is not None:
            self._sit(DeskSeat(desk), float(desk.plan.rules["periods_per_year"][desk.lane]))

    @property
    def position_agent(self) -> BaseAgent:
        """Sizes signals."""
        return self.agents["position"]

    @property
    def risk_agent(self) -> BaseAgent:
        """Keeps limits."""
        return self.agents["risk"]

    @property
    def correlation_agent(self) -> BaseAgent:
        """Looks at pairs."""
        return self.agents["correlation"]

    @property
    def execution_agent(self) -> BaseAgent:
        """Writes orders."""
        return self.agents["execution"]

    @property
    def actions(self) -> list[RecoveryAction]:
        """What was done about failures in the last decision."""
        return self._decider.actions

    @property
    def last_result(self) -> RiskCheckResult:
        """Certificate of the book that the last orders lead to."""
        return self._decider.result

    @property
    def seat(self) -> Seat:
        """Where the agents work.

        Raises:
            OrchestrationError: nothing has been decided yet, and there is no desk.
        """
        if self._seat is None:
            raise OrchestrationError("seat", None, "there after the first decision", "Call execute_trades first.")
        return self._seat

    def observe(self, market_data: Mapping[str, MarketData]) -> None:
        """Remember the latest bars, which decisions without bars of their own are made from."""
        checks.bars_of(market_data)
        self._observed = dict(market_data)

    def execute_trades(
        self, signals: Said, portfolio_state: PortfolioState, market_data: Mapping[str, MarketData] | None = None
    ) -> list[Order]:
        """Orders for what strategies say now.

        Args:
            signals: by symbol: a number from -1 to 1, or a StrategySignal. A symbol left out keeps what it holds.
            portfolio_state: cash and positions. On a desk the book is known and this is not read.
            market_data: bars by symbol; None takes those last observed.

        Returns:
            Orders that pass the certificate in `last_result`, or those that the lane's own program decides.

        Raises:
            DataError: an unknown symbol, a missing bar, a signal that is no number, no equity.
        """
        return self.execute(SystemInput(signals, market_data or self._observed, portfolio_state))

    def execute(self, given: SystemInput) -> list[Order]:
        """The same, from all that a decision is made from."""
        state = self.begin(given)
        learns = self._learns()
        learns.learner.see(state.seat.marks(), state.seat.splits())
        orders = self._decider.decide(state)
        learns.learned(state.seat)
        state.seat.commit()
        self._decider.remember(state, orders, self.monitor)
        self.recovery.tell(self.actions)
        return orders

    def begin(self, given: SystemInput) -> ExecutionState:
        """Hear what a decision is made from; by hand, the agents' verbs follow on the state."""
        names = checks.bars_of(given.market_data)
        if self._seat is None or (isinstance(self._seat, BenchSeat) and self._seat.tickers != names):
            periods, lot = self.config.periods_per_year, self.config.lot
            self._sit(BenchSeat(self._spec, names, periods, lot), periods)
        seat = self.seat
        checks.known(given.signals, seat.tickers, "signals", "Give market data for every symbol with a signal.")
        self.state = ExecutionState(
            seat,
            {name: agent.state for name, agent in self.agents.items()},
            stretch=self._decider.turns[0][1:],
            number=self.number + 1,
            signals=given.signals,
            portfolio_state=given.portfolio_state,
            market_data=given.market_data,
            execution_context=given.execution_context,
        )
        TradeSelector.check(given.execution_context.priorities, seat.tickers)
        seat.begin({name: heard(one)[0] for name, one in given.signals.items()}, given)
        self.number += 1
        return self.state

    def assess(self) -> RiskAssessment:
        """Risk of the book the last decision leads to."""
        return RiskManagementAgent.assess(self.seat)

    def save(self, path: Any) -> None:
        """What the agents remember, and the lane without a desk, into a JSON file; whole or not at all."""
        own = self._seat if isinstance(self._seat, BenchSeat) else None
        lane = None if own is None else {"symbols": list(own.tickers), "book": remembered.arrays(own)}
        remembered.write(path, self.number, self.agents, lane=lane)

    def restore(self, path: Any) -> None:
        """Go on from `save`: the next decisions are the same, byte for byte.

        Raises:
            DataError: no such file, another version, or not written by `save`.
        """
        data = remembered.read(path)
        self.number = remembered.take(data, self.agents)
        self._waiting = data
        if self._seat is not None:
            self._sit(self._seat, self._year)

    def _sit(self, seat: Seat, periods_per_year: float) -> None:
        """Work in another seat; what was learned of the same symbols stays, and so does a breach of the drawdown."""
        if isinstance(seat, BenchSeat):
            if isinstance(self._seat, BenchSeat) and self._seat is not seat:
                seat.book.account[:] = self._seat.book.account
            remembered.take_lane(self._waiting, seat)
        self._seat, self._year, self._waiting = seat, periods_per_year, {}
        self._decider.turns = turns_of(seat.codes, self.usual)
        learns, stands_in = self._learns(), self._decider.plain["position"]
        learns.seated(seat, periods_per_year)
        if isinstance(stands_in, PositionSizingAgent):
            stands_in.learner = learns.learner

    def _learns(self) -> PositionSizingAgent:
        """The agent that learns; one that learns nothing where another kind of agent sizes."""
        sizing = self.agents["position"]
        return sizing if isinstance(sizing, PositionSizingAgent) else PositionSizingAgent()


def parts_of(config: ExecutionConfig) -> dict[str, Any]:
    """The configuration of each agent."""
    return {
        "position": config.position_config,
        "risk": config.risk_config,
        "correlation": config.correlation_config,
        "selector": config.selection,
        "execution": config.execution_config,
    }
