"""What the risk tests share: a kernel in both its forms, and triangles."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import callable_kernel


def plain(function: Any) -> Any:
    """The kernel as ordinary Python, with every kernel it calls: what runs when compilation is switched off.

    A kernel's own `py_func` is not enough: it would call compiled kernels that have no Python wrapper.
    """
    source = getattr(function, "py_func", function)
    names = dict(source.__globals__)
    for name in source.__code__.co_names:
        if hasattr(names.get(name), "py_func"):
            names[name] = plain(names[name])
    return types.FunctionType(source.__code__, names, source.__name__, source.__defaults__)


@functools.cache
def both(function: Any) -> Callable[..., tuple[Any, Any]]:
    """Call a kernel compiled and plain, on copies of its arrays; demand equal bits; fill the caller's arrays."""
    compiled, python = callable_kernel(function), plain(function)

    def call(*arguments: Any) -> Any:
        copies = {id(a): np.array(a) for a in arguments if isinstance(a, np.ndarray)}  # one array given twice stays one
        other = [copies.get(id(a), a) for a in arguments]
        result, expected = compiled(*arguments), python(*other)
        np.testing.assert_array_equal(result, expected)
        for mine, theirs in zip(arguments, other, strict=True):
            if isinstance(mine, np.ndarray):
                np.testing.assert_array_equal(mine, theirs)
        return result

    return call


def triangle(matrix: Floats) -> Floats:
    """The packed lower triangle of a full matrix."""
    return np.ascontiguousarray(matrix[np.tril_indices(matrix.shape[0])])


def full(packed: Floats, n: int) -> Floats:
    """The full matrix of a packed lower triangle."""
    matrix = np.empty((n, n))
    rows, columns = np.tril_indices(n)
    matrix[rows, columns] = packed
    matrix[columns, rows] = packed
    return matrix
