"""Configurations in the words of other documents, translated key by key, each step on record."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules.alias_tables import DEFAULTS, DOCUMENTS, TABLES, UNUSED, Row
from polyfolio.rules.spec import Lane, Spec


@dataclasses.dataclass(frozen=True)
class Mapped:
    """What one of their keys became."""

    theirs: str
    ours: str
    value: object
    remark: str


@dataclasses.dataclass
class Translation:
    """A document in our words: sections, what became of each key, and the keys nothing here reads."""

    sections: dict[str, Any] = dataclasses.field(default_factory=dict)
    mapped: tuple[Mapped, ...] = ()
    unused: tuple[str, ...] = ()

    def as_spec(self, name: str) -> dict[str, Any]:
        """The translated sections as the data of a Spec with one lane."""
        run = {key: value for key, value in self.sections.items() if key not in Lane.model_fields or key == "name"}
        lane = {key: value for key, value in self.sections.items() if key not in run}
        return {"name": name, **run, "lanes": [{"name": name, **lane}]}


def place(ours: str) -> tuple[str | int, ...]:
    """Where a key of a translated document stands in its Spec."""
    parts = tuple(ours.split("."))
    return ("lanes", 0, *parts) if parts[0] in Lane.model_fields else parts


def document_of(data: Mapping[str, Any]) -> str | None:
    """The known document a configuration is written as, or None for our own words."""
    if "multi_ticker_env" in data:
        return "multi_ticker_env"
    if "RISK_LIMITS" in data:
        return "lifecycle"
    return "agents" if any(section in data for section in DOCUMENTS["agents"]) else None


def translate(document: str, data: Mapping[str, Any]) -> Translation:
    """A whole document. Keys of our Spec that stand beside it (name, seed, tape, ...) are taken as they are.

    Raises:
        ConfigError: a key the document does not know, or a section that is no map.
    """
    root = "multi_ticker_env" if document == "multi_ticker_env" else ""
    block = _mapping(data[root], root) if root else data
    result = Translation()
    known = (*DOCUMENTS[document], *UNUSED.get(document, ()))
    for key in block:
        if key in UNUSED.get(document, ()):
            result.unused += (_join(root, key),)
        elif key not in known and (root or key not in Spec.model_fields):
            raise _unknown(_join(root, key), block[key], known)
    for name in DOCUMENTS[document]:
        if name in block or (root and name in DEFAULTS):
            _into(result, section(name, block.get(name, {}), _join(root, name)))
    for key, value in data.items():
        if key != root and key in Spec.model_fields and key not in ("lanes", "defaults"):
            result.sections[key] = value
        elif root and key != root:
            raise _unknown(key, value, tuple(Spec.model_fields))
    return result


def section(name: str, config: object, path: str = "") -> Translation:
    """One section of a document, as a map, a dataclass or nothing: what its class is constructed from.

    Args:
        name: portfolio, position_sizing, risk_management, execution, commission, slippage, market_impact,
            position_config, risk_config, correlation_config, execution_config, feedback_config or RISK_LIMITS.
        config: the section; keys left out take the document's defaults.
        path: where it stands, for messages; the name when empty.
    """
    path = path or name
    rows = TABLES[name]
    if rows[0].theirs == "":
        return _whole(rows[0], config, path)
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    given = _mapping({} if config is None else config, path)
    result = Translation()
    absent = {key: value for key, value in DEFAULTS.get(name, {}).items() if key not in given}
    for key, value, around in _leaves(name, {**given, **absent}, "", path):
        matching = [row for row in rows if row.theirs == key]
        if not matching:
            result.unused += (_join(path, key),)
        if key.endswith(".enabled") and value and "threshold" not in around:
            raise ConfigError(
                _join(path, key.replace("enabled", "threshold")),
                None,
                "given with enabled: true",
                "Give the threshold, or write enabled: false.",
            )
        for row in matching:
            if row.ours:
                remark = "; ".join(part for part in (row.remark, "the document's default" * (key in absent)) if part)
                found = row.convert(value, around) if row.convert else value
                _put(result, Mapped(_join(path, key), row.ours, found, remark))
    return result


def source_keys(ours: str) -> list[tuple[str, str, str]]:
    """(document, their key, remark) of each key that becomes ours."""
    return [
        (document, _join(name, row.theirs), row.remark)
        for document, names in DOCUMENTS.items()
        for name in names
        for row in TABLES[name]
        if row.ours == ours
    ]


def _whole(row: Row, config: object, path: str) -> Translation:
    result = Translation()
    if config:
        _put(result, Mapped(path, row.ours, config, row.remark))
    return result


def _leaves(name: str, data: Mapping[str, Any], at: str, path: str) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """The keys of a section a table or the unused list names, with the map each stands in."""
    known = {row.theirs for row in TABLES[name]} | set(UNUSED.get(name, ()))
    for key, value in data.items():
        full = _join(at, str(key))
        if full in known:
            yield full, value, data
        elif any(other.startswith(full + ".") for other in known):
            yield from _leaves(name, _mapping(value, _join(path, full)), full, path)
        else:
            level = {other[len(at) + bool(at) :].split(".")[0] for other in known if other.startswith(at)}
            raise _unknown(_join(path, full), value, tuple(sorted(level)))


def _into(result: Translation, part: Translation) -> None:
    result.unused += part.unused
    for item in part.mapped:
        _put(result, item)


def _put(result: Translation, item: Mapped) -> None:
    """Write a value; of two for one limit the tighter holds, lists of caps follow each other."""
    *parents, leaf = item.ours.split(".")
    target = result.sections
    for parent in parents:
        target = target.setdefault(parent, {})
    if isinstance(target.get(leaf), list) and isinstance(item.value, list):
        target[leaf] = target[leaf] + item.value
    elif isinstance(target.get(leaf), (int, float)) and isinstance(item.value, (int, float)):
        target[leaf] = min(target[leaf], item.value)
    else:
        target[leaf] = item.value
    result.mapped += (item,)


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(path, value, "a section of keys", "Write its keys below it, indented.")
    return value


def _unknown(path: str, value: object, known: tuple[str, ...]) -> ConfigError:
    near = difflib.get_close_matches(path.rsplit(".", 1)[-1], known, n=1, cutoff=0.6)
    hint = f"Did you mean `{near[0]}`?" if near else "Remove it, or choose one of: " + ", ".join(known) + "."
    return ConfigError(path, value, "a known key", hint)


def _join(*parts: str) -> str:
    return ".".join(part for part in parts if part)
