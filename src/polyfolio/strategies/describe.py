"""What a strategy says of itself: its docstring, its arguments, the values a search may try."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.strategies.base import Strategy

REQUIRED = "must be given"


@dataclass(frozen=True)
class Argument:
    """One argument of a strategy's constructor.

    Attributes:
        kind: the type as it is written, "int | None".
        default: REQUIRED where it has none.
        space: values a search may try, as the strategy's `space` has them; None where it has none.
        meaning: what the docstring says.
    """

    name: str
    kind: str
    default: Any
    space: Any
    meaning: str


@dataclass(frozen=True)
class Description:
    """A strategy as a page or a table shows it.

    Attributes:
        origin: "built in", or "added" by an entry point, a registration or its place.
        place: module and class.
        summary: the docstring's first line.
        text: the paragraphs after it, without the arguments.
        sizing: the sizing method it brings.
    """

    name: str
    origin: str
    place: str
    summary: str
    text: str
    sizing: str
    arguments: tuple[Argument, ...]

    def example(self) -> dict[str, Any]:
        """A lane with the strategy under its defaults, as a configuration has it."""
        strategy: dict[str, Any] = {"name": self.name}
        if self.arguments:
            strategy["params"] = {argument.name: argument.default for argument in self.arguments}
        return {"name": self.name.split(":")[-1], "strategy": strategy}


def describe(name: str) -> Description:
    """What a registered strategy, or one named module:Class, says of itself.

    Raises:
        ConfigError: nobody registered the name, or it cannot be imported.
    """
    cls: type[Strategy] = registry.resolve("strategy", name, "strategy")
    said = inspect.getdoc(cls) or ""
    body, _, listed = said.partition("\nArgs:\n")
    summary, _, text = body.strip().partition("\n")
    meanings = meanings_of(listed)
    arguments = tuple(
        Argument(
            key,
            str(parameter.annotation) if parameter.annotation is not parameter.empty else "",
            REQUIRED if parameter.default is parameter.empty else parameter.default,
            cls.space.get(key),
            meanings.get(key, ""),
        )
        for key, parameter in inspect.signature(cls).parameters.items()
    )
    origin = "built in" if name in BUILT_IN["strategy"] else "added"
    place = f"{cls.__module__}:{cls.__qualname__}"
    return Description(name, origin, place, summary, text.strip(), cls.sizing, arguments)


def meanings_of(listed: str) -> dict[str, str]:
    """The arguments of a Google docstring, from the lines below `Args:`."""
    section = re.split(r"\n(?=\S)", listed)[0]  # the next section begins at the margin
    entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", section, re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in entries}


def space_words(space: Any) -> str:
    """A parameter's values in words: "5 to 250, whole, logarithmic", "sma, ema", ""."""
    if space is None:
        return ""
    if not isinstance(space, dict):
        return ", ".join(plain(value) for value in space)
    words = [f"{plain(space['low'])} to {plain(space['high'])}"]
    words += [word for key, word in (("whole", "whole"), ("log", "logarithmic")) if space.get(key)]
    return ", ".join(words)


def plain(value: Any) -> str:
    """A value as YAML writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
