"""The accounts of an evaluation walked through the engine: all on the same rows, flat until the judged period begins.

Rows before the period are there to learn from and to warm up on. Signals are kept from the accounts until the first
judged row, so every account enters the period in cash and pays for its first trades.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from polyfolio.backtest.run import Result, backtest
from polyfolio.core.codes import Level
from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.engine.engine import Engine
from polyfolio.kernels.measures import growth
from polyfolio.market.folds import Fold, events_of, walk_forward
from polyfolio.market.window import window
from polyfolio.report.brinson import weights_of
from polyfolio.report.metrics import Benchmark, Metrics, metrics_from_marks
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec
from polyfolio.rules.spec import Strategy as Named
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import Bound, heard, located, place_of, refuse_bad_signals, standing, strategy_of
from polyfolio.train.evaluation_contenders import Entry, spec_of


@dataclass(frozen=True, eq=False)
class Period:
    """What is judged.

    Attributes:
        tape: rows up to the last judged one; later ones are cut off.
        folds: consecutive spans of judged rows, each with the rows before it that may be learned from.
    """

    tape: Tape
    folds: tuple[Fold, ...]

    @property
    def first(self) -> int:
        """The row whose close is the base of the first return."""
        return int(self.folds[0].test[0])

    @property
    def bars(self) -> int:
        """Returns of the period."""
        return self.tape.rows - 1 - self.first


def period_of(tape: Tape, rows: tuple[int, int], folds: int, gap: str | None = None) -> Period:
    """The judged period as folds of equal length; rows that do not divide are left out at its beginning.

    Args:
        tape: market rows.
        rows: first judged row, and the row after the last.
        folds: how many.
        gap: time before each fold that is not learned from, such as "5d".

    Raises:
        DataError: more folds than rows.
    """
    cut = window(tape, 0, rows[1])
    free = min(rows[1] - rows[0], rows[1] - 1)  # the tape's first row comes before every fold
    made = walk_forward(events_of(cut, 0), folds=folds, test=max(free // folds, 1), gap=gap)
    return Period(cut, made)


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


def signals_of(plan: Plan, period: Period) -> Floats:
    """Signals of every source of a plan, float64[sources, rows, sleeves]; NaN before the period."""
    out = np.full((len(plan.sources), period.tape.rows, len(plan.sleeves)), np.nan)
    for number, source in enumerate(plan.sources):
        if source.strategy is None:
            continue
        field = place_of(plan, number)
        strategy = made(source.strategy, field, period.first)
        with located(field, list(inspect.signature(type(strategy)).parameters)):
            if isinstance(strategy, Bound):
                for lane in np.flatnonzero(plan.rules["signal"] == number):
                    strategy.accept(plan, int(lane), period.tape)
            signals = asked(strategy, period)
        refuse_bad_signals(signals, period.tape, f"{field} ({source.name})")
        if strategy.once:
            signals = standing(signals, heard(plan, number, period.tape))
        out[number] = signals[:, plan.slot_of]
    return out


def made(named: Named, field: str, first: int) -> Strategy:
    """A strategy by name. One that keeps a book of its own takes `first`, the row at which the book begins."""
    strategy = strategy_of(named.name, named.params, field)
    if "first" in inspect.signature(type(strategy)).parameters and "first" not in named.params:
        return strategy_of(named.name, {**named.params, "first": first}, field)
    return strategy


def asked(strategy: Strategy, period: Period) -> Floats:
    """What a strategy says at the judged rows; one that learns does so anew for each fold, on the rows before it."""
    tape, first = period.tape, period.first
    out = np.full((tape.rows, tape.slots), np.nan)
    if type(strategy).fit is not Strategy.fit:
        for fold in period.folds:
            begin, end = int(fold.train[0]), int(fold.train[-1]) + 1
            learned = strategy.clone().fit(window(tape, begin, end))
            out[fold.test] = learned.signals(window(tape, 0, int(fold.test[-1]) + 1))[fold.test]
    elif strategy.once:
        out[first:] = strategy.signals(window(tape, first, tape.rows))
    else:
        out[first:] = np.asarray(strategy.signals(tape), dtype=np.float64)[first:]
    return out


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
