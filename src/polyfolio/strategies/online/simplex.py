"""The nearest point of the simplex {x >= 0, sum x = 1}, by the usual length or by that of a matrix."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.strategies.least_variance import least_variance


def onto_simplex(point: Floats) -> Floats:
    """argmin |x - point| over the simplex: max(point_i - c, 0), c such that the sum is 1 (Duchi et al. 2008)."""
    falling = np.sort(point)[::-1]
    excess = np.cumsum(falling) - 1.0
    counts = np.arange(1, point.size + 1)
    last = np.flatnonzero(falling - excess / counts > 0.0)[-1]
    return np.asarray(np.maximum(point - excess[last] / counts[last], 0.0))


def onto_simplex_by(matrix: Floats, point: Floats) -> Floats:
    """argmin (x - point)' A (x - point) over the simplex, A positive definite.

    On the simplex x - p = (I - p 1') x, so it is the least variance of a long-only book with the covariance
    B = (I - p 1')' A (I - p 1'). A constant on every entry of B adds itself to every variance; it makes B definite.
    """
    size = point.size
    shift = np.eye(size) - np.outer(point, np.ones(size))
    covariance = shift.T @ matrix @ shift + np.trace(matrix) / size
    weights = least_variance(covariance)
    if weights is None:
        raise DataError("matrix", matrix.tolist(), "positive definite and finite", "Look at the price relatives.")
    return weights
