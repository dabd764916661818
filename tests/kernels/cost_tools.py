"""What the tests of costs and sizing share: a kernel in both its forms, a lane's rules, the worked values' tiers."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from polyfolio.core.codes import Commission, Impact, Slippage
from polyfolio.core.records import RULES
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import callable_kernel


def plain(function: Any, seen: dict[Any, Any] | None = None) -> Any:
    """The kernel as ordinary Python, with every kernel it calls: what runs when compilation is switched off.

    `seen` ends the walk where a field of the rules bears the name of the kernel that reads it.
    """
    seen = {} if seen is None else seen
    if function not in seen:
        source = function.py_func
        names = dict(source.__globals__)
        seen[function] = types.FunctionType(source.__code__, names, source.__name__, source.__defaults__)
        for name in source.__code__.co_names:
            if hasattr(names.get(name), "py_func"):
                names[name] = plain(names[name], seen)
    return seen[function]


@functools.cache
def both(function: Any) -> Callable[..., Any]:
    """Call a kernel compiled and plain, on copies of its arrays; demand equal bits; fill the caller's arrays."""
    compiled, python = callable_kernel(function), plain(function)

    def call(*arguments: Any) -> Any:
        other = [np.array(a) if isinstance(a, np.ndarray) else a for a in arguments]
        result, expected = compiled(*arguments), python(*other)
        np.testing.assert_array_equal(result, expected)
        for mine, theirs in zip(arguments, other, strict=True):
            if isinstance(mine, np.ndarray):
                np.testing.assert_array_equal(mine, theirs)
        return result

    return call


def rules(**fields: Any) -> Any:
    """A RULES record that costs nothing and limits nothing, with the given fields set."""
    record = np.zeros(1, RULES).view(np.recarray)[0]
    defaults = {
        "commission_model": Commission.NONE,
        "slippage_model": Slippage.NONE,
        "impact_model": Impact.NONE,
        "max_fee": np.inf,
        "impact_exponent": 0.6,
        "gross_target": 1.0,
        "target_risk": np.inf,
        "target_volatility": np.inf,
        "periods_per_year": 252.0,
    }
    for name, value in (defaults | fields).items():
        assert name in RULES.names, name
        setattr(record, name, value)
    return record


def tiers(*rows: tuple[float, float, float]) -> Floats:
    """A table of eight rows, the given ones first."""
    table = np.zeros((8, 3))
    if rows:
        table[: len(rows)] = rows
    return table


THREE_TIERS = tiers((0.0, 1000.0, 0.001), (1000.0, 10000.0, 0.0008), (10000.0, np.inf, 0.0005))


def triangle(matrix: Floats) -> Floats:
    """The packed lower triangle of a full matrix."""
    return np.ascontiguousarray(matrix[np.tril_indices(len(matrix))])
