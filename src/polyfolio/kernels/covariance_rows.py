"""Covariances for a stretch of a tape: the value at count k uses the last min(window, k) of the first k observations.

Moving a window by adding the new return and subtracting the old one leaves the rounding errors of every large return
that ever passed. So nothing is subtracted. Counts are taken in blocks that start at multiples of a step; all windows
of a block share a core, and each is the core, plus what it has before it, plus what it has after it:

    observations   s . . . . . | core . . . . . . . . . . . . | a . . . . .
    window of k        [ head  | core                         | tail ]          k in [a, a + step)

Heads are added going backwards, tails going forwards, two rank-one additions a count. The value at k is therefore a
function of the returns and of k alone, whichever count a run starts at.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Covariance
from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.covariance import (
    centred_products,
    co_moment,
    constant_correlation,
    correlation_of,
    ewma_covariance_update,
    fill_unknown,
    shrink,
    window_mean,
)

_EWMA = int(Covariance.EWMA)
_LEDOIT_WOLF = int(Covariance.LEDOIT_WOLF)
_GARCH = int(Covariance.GARCH)

BLOCK = 64  # the largest step; a run that starts at a multiple of it wastes nothing


def state_size(n_slots: int, window: int) -> int:
    """How many values the state of `covariance_rows` holds. One state per model, zeros before the first call."""
    return n_slots * (n_slots + 1) + 4 * n_slots + window + 1


@kernel
def _step(window: int) -> int:
    """The largest power of two that is at most half the window and at most BLOCK: 64 from 128 bars on."""
    step = 1
    while step < BLOCK and 4 * step <= window:
        step *= 2
    return step


@kernel
def _add_observation(returns: Floats, t: int, mean: Floats, distance: Floats, products: Floats, sums: Floats) -> None:
    """One more return about the mean, d = r_t - mean: products += d d', sums += d."""
    for i in range(returns.shape[0]):
        distance[i] = returns[i, t] - mean[i]
        sums[i] += distance[i]
    for i in range(returns.shape[0]):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            products[row + j] += distance[i] * distance[j]


@kernel
def _start_from_core(returns: Floats, start: int, stop: int, mean: Floats, products: Floats, sums: Floats) -> None:
    """Means over the core, and its products and sums about them."""
    for i in range(returns.shape[0]):
        mean[i] = window_mean(returns, i, start, stop)
        sums[i] = 0.0
        for t in range(start, stop):
            sums[i] += returns[i, t] - mean[i]
    for i in range(returns.shape[0]):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            products[row + j] = co_moment(returns, i, j, mean[i], mean[j], start, stop)


@kernel
def _join(length: int, ddof: int, tail: Floats, after: Floats, total: Floats, sums: Floats, out: Floats) -> None:
    """C_ij = (S_ij - T_i T_j / n) / (n - ddof), S and T of head, core and tail together; `out` holds S without tail.

    S and T are about the core's mean, so only the returns outside the core, fewer than `step`, make T: the difference
    is at least S (n - step) / n and nothing cancels.
    """
    for i in range(sums.size):
        total[i] = sums[i] + after[i]
    for i in range(sums.size):
        row = i * (i + 1) // 2
        own = total[i] / length
        for j in range(i + 1):
            out[row + j] = (out[row + j] + tail[row + j] - own * total[j]) / (length - ddof)


@kernel
def _heads(returns: Floats, block: Any, needed: Flags, state: Floats, out: Floats, sums: Floats) -> None:
    """Head and core of each needed window of the block, from the shortest head to the longest."""
    start, step, window, low, high, first = block
    n = returns.shape[0]
    size = n * (n + 1) // 2
    products, running = state[:size], state[2 * size : 2 * size + n]
    mean, distance = state[2 * size + n : 2 * size + 2 * n], state[2 * size + 2 * n : 2 * size + 3 * n]
    reached = max(start + step - 1 - window, 0)
    _start_from_core(returns, reached, start, mean, products, running)
    for k in range(start + step - 1, low - 1, -1):
        while reached > max(k - window, 0):
            reached -= 1
            _add_observation(returns, reached, mean, distance, products, running)
        if k <= high and needed[k - first] != 0:
            for place in range(size):
                out[k - first, place] = products[place]
            for i in range(n):
                sums[k - first, i] = running[i]


