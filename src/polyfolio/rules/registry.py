"""What can be named in a configuration: built-ins as text, resolved when asked for; entry points; a decorator.

A built-in is written "module:Name", "module:Class.MEMBER", or "module:Name [extra]" where it needs an extra to be
installed. Nothing is imported before `resolve` asks for it.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from polyfolio.errors import ConfigError
from polyfolio.rules.built_in import BUILT_IN

Thing = TypeVar("Thing")

KINDS = tuple(BUILT_IN)

_registered: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}


def register(kind: str, name: str) -> Callable[[Thing], Thing]:
    """Decorator that gives a class or function a name, for a notebook or a script.

    Example:
        >>> @register("strategy", "mine")
        ... class Mine: ...
    """
    table = _registered[_kind(kind)]

    def add(thing: Thing) -> Thing:
        taken = name in BUILT_IN[kind] or name in _entry_points(kind)
        if taken or (name in table and not _same(table[name], thing)):
            raise ConfigError(f"{kind} name", name, "a name that is free", "Choose another name.")
        table[name] = thing
        return thing

    return add


def names(kind: str) -> tuple[str, ...]:
    """Every name of a kind: built-ins first, then entry points, then what was registered here."""
    return tuple(dict.fromkeys([*BUILT_IN[_kind(kind)], *_entry_points(kind), *_registered[kind]]))


def check(kind: str, name: str, field: str = "") -> None:
    """Refuse a name nobody registered, without importing anything. "module:Name" is left to `resolve`."""
    known = names(kind)
    if name in known or ":" in name:
        return
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"Did you mean `{near[0]}`?" if near else f"Register it under polyfolio.{kind}, or write module:Name."
    bound = "one of " + ", ".join(known) if known else f"a registered {kind}; none is yet"
    raise ConfigError(field or kind, name, bound, hint)


def resolve(kind: str, name: str, field: str = "") -> Any:
    """The class, function or code behind a name.

    Raises:
        ConfigError: the name is unknown, cannot be imported, or needs an extra that is not installed.
    """
    check(kind, name, field)
    if name in _registered[kind]:
        return _registered[kind][name]
    point = _entry_points(kind).get(name)
    return _import(BUILT_IN[kind].get(name) or (point.value if point else name), field or kind, name)


def _import(text: str, field: str, name: str) -> Any:
    match = re.fullmatch(r"([\w.]+):([\w.]+)\s*(?:\[(\w+)\])?", text)
    if match is None:
        raise ConfigError(field, text, "written module:Name", "Correct the spelling.")
    module, attribute, extra = match.groups()
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except ImportError as error:
        install = f"Install the extra: pip install 'polyfolio[{extra}]'." if extra else "Correct the module's name."
        raise ConfigError(field, name, f"importable ({error})", install) from error
    except AttributeError:
        raise ConfigError(field, name, f"found in {module}", f"It has no {attribute}: correct the name.") from None
    return found


def _kind(kind: str) -> str:
    if kind not in BUILT_IN:
        raise ConfigError("kind", kind, "one of " + ", ".join(KINDS), "Correct the kind.")
    return kind


def _same(one: Any, other: Any) -> bool:
    """A notebook's cell run twice defines the same thing anew."""
    marks = [(getattr(x, "__module__", None), getattr(x, "__qualname__", None)) for x in (one, other)]
    return marks[0] == marks[1] and marks[0][1] is not None


@cache
def _entry_points(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"polyfolio.{kind}")}
