"""Every feature by its name, and features from a configuration.

What is written in a configuration is a name, or a name with its arguments; an argument that is a feature is written the
same way: `{"rank": {"of": {"returns": {"period": 20}}}}`.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.features import (
    averages,
    clock,
    cycles,
    oscillators,
    prices,
    ranks,
    statistics,
    timeframe,
    volatility,
    volume,
)
from polyfolio.features.base import Feature
from polyfolio.rules import registry

MODULES: tuple[ModuleType, ...] = (
    averages,
    oscillators,
    statistics,
    cycles,
    prices,
    volatility,
    volume,
    clock,
    ranks,
    timeframe,
)


def catalogue() -> dict[str, type[Feature]]:
    """Every feature of this package, by name."""
    return {
        kind.name: kind
        for module in MODULES
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, Feature)
        and "name" in vars(kind)
        and kind.__module__ == module.__name__
    }


def feature_of(written: Any) -> Feature:
    """A feature from a name, a name with arguments, or a feature.

    Example:
        >>> feature_of({"rsi": {"period": 7}})
    """
    if isinstance(written, Feature):
        return written
    if isinstance(written, str):
        return _made(written, {})
    if isinstance(written, Mapping) and len(written) == 1:
        name, arguments = next(iter(written.items()))
        if isinstance(name, str) and isinstance(arguments, Mapping | None):
            return _made(name, dict(arguments or {}))
    raise ConfigError("feature", written, "a name, or {name: {argument: value}}", "Correct how it is written.")


def features_of(written: Sequence[Any]) -> tuple[Feature, ...]:
    """Features from a list."""
    return tuple(feature_of(one) for one in written)


def _made(name: str, arguments: dict[str, Any]) -> Feature:
    kind = catalogue().get(name)
    if kind is None:
        kind = registry.resolve("feature", name)
    known = list(inspect.signature(kind).parameters)
    for key in arguments:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            bound = "one of " + ", ".join(known) if known else "left out: it takes none"
            remedy = f"Did you mean `{near[0]}`?" if near else "Correct the argument."
            raise ConfigError(f"{name} argument", key, bound, remedy)
    given = {
        key: feature_of(value) if key == "of" and kind_takes_feature(kind) else value
        for key, value in arguments.items()
    }
    missing = [
        key
        for key, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is inspect.Parameter.empty and key not in given
    ]
    if missing:
        raise ConfigError(f"{name} {missing[0]}", None, "given", "Name the argument.")
    return kind(**given)


def kind_takes_feature(kind: type[Feature]) -> bool:
    """Whether the argument `of` is a feature, not a field."""
    parameter = inspect.signature(kind).parameters.get("of")
    return parameter is not None and parameter.default is inspect.Parameter.empty
