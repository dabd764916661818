"""From the signal sources of a plan to their signals."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.rules import registry
from polyfolio.rules.plan import Plan
from polyfolio.strategies.base import Strategy


@runtime_checkable
class Bound(Protocol):
    """A strategy that was made under certain rules for a certain market."""

    def accept(self, plan: Plan, lane: int, tape: Tape) -> None:
        """Refuse a lane under other rules, or a tape of another market, with what differs."""
        ...


def strategy_of(name: str, params: Mapping[str, Any] | None = None, field: str = "strategy") -> Strategy:
    """A strategy by its registered name.

    Args:
        name: registered name, or module:Class.
        params: keyword arguments of its constructor.
        field: path of the configuration's key, for messages.

    Raises:
        ConfigError: the name is unknown, or an argument is one it does not take or of the wrong kind.
    """
    cls = registry.resolve("strategy", name, f"{field}.name")
    given = params or {}
    known = list(inspect.signature(cls).parameters)
    for word in given:
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
            raise ConfigError(
                f"{field}.params.{word}",
                given[word],
                f"an argument of {name}: " + ", ".join(known) if known else f"absent: {name} takes no arguments",
                f"Did you mean `{near[0]}`?" if near else "Remove it.",
            )
    try:
        with located(field, known):
            made: Strategy = cls(**given)
    except TypeError as error:
        raise ConfigError(
            f"{field}.params",
            given,
            f"the arguments of {cls.__name__} ({error})",
            f"It is used like {cls.__name__}{inspect.signature(cls)}.",
        ) from None
    return made


@contextmanager
def located(field: str, params: list[str]) -> Iterator[None]:
    """Errors of a strategy with the path of the configuration's key before what the strategy itself calls it."""
    try:
        yield
    except PolyfolioError as error:
        word = re.split(r"[.\[:]", error.field, maxsplit=1)[0]
        at = f"{field}.params.{error.field}" if word in params else f"{field}: {error.field}"
        raise type(error)(at, error.value, error.bound, error.remedy) from error


def place_of(plan: Plan, number: int) -> str:
    """The key of the first lane with the strategy of a source: `lanes[0].strategy`."""
    return f"lanes[{plan.strategies.index(plan.sources[number].strategy)}].strategy"


def signals_for(plan: Plan, tape: Tape, train: Tape | None = None) -> Floats:
    """Signals of every source of a plan, float64[sources, rows, sleeves].

    A slot's signal goes to each of its sleeves. A source given from outside is NaN here: no opinion.

    Args:
        plan: the compiled configuration.
        tape: the rows to answer for.
        train: rows that strategies learn from beforehand; None lets them learn nothing.
    """
    out = np.full((len(plan.sources), tape.rows, len(plan.sleeves)), np.nan)
    for number, source in enumerate(plan.sources):
        if source.strategy is None:
            continue
        field = place_of(plan, number)
        strategy = strategy_of(source.strategy.name, source.strategy.params, field)
        with located(field, list(inspect.signature(type(strategy)).parameters)):
            if isinstance(strategy, Bound):
                for lane in np.flatnonzero(plan.rules["signal"] == number):
                    strategy.accept(plan, int(lane), tape)
            if train is not None:
                strategy = strategy.fit(train)
            signals = np.asarray(strategy.signals(tape), dtype=np.float64)
        refuse_bad_signals(signals, tape, f"{field} ({source.name})")
        if strategy.once:
            signals = standing(signals, heard(plan, number, tape))
        out[number] = signals[:, plan.slot_of]
    return out


def heard(plan: Plan, number: int, tape: Tape) -> Flags:
    """Where the lanes of a source listen: uint8[rows, slots], 1 where they decide and the slot trades.

    Lanes share a source that speaks once only where they decide at the same rows.
    """
    market = rows_of(tape, plan.observation).market
    rules = plan.rules[int(np.argmax(plan.rules["signal"] == number))]
    rows = np.arange(tape.rows)
    if rules["every_bars"] > 0:
        decides = rows % rules["every_bars"] == 0
    else:
        decides = (market.starts & rules["every_period"] != 0) | (rules["every_period"] == 0)
    return np.asarray((market.tradable != 0) & decides[:, None], dtype=np.uint8)


def standing(signals: Floats, listening: Flags) -> Floats:
    """The signals with each opinion said again at the first row where it is heard, unless another one came between."""
    out = signals.copy()
    for slot in range(signals.shape[1]):
        said = np.flatnonzero(~np.isnan(signals[:, slot]))
        open_rows = np.flatnonzero(listening[:, slot])
        nexts = np.searchsorted(open_rows, said)
        for row, at in zip(said[nexts < open_rows.size], nexts[nexts < open_rows.size], strict=True):
            out[open_rows[at], slot] = signals[row, slot]
    return out


def refuse_bad_signals(signals: Floats, tape: Tape, field: str) -> None:
    """Refuse signals of another shape, and infinite ones."""
    if signals.shape != (tape.rows, tape.slots):
        raise ConfigError(
            f"{field}: signals",
            signals.shape,
            f"of shape {(tape.rows, tape.slots)}",
            "Return one signal per row and slot.",
        )
    wrong = np.isinf(signals)
    if wrong.any():
        row, slot = (int(index) for index in np.argwhere(wrong)[0])
        raise ConfigError(
            f"{field}: signals[{row}, {slot}]",
            float(signals[row, slot]),
            "finite, or NaN",
            f"Look at what it does with {tape.symbols[slot]} at row {row}.",
        )
