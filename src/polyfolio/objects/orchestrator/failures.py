"""Errors of the orchestrator and its agents."""

from __future__ import annotations

from polyfolio.errors import StopTrading


class OrchestrationError(StopTrading):
    """A decision could not be made, or who was told of it failed: no order of it works."""


class AgentError(OrchestrationError):
    """An agent raised, or gave back what cannot be used.

    Args:
        agent: its name.
        value: what it gave back or raised.
        bound: what it must give back.
        remedy: what to do about it.
    """

    def __init__(self, agent: str, value: object, bound: str, remedy: str) -> None:
        self.agent = agent
        super().__init__(f"agent {agent!r}", value, bound, remedy)

    def __reduce__(self) -> tuple[type[AgentError], tuple[str, object, str, str]]:
        return type(self), (self.agent, self.value, self.bound, self.remedy)
