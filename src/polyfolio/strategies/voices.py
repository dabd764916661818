"""What the members of a portfolio say: each strategy computed once, however many symbols it speaks of."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import located, refuse_bad_signals, strategy_of
from polyfolio.strategies.signal import read_words
from polyfolio.strategies.teams import Member, Team


@runtime_checkable
class Confident(Protocol):
    """A strategy that says how sure it is."""

    def confidences(self, tape: Tape) -> Floats:
        """float64[rows, slots], 0 to 1."""
        ...


@dataclass(frozen=True, eq=False)
class Voices:
    """Signals of members by label, float64[labels, rows, slots]; confidences are None where everybody is certain."""

    names: tuple[str, ...]
    signals: Floats
    confidences: Floats | None

    def only(self, at: list[int], slots: list[int]) -> Voices:
        """The members with these numbers, silent outside these slots."""
        if len(at) == len(self.names) and len(slots) == self.signals.shape[2]:
            return self
        signals = np.full((len(at), *self.signals.shape[1:]), np.nan)
        signals[:, :, slots] = self.signals[at][:, :, slots]
        sure = None if self.confidences is None else self.confidences[at]
        return Voices(tuple(self.names[number] for number in at), signals, sure)


def made(member: Member) -> Strategy:
    """The strategy of a member; errors name where it is written."""
    with located(member.field, []):
        return strategy_of(member.name, member.params, member.field)


def voices_of(teams: Mapping[int, Team], fitted: Mapping[str, Strategy], tape: Tape, *, stands: bool) -> Voices:
    """What every member says of the slots it is heard on.

    Args:
        teams: slot to team.
        fitted: strategies that have learned, by `Member.key`; others are made anew.
        tape: the rows.
        stands: True where an opinion stands until the next one.
    """
    names = tuple(dict.fromkeys(member.label for team in teams.values() for member in team.members))
    signals = np.full((len(names), tape.rows, tape.slots), np.nan)
    sure: Floats | None = None
    for member, places in _heard(teams):
        said, confident = said_by(member, fitted.get(member.key) or made(member), tape)
        if stands:
            said, confident = standing(said, confident)
        for label, slots in places.items():
            at = names.index(label)
            if len(slots) == tape.slots:
                signals[at] = said
            else:
                signals[at][:, slots] = said[:, slots]
            if confident is not None:
                sure = np.ones(signals.shape) if sure is None else sure
                sure[at][:, slots] = confident[:, slots]
    return Voices(names, signals, sure)


def said_by(member: Member, strategy: Strategy, tape: Tape) -> tuple[Floats, Floats | None]:
    """A member's signals and confidences; what it raises names it.

    Raises:
        PolyfolioError: the strategy's own, with the place of the member before it.
        ConfigError: it raised something else, or answered in another shape, with infinities, or beyond -1 and 1.
    """
    words = list(inspect.signature(type(strategy)).parameters)
    try:
        with located(member.field, words):
            raw = np.asarray(strategy.signals(tape))
            sure = np.asarray(strategy.confidences(tape), np.float64) if isinstance(strategy, Confident) else None
    except PolyfolioError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        remedy = f"Run {member.name} by itself: `check_strategy` finds where."
        raise ConfigError(f"{member.field}: {member.label}", what, "signals", remedy) from error
    place = f"{member.field}: {member.label}"
    if raw.dtype.kind in "OUS":
        raw, by_words = read_words(raw, place)
        sure = by_words if sure is None else sure
    said = raw.astype(np.float64, copy=False)
    refuse_bad_signals(said, tape, place)
    _refuse_outside(said, 1.0, f"{place}: signals", tape)
    if sure is not None:
        refuse_bad_signals(sure, tape, f"{place}: confidences")
        _refuse_outside(np.where(np.isnan(said), 0.0, sure), 1.0, f"{place}: confidences", tape, least=0.0)
    return said, sure


def standing(said: Floats, sure: Floats | None) -> tuple[Floats, Floats | None]:
    """Each opinion repeated until the next one: a strategy without an opinion keeps what it held."""
    silent = np.isnan(said)
    if not (silent[1:] & ~silent[:-1]).any():
        return said, sure  # nobody falls silent after a word: nothing to repeat
    rows = np.arange(len(said))[:, None]
    last = np.maximum.accumulate(np.where(silent, 0, rows), axis=0)
    kept = np.take_along_axis(said, last, axis=0)
    return kept, None if sure is None else np.take_along_axis(sure, last, axis=0)


def _heard(teams: Mapping[int, Team]) -> Iterable[tuple[Member, dict[str, list[int]]]]:
    """Each distinct strategy with the labels it goes by and their slots."""
    found: dict[str, tuple[Member, dict[str, list[int]]]] = {}
    for slot, team in teams.items():
        for member in team.members:
            _, places = found.setdefault(member.key, (member, {}))
            places.setdefault(member.label, []).append(slot)
    return found.values()


def _refuse_outside(values: Any, most: float, field: str, tape: Tape, least: float = -1.0) -> None:
    wrong = (values > most) | (values < least)
    if wrong.any():
        row, slot = (int(index) for index in np.argwhere(wrong)[0])
        place = f"{field}[{row}, {tape.symbols[slot]}]"
        raise ConfigError(place, float(values[row, slot]), f"from {least:g} to {most:g}", "Scale the numbers.")
