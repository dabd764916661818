"""The one way in: a file, a text or a dict becomes a Spec, or one ConfigError that lists every fault."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import aliases, documents, yamlfile
from polyfolio.rules.aliases import Mapped
from polyfolio.rules.problems import Origin, build
from polyfolio.rules.spec import Lane, Sections, Spec


@dataclass(frozen=True)
class Loaded:
    """A Spec with its history.

    Attributes:
        spec: the effective configuration.
        mapped: for a translated document, what each of its keys became.
        unused: keys of a translated document that this package does not read.
        file: name of the file, "" for data from code.
    """

    spec: Spec
    mapped: tuple[Mapped, ...] = ()
    unused: tuple[str, ...] = ()
    file: str = ""


def load(source: str | os.PathLike[str] | Mapping[str, Any]) -> Spec:
    """A Spec from a YAML file or a dict, in this package's keys or those of a known document.

    Raises:
        ConfigError: names field, value, bound and remedy of every fault.
    """
    return load_with_history(source).spec


def load_with_history(source: str | os.PathLike[str] | Mapping[str, Any]) -> Loaded:
    """`load`, with what was translated and what was left aside."""
    if isinstance(source, Mapping):
        return loaded(source, yamlfile.paths_of(dict(source)), "")
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigError("configuration", source, "a file's path or a map of keys", "Give a path, a dict or a Spec.")
    path = Path(source)
    data, lines = yamlfile.read(path)
    if not isinstance(data, Mapping):
        raise ConfigError(path.name, data, "a map of keys", "Start from the example of `polyfolio config schema`.")
    return loaded(data, lines, path.name)


def parse(text: str, name: str = "text") -> Loaded:
    """`load_with_history` for YAML text."""
    if not isinstance(text, str):
        raise ConfigError(name, type(text).__name__, "YAML text", "Use load for a path or a dict.")
    data, lines = yamlfile.parse(text, name)
    if not isinstance(data, Mapping):
        raise ConfigError(name, data, "a map of keys", "Start from the example of `polyfolio config schema`.")
    return loaded(data, lines, name)


def single(sections: Mapping[str, Any] | Sections, name: str = "lane", **lane: Any) -> Spec:
    """A Spec of one lane from its sections: what the object views are built on."""
    data = sections.model_dump(exclude_unset=True) if isinstance(sections, Sections) else dict(sections)
    return load({"name": name, "lanes": [{**data, "name": name, **lane}]})


def keys_of(path: str) -> tuple[str | int, ...]:
    """The keys and list places of a path such as `trading_systems.0.portfolio`."""
    return tuple(int(part) if part.isdigit() else part for part in path.split("."))


def at_line(error: ConfigError, lines: Mapping[tuple[str | int, ...], int], file: str) -> ConfigError:
    """The error with the file and the line of its key, or of the nearest section around it."""
    path = keys_of(error.field)
    line = next((lines[path[:n]] for n in range(len(path), 0, -1) if lines.get(path[:n])), 0)
    if not file or not line:
        return error
    return ConfigError(f"{error.field} ({file}, line {line})", error.value, error.bound, error.remedy)


def loaded(data: Mapping[str, Any], lines: dict[tuple[str | int, ...], int], file: str) -> Loaded:
    """Data of a file or a map as a Spec, translated where it is a document in other words."""
    known = aliases.document_of(data)
    if known is None:
        # A file may hold a benchmark beside the run it benchmarks; `rules.benchmark` reads that section.
        beside = ("benchmark",) if isinstance(data.get("benchmark"), Mapping) and "lanes" in data else ()
        own = {key: value for key, value in data.items() if key not in beside}
        return Loaded(build(Spec, own, Origin(file, lines)), unused=beside, file=file)
    try:
        translation = documents.translate(known, data)
    except ConfigError as error:
        raise at_line(error, lines, file) from None
    theirs = {aliases.place(item.ours): item.theirs for item in translation.mapped}
    located = {path: lines.get(keys_of(key), 0) for path, key in theirs.items()}
    spec = build(Spec, translation.as_spec(known), Origin(file, located, theirs))
    return Loaded(spec, translation.mapped, translation.unused, file)


__all__ = ["Lane", "Loaded", "Spec", "load", "load_with_history", "parse", "single"]
