"""Engine(plan, tape): mark, decide, fill, settle, step, run.

The engine owns the book and the journal; every number in them is written by `kernels.walk`. A driver chooses which
phases of which rows to walk, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from polyfolio.core.book import Book, open_book
from polyfolio.core.codes import Level, Phase
from polyfolio.core.journal import Journal
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.core.views import Log, Scratch
from polyfolio.engine import extend
from polyfolio.engine.capital import NOBODY, Capital
from polyfolio.engine.covariances import Covariances
from polyfolio.engine.inputs import (
    check_identity,
    check_signals,
    check_symbols,
    decision_counts,
    looks_at_risk,
    sleeve_of,
)
from polyfolio.engine.memory import ledger, log_buffers, scratch
from polyfolio.engine.orders import spell_out, submit, take_fill
from polyfolio.engine.rows import rows_for
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.transfer import retire
from polyfolio.rules.plan import Plan

Progress = Callable[[int, int], None]

ALL_STAGES = np.array([0, 1 << 30], dtype=np.int64)


class Engine:
    """Lanes over a tape.

    Args:
        plan: the compiled configuration.
        tape: market rows; its universe must be the plan's.
        signals: float64[sources, rows or 1, sleeves], one array per source of the plan; NaN keeps what is held.
            The engine reads it at every row, so a driver may write a row just before it is decided.
        threads: slices of lanes walked at once. Results do not depend on it.
        live: True when the tape's last row is not the end, so that it may be decided at.

    Attributes:
        book: the lanes' state.
        journal: what happened, as far as the plan's level keeps it.
        row: last row walked, -1 before the first.
        capital: what no lane has, and when groups divide what their lanes have.
    """

    def __init__(self, plan: Plan, tape: Tape, signals: Floats, *, threads: int = 1, live: bool = False) -> None:
        check_symbols(plan, tape)
        self.plan = plan.with_tape(bars_per_year=tape.calendar.bars_per_year, days_per_year=tape.calendar.days_per_year)
        self.tape, self.row, self.live = tape, -1, live
        self._filling = False
        self.rows = rows_for(plan, tape)
        self.signals = check_signals(signals, plan, tape)
        self.book: Book = open_book(plan.lanes, tape.slots, np.array(plan.slot_of))
        self.journal = Journal(plan.level, plan.names, tape.symbols, times=tape.times)
        self._ledger = ledger(self.plan, self.book, tape.instruments, self.signals)
        self._walk, self.python_stages = extend.walk_for(plan.extensions)
        extend.check_python(self.plan, self.python_stages)
        self.capital = Capital(self.plan, self.rows)
        self._covariances = Covariances(self.rows, plan.covariances, looks_at_risk(plan))
        self._needed = decision_counts(self.plan, self.rows)
        self.threads = max(1, threads)
        self._slices = slices(units_of(plan.group_of), self.threads)
        self._work = [work_of(self.plan, part) for part in self._slices]

    @property
    def final(self) -> int:
        """The row that accepts no order; -1 on a live tape."""
        return -1 if self.live else self.tape.rows - 1

    def run(self, until: int | None = None, progress: Progress | None = None) -> Engine:
        """Walk all rows up to `until` (exclusive; default the end of the tape).

        Args:
            until: first row not walked.
            progress: called as progress(rows done, rows to do) now and then.
        """
        last = self.tape.rows if until is None else until
        begun = self.row + 1
        self._filling = False
        while self.row + 1 < last:
            stop = self._covariances.block_end(self.row + 1, last)
            stop = min(stop, self.capital.next_due(self.row + 1, last) + 1)
            if self.python_stages:
                stop = self.row + 2
                self._walk_python(self.row + 1)
            else:
                self._walk_rows(self.row + 1, stop, Phase.FILL | Phase.MARK | Phase.DECIDE | Phase.CLOSE)
            self.row = stop - 1
            self.capital.divide(self._ledger, self.row)
            if progress is not None:
                progress(stop - begun, last - begun)
        return self

    def step(self) -> Engine:
        """Walk the next row: fills, mark, decision."""
        if self.row + 1 >= self.tape.rows:
            raise DataError(
                "row",
                self.row + 1,
                f"below {self.tape.rows}, the rows of the tape",
                "The tape has ended: restore a snapshot or start a new engine.",
            )
        return self.run(self.row + 2)

    def fill(self) -> Engine:
        """The fill phases of the next row alone: carry, stops, orders against the bar."""
        self.row += 1
        self._filling = True
        self._walk_rows(self.row, self.row + 1, Phase.FILL)
        return self

    def mark(self) -> Engine:
        """Value the lanes at the row filled last."""
        self._walk_rows(self.row, self.row + 1, Phase.MARK)
        self._filling = False
        return self

    def decide(self) -> Engine:
        """Decide at the row marked last and close its books."""
        if self.python_stages:
            raise ConfigError("decide", "a Python stage", "run or step", "Compile the stage to decide apart.")
        self._walk_rows(self.row, self.row + 1, Phase.DECIDE | Phase.CLOSE)
        self.capital.divide(self._ledger, self.row)
        return self

    def transfer(self, giver: int | str | None, taker: int | str | None, amount: float) -> float:
        """Move money between two lanes after a row; None is the bucket of what no lane has. Returns what was moved."""
        lanes = [NOBODY if lane is None else self._lane(lane) for lane in (giver, taker)]
        return self.capital.move(self._ledger, lanes[0], lanes[1], amount)

    def retire(self, lane: int | str) -> bool:
        """Take a lane out of the run: from the next row on it sells what it holds and decides no more."""
        return bool(retire(self._ledger.account, self._lane(lane)))

    def settle(self, lane: int | str, symbol: str, quantity: float, price: float, **costs: float) -> Engine:
        """Book one fill that happened elsewhere, at a venue, between `fill` and `mark`; see `orders.take_fill`."""
        if not self._filling:
            raise ConfigError(
                "settle",
                f"row {self.row}",
                "between fill() and mark() of a row",
                "Call fill(), then settle(...) for each fill of the venue, then mark().",
            )
        work, log = self._work[0]
        shared = self._covariances.shared(int(self.rows.observations[self.row]), self._needed)
        arrays = (self.rows.market, shared, self._ledger, log, work)
        take_fill(arrays, self._lane(lane), self._sleeve(symbol), self.row, quantity, price, **costs)
        self.empty_buffers()
        return self

    def submit(self, lane: int | str, symbol: str, quantity: float, **terms: Any) -> Engine:
        """Place a working order for the next row; see `engine.orders.submit`."""
        number, sleeve, row = self._lane(lane), self._sleeve(symbol), max(self.row, 0)
        if row == self.final:
            raise DataError("row", row, f"below {self.final}, the last row", "The last row accepts no order.")
        spell_out(self.book, number, int(self.plan.rules["time_in_force"][number]))
        terms.setdefault("decision_price", float(self.rows.market.mark[row, self.book.slot_of[sleeve]]))
        submit(self.book, number, sleeve, quantity, row, **terms)
        return self

    def _sleeve(self, name: str) -> int:
        return sleeve_of(self.plan, self.book.slot_of, self.tape.universe, name)

    def _lane(self, lane: int | str) -> int:
        return self.plan.lane(lane) if isinstance(lane, str) else lane

    def snapshot(self) -> dict[str, Any]:
        """Everything a later `restore` needs to go on from here, byte for byte."""
        bucket, journal = self.capital.bucket.copy(), self.journal.snapshot()
        return {"row": self.row, "book": self.book.snapshot(), "bucket": bucket, "journal": journal}

    def restore(self, snapshot: dict[str, Any]) -> Engine:
        """Go back to a snapshot."""
        self.row = snapshot["row"]
        self._filling = False
        self.book.restore(snapshot["book"])
        self.capital.bucket[:] = snapshot["bucket"]
        self.journal.restore(snapshot["journal"])
        return self

    def _walk_rows(self, first: int, last: int, phases: int, stages: Ints = ALL_STAGES) -> None:
        shared = self._covariances.shared(int(self.rows.observations[first]), self._needed)
        arguments = (shared, first, last, int(phases), stages)
        if len(self._slices) == 1:
            self._walk_slice(0, *arguments)
        else:
            with ThreadPoolExecutor(len(self._slices)) as pool:
                for done in [pool.submit(self._walk_slice, i, *arguments) for i in range(len(self._slices))]:
                    done.result()
        self.empty_buffers()
        if self.plan.rules["checked"].any():
            check_identity(self.book.account["residual"], self.plan.names)

    def _walk_slice(self, index: int, shared: Any, first: int, last: int, phases: int, stages: Ints) -> None:
        self._walk_units(index, self._slices[index], shared, first, last, phases, stages)

    def _walk_units(
        self, thread: int, units: Ints, shared: Any, first: int, last: int, phases: int, stages: Ints
    ) -> None:
        work, log = self._work[thread]
        at = np.array([first, 0, first], dtype=np.int64)
        market, book = self.rows.market, self._ledger
        while not self._walk(market, shared, book, log, work, units, at, last, self.final, phases, stages):
            self._empty(log)

    def _walk_python(self, row: int) -> None:
        """One row of lanes with a stage in plain Python: the compiled stages before and after it, lane by lane."""
        self._walk_rows(row, row + 1, Phase.FILL | Phase.MARK)
        if row != self.final:
            extend.decide_in_python(self, row, self._work[0], self._walk_stages)
        self._walk_rows(row, row + 1, Phase.CLOSE)

    def _walk_stages(self, lane: int, row: int, first: int, last: int) -> None:
        """Stages first..last-1 of one lane's program at one row."""
        shared = self._covariances.shared(int(self.rows.observations[row]), self._needed)
        unit, stages = np.array([[lane, lane + 1]], dtype=np.int64), np.array([first, last], dtype=np.int64)
        self._walk_units(0, unit, shared, row, row + 1, int(Phase.DECIDE), stages)

    def empty_buffers(self) -> None:
        """Hand what the walk wrote down to the journal."""
        for _, log in self._work:
            self._empty(log)

    def _empty(self, log: Any) -> None:
        events, fills, marks = (int(count) for count in log.cursor)
        self.journal.append(events=log.events[:events], fills=log.fills[:fills], marks=log.marks[:marks])
        log.cursor[:] = 0


def work_of(plan: Plan, part: Ints) -> tuple[Scratch, Log]:
    """Scratch memory and journal buffers of the thread that walks this slice."""
    sleeves, largest = plan.slot_of.size, int((part[:, 1] - part[:, 0]).max())
    return scratch(plan, len(plan.symbols), sleeves), log_buffers(largest, sleeves, plan.level >= Level.FULL)


def units_of(group_of: Ints) -> Ints:
    """First and last (exclusive) lane of each unit: a group's lanes together, every other lane alone."""
    edges = [0]
    for lane in range(1, group_of.size):
        if group_of[lane] < 0 or group_of[lane] != group_of[lane - 1]:
            edges.append(lane)
    edges.append(int(group_of.size))
    return np.array([edges[:-1], edges[1:]], dtype=np.int64).T.copy()


def slices(units: Ints, parts: int) -> list[Ints]:
    """Contiguous slices of units, one per thread."""
    return [part.copy() for part in np.array_split(units, min(parts, len(units))) if len(part)]
