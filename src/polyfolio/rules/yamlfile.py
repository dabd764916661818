"""Reading YAML with the line of every key; a key written twice is refused, where YAML would keep the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from polyfolio.errors import ConfigError

KeyPath = tuple[str | int, ...]


def read(path: Path) -> tuple[Any, dict[KeyPath, int]]:
    """The content of a YAML file, and the line of each key's path."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError("file", str(path), "a readable file", f"{error.strerror}: correct the path.") from None
    except UnicodeDecodeError as error:
        raise ConfigError("file", str(path), "UTF-8 text", f"Byte {error.start} is not: save it as UTF-8.") from None
    return parse(text, path.name)


def parse(text: str, name: str = "text") -> tuple[Any, dict[KeyPath, int]]:
    """The content of YAML text, and the line of each key's path."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        if node is None:
            return {}, lines
        _collect(node, (), lines, name)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{name}, line {line}", error.problem, "YAML", "Correct the syntax of this line.") from None
    except ValueError as error:
        raise ConfigError(name, str(error), "YAML with valid values", "Correct the value.") from None
    finally:
        loader.dispose()


def paths_of(data: object, path: KeyPath = ()) -> dict[KeyPath, int]:
    """Every key's path in plain data, at line 0: where a value was written, when no file has lines."""
    found: dict[KeyPath, int] = {}
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, (list, tuple)) else ()
    for name, value in items:
        found[(*path, name)] = 0
        found.update(paths_of(value, (*path, name)))
    return found


def _collect(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], name: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ConfigError(
                    f"{'.'.join(str(part) for part in (*path, key.value))} ({name}, line {line})",
                    key.value,
                    f"written once; it is in line {seen[key.value]} already",
                    "Keep one of the two.",
                )
            seen[key.value] = line
            lines[(*path, key.value)] = line
            _collect(value, (*path, key.value), lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            _collect(item, (*path, index), lines, name)
