"""Strategies made of another one: it is written as a map of name and params, and brings its sizing with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polyfolio.core.codes import Sizing
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.rules.plan import Plan
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import Bound, located, strategy_of

FIELD = "strategy"
MOMENTUM: Mapping[str, Any] = {"name": "momentum"}
# Methods whose signals are amounts of their own.
AMOUNTS = (Sizing.WEIGHTS, Sizing.UNITS, Sizing.MONEY, Sizing.ORDERS)


class Composed(Strategy):
    """Base of the strategies around another one, the argument `strategy`."""

    remembers: ClassVar[bool] = True
    once: ClassVar[bool] = True  # it speaks where something changes, which may be a row at which no lane decides
    strategy: Any
    strategy_: Strategy

    def inner(self) -> Strategy:
        """The strategy inside: the one that has learned, or a new one."""
        if hasattr(self, "strategy_"):
            return self.strategy_
        described = MOMENTUM if self.strategy is None else self.strategy
        name = described.get("name") if isinstance(described, Mapping) else None
        if not isinstance(name, str):
            remedy = 'Write it as {"name": "momentum", "params": {"lookback": 20}}.'
            raise ConfigError(FIELD, described, "a map with the name of a strategy", remedy)
        return strategy_of(name, described.get("params"), FIELD)

    def accept(self, plan: Plan, lane: int, tape: Tape) -> None:
        """Refuse a lane that reads signals otherwise than the strategy inside means them.

        Raises:
            ConfigError: the sizing method to name, or what the strategy inside refuses.
        """
        inner, method = self.inner(), Sizing(int(plan.rules["method"][lane]))
        meant = Sizing[inner.sizing.upper()]
        if meant in AMOUNTS and method is not meant:
            word = meant.name.lower()
            bound = f"one for a lane with sizing.method {word}, not {method.name.lower()}"
            raise ConfigError(FIELD, self.strategy, bound, f"Write `sizing: {{method: {word}}}` in the lane.")
        if isinstance(inner, Bound):
            with located(FIELD, []):
                inner.accept(plan, lane, tape)
