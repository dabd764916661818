"""From pydantic's complaints to one ConfigError that names every field, value, bound and remedy."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from polyfolio.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]

TYPES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a map",
    "model_type": "a section of keys",
    "model_attributes_type": "a section of keys",
    "finite_number": "a finite number",
    "missing": "given",
}
COMPARISONS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Problem(NamedTuple):
    """One fault of a configuration. `path` leads to the key, from the model that found it."""

    path: Path
    value: object
    bound: str
    remedy: str


def refuse(problems: Iterator[Problem]) -> None:
    """Raise all problems found at once, in the form validators raise them."""
    found = list(problems)
    if found:
        raise PydanticCustomError("contradiction", "contradiction", {"problems": found})


@dataclass(frozen=True)
class Origin:
    """Where a configuration came from, so that a message can point at it.

    Attributes:
        file: name of the file, "" when there is none.
        lines: line of each key's path, 0 where lines mean nothing.
        theirs: for a translated document, the document's own path of each of our paths.
    """

    file: str = ""
    lines: Mapping[Path, int] = field(default_factory=dict)
    theirs: Mapping[Path, str] = field(default_factory=dict)

    def locate(self, path: Path) -> tuple[Path, int | None]:
        """The path as the user wrote it, and its line: what a lane took from `defaults` is found there."""
        shared = ("defaults", *path[2:]) if path[:1] == ("lanes",) and len(path) > 2 else path
        for candidate in (path, shared):
            if candidate in self.lines:
                return candidate, self.lines[candidate]
        for cut in range(len(path) - 1, 0, -1):
            if path[:cut] in self.lines:
                return path, self.lines[path[:cut]]
        return path, None

    def describe(self, path: Path) -> str:
        """The path in words: `lanes[0].limits.max_position (run.yaml, line 12)`."""
        found, line = self.locate(path)
        notes = [f"written {self.theirs[path]}"] if path in self.theirs else []
        notes += [self.file] if self.file else []
        notes += [f"line {line}"] if line else []
        return dotted(found) + (f" ({', '.join(notes)})" if notes else "")


def dotted(path: Path) -> str:
    """`("lanes", 0, "limits")` as `lanes[0].limits`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "configuration"


def build(model: type[Model], data: object, origin: Origin | None = None) -> Model:
    """Validate data against a model.

    Raises:
        ConfigError: every fault in one error.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise refusal(model, error, origin) from None


def refusal(model: type[BaseModel], error: ValidationError, origin: Origin | None = None) -> ConfigError:
    """The one error that all complaints about a model's data become."""
    return combine(list(problems_of(model, error)), origin or Origin())


def combine(problems: list[Problem], origin: Origin) -> ConfigError:
    """One error for all problems; the first gives it its field, value and bound."""
    rendered: dict[tuple[str, str, str], Problem] = {}
    for item in problems:
        rendered.setdefault((origin.describe(item.path), repr(item.value), item.bound), item)
    (name, _, _), first = next(iter(rendered.items()))
    others = [
        str(ConfigError(at, other.value, other.bound, other.remedy)) for (at, _, _), other in list(rendered.items())[1:]
    ]
    remedy = first.remedy + "".join(f"\n{line}" for line in others)
    return ConfigError(name, first.value, first.bound, remedy)


def problems_of(model: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    """Each complaint of pydantic as a Problem."""
    for item in error.errors(include_url=False):
        path: Path = item["loc"]
        context: dict[str, Any] = item.get("ctx", {})
        if item["type"] == "contradiction":
            for found in context["problems"]:
                yield found._replace(path=(*path, *found.path))
        elif item["type"] == "refused":
            yield Problem((*path, *context["path"]), context["value"], context["bound"], context["remedy"])
        elif item["type"] == "too_short" and len(item["input"]) >= context["min_length"]:
            continue  # pydantic counts only the items that passed; their own faults are listed
        elif item["type"] == "extra_forbidden":
            yield unknown_key(model, path, item["input"])
        else:
            value = None if item["type"] == "missing" else item["input"]
            yield Problem(path, value, _bound(item["type"], context, item["msg"]), _remedy(model, path, value))


def unknown_key(model: type[BaseModel], path: Path, value: object) -> Problem:
    """The refusal of an unknown key: the nearest key here, or the section where the key belongs."""
    name = str(path[-1])
    here = list(fields_at(model, path[:-1]))
    near = difflib.get_close_matches(name, here, n=1, cutoff=0.6)
    if elsewhere := [dotted(at) for at in walk(model) if at[-1] == name and at[0] != "defaults"]:
        remedy = f"It belongs to `{elsewhere[0]}`."
    elif near:
        remedy = f"Did you mean `{near[0]}`?"
    else:
        remedy = "Remove it, or choose one of: " + ", ".join(here) + "."
    return Problem(path, value, "a known key", remedy)


def _bound(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind in TYPES:
        return TYPES[kind]
    for name, sign in COMPARISONS.items():
        if name in context:
            return f"{sign} {context[name]:g}"
    if "expected" in context:
        return f"one of {context['expected']}"
    if "min_length" in context:
        return f"at least {context['min_length']} long"
    if "max_length" in context:
        return f"at most {context['max_length']} long"
    return message[:1].lower() + message[1:]


def _remedy(model: type[BaseModel], path: Path, value: object) -> str:
    if isinstance(value, str) and _is_number(value):
        return f"YAML reads {value} as text: write it with a point and a signed exponent, like 1.0e-8, without quotes."
    info = field_at(model, path)
    if info is None:
        return "Correct the value."
    unit = (info.json_schema_extra or {}).get("unit", "none")  # type: ignore[union-attr]
    example = f" Example: {path[-1]}: {info.examples[0]}." if info.examples else ""
    return f"{info.description}" + (f" Unit: {unit}." if unit != "none" else "") + example


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation speaks of, through optionals, lists and annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, tuple, list) or get_args(annotation):
        return [model for part in get_args(annotation) for model in models_in(part)]
    return []


def fields_at(model: type[BaseModel], path: Path) -> dict[str, FieldInfo]:
    """The keys of the section a path leads to."""
    current = [model]
    for part in path:
        if isinstance(part, int):
            continue
        infos = [m.model_fields[part] for m in current if part in m.model_fields]
        current = [found for info in infos for found in models_in(info.annotation)]
    return {name: info for m in current for name, info in m.model_fields.items()}


def field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    """The key a path leads to."""
    names = [part for part in path if isinstance(part, str)]
    return fields_at(model, tuple(names[:-1])).get(names[-1]) if names else None


def walk(model: type[BaseModel], path: Path = ()) -> Iterator[Path]:
    """Every key below a model, sections included, in reading order; lists leave no index."""
    for name, info in model.model_fields.items():
        yield (*path, name)
        for inner in models_in(info.annotation):
            yield from walk(inner, (*path, name))
