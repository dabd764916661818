"""Who speaks of which symbol: a portfolio's `strategies` and `members`, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.arguments import closest, finite

KEYS = ("name", "params", "label", "weight")
AVERAGE: Mapping[str, Any] = {"name": "weighted_average"}


@dataclass(frozen=True)
class Member:
    """One strategy in a team.

    Attributes:
        label: its name among the others: in weights, tables and messages.
        name: registered name, or module:Class.
        params: keyword arguments of its constructor.
        weight: its weight in this team; None where the aggregator says.
        field: where it is written, for messages.
    """

    label: str
    name: str
    params: Mapping[str, Any]
    weight: float | None
    field: str

    @cached_property
    def key(self) -> str:
        """The same for members that say the same."""
        return json.dumps([self.name, self.params], sort_keys=True, default=repr)


@dataclass(frozen=True)
class Team:
    """The members that speak of one symbol, and what makes one signal of theirs.

    Attributes:
        members: at least one, with different labels.
        aggregator: name and params.
        place: where the aggregator is written, for messages.
    """

    members: tuple[Member, ...]
    aggregator: Mapping[str, Any]
    place: str = "aggregator"

    @property
    def key(self) -> str:
        """The same for teams that share an aggregator."""
        return json.dumps([self.aggregator.get("name"), self.aggregator.get("params") or {}], sort_keys=True)


def teams_of(
    strategies: Any,
    members: Any,
    aggregator: Any,
    symbols: Sequence[str],
) -> dict[str, Team]:
    """The team of each symbol that has one.

    Args:
        strategies: symbol to a team: a name, a list of members, a map of label to member, or
            `{"members": ..., "aggregator": ...}`. None gives every symbol all of `members`.
        members: label to `{"name": ..., "params": {...}}`.
        aggregator: of teams that name none.
        symbols: of the tape.

    Raises:
        ConfigError: a symbol, a strategy or a key nobody knows, two members of one label, nobody at all.
    """
    known, usual = defined(members), described(AVERAGE if aggregator is None else aggregator, "aggregator")
    if strategies is None:
        if not known:
            remedy = "Name the strategies of each symbol, or members for all of them."
            raise ConfigError("strategies", None, "given where members are not", remedy)
        return dict.fromkeys(symbols, Team(tuple(known.values()), usual))
    if not strategies or not hasattr(strategies, "items"):
        raise ConfigError("strategies", strategies, "a map of symbol to strategies", "Name at least one symbol.")
    for symbol in strategies:
        if symbol not in symbols:
            bound = f"of a symbol of the tape: {', '.join(symbols[:12])}"
            raise ConfigError(f"strategies.{symbol}", strategies[symbol], bound, closest(symbol, symbols))
    return {symbol: team_of(value, known, usual, f"strategies.{symbol}") for symbol, value in strategies.items()}


def team_of(value: Any, known: Mapping[str, Member], aggregator: Mapping[str, Any], field: str) -> Team:
    """One team as it is written."""
    if isinstance(value, Mapping) and "members" in value:
        _refuse_unknown(value, ("members", "aggregator"), field)
        own = value.get("aggregator")
        team = team_of(value["members"], known, aggregator, f"{field}.members")
        if own is None:
            return team
        return replace(team, aggregator=described(own, f"{field}.aggregator"), place=f"{field}.aggregator")
    if isinstance(value, Mapping) and "name" not in value:
        items = [{"label": label, "name": label, **_mapping(item, f"{field}.{label}")} for label, item in value.items()]
        found = [_member(item, known, f"{field}.{item['label']}") for item in items]
    else:
        listed = [value] if isinstance(value, (str, Mapping)) else value
        if not isinstance(listed, (list, tuple)):
            raise ConfigError(field, value, "a name or a list of members", "Write the strategies' names.")
        found = [_member(item, known, f"{field}[{at}]") for at, item in enumerate(listed)]
    if not found:
        raise ConfigError(field, value, "at least one member", "Name a strategy, or leave the symbol out.")
    labels = [member.label for member in found]
    for at, label in enumerate(labels):
        if label in labels[:at]:
            raise ConfigError(field, label, "there once in a team", "Give one of the two a label of its own.")
    return Team(tuple(found), aggregator)


def defined(members: Any) -> dict[str, Member]:
    """The members that are defined for all teams."""
    found = {}
    for label, item in _mapping(members, "members").items():
        written = {"label": label, "name": label, **_mapping(item, f"members.{label}")}
        found[label] = _member(written, {}, f"members.{label}")
    return found


def described(value: Any, field: str) -> Mapping[str, Any]:
    """An aggregator as name and params, its name known."""
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        remedy = 'Write it as {"name": "weighted_average", "params": {}}.'
        raise ConfigError(field, value, "a map with the name of an aggregator", remedy)
    _refuse_unknown(value, ("name", "params"), field)
    registry.check("aggregator", value["name"], f"{field}.name")
    return value


def _member(item: Any, known: Mapping[str, Member], field: str) -> Member:
    if isinstance(item, str):
        item = {"name": item}
    item = _mapping(item, field)
    _refuse_unknown(item, KEYS, field)
    name, params, weight = item.get("name"), item.get("params"), item.get("weight")
    if not isinstance(name, str):
        raise ConfigError(f"{field}.name", name, "the name of a strategy", "Name a member or a registered strategy.")
    if name in known:
        base = known[name]
        own = {} if params is None else _mapping(params, f"{field}.params")
        found = replace(base, params={**base.params, **own}, field=field)
    else:
        if ":" not in name and name not in registry.names("strategy"):
            words = [*known, *registry.names("strategy")]
            raise ConfigError(f"{field}.name", name, "one of " + ", ".join(words), closest(name, words))
        found = Member(name, name, _mapping({} if params is None else params, f"{field}.params"), None, field)
    if weight is not None and finite(f"{field}.weight", weight) < 0.0:
        raise ConfigError(f"{field}.weight", weight, ">= 0", "Turn the strategy's signal round to count against it.")
    return replace(found, label=str(item.get("label") or found.label), weight=weight)


def _mapping(value: Any, field: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(field, value, "a map of keys", 'Write it as {"name": ..., "params": {...}}.')
    return value


def _refuse_unknown(value: Mapping[str, Any], known: Sequence[str], field: str) -> None:
    for key in value:
        if key not in known:
            bound = "one of " + ", ".join(known)
            raise ConfigError(f"{field}.{key}", value[key], bound, closest(key, known, "Remove it."))
