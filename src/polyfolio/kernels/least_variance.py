"""The long-only book of least variance, for callers in Python."""

from __future__ import annotations

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry
from polyfolio.kernels.parity import min_variance


@entry
def least_variance(covariance: Floats, out: Floats, scratch: Floats) -> int:
    """Write into `out` the weights >= 0 with sum 1 and the least w'Cw; see `parity.min_variance_among`.

    Args:
        covariance: packed lower triangle.
        out: the weights; all 0 on failure.
        scratch: at least 4 n + n (n + 1) / 2 numbers.

    Returns:
        Rounds taken, or parity.NOT_CONVERGED.
    """
    return min_variance(covariance, out, scratch)
