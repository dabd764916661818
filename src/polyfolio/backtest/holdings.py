"""What a lane held at every close, and its return beside a benchmark's: the run is walked once more to see it.

A journal keeps fills and the totals of each bar. What each slot was worth at each close is in the book alone, which
changes from row to row, so the same rows are walked again and the book is copied at each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.codes import Level
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.engine.engine import Engine
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError
from polyfolio.kernels.measures import growth
from polyfolio.report.brinson import Brinson, Period, brinson, weights_of
from polyfolio.report.results import Results
from polyfolio.rules.arguments import closest
from polyfolio.rules.plan import Plan

BY_SYMBOL = "symbol"
UNLABELLED = "(none)"


def holdings(plan: Plan, tape: Tape, signals: Floats, lane: int) -> tuple[Floats, Floats]:
    """Equity and the value of each slot at every close: float64[rows], float64[rows, slots]."""
    rules = plan.rules.copy()
    rules["level"] = int(Level.OFF)
    engine = Engine(replace(plan, rules=rules, level=Level.OFF), tape, signals)
    worth, value = np.empty(tape.rows), np.empty((tape.rows, tape.slots))
    for row in range(tape.rows):
        engine.step()
        worth[row], value[row] = engine.book.account["equity"][lane], engine.book.value[lane]
    return worth, value


def against(
    results: Results, signals: Floats, lane: int | str, benchmark: Mapping[str, float] | None, by: str
) -> Brinson:
    """A lane's active return, split; see `Result.brinson`."""
    index = results.journal.index_of(lane)
    tape, plan = results.tape, results.plan
    theirs = benchmark_weights(results, index, benchmark)
    group_of, names = groups(plan, by)
    path, value = holdings(plan, tape, signals, index)
    own, flows = np.empty(tape.rows - 1), results.journal.lane(index).marks["flows"]
    growth.returns_of(path, np.array(flows), own)
    returns = np.ascontiguousarray(rows_of(tape, "bar").returns.T)
    weights = weights_of(path[:-1], np.ascontiguousarray(value[:-1]))
    return brinson(Period(weights, theirs, returns, own), group_of, names)


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


def groups(plan: Plan, by: str) -> tuple[Ints, tuple[str, ...]]:
    """Number of the group of each slot, and the groups' names: the symbols, or the values of a label."""
    if by == BY_SYMBOL:
        return np.arange(len(plan.symbols)), plan.symbols
    if by not in plan.label_names:
        known = (BY_SYMBOL, *plan.label_names)
        raise ConfigError("by", by, "one of " + ", ".join(known), closest(str(by), known))
    at = plan.label_names.index(by)
    names = plan.label_values[at]
    numbers = np.where(plan.labels[at] >= 0, plan.labels[at], len(names))
    return numbers, (*names, UNLABELLED) if (numbers == len(names)).any() else names
