"""Configurations in the words of other documents, translated key by key, each step on record."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules.alias_tables import DEFAULTS, DOCUMENTS, FLAT, TABLES, UNUSED
from polyfolio.rules.alias_values import Row
from polyfolio.rules.fields import plain
from polyfolio.rules.presets import merge
from polyfolio.rules.spec import Lane, Spec

# Blocks whose sections take the document's defaults where they are left out.
DEFAULTED = ("multi_ticker_env",)


@dataclasses.dataclass(frozen=True)
class Mapped:
    """What one of their keys became."""

    theirs: str
    ours: str
    value: object
    remark: str


@dataclasses.dataclass
class Translation:
    """A document in our words: sections, what became of each key, and the keys nothing here reads.

    Attributes:
        whole: the data of a Spec, where the document describes several lanes.
    """

    sections: dict[str, Any] = dataclasses.field(default_factory=dict)
    whole: dict[str, Any] | None = None
    mapped: tuple[Mapped, ...] = ()
    unused: tuple[str, ...] = ()

    def as_spec(self, name: str) -> dict[str, Any]:
        """The data of a Spec; sections become one lane."""
        if self.whole is not None:
            return self.whole
        run = {key: value for key, value in self.sections.items() if key not in Lane.model_fields or key == "name"}
        lane = {key: value for key, value in self.sections.items() if key not in run}
        return {"name": name, **run, "lanes": [{"name": name, **lane}]}


def arrow(item: Mapped) -> str:
    """What one key became, in one line."""
    return f"{item.theirs} -> {item.ours}: {plain(item.value)}" + (f" ({item.remark})" if item.remark else "")


def place(ours: str) -> tuple[str | int, ...]:
    """Where a key of a translated document stands in its Spec."""
    parts = tuple(int(part) if part.isdigit() else part for part in ours.split("."))
    return ("lanes", 0, *parts) if parts[0] in Lane.model_fields else parts


def document_of(data: Mapping[str, Any]) -> str | None:
    """The known document a configuration is written as, or None for our own words."""
    for block in ("multi_ticker_env", "intraday_env"):
        if block in data:
            return block
    if "trading_systems" in data:
        return "systems"
    if "portfolio_strategies" in data:
        return "strategies"
    if "RISK_LIMITS" in data:
        return "lifecycle"
    if "lanes" not in data and ("ticker" in data or "symbol" in data):
        return "intraday_env"
    return "agents" if any(section in data for section in DOCUMENTS["agents"]) else None


def translate(document: str, data: Mapping[str, Any]) -> Translation:
    """A whole document. Keys of our Spec that stand beside it (name, seed, tape, ...) hold over what it says.

    Raises:
        ConfigError: a key the document does not know, or a section that is no map.
    """
    root = document if document in data else ""
    block = _mapping(data[root], root) if root else data
    result = Translation()
    flat = _flat(result, document, block, root)
    for name in DOCUMENTS[document]:
        if name not in ("enabled", *flat) and (name in block or (root in DEFAULTED and name in DEFAULTS)):
            _into(result, section(name, block.get(name, {}), _join(root, name)))
    if flat:
        _into(result, section(FLAT[document], flat, root or document, at=root))
    for key, value in data.items():
        if key != root and key in Spec.model_fields and key not in ("lanes", "defaults"):
            below = result.sections.get(key)
            both = isinstance(below, Mapping) and isinstance(value, Mapping)
            result.sections[key] = merge(below, value) if both else value  # type: ignore[arg-type]
        elif root and key != root:
            raise _unknown(key, value, tuple(Spec.model_fields))
    if "enabled" in DOCUMENTS[document]:
        _enable(result, block.get("enabled", True), _join(root, "enabled"))
    return result


def _flat(result: Translation, document: str, block: Mapping[str, Any], root: str) -> dict[str, Any]:
    """The keys outside sections that the document knows; others are named as unused, or refused."""
    unused, flat = UNUSED.get(document, ()), {}
    outside = {row.theirs for row in TABLES[FLAT[document]]} if document in FLAT else set()
    known = (*DOCUMENTS[document], *sorted(outside), *unused)
    for key, value in block.items():
        if key in outside:
            flat[key] = value
        elif key in unused:
            result.unused += (_join(root, key),)
        elif key not in known and (root or key not in Spec.model_fields):
            raise _unknown(_join(root, key), value, known)
    return flat


def _enable(result: Translation, value: object, path: str) -> None:
    """An environment's document has an environment, unless it says that it is switched off."""
    if not isinstance(value, bool):
        raise ConfigError(path, value, "true or false", "Write false to load the rules without the environment.")
    if value:
        result.sections.setdefault("environment", {})
    else:
        result.sections["environment"] = None
        result.mapped += (Mapped(path, "environment", None, TABLES["enabled"][0].remark),)


def section(name: str, config: object, path: str = "", *, at: str | None = None) -> Translation:
    """One section of a document, as a map, a dataclass or nothing: what its class is constructed from.

    Args:
        name: portfolio, position_sizing, risk_management, execution, commission, slippage, market_impact,
            position_config, risk_config, correlation_config, execution_config, feedback_config or RISK_LIMITS.
        config: the section; keys left out take the document's defaults.
        path: where it stands, for messages; the name when empty.
        at: where its keys stand; the path when None.
    """
    path = path or name
    inside = path if at is None else at
    rows = TABLES[name]
    if rows[0].theirs == "":
        return _whole(rows[0], config, path)
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    given = _mapping({} if config is None else config, path)
    result = Translation()
    absent = {key: value for key, value in DEFAULTS.get(name, {}).items() if key not in given}
    for key, value, around in _leaves(name, {**given, **absent}, "", inside):
        matching = [row for row in rows if row.theirs == key]
        if not matching:
            result.unused += (_join(inside, key),)
        if key.endswith(".enabled") and value and "threshold" not in around:
            raise ConfigError(
                _join(inside, key.replace("enabled", "threshold")),
                None,
                "given with enabled: true",
                "Give the threshold, or write enabled: false.",
            )
        for row in matching:
            if row.ours:
                remark = "; ".join(part for part in (row.remark, "the document's default" * (key in absent)) if part)
                found = row.convert(value, around) if row.convert else value
                _put(result, Mapped(_join(inside, key), row.ours, found, remark))
    return result


def source_keys(ours: str) -> list[tuple[str, str, str]]:
    """(document, their key, remark) of each key that becomes ours; sections of two documents are named once."""
    found = [
        (document, _join(name, row.theirs), row.remark)
        for document, names in DOCUMENTS.items()
        if document not in FLAT
        for name in names
        for row in TABLES[name]
        if row.ours == ours
    ]
    flat = [(document, row) for document, table in FLAT.items() for row in TABLES[table] if row.ours == ours]
    return found + [(document, row.theirs, row.remark) for document, row in flat]


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
