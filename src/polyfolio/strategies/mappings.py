"""Tables from the types of the portfolio trading document to classes, and the registry of a `strategies:` block."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import registry, yamlfile
from polyfolio.rules.arguments import closest
from polyfolio.rules.strategy_types import STRATEGIES, kind_of, translated
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import strategy_of


class Table(Mapping[str, Any]):
    """Type to class. Its keys are the document's types and every registered name; a class is imported when asked for.

    Args:
        find: from a type to what stands behind it.
    """

    def __init__(self, find: Callable[[str], Any]) -> None:
        self.find = find

    def __getitem__(self, word: str) -> Any:
        # A mapping answers a strange key with KeyError: `in` and `get` go by it.
        if word not in tuple(self) and ":" not in str(word):
            raise KeyError(word)
        return self.find(word)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*STRATEGIES, *registry.names("strategy")]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def strategy_class(word: str, field: str = "type") -> type[Strategy]:
    """The class of a type.

    Raises:
        ConfigError: nobody knows the type; the closest is named.
    """
    found: type[Strategy] = registry.resolve("strategy", kind_of(STRATEGIES, "strategy", word, field).name, field)
    return found


def config_class(word: str, field: str = "type") -> type[Any]:
    """The configuration of a type: a frozen dataclass with the parameters of its strategy and their defaults.

    Example:
        >>> config_class("MACrossoverStrategy")(fast=5, slow=20)
        MACrossoverConfig(fast=5, slow=20, ...)
    """
    cls = strategy_class(word, field)
    fields: list[Any] = []
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            fields.append((name, Any))
        else:
            fields.append((name, Any, dataclasses.field(default=parameter.default)))
    return dataclasses.make_dataclass(f"{cls.__name__}Config", fields, frozen=True, kw_only=True)


STRATEGY_CLASSES: Mapping[str, type[Strategy]] = Table(strategy_class)
CONFIG_CLASSES: Mapping[str, type[Any]] = Table(config_class)


def params_of(word: str, config: Any, field: str) -> tuple[str, dict[str, Any]]:
    """Registered name and parameters of a type and its configuration: a map in either's words, or a dataclass."""
    found = kind_of(STRATEGIES, "strategy", word, field)
    given = dataclasses.asdict(config) if dataclasses.is_dataclass(config) and not isinstance(config, type) else config
    return found.name, translated("strategy", found, given, f"{field}.params")


class StrategyRegistry:
    """The strategies of a `strategies:` block by their labels.

    Args:
        strategies: label to `{"type": ..., "params": {...}}`.

    Example:
        >>> block = {"ma_crossover": {"type": "MACrossoverStrategy", "params": {"short_window": 10, "long_window": 50}}}
        >>> StrategyRegistry(block).create("ma_crossover").slow
        50
    """

    def __init__(self, strategies: Mapping[str, Any] | None = None) -> None:
        self.entries: dict[str, tuple[str, dict[str, Any]]] = {}
        for label, written in (strategies or {}).items():
            if not isinstance(written, Mapping):
                raise ConfigError(f"strategies.{label}", written, "a section of keys", "Give its type and its params.")
            for key, value in written.items():
                if key not in ("type", "params"):
                    remedy = closest(key, ("type", "params"), "Remove it.")
                    raise ConfigError(f"strategies.{label}.{key}", value, "type or params", remedy)
            self.add(label, str(written.get("type", label)), written.get("params"))

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> StrategyRegistry:
        """The block `strategies:` of a file."""
        data, _ = yamlfile.read(Path(path))
        block = data.get("strategies") if isinstance(data, Mapping) else None
        if not isinstance(block, Mapping):
            raise ConfigError(f"{Path(path).name}: strategies", block, "a map of label to strategy", "Add the block.")
        return cls(block)

    def add(self, label: str, word: str, config: Any = None) -> None:
        """Add a strategy under a label.

        Raises:
            ConfigError: the label is taken, the type is unknown, or a parameter is one it does not take.
        """
        if label in self.entries:
            raise ConfigError(f"strategies.{label}", word, "a label that is free", "Choose another label.")
        self.entries[label] = params_of(word, config, f"strategies.{label}")

    def names(self) -> tuple[str, ...]:
        """The labels."""
        return tuple(self.entries)

    def create(self, label: str) -> Strategy:
        """A strategy by its label."""
        if label not in self.entries:
            bound = "one of " + ", ".join(self.entries)
            raise ConfigError("label", label, bound, closest(label, self.entries, "Add it first."))
        name, params = self.entries[label]
        return strategy_of(name, params, f"strategies.{label}")

    def members(self) -> dict[str, Any]:
        """The parameter `members` of the strategy `portfolio`."""
        return {label: {"name": name, "params": dict(params)} for label, (name, params) in self.entries.items()}