@kernel
def _tails(returns: Floats, block: Any, needed: Flags, ddof: int, state: Floats, out: Floats, sums: Floats) -> None:
    """The tail of each needed window of the block, from the shortest to the longest, and the covariance."""
    start, _, window, low, high, first = block
    n = returns.shape[0]
    size = n * (n + 1) // 2
    products, running = state[size : 2 * size], state[2 * size : 2 * size + n]
    mean, distance = state[2 * size + n : 2 * size + 2 * n], state[2 * size + 2 * n : 2 * size + 3 * n]
    for place in range(size):
        products[place] = 0.0
    for i in range(n):
        running[i] = 0.0
    for k in range(start, high + 1):
        if k >= low and needed[k - first] != 0:
            row = k - first
            _join(min(window, k), ddof, products, running, distance, sums[row], out[row])
        if k < high:  # observation k is not completed at count k, and may not exist
            _add_observation(returns, k, mean, distance, products, running)


@kernel
def _direct(returns: Floats, end: int, length: int, ddof: int, out: Floats) -> None:
    """The first block of a tape has no core: each of its windows stands alone."""
    if length < 2:
        fill_unknown(out)
    else:
        centred_products(returns, end, length, length - ddof, out)


@kernel
def _sample_rows(
    returns: Floats,
    first: int,
    last: int,
    window: int,
    ddof: int,
    state: Floats,
    out: Floats,
    sums: Floats,
    needed: Flags,
) -> None:
    """Sample covariances at the needed counts of [first, last), block by block."""
    step = _step(window)
    for start in range(first - first % step, last, step):
        low, high = last, first - 1
        for k in range(max(start, first), min(start + step, last)):
            if needed[k - first] != 0:
                low = min(low, k)
                high = k
        if high < low:
            continue
        if start >= step:
            block = (start, step, window, low, high, first)
            _heads(returns, block, needed, state, out, sums)
            _tails(returns, block, needed, ddof, state, out, sums)
        else:
            for k in range(low, high + 1):
                if needed[k - first] != 0:
                    _direct(returns, k, min(window, k), ddof, out[k - first])


@kernel
def _ewma_to(returns: Floats, count: int, decay: float, state: Floats) -> None:
    """Bring the recursion to `count` observations: matrix, count, and each slot's number of returns."""
    n = returns.shape[0]
    size = n * (n + 1) // 2
    if state[size] > count or state[size] == 0.0:
        fill_unknown(state[:size])
        for place in range(size, size + n + 1):
            state[place] = 0.0
    for t in range(int(state[size]), count):
        ewma_covariance_update(state[:size], returns, t, decay, state[:size])
        for i in range(n):
            if returns[i, t] == returns[i, t]:
                state[size + 1 + i] += 1.0
    state[size] = count


@kernel
def _ewma_row(min_history: int, state: Floats, n: int, out: Floats) -> None:
    """The recursion's matrix without the slots that have fewer than `min_history` returns."""
    size = n * (n + 1) // 2
    for i in range(n):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            fewest = min(state[size + 1 + i], state[size + 1 + j])
            out[row + j] = state[row + j] if fewest >= min_history else math.nan


@entry
def covariance_rows(
    returns: Floats,
    first: int,
    last: int,
    method: int,
    window: int,
    min_history: int,
    decay: float,
    garch_sigma: Floats,
    state: Floats,
    out: Floats,
    correlation: Floats,
    sigma: Floats,
    needed: Flags,
) -> None:
    """Covariance, correlation and sigma at each count k in [first, last) with needed[k - first] != 0.

    Row k - first of `out`, `correlation` (triangles) and `sigma` (slots) gets the estimate from the last
    min(window, k) of the first k observations; NaN with fewer than `min_history` (at least 2). Other rows are left.

    `method` is a `core.codes.Covariance`. EWMA ignores the window: `state` carries its recursion from observation 0
    on, so calls go forwards (an earlier `first` starts it again) and `min_history` is per slot. GARCH multiplies the
    sample correlation by garch_sigma[slot, k - 1], the volatility forecast after k observations. All four are
    positive semi-definite by construction, up to rounding.
    """
    n = returns.shape[0]
    if method != _EWMA:
        ddof = 0 if method == _LEDOIT_WOLF else 1
        _sample_rows(returns, first, last, window, ddof, state, out, sigma, needed)
    scratch = state[state.size - window :]
    for k in range(first, last):
        row = k - first
        if needed[row] == 0:
            continue
        length = k if method == _EWMA else min(window, k)
        if length < max(min_history, 2):
            fill_unknown(out[row])
        elif method == _EWMA:
            _ewma_to(returns, k, decay, state)
            _ewma_row(min_history, state, n, out[row])
        elif method == _LEDOIT_WOLF:
            shrink(returns, k, length, out[row], scratch)
        elif method == _GARCH:
            for i in range(n):
                sigma[row, i] = garch_sigma[i, k - 1]
            constant_correlation(out[row], sigma[row], out[row])
        correlation_of(out[row], correlation[row], sigma[row])
