"""What is judged, and what strategies say there: whoever learns does so before each fold and from nothing in it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

import numpy as np

from polyfolio.backtests.splice import rows_joined
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.market.folds import Fold, events_of, walk_forward
from polyfolio.market.window import window
from polyfolio.rules.plan import Plan
from polyfolio.rules.spec import Strategy as Named
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import Bound, heard, located, place_of, refuse_bad_signals, standing, strategy_of


@dataclass(frozen=True, eq=False)
class Period:
    """What is judged.

    Attributes:
        tape: rows up to the last judged one; later ones are cut off.
        folds: consecutive spans of judged rows, each with the rows that may be learned from.
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
class Said:
    """What sources that learn nothing said over a whole tape, kept for the periods that are parts of it.

    A signal of row t uses the rows up to t, so a part of the tape hears the same as the whole of it.

    Attributes:
        tape: the whole of it.
        signals: by strategy, as its configuration names it.
    """

    tape: Tape
    signals: dict[str, Floats] = field(default_factory=dict)


def signals_of(plan: Plan, period: Period, said: Said | None = None) -> Floats:
    """Signals of every source of a plan, float64[sources, rows, sleeves]; NaN before the period.

    Args:
        plan: the compiled configuration.
        period: what is judged.
        said: where several periods of one tape follow each other, what is kept between them.
    """
    kept = said or Said(period.tape)
    out = np.full((len(plan.sources), period.tape.rows, len(plan.sleeves)), np.nan)
    for number, source in enumerate(plan.sources):
        if source.strategy is None:
            continue
        at = place_of(plan, number)
        strategy = made(source.strategy, at, period.first)
        with located(at, list(inspect.signature(type(strategy)).parameters)):
            if isinstance(strategy, Bound):
                for lane in np.flatnonzero(plan.rules["signal"] == number):
                    strategy.accept(plan, int(lane), period.tape)
            signals = asked(strategy, period, source.strategy.model_dump_json(), kept)
        refuse_bad_signals(signals, period.tape, f"{at} ({source.name})")
        if strategy.once:
            signals = standing(signals, heard(plan, number, period.tape))
        out[number] = signals[:, plan.slot_of]
    return out


def made(named: Named, at: str, first: int) -> Strategy:
    """A strategy by name. One that keeps a book of its own takes `first`, the row at which the book begins."""
    strategy = strategy_of(named.name, named.params, at)
    if "first" in inspect.signature(type(strategy)).parameters and "first" not in named.params:
        return strategy_of(named.name, {**named.params, "first": first}, at)
    return strategy


def asked(strategy: Strategy, period: Period, name: str, said: Said) -> Floats:
    """What a strategy says at the judged rows; one that learns does so anew for each fold, on its rows to learn from.

    Raises:
        DataError: a strategy that learns, and a fold without rows to learn from.
    """
    tape, first = period.tape, period.first
    out = np.full((tape.rows, tape.slots), np.nan)
    if type(strategy).fit is not Strategy.fit:
        for fold in period.folds:
            if fold.train.size < 2:
                bound = f"2 rows or more before a strategy that learns is judged from row {int(fold.test[0])} on"
                raise DataError("rows to learn from", int(fold.train.size), bound, "Begin later, or shorten the gap.")
            learned = strategy.clone().fit(rows_joined(said.tape, fold.train))
            out[fold.test] = learned.signals(window(tape, 0, int(fold.test[-1]) + 1))[fold.test]
    elif strategy.once:
        out[first:] = strategy.signals(window(tape, first, tape.rows))
    elif "first" in inspect.signature(type(strategy)).parameters:
        out[first:] = np.asarray(strategy.signals(tape), dtype=np.float64)[first:]
    else:
        if name not in said.signals:
            signals = np.asarray(strategy.signals(said.tape), dtype=np.float64)
            refuse_bad_signals(signals, said.tape, type(strategy).__name__)
            said.signals[name] = signals
        out[first:] = said.signals[name][first : tape.rows]
    return out
