"""What each strategy inside a lane earned: the slots' profits divided by what each added to the signals behind them.

A lane's journal keeps no signals, so they are computed once more, and the run is walked once more to see what each
slot earned and held in every bar. `kernels.by_member` says how a bar's profit is divided.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from polyfolio.core.codes import Level
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError
from polyfolio.kernels import by_member
from polyfolio.report.page.parts import Chart, Column, Line, Section, Table
from polyfolio.report.results import Results
from polyfolio.rules.plan import Plan
from polyfolio.strategies.aggregate.learned import Importances
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.portfolio import Portfolio
from polyfolio.strategies.run import heard, place_of, signals_for, strategy_of

INTRO = (
    "A bar's profit of a name is divided among the strategies in proportion to what each added to the signal behind "
    "the position (weight times signal), and equally where those cancel. A strategy that spoke against the position "
    "is charged its gain and credited its loss."
)


@runtime_checkable
class Contributing(Protocol):
    """A strategy that is made of several."""

    def contributions(self, tape: Tape) -> tuple[tuple[str, ...], Floats]:
        """Labels, and what each adds to the signal, float64[labels, rows, slots]; NaN where it is silent."""
        ...


@dataclass(frozen=True, eq=False)
class ByStrategy:
    """Profit of a lane by strategy, in money of the base currency.

    Attributes:
        lane: its name.
        names: of the strategies.
        symbols: name of each slot.
        profit: float64[strategies, slots].
        rest: per slot, what no signal was behind (a hedge, a position from outside) and the rounding.
        path: float64[strategies, rows], what each had earned by each close.
        times: stamp of each row.
        importances: what aggregators that learn found each feature to tell, by the symbols they speak of.
    """

    lane: str
    names: tuple[str, ...]
    symbols: tuple[str, ...]
    profit: Floats
    rest: Floats
    path: Floats
    times: Any
    importances: dict[str, Importances]

    def rows(self) -> Iterator[tuple[str, str, str, float]]:
        """(lane, strategy, symbol, profit) of each pair that earned or lost; `rest` without a strategy."""
        for name, earned in (*zip(self.names, self.profit.tolist(), strict=True), ("", self.rest.tolist())):
            for symbol, value in zip(self.symbols, earned, strict=True):
                if value != 0.0:
                    yield (self.lane, name, symbol, value)

    def total(self, name: str) -> float:
        """What one strategy earned over all slots."""
        if name not in self.names:
            raise ConfigError("strategy", name, "one of " + ", ".join(self.names), "Correct the name.")
        return float(self.profit[self.names.index(name)].sum())

    def section(self, prefix: str = "by-strategy") -> Section:
        """A section of a page: the table, the paths, the importances.

        Args:
            prefix: of the ids, unique in the page.
        """
        parts: tuple[Any, ...] = (self._table(prefix), self._chart(prefix), *self._told(prefix))
        return Section(prefix, "Profit by strategy", parts, INTRO)

    def _table(self, prefix: str) -> Table:
        columns = (
            Column("strategy"),
            Column("profit", "money", coloured=True),
            *[Column(symbol, "money", coloured=True) for symbol in self.symbols],
        )
        rows = [[name, float(own.sum()), *own.tolist()] for name, own in zip(self.names, self.profit, strict=True)]
        rows.append(["no strategy, and rounding", float(self.rest.sum()), *self.rest.tolist()])
        whole = self.profit.sum(axis=0) + self.rest
        rows.append(["all", float(whole.sum()), *whole.tolist()])
        return Table(f"{prefix}-table", "Profit by strategy and name", columns, rows)

    def _chart(self, prefix: str) -> Chart:
        stamps = np.asarray(self.times).astype("datetime64[ns]")
        lines = tuple(Line(name, stamps, own) for name, own in zip(self.names, self.path, strict=True))
        return Chart(f"{prefix}-path", "What each strategy had earned", lines, "money")

    def _told(self, prefix: str) -> Iterator[Table]:
        for at, (symbols, told) in enumerate(self.importances.items()):
            if told.rows:
                columns = (Column("feature"), Column("mean importance", "percent"), Column("last", "percent"))
                found = zip(told.names, told.values.mean(axis=0).tolist(), told.values[-1].tolist(), strict=True)
                rows = sorted(found, key=lambda row: (-row[1], row[0]))
                title = f"What the learned aggregator went by ({symbols})"
                yield Table(f"{prefix}-importances-{at}", title, columns, rows, f"{len(told.rows)} fits.", folded=True)


def by_strategy(
    results: Results, lane: int | str, *, signals: Floats | None = None, strategy: Strategy | None = None
) -> ByStrategy:
    """Divide a lane's profit among its strategies.

    Args:
        results: the run.
        lane: name or number.
        signals: what the engine heard, float64[sources, rows, sleeves]; None computes it once more.
        strategy: the lane's own where it had learned from training rows; None makes it anew.

    Raises:
        ConfigError: the lane's signals came from outside.
    """
    index, plan, tape = results.journal.index_of(lane), results.plan, results.tape
    number = int(plan.rules["signal"][index])
    source = plan.sources[number].strategy
    if source is None:
        remedy = "Profit by strategy needs a lane with a strategy of its own."
        raise ConfigError(f"strategy of lane {plan.names[index]}", None, "named in the configuration", remedy)
    made = strategy or strategy_of(source.name, source.params, place_of(plan, number))
    given = signals_for(plan, tape) if signals is None else signals
    own = np.ascontiguousarray(np.broadcast_to(given[number], (tape.rows, len(plan.slot_of)))[:, _sleeves(plan)])
    names, added = made.contributions(tape) if isinstance(made, Contributing) else ((source.name,), own[None])
    earned, held = walked(plan, tape, given, index)
    rows_behind = np.empty(earned.shape, dtype=np.int64)
    by_member.behind(held, own, heard(plan, number, tape), int(plan.rules["fill"][index]), rows_behind)
    profit, path, rest = np.empty((len(names), tape.slots)), np.empty((len(names), tape.rows)), np.empty(tape.slots)
    by_member.divide(earned, np.ascontiguousarray(added), rows_behind, profit, path, rest)
    told = made.importances(tape) if isinstance(made, Portfolio) else {}
    return ByStrategy(plan.names[index], names, tape.symbols, profit, rest, np.cumsum(path, axis=1), tape.times, told)


def walked(plan: Plan, tape: Tape, signals: Floats, lane: int) -> tuple[Floats, Floats]:
    """Profit of each bar and quantity at each close of one lane's slots, float64[rows, slots] each."""
    rules = plan.rules.copy()
    rules["level"] = int(Level.OFF)
    engine = Engine(replace(plan, rules=rules, level=Level.OFF), tape, signals)
    shape = (tape.rows, tape.slots)
    gain, carry, cost, held, out = (np.empty(shape) for _ in range(5))
    for row in range(tape.rows):
        engine.step()
        book = engine.book
        gain[row], carry[row], cost[row], held[row] = (
            book.gain[lane],
            book.carry[lane],
            book.cost[lane],
            book.held[lane],
        )
    by_member.earned_by_bar(gain, carry, cost, out)
    return out, held


def _sleeves(plan: Plan) -> list[int]:
    """The first sleeve of each slot: all sleeves of a slot hear the same signal."""
    slots = np.asarray(plan.slot_of).tolist()
    return [slots.index(slot) for slot in range(len(plan.symbols))]
