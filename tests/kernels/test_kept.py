"""A bundle laid down once: the address shows the arrays as they are, lives with its owner, and fits or is refused."""

from __future__ import annotations

import gc
import weakref
from collections import namedtuple
from typing import Any

import numba
import numpy as np
import pytest

from polyfolio.core.views import Here, Log
from polyfolio.kernels.compile import entry
from polyfolio.kernels.kept import ROOM, Kept, bind, keep
from polyfolio.kernels.pointers import Address
from tests.house.sources import run_python


# Bundles of the package's own shapes: compiled code of a shape that only tests know would stand in the cache of all.
@numba.njit
def weigh(at: Any, row: int) -> float:
    total = 0.0
    for i in range(at.log.events.size):
        total += at.market[row, i] * at.log.events[i] * at.final
    at.log.cursor[row] += 1
    return total


def bundle() -> tuple[Here, Log]:
    """Numbers in a table, weights and counts in a bundle of their own, a factor."""
    nothing = np.zeros(0)
    inner = Log(np.array([1.0, 2.0, 3.0]), nothing, nothing, np.zeros(2, np.int64))
    return Here(np.arange(6.0).reshape(2, 3), nothing, nothing, keep(inner), nothing, 10), inner


def test_the_fields_behind_an_address_are_the_arrays_themselves() -> None:
    outer, inner = bundle()
    at = keep(outer)
    assert weigh(at, 0) == 10.0 * (0 * 1 + 1 * 2 + 2 * 3)
    assert weigh(at, 1) == 10.0 * (3 * 1 + 4 * 2 + 5 * 3)
    inner.events[:] = 1.0
    outer.market[1] = 2.0
    assert weigh(at, 1) == 60.0
    assert inner.cursor.tolist() == [1, 2]


def test_arrays_live_as_long_as_what_keeps_them() -> None:
    # Nothing else holds the arrays after this line.
    at = keep(bundle()[0])
    alive = weakref.ref(at.held[0].market)
    gc.collect()
    np.full(10_000, 7.0)
    assert weigh(at, 0) == 80.0
    del at
    gc.collect()
    assert alive() is None


def test_bundles_of_one_shape_have_one_type_and_places_of_their_own() -> None:
    first, second = keep(bundle()[0]), keep(bundle()[0])
    assert numba.typeof(first) == numba.typeof(second) == first.kind
    assert isinstance(first.kind, Address)
    assert first.address != second.address
    second.held[0].market[:] = 0.0
    assert (weigh(first, 0), weigh(second, 0)) == (80.0, 0.0)


def test_a_bundle_that_does_not_fit_is_refused() -> None:
    many = ROOM // 8 // 5 + 1  # an array of one dimension takes more than five words
    large = namedtuple("large", [f"a{k}" for k in range(many)])
    with pytest.raises(Exception, match=f"fields does not fit into {ROOM} bytes"):
        Kept(large(*[np.zeros(1)] * many))


@entry
def twice(numbers: Any, out: Any, factor: float) -> int:
    for i in range(numbers.size):
        out[i] = 2.0 * numbers[i] * factor
    return int(numbers.size)


def test_a_bound_entry_is_the_entry() -> None:
    numbers, out, other = np.array([1.0, 2.5]), np.zeros(2), np.zeros(2)
    bound = bind(twice, numbers, out, 1.0)
    assert bound(numbers, out, 3.0) == twice(numbers, other, 3.0) == 2
    assert out.tolist() == other.tolist() == [6.0, 15.0]


def test_nothing_is_laid_down_where_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    code = "from polyfolio.kernels.kept import bind, keep; x = (1, 2); assert keep(x) is x; assert bind(max, 1) is max"
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
