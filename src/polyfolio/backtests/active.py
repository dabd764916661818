"""A lane's return beside that of a portfolio of fixed weights, split over groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.report.brinson import Brinson, brinson, groups
from polyfolio.report.results import Results
from polyfolio.report.run_page.benchmark import period
from polyfolio.report.run_page.lane import LaneView
from polyfolio.rules.arguments import closest


def against(results: Results, lane: int | str, benchmark: Mapping[str, float] | None, by: str) -> Brinson:
    """A lane's active return, split; see `Result.brinson`."""
    index = results.journal.index_of(lane)
    theirs = benchmark_weights(results, index, benchmark)
    group_of, names = groups(results.plan, by)
    return brinson(period(LaneView(results, results.lanes[index]), theirs), group_of, names)


def benchmark_weights(results: Results, lane: int, benchmark: Mapping[str, float] | None) -> Floats:
    """The benchmark's weights by slot; what they leave of 1 is cash."""
    symbols, named = results.tape.symbols, results.plan.benchmarks[lane]
    if benchmark is None and named is None:
        raise ConfigError(
            "benchmark",
            None,
            "a map of symbol to weight, where account.benchmark is null",
            f"Give the weights, for example {{{symbols[0]!r}: 1.0}}.",
        )
    given: dict[Any, Any] = {named: 1.0} if benchmark is None else dict(benchmark)
    row = np.zeros(len(symbols))
    for symbol, weight in given.items():
        if symbol not in symbols:
            bound = "of a symbol of the tape: " + ", ".join(symbols[:12])
            raise ConfigError(f"benchmark.{symbol}", weight, bound, closest(str(symbol), symbols))
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0.0 <= weight <= 1.0:
            raise ConfigError(f"benchmark.{symbol}", weight, "from 0 to 1", "Give a share, like 0.5.")
        row[symbols.index(str(symbol))] = weight
    if row.sum() > 1.0 + 1e-9:
        raise ConfigError(
            "benchmark", float(row.sum()), "at most 1, the sum of its weights", "Lower them: the rest is cash."
        )
    return row
