"""Many strategies in one lane: members per symbol, one signal of theirs, and what each symbol may take."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.codes import Sizing
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest, finite
from polyfolio.rules.plan import Plan
from polyfolio.strategies.aggregate.base import Aggregator, aggregator_of
from polyfolio.strategies.aggregate.learned import Importances
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import Bound, located
from polyfolio.strategies.teams import AVERAGE, Team, defined, described, team_of, teams_of
from polyfolio.strategies.voices import Voices, made, voices_of

TICKERS = "tickers"  # the voice of the symbols' own teams beside those of the overlay
OVERLAY = "overlay"


class Portfolio(Strategy):
    """One signal per symbol out of several strategies'.

    Each symbol has a team: members and the aggregator that makes one signal of theirs. Teams that name the same
    aggregator share it: what it learns, it learns of all their symbols together. Over all symbols an overlay may
    speak: members of its own, which are combined with the teams' signal (`tickers`). A strategy sees the whole tape
    and is computed once, however many symbols it speaks of.

    Args:
        strategies: symbol to its team: a name, a list of members, a map of label to `{"params": ..., "weight": ...}`,
            or `{"members": ..., "aggregator": ...}`. None gives every symbol of the tape all of `members`.
        members: label to `{"name": ..., "params": {...}}`, for teams to name.
        aggregator: `{"name": ..., "params": {...}}` of teams that name none; None for the weighted average.
        overlay: a team over all symbols; its aggregator hears `tickers` as one of its members.
        allocation: share of equity that a signal of 1 asks for, by symbol; needs `sizing: {method: weights}`. None
            leaves the sizes to the lane's sizing method.
        silence: what a member without an opinion means: "stands", its last one goes on, as it would in a lane of its
            own; "absent", it is left out of that row.
    """

    # Keeps the sizes of combined signals: equal_weight would give 0.02 and 0.9 the same weight.
    sizing: ClassVar[str] = "signal_strength"
    space: ClassVar[Mapping[str, Any]] = {"silence": ["stands", "absent"]}
    remembers: ClassVar[bool] = True

    def __init__(
        self,
        *,
        strategies: Mapping[str, Any] | None = None,
        members: Mapping[str, Any] | None = None,
        aggregator: Mapping[str, Any] | None = None,
        overlay: Any = None,
        allocation: Mapping[str, float] | None = None,
        silence: str = "stands",
    ) -> None:
        self.strategies = strategies
        self.members = members
        self.aggregator = aggregator
        self.overlay = overlay
        self.allocation = allocation
        self.silence = silence

    @property
    def warmup(self) -> int:
        """That of its slowest member."""
        symbols = tuple(self.strategies or ("any",))
        teams = [*self._teams(symbols).values(), *self._overlay()]
        return max(made(member).warmup for team in teams for member in team.members)

    def fit(self, tape: Tape) -> Self:
        """Let every member learn from the training rows, then every aggregator from what they say of them."""
        teams = [*self._teams(tape.symbols).values(), *self._overlay()]
        distinct = {member.key: member for team in teams for member in team.members}
        self.members_ = {key: made(member).fit(tape) for key, member in distinct.items()}
        self.aggregators_: dict[str, Aggregator] = {}
        said = np.full((tape.rows, tape.slots), np.nan)
        for group in self._groups(tape):
            self.aggregators_[group.key] = group.ask("fit", tape)
            said[:, group.slots] = group.ask("combine", tape)[:, group.slots]
        for over in self._over(said, tape):
            self.aggregators_[over.key] = over.ask("fit", tape)
        return self

    def signals(self, tape: Tape) -> Floats:
        """One signal per row and symbol, times its allocation; NaN for symbols without a team."""
        out = np.full((tape.rows, tape.slots), np.nan)
        for group in self._groups(tape):
            out[:, group.slots] = group.ask("combine", tape)[:, group.slots]
        for over in self._over(out, tape):
            out = over.ask("combine", tape)
        return out if self.allocation is None else out * self._allocated(tape)

    def contributions(self, tape: Tape) -> tuple[tuple[str, ...], Floats]:
        """Labels, and what each adds to the signal, float64[labels, rows, slots]; NaN where it is silent.

        Under an overlay the part of `tickers` is divided among the members of the teams in proportion to what they
        added there. A member of the overlay whose label a team has too is called `overlay LABEL`.
        """
        groups = self._groups(tape)
        names = tuple(dict.fromkeys(name for group in groups for name in group.voices.names))
        parts, said = np.full((len(names), tape.rows, tape.slots), np.nan), np.full((tape.rows, tape.slots), np.nan)
        for group in groups:
            said[:, group.slots] = group.ask("combine", tape)[:, group.slots]
            added = group.ask("contributions", tape)[:, :, group.slots]
            for name, own in zip(group.voices.names, added, strict=True):
                parts[names.index(name)][:, group.slots] = own
        for over in self._over(said, tape):
            added = over.ask("contributions", tape)
            names = (*names, *(f"{OVERLAY} {name}" if name in names else name for name in over.voices.names[1:]))
            parts = np.concatenate([split(added[0], parts), added[1:]])
        return names, parts

    def importances(self, tape: Tape) -> dict[str, Importances]:
        """What each aggregator that learns features found them to tell, by the symbols of its teams."""
        found = {}
        for group in self._groups(tape):
            group.ask("combine", tape)
            told = getattr(group.aggregator, "importances_", None)
            if isinstance(told, Importances):
                found[", ".join(tape.symbols[slot] for slot in group.slots)] = told
        return found

    def accept(self, plan: Plan, lane: int, tape: Tape) -> None:
        """Refuse an allocation in a lane that sizes otherwise, and members that were made for other rules.

        Raises:
            ConfigError: says which.
        """
        method = Sizing(int(plan.rules["method"][lane]))
        if self.allocation is not None and method is not Sizing.WEIGHTS:
            bound = f"absent where sizing.method is {method.name.lower()}"
            remedy = "Write `sizing: {method: weights}` in the lane, or leave the allocation out."
            raise ConfigError("allocation", dict(self.allocation), bound, remedy)
        teams = [*self._teams(tape.symbols).values(), *self._overlay()]
        # Many symbols may name one member: it is asked once.
        for member in {member.key: member for team in teams for member in team.members}.values():
            strategy = made(member)
            if isinstance(strategy, Bound):
                with located(member.field, []):
                    strategy.accept(plan, lane, tape)

    # -- the parts --------------------------------------------------------------------------------------------------

    def _teams(self, symbols: tuple[str, ...]) -> dict[str, Team]:
        if self.silence not in ("stands", "absent"):
            raise ConfigError("silence", self.silence, "stands or absent", "Say what no opinion means.")
        return teams_of(self.strategies, self.members, self.aggregator, symbols)

    def _overlay(self) -> list[Team]:
        """The overlay's team, or none."""
        if self.overlay is None:
            return []
        return [team_of(self.overlay, defined(self.members), described(AVERAGE, OVERLAY), OVERLAY)]

    def _groups(self, tape: Tape) -> list[Group]:
        """Each aggregator of teams with what it hears."""
        teams = {tape.symbols.index(symbol): team for symbol, team in self._teams(tape.symbols).items()}
        voices = voices_of(teams, getattr(self, "members_", {}), tape, stands=self.silence == "stands")
        shared: dict[str, list[int]] = {}
        for slot, team in sorted(teams.items()):
            shared.setdefault(team.key, []).append(slot)
        found = []
        for key, slots in shared.items():
            own = {tape.symbols[slot]: teams[slot] for slot in slots}
            team = teams[slots[0]]
            labels = {member.label for each in own.values() for member in each.members}
            at = [number for number, name in enumerate(voices.names) if name in labels]
            aggregator = getattr(self, "aggregators_", {}).get(key) or built(team, own)
            found.append(Group(key, team.place, aggregator, voices.only(at, slots), slots))
        return found

    def _over(self, said: Floats, tape: Tape) -> list[Group]:
        """The overlay's aggregator with what it hears, the teams' signal first; none without an overlay."""
        found = []
        slots = [tape.symbols.index(symbol) for symbol in self._teams(tape.symbols)]
        for team in self._overlay():
            heard = dict.fromkeys(slots, team)
            own = voices_of(heard, getattr(self, "members_", {}), tape, stands=self.silence == "stands")
            if TICKERS in own.names:
                remedy = "Give the member another label."
                raise ConfigError(f"{OVERLAY}: {TICKERS}", TICKERS, "no member's label", remedy)
            sure = None if own.confidences is None else np.concatenate([np.ones((1, *said.shape)), own.confidences])
            voices = Voices((TICKERS, *own.names), np.concatenate([said[None], own.signals]), sure)
            aggregator = getattr(self, "aggregators_", {}).get(OVERLAY) or built(team, {})
            found.append(Group(OVERLAY, f"{OVERLAY}.aggregator", aggregator, voices, slots))
        return found

    def _allocated(self, tape: Tape) -> Floats:
        """Share of equity by slot."""
        row, teams = np.full(tape.slots, np.nan), self._teams(tape.symbols)
        given: Mapping[str, float] = self.allocation or {}
        for symbol, share in given.items():
            if symbol not in teams:
                bound = "of a symbol with strategies: " + ", ".join(list(teams)[:12])
                raise ConfigError(f"allocation.{symbol}", share, bound, closest(symbol, teams))
            if not 0.0 <= finite(f"allocation.{symbol}", share) <= 1.0:
                raise ConfigError(f"allocation.{symbol}", share, "from 0 to 1", "Give a share of equity, like 0.4.")
            row[tape.symbols.index(symbol)] = share
        missing = [symbol for symbol in teams if symbol not in given]
        if missing:
            remedy = "Give its share; 0 keeps the symbol out."
            raise ConfigError(f"allocation.{missing[0]}", None, "given for each symbol with strategies", remedy)
        if float(np.nansum(row)) > 1.0 + 1e-9:
            remedy = "Lower the shares; sizing.per_signal is the place for leverage."
            raise ConfigError("allocation", float(np.nansum(row)), "at most 1, the sum of its shares", remedy)
        return row


