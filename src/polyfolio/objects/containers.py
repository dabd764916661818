"""One lane of a finished run, part by part, read-only: what it saw, said, was allowed, traded and owned.

The parts have the names of the several-portfolios document. They hold nothing of their own: every number is the
journal's, the book's or the tape's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from polyfolio.core.book import Book
from polyfolio.core.codes import Event
from polyfolio.core.journal import Journal
from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.features.columns import Columns
from polyfolio.objects.indicators import columns_of
from polyfolio.rules.arguments import closest
from polyfolio.rules.plan import Plan
from polyfolio.rules.spec import Lane, Spec


class Walked(Protocol):
    """An engine after its last row."""

    signals: Floats


class Finished(Protocol):
    """A finished run, such as the result of a backtest."""

    @property
    def spec(self) -> Spec: ...  # noqa: D102
    @property
    def plan(self) -> Plan: ...  # noqa: D102
    @property
    def tape(self) -> Tape: ...  # noqa: D102
    @property
    def journal(self) -> Journal: ...  # noqa: D102
    @property
    def book(self) -> Book: ...  # noqa: D102
    @property
    def engine(self) -> Walked: ...  # noqa: D102
    def metrics(self, lane: int | str) -> Any: ...  # noqa: D102
    def trades(self, lane: int | str) -> Any: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class DataContainer:
    """The market rows, which all systems share."""

    tape: Tape

    @property
    def container_id(self) -> str:
        """Its name."""
        return "data"

    @property
    def symbols(self) -> tuple[str, ...]:
        """One per slot."""
        return self.tape.symbols

    @property
    def times(self) -> Ints:
        """Closing time of each row, nanoseconds UTC."""
        return self.tape.times

    def bar(self, row: int) -> dict[str, dict[str, float]]:
        """Open, high, low, close and volume of each symbol at a row; NaN where it did not trade."""
        names = (*PRICES, "volume")
        columns = [getattr(self.tape, name)[row].tolist() for name in names]
        return {s: dict(zip(names, cells, strict=True)) for s, *cells in zip(self.symbols, *columns, strict=True)}


@dataclass(frozen=True, eq=False)
class Part:
    """A part of one system."""

    run: Finished
    namespace: str

    @property
    def container_id(self) -> str:
        """What it is, and whose: `risk_momentum`."""
        return f"{type(self).__name__.removesuffix('Container').lower()}_{self.namespace}"

    @property
    def number(self) -> int:
        """Number of the lane."""
        return self.run.plan.lane(self.namespace)

    @property
    def lane(self) -> Lane:
        """The lane's configuration."""
        return self.run.spec.lanes[self.number]

    @cached_property
    def journal(self) -> Journal:
        """The lane's own journal."""
        return self.run.journal.lane(self.namespace)

    def events(self, *kinds: Event) -> np.ndarray:
        """EVENT rows of these kinds."""
        rows: np.ndarray = self.journal.events[np.isin(self.journal.events["event"], kinds)]
        return rows


@dataclass(frozen=True, eq=False)
class IndicatorContainer(Part):
    """The lane's indicators; the columns are shared by all systems."""

    columns: Columns

    def value(self, name: str, symbol: str, row: int) -> float:
        """One number; NaN while it warms up."""
        return float(self.columns[f"{symbol}.{name}"][row])


class StrategyContainer(Part):
    """What the strategy said."""

    @property
    def name(self) -> str | None:
        """The strategy's registered name; None where signals came from outside."""
        return self.lane.strategy.name if self.lane.strategy else None

    @property
    def params(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return dict(self.lane.strategy.params) if self.lane.strategy else {}

    @property
    def signals(self) -> Floats:
        """Signals, float64[rows or 1, sleeves]; NaN = no opinion."""
        array: Floats = self.run.engine.signals[int(self.run.plan.rules["signal"][self.number])].view()
        array.flags.writeable = False
        return array


class RiskContainer(Part):
    """What the lane was allowed, and what was cut for it."""

    @property
    def limits(self) -> dict[str, Any]:
        """The sections limits and risk as they hold."""
        return {"limits": self.lane.limits.model_dump(mode="json"), "risk": self.lane.risk.model_dump(mode="json")}

    @property
    def sizing(self) -> dict[str, Any]:
        """The section sizing as it holds."""
        return self.lane.sizing.model_dump(mode="json")

    @property
    def cuts(self) -> np.ndarray:
        """EVENT rows of wants that a stage changed."""
        return self.events(Event.CUT)

    @property
    def certificate(self) -> np.ndarray:
        """EVENT rows of limits that were on: value and bound at each decision."""
        return self.events(Event.LIMIT)


class ExecutionContainer(Part):
    """What was ordered, refused and filled."""

    @property
    def orders(self) -> np.ndarray:
        """EVENT rows of orders."""
        return self.events(Event.ORDER)

    @property
    def rejected(self) -> np.ndarray:
        """EVENT rows of orders that were refused or cut."""
        return self.events(Event.REFUSED)

    @property
    def fills(self) -> np.ndarray:
        """FILL rows."""
        return self.journal.fills


class PortfolioContainer(Part):
    """What the lane owned."""

    @property
    def performance(self) -> dict[str, float]:
        """Every metric by name."""
        return dict(self.run.metrics(self.namespace))

    @property
    def marks(self) -> np.ndarray:
        """MARK rows: equity, cash, exposures and the terms of each bar."""
        return self.journal.marks

    def get_equity_curve(self) -> Floats:
        """Equity at each close."""
        return np.array(self.marks["equity"])

    def get_trades(self) -> np.ndarray:
        """Closed trades."""
        found: np.ndarray = self.run.trades(self.namespace)
        return found

    def get_all_positions(self) -> dict[str, dict[str, float]]:
        """Quantity, average price and value of each symbol that is held after the last row."""
        book, at = self.run.book, self.number
        held = {}
        for sleeve, name in enumerate(self.run.plan.sleeves):
            if book.quantity[at, sleeve] != 0.0:
                slot = int(book.slot_of[sleeve])
                held[name] = {
                    "quantity": float(book.quantity[at, sleeve]),
                    "average_price": float(book.average_price[at, sleeve]),
                    "value": float(book.value[at, slot]),
                }
        return held


@dataclass(frozen=True, eq=False)
class TradingSystem:
    """The parts of one lane."""

    namespace: str
    indicator: IndicatorContainer
    strategy: StrategyContainer
    risk: RiskContainer
    execution: ExecutionContainer
    portfolio: PortfolioContainer


class BacktestContainer(Mapping[str, TradingSystem]):
    """A finished run as systems by namespace over one data container: `BacktestContainer(result)["momentum"].risk`."""

    def __init__(self, run: Finished) -> None:
        self.run, self.data = run, DataContainer(run.tape)

    @cached_property
    def columns(self) -> Columns:
        """The indicators of all systems, each computed once."""
        return columns_of((lane.indicators for lane in self.run.spec.lanes), self.run.tape)

    def __getitem__(self, namespace: str) -> TradingSystem:
        names = self.run.plan.names
        if namespace not in names:
            raise ConfigError("namespace", namespace, "one of " + ", ".join(names[:12]), closest(namespace, names))
        parts = (self.run, namespace)
        return TradingSystem(
            namespace,
            IndicatorContainer(*parts, self.columns),
            StrategyContainer(*parts),
            RiskContainer(*parts),
            ExecutionContainer(*parts),
            PortfolioContainer(*parts),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.run.plan.names)

    def __len__(self) -> int:
        return self.run.plan.lanes
