"""Correlations that come out right: the root of the shocks is corrected by what a long path of the model shows.

Shocks with the correlation of the residuals give returns with a smaller one, because each slot's variance then goes its
own way: 0.22 instead of 0.34 in the median over pairs of 150 shares under GARCH. The correction uses fixed random
numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.market.synthetic.streams import Streams, correlation_of, root

ROUNDS = 2
NUMBERS = 750_000  # of a trial path: 5,000 rows of 150 slots
LONGEST = 15_000
FOR_GAINS = 4  # trial paths long: bursts are rare, and with one the deviations came out 8 % too large
GAINS = (0.5, 2.0)
FAR = 5.0  # deviations at which a return is held: a few rows would decide the correlation of a fat tail
SEED = 0


def steady_correlation(returns: Floats) -> Floats:
    """Correlation of columns with values beyond five deviations held there."""
    centred = returns - returns.mean(axis=0)
    bound = FAR * centred.std(axis=0)
    return correlation_of(np.clip(centred, -bound, bound))


def roots_of(correlations: Floats) -> Floats:
    """The root of each correlation matrix of a stack."""
    return np.stack([root(correlation) for correlation in correlations])


def trial_rows(slots: int, times: int = 1) -> int:
    """Rows of a trial path, or of one several times as long."""
    return int(times * min(NUMBERS / max(slots, 1), LONGEST))


def gain(returns: Floats, deviation: Floats) -> Floats:
    """What a trial path's columns must be multiplied by to have these deviations, a half to two.

    The variance of a GARCH path stays below its long-run value: that lives on bursts that a path seldom has and that
    its bound cuts.
    """
    found = returns.std(axis=0)
    ratio = np.divide(deviation, found, out=np.ones_like(found), where=found > 0.0)
    return np.asarray(np.clip(ratio, *GAINS), dtype=np.float64)


def calibrated(wanted: Floats, begin: Floats, returns_of: Callable[[Streams, int, Floats], Floats]) -> Floats:
    """Roots under which a model's returns have the wanted correlation, as near as correlation matrices allow.

    Args:
        wanted: correlation of the original's returns.
        begin: correlations of the shocks to begin with (states, slots, slots).
        returns_of: returns (rows, slots) from streams, rows and roots (states, slots, slots).
    """
    rows = trial_rows(wanted.shape[0])
    trial, best, least = begin, roots_of(begin), np.inf
    for _ in range(ROUNDS + 1):
        found = roots_of(trial)
        missing = wanted - steady_correlation(returns_of(Streams(SEED), rows, found))
        size = float((missing**2).sum())
        if size < least:
            best, least = found, size
        trial = np.clip(found @ found.transpose(0, 2, 1) + missing, -1.0, 1.0)
    return best
