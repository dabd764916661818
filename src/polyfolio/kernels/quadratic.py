"""Products with a symmetric matrix kept as a packed lower triangle: entry (i, j), j <= i, stands at i(i+1)/2 + j."""

from __future__ import annotations

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, routine


@kernel
def _row_times(covariance: Floats, row: int, want: Floats, n: int) -> float:
    """sum_{j<n} C_j w_j in four accumulators of fixed order: one chain of additions would wait for each of them."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = n - n % 4
    for j in range(0, whole, 4):
        first += covariance[row + j] * want[j]
        second += covariance[row + j + 1] * want[j + 1]
        third += covariance[row + j + 2] * want[j + 2]
        fourth += covariance[row + j + 3] * want[j + 3]
    total = (first + second) + (third + fourth)
    for j in range(whole, n):
        total += covariance[row + j] * want[j]
    return total


@kernel
def portfolio_variance(want: Floats, covariance: Floats) -> float:
    """Variance of a book: w'Cw = sum_i w_i (2 sum_{j<i} C_ij w_j + C_ii w_i).

    A NaN beside a weight makes the result NaN: an unknown risk is not a zero risk. A NaN beside a weight of 0 does
    not: a name that is not listed yet and not wanted has no part in the book. A singular matrix may give a value
    below zero by rounding.
    """
    total = 0.0
    row = 0
    for i in range(want.size):
        total += want[i] * (2.0 * _row_times(covariance, row, want, i) + covariance[row + i] * want[i])
        row += i + 1
    return total if total == total else variance_of_wanted(want, covariance)


@routine
def variance_of_wanted(want: Floats, covariance: Floats) -> float:
    """w'Cw over the names with a weight alone, for triangles with unknown entries."""
    total = 0.0
    for i in range(want.size):
        if want[i] == 0.0:
            continue
        row = i * (i + 1) // 2
        total += want[i] * want[i] * covariance[row + i]
        for j in range(i):
            if want[j] != 0.0:
                total += 2.0 * want[i] * want[j] * covariance[row + j]
    return total


@kernel
def covariance_times(want: Floats, covariance: Floats, out: Floats) -> None:
    """out_i = sum_j C_ij w_j, each entry of the triangle taken for both its places. NaN propagates."""
    row = 0
    for i in range(want.size):
        out[i] = _row_times(covariance, row, want, i + 1)
        for j in range(i):
            out[j] += covariance[row + j] * want[i]
        row += i + 1
