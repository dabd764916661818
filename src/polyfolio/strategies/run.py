"""From the signal sources of a plan to their signals."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.plan import Plan
from polyfolio.strategies.base import Strategy


def strategy_of(name: str, params: Mapping[str, Any] | None = None, field: str = "strategy") -> Strategy:
    """A strategy by its registered name.

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
                f"{field}.params",
                word,
                "one of " + ", ".join(known) if known else f"empty for {name}",
                f"Did you mean `{near[0]}`?" if near else "Remove it.",
            )
    try:
        made: Strategy = cls(**given)
    except TypeError as error:
        raise ConfigError(
            f"{field}.params",
            given,
            f"the arguments of {cls.__name__} ({error})",
            f"It is used like {cls.__name__}{inspect.signature(cls)}.",
        ) from None
    return made


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
        field = f"strategy of {source.name}"
        strategy = strategy_of(source.strategy.name, source.strategy.params, field)
        if train is not None:
            strategy = strategy.fit(train)
        signals = np.asarray(strategy.signals(tape), dtype=np.float64)
        refuse_bad_signals(signals, tape, field)
        out[number] = signals[:, plan.slot_of]
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
