"""The few smallest of many values, by insertion."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel


@kernel
def smallest(values: Floats, n: int, k: int, scratch: Floats) -> None:
    """scratch[0..k) = the k smallest of values[0..n), ascending; 1 <= k <= n.

    A NaN among the values makes all k NaN: an unknown value has no rank. For the 13 worst of 252 returns, keeping
    the worst by insertion took 870 ns and a quickselect 1,975 ns.
    """
    last = k - 1
    for t in range(n):
        value = values[t]
        # Written so that a NaN enters the branch; nearly every value leaves here.
        if t > last and value >= scratch[last]:
            continue
        if math.isnan(value):
            for place in range(k):
                scratch[place] = math.nan
            return
        place = t if t < last else last
        while place > 0 and scratch[place - 1] > value:
            scratch[place] = scratch[place - 1]
            place -= 1
        scratch[place] = value
