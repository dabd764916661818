"""The index of a benchmark: a symbol of the tape, or a series beside it. Its returns pay no costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError, DataError, PolyfolioError
from polyfolio.kernels.measures import growth
from polyfolio.market.source import open_tape
from polyfolio.market.stamps import show
from polyfolio.report.metrics import Benchmark
from polyfolio.rules.arguments import closest
from polyfolio.rules.benchmark import BenchmarkSection
from polyfolio.rules.spec import Spec
from polyfolio.rules.tape import TapeSection


@dataclass(frozen=True, eq=False)
class Index:
    """Returns of the index and the stamps of their closings.

    Attributes:
        name: its symbol; "" for none.
        symbol: the same where it is on the tape and can be bought, else None.
        returns: per bar, dividends and splits followed.
        times: closing stamps, one per return.
    """

    name: str
    symbol: str | None
    returns: Floats
    times: Ints

    def benchmark(self, times: Ints) -> Benchmark | None:
        """The returns between these closings, for relative measures; None where there are none."""
        mine = np.isin(self.times, times[1:])
        return Benchmark(self.returns[mine], self.times[mine]) if mine.any() else None

    def matching(self, times: Ints) -> Floats | None:
        """One return for each bar of the stamps; None where one is missing."""
        mine = np.isin(self.times, times[1:])
        return self.returns[mine] if int(mine.sum()) == times.size - 1 else None

    def notes(self, times: Ints) -> Iterator[str]:
        """What a reader must know of it."""
        if not self.name:
            yield "No index: account.benchmark and benchmark.index name no symbol."
            return
        common = int(np.isin(times[1:], self.times).sum())
        if common < times.size - 1:
            yield f"{self.name} has a return at {common} of {times.size - 1} judged closings."

    def totals(self, tape: Tape, times: Ints, symbols: Mapping[str, float]) -> dict[str, float | None]:
        """Total return over the bars of each symbol that is on the tape or is the index; None where one is missing."""
        out = {}
        for symbol in symbols:
            if symbol == self.name:
                found = self.matching(times)
            elif symbol in tape.symbols:
                found = on_tape(tape, symbol).matching(times)
            else:
                continue
            out[symbol] = None if found is None else total(found)
        return out


def total(returns: Floats) -> float:
    """The total return of a series."""
    path = np.empty(returns.size + 1)
    growth.wealth_path(np.ascontiguousarray(returns), path)
    return float(path[-1] - 1.0)


NOTHING = Index("", None, np.empty(0), np.empty(0, np.int64))


def index_of(section: BenchmarkSection, spec: Spec, tape: Tape) -> Index:
    """The index that a benchmark names.

    Raises:
        ConfigError: a symbol that the tape does not have.
        DataError: a series without a row in common with the tape.
    """
    named = section.index or spec.lanes[0].account.benchmark
    if section.index_tape is not None:
        beside = opened(section.index_tape, tape.universe.base_currency)
        symbol = named if named in beside.symbols else beside.symbols[0]
        found = on_tape(beside, symbol)
        if not np.isin(found.times, tape.times[1:]).any():
            spans = " and ".join(f"{show(int(one[0]))} to {show(int(one[-1]))}" for one in (found.times, tape.times))
            bound = f"with closings in common with the tape ({spans})"
            raise DataError("benchmark.index_tape", symbol, bound, "Give the same days, calendar and bar length.")
        return Index(symbol, symbol if symbol in tape.symbols else None, found.returns, found.times)
    if named is None:
        return NOTHING
    if named not in tape.symbols:
        bound = "a symbol of the tape: " + ", ".join(tape.symbols[:12])
        raise ConfigError(
            "benchmark.index", named, bound, closest(named, tape.symbols, "Or give benchmark.index_tape.")
        )
    return on_tape(tape, named)


def opened(section: TapeSection, currency: str) -> Tape:
    """The tape beside the run's; messages name the key of the benchmark."""
    try:
        return open_tape(section, currency)
    except PolyfolioError as error:
        field = error.field.removeprefix("tape.")
        raise type(error)(f"benchmark.index_tape.{field}", error.value, error.bound, error.remedy) from error


def on_tape(tape: Tape, symbol: str) -> Index:
    """A symbol's returns where it has them."""
    returns = np.array(rows_of(tape, "bar").returns[tape.universe.slot(symbol)])
    known = np.isfinite(returns)
    return Index(symbol, symbol, returns[known], tape.times[1:][known])
