"""The accounts of an evaluation walked through the engine: all on the same rows, flat until the judged period begins.

Rows before the period are there to learn from and to warm up on. Signals are kept from the accounts until the first
judged row, so every account enters the period in cash and pays for its first trades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from polyfolio.backtests.periods import Period, signals_of
from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.codes import Level
from polyfolio.core.types import Flags, Floats
from polyfolio.engine.engine import Engine
from polyfolio.kernels.measures import growth
from polyfolio.report.brinson import weights_of
from polyfolio.report.metrics import Benchmark, Metrics, metrics_from_marks
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from polyfolio.train.evaluation_contenders import Entry, spec_of


@dataclass(frozen=True, eq=False)
class Paths:
    """What accounts earned and traded in the period.

    Attributes:
        entries: the accounts, in the order of the lanes.
        period: what was judged.
        returns: per bar, after all costs: float64[accounts, bars].
        moved: what was traded in each bar as a share of equity before, both sides counted, of the same shape.
        ruined: whether an account lost everything.
    """

    entries: tuple[Entry, ...]
    period: Period
    returns: Floats
    moved: Floats
    ruined: Flags

    def of(self, contender: str) -> list[int]:
        """Numbers of a contender's accounts."""
        return [number for number, entry in enumerate(self.entries) if entry.contender == contender]


@dataclass(frozen=True, eq=False)
class Walked(Paths):
    """Accounts with the run they come from.

    Attributes:
        result: the run.
    """

    result: Result

    def metrics(self, number: int, index: Floats | None) -> Metrics:
        """Every metric of an account over the period, against the index where its returns are given."""
        part = self.result.journal.lane(number)
        marks = part.marks[part.marks["row"] >= self.period.first]
        times = self.period.tape.times
        against = None if index is None else Benchmark(index, times[self.period.first + 1 :])
        closed = self.result.trades(number) if part.level is Level.FULL else None
        return metrics_from_marks(marks, times, self.result.convention, against, closed)


def walked(spec: Spec, entries: Sequence[Entry], period: Period) -> Walked:
    """Run strategies through the period."""
    whole = spec_of(spec, entries, "full")
    plan = compile_spec(whole, period.tape.universe)
    return run(whole, entries, period, signals_of(plan, period))


def run(spec: Spec, entries: Sequence[Entry], period: Period, signals: Floats) -> Walked:
    """Run accounts on their signals through the backtest."""
    result = backtest(spec, period.tape, signals=signals)
    marks, shape = result.journal.marks, (len(entries), period.tape.rows)  # one mark per account and row
    paths = np.ascontiguousarray(marks["equity"].reshape(shape)[:, period.first :])
    moved = np.ascontiguousarray(marks["turnover"].reshape(shape)[:, period.first + 1 :])
    returns = np.zeros((len(entries), period.bars))
    ruined = np.zeros(len(entries), np.uint8)
    for number, path in enumerate(paths):
        ruined[number] = growth.returns_of(path, np.zeros(path.size), returns[number]) >= 0
    returns[np.isnan(returns)] = 0.0  # after a ruin nothing is earned
    return Walked(tuple(entries), period, returns, moved, ruined, result)


def weights(ran: Walked, accounts: int) -> Floats:
    """Shares of equity held at each close of the period by the first accounts: float64[accounts, bars + 1, slots].

    The run is walked once more, since a journal keeps fills and totals, not what each slot was worth.
    """
    plan, period = ran.result.plan, ran.period
    rules = plan.rules.copy()
    rules["level"] = int(Level.OFF)
    engine = Engine(replace(plan, rules=rules, level=Level.OFF), period.tape, ran.result.engine.signals)
    engine.run(until=period.first)
    shape = (accounts, period.bars + 1)
    worth, value = np.empty(shape), np.empty((*shape, period.tape.slots))
    for bar in range(period.bars + 1):
        engine.step()
        worth[:, bar], value[:, bar] = engine.book.account["equity"][:accounts], engine.book.value[:accounts]
    return np.stack([weights_of(worth[number], value[number]) for number in range(accounts)])
