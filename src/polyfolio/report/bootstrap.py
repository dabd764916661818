"""The stationary bootstrap: samples of a series in blocks of random length, so that what hangs together stays together.

Politis and Romano (1994). The mean length of a block is found by the rule of Politis and White (2004) with the
correction of Patton, Politis and White (2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.synthetic.streams import Streams
from polyfolio.report.checked import series

SMALLEST = 20
# Values of one array of indices; 4 million are 32 MB. Results do not depend on it.
AT_ONCE = 4_000_000


def block_length(values: npt.ArrayLike, name: str = "returns") -> float:
    """Mean block length of the stationary bootstrap of a series, at least 1.

    b = (G^2 / S^2)^(1/3) n^(1/3), G = sum over lags k of lambda(k/m) |k| R(k), S = sum of lambda(k/m) R(k), lambda a
    flat top. m is twice the first lag after which max(5, log10 n) autocorrelations in a row stay below
    2 sqrt(log10(n) / n).

    Args:
        values: at least 20.
        name: of the series, for messages.
    """
    path = series(values, name)
    n = path.size
    if n < SMALLEST:
        raise DataError(name, n, f"at least {SMALLEST} values", "Judge on a longer period.")
    centred = path - path.mean()
    if not (centred @ centred > 0.0):
        return 1.0
    covariances, lags = _window(centred)
    weight = np.minimum(1.0, 2.0 * (1.0 - np.arange(1, lags + 1) / lags))
    tail = weight * covariances[1 : lags + 1]
    spectrum = covariances[0] + 2.0 * tail.sum()
    slope = 2.0 * (tail * np.arange(1, lags + 1)).sum()
    if spectrum == 0.0:
        return 1.0
    length = ((slope / spectrum) ** 2 * n) ** (1.0 / 3.0)
    return float(max(1.0, min(length, math.ceil(min(3.0 * math.sqrt(n), n / 3.0)))))


def _window(centred: Floats) -> tuple[Floats, int]:
    """Autocovariances, and how many lags count."""
    n = centred.size
    run = max(5, int(math.log10(n)))
    most = math.ceil(math.sqrt(n)) + run
    bound = 2.0 * math.sqrt(math.log10(n) / n)
    squares = np.concatenate([[0.0], np.cumsum(centred * centred)])
    lag = np.arange(most + 1)
    products = np.array([centred[k:] @ centred[: n - k] for k in lag])
    norms = np.sqrt((squares[n] - squares[np.minimum(lag + 1, n)]) * squares[np.maximum(n - lag - 1, 0)])
    small = np.abs(products) < bound * norms
    quiet = [k - run for k in range(run, most + 1) if small[k - run : k].all()]
    lags = min(2 * max(quiet[0], 1), most) if quiet else most
    return products / n, lags


def indices(starts: Ints, chances: Floats, restart: float) -> Ints:
    """Places of a series that each draw takes, int64[draws, n].

    Args:
        starts: where a block begins if one begins here, int64[draws, n].
        chances: uniform numbers of the same shape; a block begins where one is at most `restart`.
        restart: 1 / mean block length.
    """
    n = starts.shape[1]
    place = np.arange(n)
    begun = np.where(chances <= restart, place, 0)
    begun = np.maximum.accumulate(begun, axis=1)
    return np.asarray((np.take_along_axis(starts, begun, axis=1) + place - begun) % n)


@dataclass(frozen=True)
class Blocks:
    """The draws of one bootstrap, the same ones whenever they are asked for.

    Attributes:
        draws: how many.
        size: length of the series.
        length: mean block length.
        seed: of the random numbers.
    """

    draws: int
    size: int
    length: float
    seed: int

    def parts(self) -> Iterator[tuple[slice, Ints]]:
        """Numbers of some draws, and their places in the series, until all draws were given."""
        begins = Streams(self.seed).of("bootstrap starts")
        breaks = Streams(self.seed).of("bootstrap breaks")
        step = max(1, AT_ONCE // self.size)
        for first in range(0, self.draws, step):
            shape = (min(step, self.draws - first), self.size)
            starts = begins.random(shape)  # `integers` would draw a varying count of words
            rows = (starts * self.size).astype(np.int64)
            yield slice(first, first + shape[0]), indices(rows, breaks.random(shape), 1.0 / self.length)
