"""Code and files from outside the package that a configuration names, so that a change of them is noticed.

A name written module:Name is followed to its file, and from there to every file of the same place that it imports; a
registered name to the module of what was registered; a parameter that is the path of a file is that file.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import os
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.rules.spec import Spec

WRITTEN = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_][\w.]*")
OWN = "polyfolio"
# Where distributions are installed: each of their packages is a place of its own.
INSTALLED = frozenset(Path(path).resolve() for path in sysconfig.get_paths().values())


def foreign_digests(spec: Spec) -> dict[str, str]:
    """Digest (hex) of each thing from outside that decides numbers, by a name that does not depend on the machine."""
    named = set(words(spec.model_dump(mode="json", exclude={"tape", "name", "defaults"})))
    found: dict[str, str] = {}
    for word in sorted(named):
        written = WRITTEN.fullmatch(word)
        if written:
            found |= sources(written[1])
        elif re.search(r"[./\\]", word) and os.path.isfile(word):  # noqa: PTH113 - a long text is no file, and no error
            found[word] = digest_of(Path(word))
    for kind in registry.KINDS:
        for name in sorted(named & set(registry.names(kind)) - set(BUILT_IN[kind])):
            found |= registered(kind, name)
    return found


def words(value: Any) -> Iterator[str]:
    """Every text of a configuration that is a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from words(part)


def registered(kind: str, name: str) -> dict[str, str]:
    """The sources behind a registered name; of what was written in a notebook, its own lines."""
    thing = registry.resolve(kind, name)
    module = str(getattr(thing, "__module__", None) or type(thing).__module__)
    found = sources(module)
    if found:
        return found
    try:
        text = inspect.getsource(thing)
    except (OSError, TypeError):
        text = repr(getattr(thing, "__qualname__", thing))
    return {f"{kind} {name}": hashlib.sha256(text.encode()).hexdigest()}


def sources(module: str) -> dict[str, str]:
    """Digests of a module's file and of what it imports from beside it; none for this package's own modules."""
    file = file_of(module)
    if file is None or module.split(".", maxsplit=1)[0] == OWN:
        return {}
    root = file.parents[module.count(".") + (file.name == "__init__.py")]
    only = module.split(".", maxsplit=1)[0] if root in INSTALLED else ""
    return {path.relative_to(root).as_posix(): digest_of(path) for path in followed(file, root, only)}


def file_of(module: str) -> Path | None:
    """The file of a module, which is not imported for it; None where there is none."""
    if module in sys.modules:
        origin = getattr(sys.modules[module], "__file__", None)
    else:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            return None
        origin = spec.origin if spec is not None and spec.has_location else None
    return Path(origin).resolve() if origin else None


def followed(file: Path, root: Path, only: str) -> set[Path]:
    """A file, and every file below the root that it imports, and what those import; `only` one package if named."""
    found, waiting = set[Path](), [file]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".py":
            waiting += [each for name in imported(path, root) for each in places(root, name, only)]
    return found


def imported(path: Path, root: Path) -> Iterator[str]:
    """Dotted names that a file imports."""
    package = path.parent.relative_to(root).parts
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:
        return  # its bytes count; that it cannot be imported is told where it is
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = [*base, *([node.module] if node.module else [])]
            yield ".".join(start)
            yield from (".".join([*start, alias.name]) for alias in node.names)


def places(root: Path, name: str, only: str) -> Iterator[Path]:
    """Files of a dotted name below the root: the module, and the packages it stands in."""
    parts = name.split(".")
    if only and parts[0] != only:
        return
    for count in range(1, len(parts) + 1):
        stem = root.joinpath(*parts[:count])
        yield from (path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file())


def digest_of(path: Path) -> str:
    """Digest (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
