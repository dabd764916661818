"""The source `synthetic`: a tape made by a recipe, a YAML file that names the original, the model and the seed.

original: data/bars.parquet
model: garch
seed: 7
crash: {depth: -0.35, fall: 20}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.market.source import NEEDS_NO_PATH, OPTIONS, Source, format_of
from polyfolio.market.synthetic.crash import Crash, with_crash
from polyfolio.market.synthetic.models import market_of
from polyfolio.rules import registry, yamlfile
from polyfolio.rules.arguments import closest


@dataclass(frozen=True)
class Recipe:
    """What to make.

    Attributes:
        original: file, folder or pattern of the tape to fit to, relative to the recipe's folder; None for a source
            that needs no path.
        format: registered source of the original; auto goes by the file's ending.
        model: bootstrap, regimes, garch, jumps or factors.
        parameters: arguments of the model.
        rows: length; None for the original's.
        seed: of all random numbers.
        path: number of the path.
        crash: fields of `Crash`; None for no crash.
    """

    original: str | None = None
    format: str = "auto"
    model: str = "bootstrap"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None
    seed: int = 0
    path: int = 0
    crash: Mapping[str, Any] | None = None


def synthetic_tape(path: str | PathLike[str] | None, **options: Any) -> Tape:
    """The tape of a recipe.

    Args:
        path: YAML file with the fields of `Recipe`.
        **options: how the original is read, see `Reading`; start and end bound what the model is fitted to.

    Raises:
        ConfigError: the recipe is missing or wrong, with file, key and remedy.
    """
    if path is None:
        raise ConfigError("tape.path", None, "the YAML file of a recipe", "Write one: original, model, seed.")
    file = Path(path)
    recipe = recipe_of(file)
    original = _original(recipe, file.parent, options)
    made = market_of(recipe.model, **recipe.parameters).fit(original)
    tape = made.sample(recipe.rows, seed=recipe.seed, path=recipe.path)
    if recipe.crash is None:
        return tape
    crash = Crash(**_checked(recipe.crash, Crash, f"crash ({file.name})"))
    return with_crash(tape, crash, seed=recipe.seed, path=recipe.path)


def synthetic_markets(section: Any, base_currency: str, count: int) -> tuple[Tape, ...]:
    """Several paths of one recipe, fitted once: the recipe's own path and those after it.

    Args:
        section: `Spec.tape`, its path a recipe.
        base_currency: currency of the accounts.
        count: how many.
    """
    if section.path is None:
        raise ConfigError("tape.path", None, "the YAML file of a recipe", "Write one: original, model, seed.")
    file = Path(section.path)
    recipe = recipe_of(file)
    options = {name: getattr(section, name) for name in OPTIONS if hasattr(section, name)}
    made = market_of(recipe.model, **recipe.parameters).fit(
        _original(recipe, file.parent, {**options, "base_currency": base_currency})
    )
    paths = [made.sample(recipe.rows, seed=recipe.seed, path=recipe.path + number) for number in range(count)]
    if recipe.crash is None:
        return tuple(paths)
    crash = Crash(**_checked(recipe.crash, Crash, f"crash ({file.name})"))
    return tuple(
        with_crash(tape, crash, seed=recipe.seed, path=recipe.path + number) for number, tape in enumerate(paths)
    )


def recipe_of(file: Path) -> Recipe:
    """The recipe of a YAML file."""
    data, _ = yamlfile.read(file)
    recipe = Recipe(**_checked(data, Recipe, file.name))
    _checked(recipe.parameters, None, f"parameters ({file.name})")
    return recipe


def _checked(data: Any, kind: Any, where: str) -> dict[str, Any]:
    """A map whose keys are fields of a record."""
    if not isinstance(data, Mapping):
        raise ConfigError(where, data, "a map of keys", "Write key: value, one per line.")
    known = [item.name for item in fields(kind)] if kind is not None else list(data)
    for key in data:
        if key not in known:
            raise ConfigError(f"key of {where}", key, "one of " + ", ".join(known), closest(key, known))
    return dict(data)


def _original(recipe: Recipe, folder: Path, options: Mapping[str, Any]) -> Tape:
    place = None if recipe.original is None else folder / recipe.original
    if place is None and recipe.format not in NEEDS_NO_PATH:
        bound = "a file, folder or pattern; only these need none: " + ", ".join(NEEDS_NO_PATH)
        raise ConfigError("original", None, bound, "Name the tape to fit to.")
    name = format_of(place) if recipe.format == "auto" else recipe.format
    if name == "synthetic":
        raise ConfigError("format", name, "a source of real rows", "Name the original itself.")
    source: Source = registry.resolve("source", name, "format")
    return source(place, **options)
