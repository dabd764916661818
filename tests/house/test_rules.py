"""Every configuration field is described, and every field of the rule record is read by something that acts on it."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from polyfolio.core.records import RULES
from polyfolio.rules.problems import models_in
from tests.house.sources import PACKAGE, name_of, sources, tree


def configs() -> list[type[BaseModel]]:
    """Every configuration model that `polyfolio.rules` defines."""
    modules = [
        importlib.import_module(name_of(path)) for path in sources() if path.relative_to(PACKAGE).parts[0] == "rules"
    ]
    return [
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, BaseModel) and thing.__module__ == module.__name__
    ]


def read_names(packages: set[str]) -> set[str]:
    """Names read in these packages as an attribute (`rules.max_gross`) or by their text (`rules["max_gross"]`)."""
    nodes = [
        node for path in sources() if path.relative_to(PACKAGE).parts[0] in packages for node in ast.walk(tree(path))
    ]
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}
    keys = {
        node.slice.value for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
    }
    return attributes | {key for key in keys if isinstance(key, str)}


# What a section's values are called where they are read, besides the section's own name.
CALLED = {
    "A2CSection": {"own"},
    "BenchmarkSection": {"section"},
    "CovarianceSection": {"section"},
    "FoldsSection": {"section"},
    "Group": {"groups"},  # the compiled form
    "LabelCap": {"cap"},
    "ObservationSection": {"section"},
    "PPOSection": {"own"},
    "SACSection": {"own"},
    "Spec": {"data"},  # before it is validated
    "TapeSection": {"section", "reading"},
    "TrackingSection": {"section"},
    "TrainingSection": {"section"},
}


def owner_of(node: ast.expr) -> str:
    """The last name of what a key is read from: `lane` in `lane.name`, `limits` in `spec.lanes[0].limits.labels`."""
    while isinstance(node, ast.Subscript | ast.Call):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def reads(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(owner, key) of `owner.key`, `owner["key"]` and `owner.get("key")`."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(key)), *_]):
                yield owner_of(owner), key
            case ast.Attribute(value=owner, attr=key, ctx=ast.Load()):
                yield owner_of(owner), key
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(key)), ctx=ast.Load()):
                yield owner_of(owner), key


def unread(model: type[BaseModel], found: set[tuple[str, str]]) -> list[str]:
    """Keys of a section without a field of the record of their own that nothing reads by name.

    A key that is a section is read by the keys in it. What a validator reads of `self` only checks it.
    """
    names = {model.__name__.removesuffix("Section").lower()} | CALLED.get(model.__name__, set())
    missing = []
    for key, info in model.model_fields.items():
        extra: dict[str, Any] = info.json_schema_extra or {}  # type: ignore[assignment]
        recorded = extra.get("record", key) in (RULES.names or ())
        section = bool(models_in(info.annotation)) and not isinstance(info.default, tuple) and not info.is_required()
        if not recorded and not section and not any((name, key) in found for name in names):
            missing.append(f"{model.__name__}.{key}")
    return missing


def undescribed(model: type[BaseModel]) -> list[str]:
    """Fields without a description."""
    fields: dict[str, Any] = model.model_fields
    return [
        f"{model.__module__}.{model.__name__}.{name}"
        for name, field in fields.items()
        if not (field.description or "").strip()
    ]


def test_every_rule_field_is_read_by_a_kernel_or_the_engine() -> None:
    unread = sorted(set(RULES.names or ()) - read_names({"kernels", "engine"}))
    assert not unread, f"set by a configuration and read by nothing: {unread}"


def test_every_other_configuration_field_is_read_by_name() -> None:
    found = {pair for path in sources() for pair in reads(tree(path))}
    missing = sorted(line for model in configs() for line in unread(model, found))
    assert not missing, f"keys that nothing reads: {missing}"


def test_a_field_that_nothing_reads_is_found() -> None:
    class Tape(BaseModel):
        path: str = Field("", json_schema_extra={"record": ""})
        forgotten: str = Field("", json_schema_extra={"record": ""})
        checked_only: str = Field("", json_schema_extra={"record": ""})
        max_gross: float = 1.0  # a field of the record

    code = "def f(self, tape, other):\n return tape.path, other.forgotten, self.checked_only\n"
    assert unread(Tape, set(reads(ast.parse(code)))) == ["Tape.forgotten", "Tape.checked_only"]
    code = "def f(spec, data):\n return spec.lanes[0].tape['path'], data.tape.get('forgotten'), g().tape.checked_only\n"
    assert unread(Tape, set(reads(ast.parse(code)))) == []


def test_every_configuration_field_is_described() -> None:
    models = configs()
    assert models, "polyfolio.rules defines no configuration"
    missing = [line for model in models for line in undescribed(model)]
    assert not missing, "no description:\n" + "\n".join(missing)


def test_unknown_keys_are_refused_by_every_configuration() -> None:
    loose = [model.__name__ for model in configs() if model.model_config.get("extra") != "forbid"]
    assert not loose, f"accept keys they do not know: {loose}"
