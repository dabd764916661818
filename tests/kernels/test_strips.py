"""Arrays as kernels see them, and views looked up field by field."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numba.core import types
from numba.core.errors import TypingError

from polyfolio.core.views import Bar, Lane
from polyfolio.kernels import lanes
from polyfolio.kernels.compile import callable_kernel, entry, kernel, loop
from polyfolio.kernels.pointers import place, view_of

FLOATS = types.Array(types.float64, 1, "C")


class Shelf(NamedTuple):
    """A bundle of arrays."""

    line: Any
    table: Any
    marks: Any


class Corner(NamedTuple):
    """What is seen of a shelf."""

    row: Any
    mark: Any
    all_of_it: Any


corner_at = view_of(
    Corner,
    {
        "row": kernel(lambda at, index, row: (at.table[index],)),
        "mark": kernel(lambda at, index, row: (at.marks[row],)),
        "all_of_it": kernel(lambda at, index, row: (at.line,)),
    },
)


@entry
def polyfolio_look(line: Any, table: Any, marks: Any, index: int, row: int, out: Any) -> int:
    """Read and write through a view."""
    seen = corner_at(place(Shelf(line, table, marks)), index, row)
    part = seen.all_of_it[1:3]
    long = seen.all_of_it[2:]
    for i in range(seen.row.size):
        seen.row[i] += 10.0 * (i + 1)
    out[0] = part.size
    out[1] = part[0] + part[1]
    out[2] = long.size
    out[3] = seen.all_of_it[1:99].size
    return int(seen.mark)


def test_a_strip_reads_writes_and_is_cut_like_an_array() -> None:
    line, table, out = np.arange(5.0), np.zeros((3, 2)), np.zeros(4)
    assert polyfolio_look(line, table, np.array([7, 8, 9]), 1, 2, out) == 9
    assert out.tolist() == [2.0, 3.0, 3.0, 4.0]
    assert table.tolist() == [[0.0, 0.0], [10.0, 20.0], [0.0, 0.0]]


@kernel
def polyfolio_last(strip: Any) -> float:
    """A plain index from the end."""
    return float(strip[-1])


@entry
def polyfolio_wrong(line: Any) -> float:
    """A strip asked from its end."""
    return polyfolio_last(place(Shelf(line, line, line)).line)


def test_an_index_from_the_end_is_refused_when_compiling() -> None:
    with pytest.raises(TypingError):
        polyfolio_wrong(np.arange(3.0))


@kernel
def polyfolio_with_code(values: Any, code: int) -> float:
    """A kernel that takes a code."""
    return float(values[0]) + code


@entry
def polyfolio_codes(values: Any) -> float:
    """Three constants for one argument."""
    return polyfolio_with_code(values, 1) + polyfolio_with_code(values, 2) + polyfolio_with_code(values, 3)


def test_a_kernel_is_compiled_once_for_all_values_of_a_constant() -> None:
    assert callable_kernel(polyfolio_codes)(np.array([1.0])) == 9.0
    assert len(polyfolio_with_code.overloads) == 1


@loop
def polyfolio_apart(one: Any, other: Any) -> None:
    """Two arrays that never overlap."""
    for i in range(one.size):
        other[i] = 2.0 * one[i]


def test_a_loop_tells_the_compiler_that_its_arrays_never_overlap() -> None:
    polyfolio_apart.compile((FLOATS, FLOATS))
    text = polyfolio_apart.overloads[(FLOATS, FLOATS)].library._final_module
    defined = [str(line) for line in str(text).splitlines() if line.startswith("define") and "polyfolio_apart" in line]
    assert defined
    assert all("noalias" in line.split("captures(none)", 1)[0] + line for line in defined)
    assert sum(line.count("noalias") for line in defined) > 2  # beside Numba's own two arguments


def test_every_field_of_the_views_has_its_place() -> None:
    """A field that a table lacks, or that no view has, is told when the package is imported."""
    with pytest.raises(TypeError, match="row"):
        lanes._table(Bar, row=lambda at, index, row: (row,))
    assert set(lanes._LANE) == set(Lane._fields)
