"""What a run came to: metrics, trades, costs and the accounting of each lane, as data for tables and files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.book import Book
from polyfolio.core.codes import Event
from polyfolio.core.journal import Journal
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.rows import rows_of
from polyfolio.kernels import attribution
from polyfolio.kernels.measures import paid
from polyfolio.kernels.measures.cards import definitions_version
from polyfolio.kernels.measures.trades import ACTION
from polyfolio.report.attribution import Attribution, attribute, orders_wait
from polyfolio.report.episodes import Prices, closed_trades, trade_columns
from polyfolio.report.metrics import Benchmark, Convention, Metrics, metrics_from_marks
from polyfolio.rules.plan import Plan
from polyfolio.rules.spec import Spec

Values = dict[str, float]


@dataclass(frozen=True, eq=False)
class Results:
    """A run with everything that its reports read.

    Attributes:
        spec: the configuration.
        plan: its compiled form.
        tape: the market rows.
        journal: what happened.
        run_id: digest of configuration, tape, kernels and seed.
        book: the lanes' state after the last row.
    """

    spec: Spec
    plan: Plan
    tape: Tape
    journal: Journal
    run_id: str
    book: Book

    @property
    def lanes(self) -> tuple[str, ...]:
        """Names of the lanes."""
        return self.plan.names

    @property
    def convention(self) -> Convention:
        """How the numbers are computed: bars a year of the tape's calendar, no risk-free rate."""
        return Convention(bars_per_year=self.tape.calendar.bars_per_year)

    def equity(self, lane: int | str) -> Floats:
        """Equity at each close."""
        return np.array(self._parts[self.journal.index_of(lane)].marks["equity"])

    def path(self, lane: int | str) -> Floats:
        """Equity from what the lane began with: what it paid at its first close counts in its first return."""
        index = self.journal.index_of(lane)
        out = self.equity(index)
        out[:1] = self._start(index)
        return out

    def metrics(self, lane: int | str) -> Metrics:
        """Every metric of a lane; those of closed trades need a journal at level full."""
        return self._metrics[self.journal.index_of(lane)]

    def trades(self, lane: int | str) -> Any:
        """TRADE records of a lane, as lane 0."""
        return self._trades[self.journal.index_of(lane)]

    def costs(self, lane: int | str) -> Values:
        """What was paid, by kind and together, what was traded, and trading costs as a share of it."""
        index = self.journal.index_of(lane)
        out = np.empty(len(paid.NAMES))
        paid.summary(self._parts[index].marks, 0, self._start(index), np.empty(paid.SIZE), out)
        return dict(zip(paid.NAMES, out.tolist(), strict=True))

    def accounting(self, lane: int | str) -> Values:
        """The terms of the identity over the whole run, signed.

        `change` is their sum, `remainder` what equity changed beyond it, `largest_residual` the largest of one bar.
        """
        index = self.journal.index_of(lane)
        out = np.empty(attribution.COST_SIZE)
        worst = attribution.cost_kinds(
            self._parts[index].marks,
            0,
            self._start(index),
            np.empty(attribution.COST_STATE_SIZE),
            np.empty(len(attribution.COST_KINDS)),
            out,
        )
        names = (*attribution.COST_KINDS, "change", "remainder")
        return {**dict(zip(names, (out + 0.0).tolist(), strict=True)), "largest_residual": worst}

    def attribution(self, lane: int | str) -> Attribution:
        """Where a lane's change of equity came from: by instrument, by kind of cost, by the wait for the fill."""
        index = self.journal.index_of(lane)
        waits = orders_wait(self.spec.lanes[index].execution)
        return attribute(self.book, index, self._parts[index], self.tape, self.accounting(index), waits)

    def benchmark(self, lane: int | str) -> Benchmark | None:
        """Returns of the lane's benchmark symbol where it has them, dividends and splits followed, without costs."""
        symbol = self.plan.benchmarks[self.journal.index_of(lane)]
        if symbol is None:
            return None
        returns = np.array(rows_of(self.tape, "bar").returns[self.tape.universe.slot(symbol)])
        known = np.isfinite(returns)
        return Benchmark(returns[known], self.tape.times[1:][known]) if known.any() else None

    def trade_table(self) -> dict[str, npt.NDArray[Any]]:
        """Closed trades of every lane as columns, names in place of numbers, stamps in nanoseconds."""
        prices = Prices(np.array(self.tape.high), np.array(self.tape.low), self._multipliers)
        parts = []
        for name, closed in zip(self.lanes, self._trades, strict=True):
            columns = trade_columns(closed, self.tape.times, prices)
            columns["lane"] = np.full(closed.size, name, dtype=object)
            columns["symbol"] = np.array(self.tape.symbols, dtype=object)[closed["slot"]]
            parts.append(columns)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def conventions(self) -> dict[str, Any]:
        """What stands beneath the numbers."""
        one = self.metrics(0)
        return {
            "currency": self.tape.universe.base_currency,
            "returns": "simple, per bar, after all costs",
            "periods_per_year": None if math.isnan(one.periods_per_year) else one.periods_per_year,
            "periods_per_year_source": f"{one.source} {self.tape.calendar.name}",
            "risk_free": self.convention.risk_free,
            "fill": {lane.name: lane.execution.fill.name.lower() for lane in self.spec.lanes},
            "definitions": definitions_version(),
        }

    def lane_record(self, lane: int | str) -> dict[str, Any]:
        """The numbers of one lane as plain values."""
        return {
            **self.metrics(lane).record(),
            "costs": _plain(self.costs(lane)),
            "accounting": _plain(self.accounting(lane)),
        }

    def record(self) -> dict[str, Any]:
        """The numbers of every lane as plain values, for a JSON file."""
        return {
            "run": self.run_id,
            "name": self.spec.name,
            "notes": list(self.plan.notes),
            "conventions": self.conventions(),
            "lanes": {name: self.lane_record(name) for name in self.lanes},
        }

    # -- computed once ----------------------------------------------------------------------------------------------

    def _start(self, index: int) -> float:
        return float(self.plan.rules["initial_capital"][index])

    @cached_property
    def _multipliers(self) -> Floats:
        return np.ascontiguousarray(self.tape.instruments["multiplier"], dtype=np.float64)

    @cached_property
    def _parts(self) -> list[Journal]:
        return [self.journal.lane(index) for index in range(len(self.lanes))]

    @cached_property
    def _trades(self) -> list[Any]:
        return [closed_trades(part.fills, self._multipliers, 1, actions_of(part, self.tape)) for part in self._parts]

    @cached_property
    def _metrics(self) -> list[Metrics]:
        return [self._measure(index) for index in range(len(self.lanes))]

    def _measure(self, index: int) -> Metrics:
        part = self._parts[index]
        closed = self._trades[index] if part.level.name == "FULL" else None
        marks = part.marks.copy()
        marks["equity"] = self.path(index)
        return metrics_from_marks(marks, self.tape.times, self.convention, self.benchmark(index), closed)


def actions_of(journal: Journal, tape: Tape) -> np.ndarray:
    """Money and splits that reached positions between fills, as ACTION records in order of rows; one lane."""
    events = journal.events[journal.events["event"] == Event.CARRY]
    paid_out = np.zeros(events.size, ACTION)
    for name, values in (("row", events["row"]), ("slot", events["slot"]), ("money", events["after"]), ("ratio", 1.0)):
        paid_out[name] = values
    if tape.splits is None:
        return paid_out
    rows, slots = np.nonzero((tape.splits > 0.0) & (tape.splits != 1.0))
    split = np.zeros(rows.size, ACTION)
    for name, values in (("row", rows), ("slot", slots), ("ratio", tape.splits[rows, slots])):
        split[name] = values
    both = np.concatenate([split, paid_out])
    return both[np.argsort(both["row"], kind="stable")]


def _plain(values: Values) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in values.items()}
