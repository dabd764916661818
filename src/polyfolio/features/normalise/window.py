"""Count, mean and sum of squares of the last rows, without ever taking a row out again.

Taking rows out of a running sum leaves their rounding behind for ever: after one value of 1e12 a sum of ten values
near 1 keeps an error of 5e-5. Here the rows come in blocks as long as the window. A window is the end of one block,
whose sums from each row to the block's end were made when it was full, and the beginning of the next one. The two are
merged (Chan, Golub and LeVeque 1983), so that a row that has left the window has left every sum.
"""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats

Moments = tuple[Floats, Floats, Floats]


class Window:
    """The last `length` rows of arrays of one shape."""

    def __init__(self, length: int, shape: tuple[int, ...]) -> None:
        self.length = length
        self.filled = 0
        self.block = np.empty((length, *shape))
        self.head = empty(shape)
        # Of the block before: moments from each of its rows to its end; none before the first block is full.
        self.tails = tuple(np.zeros((length + 1, *shape)) for _ in range(3))

    def add(self, values: Floats) -> Moments:
        """Moments of the window that ends with this row: count, mean, sum of squares about the mean."""
        if self.filled == self.length:
            self._turn()
        self.block[self.filled] = values
        self.filled += 1
        self.head = one_more(self.head, values)
        count, mean, squares = (tail[self.filled] for tail in self.tails)
        return merged((count, mean, squares), self.head)

    def _turn(self) -> None:
        """The full block becomes the one before."""
        moments = empty(self.block.shape[1:])
        for row in range(self.length - 1, -1, -1):
            moments = one_more(moments, self.block[row])
            for tail, values in zip(self.tails, moments, strict=True):
                tail[row] = values
        self.head = empty(self.block.shape[1:])
        self.filled = 0


def empty(shape: tuple[int, ...]) -> Moments:
    """Moments of nothing."""
    return np.zeros(shape), np.zeros(shape), np.zeros(shape)


def one_more(moments: Moments, values: Floats) -> Moments:
    """Moments with one more value each; NaN is none (Welford 1962)."""
    count, mean, squares = moments
    known = ~np.isnan(values)
    larger = count + known
    away = np.where(known, values - mean, 0.0)
    centre = mean + away / np.maximum(larger, 1.0)
    return larger, centre, squares + np.where(known, away * (values - centre), 0.0)


def merged(one: Moments, other: Moments) -> Moments:
    """Moments of two sets of values together."""
    count = one[0] + other[0]
    divisor = np.maximum(count, 1.0)
    away = other[1] - one[1]
    # An empty side has mean 0: its weight of 0 keeps it out, and the side that is not empty stays as it is.
    mean = np.where(one[0] == 0.0, other[1], one[1] + away * (other[0] / divisor))
    return count, mean, one[2] + other[2] + away * away * (one[0] * other[0] / divisor)
