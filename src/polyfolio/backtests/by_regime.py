"""Returns told apart by the state the market was in when they were decided on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.backtests.rounds import Round
from polyfolio.backtests.splice import rows_joined
from polyfolio.backtests.walked_rounds import Rounds
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.panel_regime import KEY, regime_of
from polyfolio.features.regimes.base import UNKNOWN, Regime
from polyfolio.market.window import window
from polyfolio.report.resampled import Year, measures
from polyfolio.rules.observation import RegimeSection

SHOWN = ("annual_return", "volatility", "sharpe")
UNKNOWN_STATE = "unknown"
FEWEST = 2  # returns of a state that have a deviation


def by_regime(rounds: Rounds, sections: Sequence[RegimeSection], periods_per_year: float) -> list[dict[str, Any]]:
    """For each regime its states, how often each was, and the measures of every lane in it.

    Args:
        rounds: the walked rounds; a regime that learns does so for each round on its rows to learn from.
        sections: which regimes.
        periods_per_year: bars of a year.
    """
    returns = {name: rounds.returns(name) for name in rounds.names}
    out = []
    for number, section in enumerate(sections):
        regime = made(section, number)
        labels = states(regime, rounds)
        found = {
            state: of_state(labels == code, returns, periods_per_year)
            for code, state in (*enumerate(regime.states), (UNKNOWN, UNKNOWN_STATE))
            if code != UNKNOWN or (labels == UNKNOWN).any()
        }
        out.append({"regime": section.name, "params": dict(section.params), "meaning": regime.meaning, "states": found})
    return out


def made(section: RegimeSection, number: int) -> Regime:
    """The regime a section names; messages name the key of the benchmark."""
    try:
        return regime_of(section)
    except ConfigError as error:
        at = error.field.replace(KEY, f"benchmark.regimes[{number}]", 1)
        raise ConfigError(at, error.value, error.bound, error.remedy) from error


def states(regime: Regime, rounds: Rounds) -> Ints:
    """The state at the close of each judged decision, from the rows up to it; -1 where unknown."""
    if type(regime).learn is Regime.learn:
        told = regime.labels(rounds.tape)
        return np.concatenate([told[one.round.fold.test] for one in rounds.judged])
    return np.concatenate([learned(regime, rounds, one.round) for one in rounds.judged])


def learned(regime: Regime, rounds: Rounds, one: Round) -> Ints:
    """The states of one round, told by a regime that learned on its rows to learn from."""
    rows = one.fold.train
    if rows.size < FEWEST:
        bound = f"rows to learn from for regime {regime.name} before {one.name}"
        raise DataError("rows to learn from", int(rows.size), bound, "Take another regime, or another split.")
    told = regime.clone().fit(rows_joined(rounds.tape, rows))
    return told.labels(window(rounds.tape, 0, one.end))[one.fold.test]


def of_state(mine: npt.NDArray[np.bool_], returns: Mapping[str, Floats], periods_per_year: float) -> dict[str, Any]:
    """How often a state was, and what each lane did in it: as if its bars had followed each other."""
    bars = int(mine.sum())
    lanes = {}
    for name, path in returns.items():
        found = dict.fromkeys(SHOWN, math.nan)
        if bars >= FEWEST:
            year = Year(bars / periods_per_year, periods_per_year)
            taken = measures(path[mine][None, :], year)
            found = {measure: float(taken[measure][0]) for measure in SHOWN}
        lanes[name] = found
    return {"bars": bars, "share": bars / max(mine.size, 1), "lanes": lanes}
