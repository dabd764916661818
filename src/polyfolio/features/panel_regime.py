"""The regime of a panel: made from its section, learned from the training rows."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.regimes.base import Regime
from polyfolio.features.regimes.market import Market
from polyfolio.features.stream import bar_of
from polyfolio.rules import registry
from polyfolio.rules.arguments import closest
from polyfolio.rules.observation import RegimeSection

KEY = "environment.observation.regime"


def regime_of(regime: RegimeSection) -> Regime:
    """The regime a section names, before it has learned.

    Raises:
        ConfigError: an unknown name, or an argument it does not take.
    """
    return _made(regime.name, regime.params, KEY)


def learns(regime: RegimeSection | None) -> bool:
    """Whether a regime takes anything from training rows."""
    return regime is not None and type(regime_of(regime)).learn is not Regime.learn


def market_returns(regime: RegimeSection, tape: Tape, rows: slice) -> Floats:
    """The market's returns in these rows, from these rows alone: the first has none."""
    symbol = regime_of(regime).symbol
    series = Market(tape.slots, None if symbol is None else tape.universe.slot(symbol))
    return np.array([series.step(bar_of(tape, row, ("close",))) for row in range(rows.start, rows.stop)])


def _made(name: str, params: Mapping[str, Any], key: str) -> Regime:
    kind = registry.resolve("regime", name, f"{key}.name")
    known = inspect.signature(kind).parameters
    for word in params:
        if word not in known:
            bound = "one of " + ", ".join(known) if known else "left out: it takes none"
            raise ConfigError(f"{key}.params.{word}", word, bound, closest(word, known, "Correct the argument."))
    arguments = {word: _argument(value, f"{key}.params.{word}") for word, value in params.items()}
    for word, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and word not in arguments:
            raise ConfigError(f"{key}.params.{word}", None, "given", f"Name the argument of regime {name}.")
    made = kind(**arguments)
    if not isinstance(made, Regime):
        raise ConfigError(f"{key}.name", name, "a regime", "Name a class that is one.")
    return made


def _argument(value: Any, key: str) -> Any:
    """A list is a tuple, and `{"name": ..., "params": ...}` a regime in the regime."""
    if isinstance(value, Mapping) and "name" in value:
        return _made(value["name"], value.get("params", {}), key)
    return tuple(value) if isinstance(value, list) else value
