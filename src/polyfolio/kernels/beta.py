"""How much a slot or a book moves with a benchmark slot."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel
from polyfolio.kernels.tail import portfolio_returns


@kernel
def series_beta(sample: Floats, returns: Floats, benchmark: int, end: int, length: int) -> float:
    """cov(r, r_b) / var(r_b) of sample[0..length) against the benchmark's observations [end - length, end).

    NaN with fewer than two observations, with a NaN among them, or when the benchmark does not move.
    """
    if length < 2:
        return math.nan
    start = end - length
    own, other = 0.0, 0.0
    for t in range(length):
        own += sample[t]
        other += returns[benchmark, start + t]
    own /= length
    other /= length
    together, alone = 0.0, 0.0
    for t in range(length):
        distance = returns[benchmark, start + t] - other
        together += (sample[t] - own) * distance
        alone += distance * distance
    # Returns from prices carry rounding errors of 1e-16; a benchmark that moves no more than that stands still.
    if not (alone > 1e-30 * length):
        return math.nan
    return together / alone


@kernel
def book_beta(want: Floats, returns: Floats, benchmark: int, end: int, length: int, scratch: Floats) -> float:
    """sum_i w_i beta_i, beta_i = cov(r_i, r_b) / var(r_b); `scratch` holds `length` values.

    Covariance is linear, so this is the beta of the book's own returns.
    """
    portfolio_returns(want, returns, end, length, scratch)
    return series_beta(scratch, returns, benchmark, end, length)
