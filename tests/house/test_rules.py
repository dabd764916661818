"""Every configuration field is described, and every field of the rule record is read by something that acts on it."""

from __future__ import annotations

import ast
import importlib
import inspect
from typing import Any

from pydantic import BaseModel

from polyfolio.core.records import RULES
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


def test_every_configuration_field_is_described() -> None:
    models = configs()
    assert models, "polyfolio.rules defines no configuration"
    missing = [line for model in models for line in undescribed(model)]
    assert not missing, "no description:\n" + "\n".join(missing)


def test_unknown_keys_are_refused_by_every_configuration() -> None:
    loose = [model.__name__ for model in configs() if model.model_config.get("extra") != "forbid"]
    assert not loose, f"accept keys they do not know: {loose}"
