"""PortfolioTradeExecutor: an orchestrator and the simulator on a tape, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from polyfolio.core.journal import Journal
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.objects.data import MarketRow, PortfolioState, Trade, market_data
from polyfolio.objects.execution import ExecutionSimulator
from polyfolio.objects.orchestrator import remembered
from polyfolio.objects.orchestrator.configs import ExecutionConfig, lane_of
from polyfolio.objects.orchestrator.messages import ExecutionContext, Order, Said, SystemInput
from polyfolio.objects.orchestrator.orchestrator import TradeExecutionOrchestrator
from polyfolio.objects.orchestrator.ordering import orders_of
from polyfolio.objects.orchestrator.seat import TapeDesk
from polyfolio.objects.portfolio import PortfolioManager
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

Strategy = Callable[[int, MarketRow, PortfolioState], Mapping[str, Any]]


class Aggregates(Protocol):
    """Many strategies' signals to one per symbol, such as `polyfolio.PortfolioSignalAggregator`."""

    def aggregate(self, said: Mapping[str, Any]) -> Said:
        """Strategy -> symbol -> signal, to symbol -> signal."""
        ...


class PortfolioTradeExecutor:
    """Decides and trades one lane on a tape.

    Args:
        config: an ExecutionConfig, a map of its parts, or a Spec.
        tape: market rows.
        lane: number or name of the lane, where the Spec has several.
        aggregator: makes one signal of what several strategies say of a symbol; without one signals are by symbol.
        more: of the orchestrator: agents, recovery, monitor.

    Attributes:
        orchestrator: decides.
        desk: the lane, its book and its journal.
        orders: of the last row.
        trades: all of them.
    """

    def __init__(
        self,
        config: ExecutionConfig | Mapping[str, Any] | Spec,
        tape: Tape,
        *,
        lane: int | str = 0,
        aggregator: Aggregates | None = None,
        **more: Any,
    ) -> None:
        spec = lane_of(config, lane)
        self.tape, self.aggregator = tape, aggregator
        self.desk = TapeDesk(compile_spec(spec, tape.universe), tape)
        given = spec if isinstance(config, Spec) else config
        self.orchestrator = TradeExecutionOrchestrator(given, desk=self.desk, **more)
        self.manager, self.simulator = PortfolioManager(desk=self.desk), ExecutionSimulator(desk=self.desk)
        self.orders: list[Order] = []
        self.trades: list[Trade] = []

    @property
    def journal(self) -> Journal:
        """Every decision, cut, fill and mark of the rows since this object was made."""
        return self.desk.journal

    def step(self, signals: Mapping[str, Any] | Strategy, context: ExecutionContext | None = None) -> list[Order]:
        """The next row: orders of the row before meet its bar, the book is marked, the agents decide.

        Args:
            signals: by symbol, or by strategy and symbol with an aggregator; or a function of row, bars and state.
            context: parameters of this decision.
        """
        row = self.desk.row + 1
        if row >= self.tape.rows:
            raise DataError("row", row, f"below {self.tape.rows}", "The tape has ended; call close().")
        data = market_data(self.tape, row)
        new = self.simulator.execute_trades([order.request for order in self.orders], data)
        self.manager.update_portfolio(new, data)
        self.trades += new
        state = self.manager.get_portfolio_state()
        said = signals(row, data, state) if callable(signals) else signals
        heard = said if self.aggregator is None else self.aggregator.aggregate(said)
        self.orders = self.orchestrator.execute(SystemInput(heard, data, state, context or ExecutionContext()))
        return self.orders

    def run(self, signals: Floats | Strategy, until: int | None = None) -> PortfolioTradeExecutor:
        """Rows up to `until` (exclusive), or all.

        Args:
            signals: float64[rows, slots], NaN for no opinion; or a function of row, bars and state.
            until: first row not taken.
        """
        last = self.tape.rows if until is None else until
        for row in range(self.desk.row + 1, last):
            now = signals if callable(signals) else dict(zip(self.tape.symbols, signals[row].tolist(), strict=True))
            self.step(now)
        if last >= self.tape.rows:
            self.close()
        return self

    def close(self) -> None:
        """End the last row."""
        self.desk.close()

    def save(self, path: Any) -> None:
        """The agents' states and the book after the last row, into a JSON file; ends the row."""
        self.desk.close()
        if self.desk.row < 0:
            raise DataError("row", self.desk.row, "0 or later", "Take a row before saving.")
        remembered.write(
            path,
            self.orchestrator.number,
            self.orchestrator.agents,
            row=self.desk.row,
            tape=list(self.tape.symbols),
            realised=self.desk.realised.tolist(),
            book=remembered.arrays(self.orchestrator.seat),
        )

    def restore(self, path: Any) -> PortfolioTradeExecutor:
        """Go on after the row of `save`, on the same tape: the rows that follow are the same, byte for byte.

        Raises:
            DataError: not written by `save` of an executor, or for other symbols.
        """
        data = remembered.read(path)
        if data.get("tape") != list(self.tape.symbols) or not 0 <= int(data.get("row", -1)) < self.tape.rows:
            bound = f"a state of the symbols {list(self.tape.symbols)[:5]} on a row of this tape"
            raise DataError(f"state file {path}", data.get("tape"), bound, "Open the tape it was saved on.")
        self.orchestrator.restore(path)
        remembered.fill(self.orchestrator.seat, data["book"])
        self.desk.realised[:] = np.array(data["realised"])
        self.desk.resume(int(data["row"]))
        self.orders = orders_of(self.orchestrator.seat)
        return self
