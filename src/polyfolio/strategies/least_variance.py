"""The long-only book of least variance of a covariance matrix, by the kernel that sizes `min_variance`."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.kernels import least_variance as kernel


def least_variance(covariance: Floats) -> Floats | None:
    """Weights >= 0 with sum 1 and the least w'Cw, float64[names].

    None where the matrix has a value that is no finite number, or no solution was found.

    Args:
        covariance: float64[names, names], symmetric; it may be singular.
    """
    size = len(covariance)
    weights, scratch = np.empty(size), np.empty(5 * size + size * (size + 1) // 2)
    packed = np.ascontiguousarray(covariance[np.tril_indices(size)])
    rounds = kernel.least_variance(packed, weights, scratch) if np.isfinite(packed).all() else -1
    return weights if rounds >= 0 else None