@dataclass(frozen=True, eq=False)
class Group:
    """An aggregator, where it is written, what it hears, and the slots whose answer counts."""

    key: str
    place: str
    aggregator: Aggregator
    voices: Voices
    slots: list[int]

    def ask(self, verb: str, tape: Tape) -> Any:
        """`fit`, `combine` or `contributions`; errors name the place."""
        with located(self.place, list(inspect.signature(type(self.aggregator)).parameters)):
            return getattr(self.aggregator, verb)(self.voices.signals, self.voices.confidences, tape, self.voices.names)


def built(team: Team, teams: Mapping[str, Team]) -> Aggregator:
    """A team's aggregator, with the weights that teams give their members."""
    params = dict(team.aggregator.get("params") or {})
    own = {
        symbol: {member.label: 1.0 if member.weight is None else member.weight for member in each.members}
        for symbol, each in (teams or {"": team}).items()
        if any(member.weight is not None for member in each.members)
    }
    if own and params.get("weights") is not None:
        symbol = next(iter(own))
        remedy = "Give the weights in one of the two places."
        raise ConfigError(f"{team.place}.params.weights", params["weights"], f"absent beside {own[symbol]}", remedy)
    if own:
        # The overlay speaks of all symbols with the same weights; what the teams said weighs 1.
        params["weights"] = own if teams else {TICKERS: 1.0, **own[""]}
    return aggregator_of(str(team.aggregator["name"]), params, team.place)


def split(whole: Floats, parts: Floats) -> Floats:
    """A part divided among members in proportion to what they added, equally where that adds up to nothing."""
    added = np.nan_to_num(parts)
    total, size = added.sum(axis=0), np.abs(added).sum(axis=0)
    spoken = ~np.isnan(parts)
    equal = spoken / np.maximum(spoken.sum(axis=0), 1)
    share = np.where(np.abs(total) > 1e-9 * size, added / np.where(total != 0.0, total, 1.0), equal)
    return np.where(spoken, share * np.nan_to_num(whole), np.nan)
