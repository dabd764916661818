"""Cholesky factor of a packed lower triangle, in place, and the solution it gives."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel

# A pivot is 1 - R^2 of a name on those before it, times its variance. Below this it is rounding, not risk.
SMALLEST_PIVOT = 1e-13


@kernel
def cholesky(triangle: Floats, size: int) -> int:
    """Replace the first `size` rows of a packed symmetric matrix by L with L L' = matrix.

    Returns:
        1, or 0 where the matrix is not positive definite to SMALLEST_PIVOT of its diagonal (NaN included); the
        triangle then holds no factor.
    """
    row = 0
    for i in range(size):
        column = 0
        for j in range(i):
            rest = triangle[row + j]
            for k in range(j):
                rest -= triangle[row + k] * triangle[column + k]
            triangle[row + j] = rest / triangle[column + j]
            column += j + 1
        pivot = triangle[row + i]
        smallest = SMALLEST_PIVOT * pivot
        for k in range(i):
            pivot -= triangle[row + k] * triangle[row + k]
        if not (pivot > smallest and pivot > 0.0):
            return 0
        triangle[row + i] = math.sqrt(pivot)
        row += i + 1
    return 1


@kernel
def cholesky_solve(triangle: Floats, size: int, values: Floats) -> None:
    """Replace `values` (first `size` entries) by the solution x of L L' x = values."""
    row = 0
    for i in range(size):
        rest = values[i]
        for k in range(i):
            rest -= triangle[row + k] * values[k]
        values[i] = rest / triangle[row + i]
        row += i + 1
    for back in range(size):
        i = size - 1 - back
        row -= i + 1
        values[i] = values[i] / triangle[row + i]
        for k in range(i):
            values[k] -= triangle[row + k] * values[i]
