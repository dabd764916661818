"""A measure in both its forms, and the stored series."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.kernels.compile import callable_kernel

ORACLES = Path(__file__).parents[2] / "oracles"


def series(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns, benchmark returns, and n + 1 days with the base day first."""
    with np.load(ORACLES / "measures.npz") as stored:
        days = np.concatenate([[stored[f"{name}_base"]], stored[f"{name}_days"]]).astype("datetime64[D]")
        return stored[f"{name}_returns"], stored[f"{name}_benchmark"], days


class _Plain:
    """A kernel module whose functions are ordinary Python."""

    def __init__(self, module: types.ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.module, name)
        return plain(value) if hasattr(value, "py_func") else value


@functools.cache
def plain(function: Any) -> Any:
    """The function as ordinary Python with every kernel it calls: what runs when compilation is switched off."""
    source = getattr(function, "py_func", function)
    names = dict(source.__globals__)
    for name in source.__code__.co_names:
        value = names.get(name)
        if hasattr(value, "py_func"):
            names[name] = plain(value) if value is not function else value
        elif isinstance(value, types.ModuleType) and value.__name__.startswith("polyfolio.kernels"):
            names[name] = _Plain(value)
    return types.FunctionType(source.__code__, names, source.__name__, source.__defaults__)


@functools.cache
def compiled(function: Any) -> Any:
    """The compiled form with a wrapper, built once."""
    return callable_kernel(function)


@functools.cache
def both(function: Any) -> Callable[..., Any]:
    """Call a measure compiled and plain on copies of its arrays, demand equal bits, fill the caller's arrays."""
    fast, slow = compiled(function), plain(function)

    def call(*arguments: Any) -> Any:
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        result, expected = fast(*arguments), slow(*copies)
        np.testing.assert_array_equal(result, expected)
        for mine, theirs in zip(arguments, copies, strict=True):
            if isinstance(mine, np.ndarray):
                assert mine.tobytes() == theirs.tobytes() or same(mine, theirs)
        return result

    return call


def same(mine: np.ndarray, theirs: np.ndarray) -> bool:
    """Equal bits, all NaN being one value."""
    if mine.dtype.names:
        return all(same(mine[name], theirs[name]) for name in mine.dtype.names)
    return bool(np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"))


def summary(module: Any, *inputs: Any, size: int | None = None) -> dict[str, float]:
    """`module.summary` in both forms, as a mapping; inputs are copied into contiguous float64."""
    out = np.full(len(module.NAMES), -9.0)
    state = np.full(module.SIZE if size is None else size, 7.0)  # scratch that was used before
    both(module.summary)(*inputs, state, out)
    return dict(zip(module.NAMES, out.tolist(), strict=True))
