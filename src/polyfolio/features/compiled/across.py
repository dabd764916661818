"""Comparison of the slots of one row. Sums run from the smallest value up: the order of slots changes no bit."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry


@entry
def ranked(values: Floats, order: Ints, out: Floats) -> None:
    """out = rank among the numbers of the row, 0 for the smallest and 1 for the largest; equal values share theirs.

    `order` sorts each row, NaN last. A number alone has 0.5; NaN keeps NaN.
    """
    for row in range(values.shape[0]):
        x, by, sink = values[row], order[row], out[row]
        count = 0
        while count < x.size and not math.isnan(x[by[count]]):
            count += 1
        for k in range(count, x.size):
            sink[by[k]] = math.nan
        k = 0
        while k < count:
            end = k
            while end + 1 < count and x[by[end + 1]] == x[by[k]]:
                end += 1
            for i in range(k, end + 1):
                sink[by[i]] = (k + end) / 2.0 / (count - 1.0) if count > 1 else 0.5
            k = end + 1


@entry
def centred(values: Floats, order: Ints, scaled: bool, out: Floats) -> None:
    """out = value less the mean of the row's numbers, over their standard deviation (divisor n - 1) if `scaled`.

    0 where fewer than two numbers are there or where they are equal.
    """
    for row in range(values.shape[0]):
        x, by, sink = values[row], order[row], out[row]
        count, total = 0, 0.0
        while count < x.size and not math.isnan(x[by[count]]):
            total += x[by[count]]
            count += 1
        mean = total / count if count > 0 else 0.0
        second = 0.0
        for k in range(count):
            second += (x[by[k]] - mean) ** 2
        flat = count < 2 or x[by[0]] == x[by[count - 1]]
        scale = math.sqrt(second / (count - 1.0)) if scaled and not flat else 1.0
        for i in range(x.size):
            sink[i] = math.nan if math.isnan(x[i]) else 0.0 if flat else (x[i] - mean) / scale
