"""One lane as its page reads it: dates, returns, wealth, what was held. Everything is computed once, when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from polyfolio.core.codes import Level
from polyfolio.core.journal import Journal
from polyfolio.core.types import Floats, Ints
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError
from polyfolio.kernels import holdings
from polyfolio.kernels.measures import growth
from polyfolio.objects.indicators import columns_of
from polyfolio.report.attribution import Attribution
from polyfolio.report.metrics import Metrics
from polyfolio.report.results import Results

DAY = 86_400_000_000_000
# Closes this far apart are those of days: they are named by their day, not by the moment of the close.
DAILY = 20 * 3_600_000_000_000


@dataclass(frozen=True, eq=False)
class Holdings:
    """What was held at each close of the lane: quantity, value in the base currency, share of equity (rows, slots)."""

    held: Floats
    value: Floats
    weight: Floats


@dataclass(frozen=True, eq=False)
class LaneView:
    """One lane of a run.

    Attributes:
        results: the run.
        name: the lane.
    """

    results: Results
    name: str

    @cached_property
    def index(self) -> int:
        """Number of the lane."""
        return self.results.journal.index_of(self.name)

    @cached_property
    def journal(self) -> Journal:
        """The lane's own journal, as lane 0."""
        return self.results.journal.lane(self.index)

    @property
    def full(self) -> bool:
        """Whether decisions, cuts and fills were journalled."""
        return self.journal.level == Level.FULL

    @property
    def symbols(self) -> tuple[str, ...]:
        """Name of each slot."""
        return self.results.tape.symbols

    @property
    def currency(self) -> str:
        """The account's currency."""
        return self.results.tape.universe.base_currency

    @property
    def marks(self) -> np.ndarray:
        """A MARK record per close."""
        return self.journal.marks

    @cached_property
    def rows(self) -> Ints:
        """Row of the tape of each mark."""
        return np.array(self.marks["row"])

    @cached_property
    def stamps(self) -> np.ndarray:
        """What each row of the tape is called: its day where bars are days, else the moment of its close."""
        times = self.results.tape.times
        if times.size > 1 and np.median(np.diff(times)) < DAILY:
            return times.astype("datetime64[ns]")
        return np.asarray(self.results.tape.calendar.day).astype("datetime64[D]")

    @cached_property
    def dates(self) -> np.ndarray:
        """What each mark is called."""
        return self.stamps[self.rows]

    @cached_property
    def metrics(self) -> Metrics:
        """Every metric."""
        return self.results.metrics(self.name)

    @cached_property
    def attribution(self) -> Attribution:
        """Where the change of equity came from."""
        return self.results.attribution(self.name)

    @cached_property
    def path(self) -> Floats:
        """Equity at each close, the capital first."""
        return self.results.path(self.index)

    @cached_property
    def returns(self) -> Floats:
        """Simple returns between the closes, 0 once the account is ruined."""
        out = np.empty(max(self.rows.size - 1, 0))
        growth.returns_of(self.path, np.array(self.marks["flows"]), out)
        return np.nan_to_num(out, nan=0.0)

    @cached_property
    def wealth(self) -> Floats:
        """Growth of 1 at each close, from the first one."""
        return wealth_of(self.returns)

    @cached_property
    def benchmark(self) -> Floats | None:
        """Returns of the lane's benchmark between the same closes; None without one or where one is missing."""
        found = self.results.benchmark(self.name)
        if found is None:
            return None
        mine = np.isin(np.asarray(found.times), self.results.tape.times[self.rows[1:]])
        returns = np.asarray(found.returns, dtype=np.float64)[mine]
        return returns if returns.size == self.rows.size - 1 else None

    @property
    def benchmark_name(self) -> str:
        """The benchmark's symbol, "" without one."""
        return self.results.plan.benchmarks[self.index] or ""

    @cached_property
    def trades(self) -> dict[str, np.ndarray]:
        """Closed trades as columns, in order of their ends."""
        table = self.results.trade_table()
        mine = np.flatnonzero(table["lane"] == self.name)
        mine = mine[np.argsort(table["exit_row"][mine], kind="stable")]
        return {name: column[mine] for name, column in table.items()}

    @cached_property
    def indicators(self) -> dict[str, Floats]:
        """The lane's indicators at each close, float64[rows, slots]; empty where it names none."""
        named = self.results.spec.lanes[self.index].indicators
        if not named:
            return {}
        found = columns_of([named], self.results.tape)
        return {name: np.asarray(found.column(name), dtype=np.float64)[self.rows] for name in found}

    @cached_property
    def holdings(self) -> Holdings:
        """What was held at each close, rebuilt from the fills.

        Raises:
            ConfigError: the journal kept no fills.
        """
        tape, journal = self.results.tape, self.journal
        if not self.full:
            level = journal.level.name.lower()
            raise ConfigError("journal", level, "full, where holdings are wanted", "Run again with `journal: full`.")
        market = rows_of(tape, "day").market
        slot_of = np.array(self.results.book.slot_of)
        lots = np.ascontiguousarray(tape.instruments["lot"], dtype=np.float64)
        held = np.empty((tape.rows, tape.slots))
        holdings.held_at_closes(journal.fills, market.split, lots, slot_of, np.empty(slot_of.size), held)
        # One row of units serves all where nothing is quoted in a foreign currency.
        unit = market.unit if market.unit.shape[0] == 1 else market.unit[self.rows]
        held, value, weight = (
            held[self.rows],
            np.empty((self.rows.size, tape.slots)),
            np.empty((self.rows.size, tape.slots)),
        )
        holdings.valued(held, market.mark[self.rows], unit, np.array(self.marks["equity"]), value, weight)
        return Holdings(held, value, weight)

    def share_of_equity(self, name: str) -> Floats:
        """A level of the marks, such as gross, as a share of equity."""
        out = np.empty(self.rows.size)
        holdings.share_of(np.array(self.marks[name]), np.array(self.marks["equity"]), out)
        return out

    def on_capital(self, path: Floats) -> Floats:
        """A growth of 1 as money: it begins with the lane's capital."""
        out = np.empty(path.size)
        holdings.grown(float(self.path[0]), path, out)
        return out


def wealth_of(returns: Floats) -> Floats:
    """Growth of 1."""
    out = np.empty(returns.size + 1)
    growth.wealth_path(np.ascontiguousarray(returns), out)
    return out


def under(path: Floats) -> Floats:
    """How far a path is below its highest point so far, 0 or negative."""
    top = np.maximum.accumulate(path)
    return np.asarray(np.divide(path, top, out=np.ones(path.size), where=top > 0.0) - 1.0)


def day_text(value: Any) -> str:
    """A stamp as a day."""
    return str(np.datetime64(value).astype("datetime64[D]"))
