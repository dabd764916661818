"""Nested states of other libraries as arrays and JSON, and back: kept in files that hold numbers alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.errors import DataError

Arrays = dict[str, np.ndarray]
PLAIN = (bool, int, float, str, type(None))


def taken_apart(tree: Any) -> tuple[Arrays, Any]:
    """Arrays by number, and the rest as JSON with the numbers in their places.

    Args:
        tree: dicts, lists and tuples of arrays, numbers, words and None.

    Raises:
        DataError: something else stands in it.
    """
    arrays: Arrays = {}
    return arrays, _part(tree, arrays, "state")


def put_together(arrays: Mapping[str, np.ndarray], facts: Any) -> Any:
    """What `taken_apart` was given; lists and dicts are new, arrays are copies."""
    if not isinstance(facts, dict):
        return facts
    kind, content = next(iter(facts.items()))
    if kind == "array":
        return arrays[content].copy()
    if kind == "number":
        return arrays[content][()]
    if kind == "float":
        return float(arrays[content])
    if kind == "dict":
        return {key: put_together(arrays, value) for key, value in content}
    items = [put_together(arrays, value) for value in content]
    return tuple(items) if kind == "tuple" else items


def _part(tree: Any, arrays: Arrays, place: str) -> Any:
    if isinstance(tree, PLAIN) and not (isinstance(tree, float) and not math.isfinite(tree)):
        return tree
    if isinstance(tree, Mapping):
        return {"dict": [[key, _part(value, arrays, f"{place}.{key}")] for key, value in tree.items()]}
    if isinstance(tree, tuple | list):
        kind = "tuple" if isinstance(tree, tuple) else "list"
        return {kind: [_part(value, arrays, f"{place}[{at}]") for at, value in enumerate(tree)]}
    numbers = np.asarray(tree)
    if numbers.dtype.kind not in "biuf":
        bound = "dicts, lists, arrays, numbers and words"
        raise DataError(
            place, type(tree).__name__, bound, "Use the versions of the libraries this one was tested with."
        )
    name = str(len(arrays))
    arrays[name] = numbers
    kind = "number" if isinstance(tree, np.generic) else "float" if isinstance(tree, float) else "array"
    return {kind: name}
