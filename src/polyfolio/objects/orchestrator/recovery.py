"""What happens when an agent fails: again, a simpler rule, or nothing; and who is told.

A failed decision is taken back whole: the lane, its wants and its journal stand as they did before it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from polyfolio.core.codes import Sizing
from polyfolio.errors import ConfigError
from polyfolio.objects.orchestrator.failures import AgentError
from polyfolio.objects.orchestrator.states import ExecutionState
from polyfolio.rules.arguments import at_least, closest

# A method that cannot decide hands over to the next; behind the last of them the book is held.
SIMPLER: Mapping[str, str] = {
    "risk_parity": "inverse_volatility",
    "min_variance": "inverse_volatility",
    "kelly": "signal_strength",
    "volatility_target": "signal_strength",
    "inverse_volatility": "equal_weight",
    "signal_strength": "equal_weight",
}
EVERYONE = "orders"  # at fault where the orders fail their certificate: any agent may be


class Step(Enum):
    """What is done about a failure."""

    RETRY = "retry"
    STAGE = "stage"  # the lane's own stages in place of the agent
    METHOD = "method"  # a simpler sizing method
    HOLD = "hold"  # no new order


@dataclass(frozen=True)
class RecoveryAction:
    """One answer to a failure.

    Attributes:
        step: what is done.
        agent: who failed.
        error: how.
        method: sizing method of the step METHOD.
        number: of the decision.
    """

    step: Step
    agent: str
    error: AgentError
    method: str | None = None
    number: int = 0


@dataclass
class RecoveryStrategy:
    """Retry, then the lane's own stages, then simpler sizing, then hold.

    Args:
        retries: how often a failed agent is asked again in one decision.
        methods: sizing methods after the lane's own, tried in turn where sizing fails; None follows `SIMPLER`.
        notify: called with every action after the decision.
        logger: where it logs; the package's own by default.

    Attributes:
        failures: how often each agent failed, over all decisions.
    """

    retries: int = 1
    methods: tuple[str, ...] | None = None
    notify: Callable[[RecoveryAction], None] | None = None
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("polyfolio"))
    failures: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at_least("recovery.retries", self.retries, 0)
        for method in self.methods or ():
            if method.upper() not in Sizing.__members__ or method == "orders":
                known = [one.name.lower() for one in Sizing if one is not Sizing.ORDERS]
                raise ConfigError("recovery.methods", method, "one of " + ", ".join(known), closest(method, known))

    def handle_error(self, error: AgentError, state: ExecutionState, before: list[RecoveryAction]) -> RecoveryAction:
        """The next step after a failure.

        Args:
            error: the failure.
            state: the decision.
            before: what was done in this decision already.
        """
        self.failures[error.agent] = self.failures.get(error.agent, 0) + 1
        step, method = self._next(error.agent, state, before)
        action = RecoveryAction(step, error.agent, error, method, state.number)
        self.logger.warning(
            "decision %d: %s: %s%s",
            state.number,
            error,
            step.value,
            f" {method}" if method else "",
            extra={"recovery": {"decision": state.number, "agent": error.agent, "step": step.value, "method": method}},
        )
        return action

    def _next(self, agent: str, state: ExecutionState, before: list[RecoveryAction]) -> tuple[Step, str | None]:
        mine = [action for action in before if action.agent == agent]
        if agent != EVERYONE and sum(action.step is Step.RETRY for action in mine) < self.retries:
            return Step.RETRY, None
        if not any(action.step is Step.STAGE for action in mine):
            return Step.STAGE, None
        method = self._simpler(state, before) if agent == "position" else None
        return (Step.HOLD, None) if method is None else (Step.METHOD, method)

    def _simpler(self, state: ExecutionState, before: list[RecoveryAction]) -> str | None:
        """The sizing method to try next."""
        tried = [action.method for action in before if action.step is Step.METHOD]
        own = Sizing(state.seat.own_method).name.lower()
        if self.methods is not None:
            left = [method for method in self.methods if method not in tried and method != own]
            return left[0] if left else None
        return SIMPLER.get(str(tried[-1]) if tried else own)

    def tell(self, actions: list[RecoveryAction]) -> None:
        """Hand the actions of a decision to who wants to know."""
        if self.notify is not None:
            for action in actions:
                self.notify(action)
