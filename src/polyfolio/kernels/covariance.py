"""Covariances of slot returns, one matrix at a time. `covariance_rows` makes them for whole tapes.

`returns` is [n_slots, n_observations]; a window is [end - length, end). Matrices are packed lower triangles: entry
(i, j), j <= i, stands at i(i+1)/2 + j. A slot that is not known in the whole window has NaN in its row and column.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel

# Returns are made from prices and carry rounding errors of 1e-16: a smaller spread than 1e-15 is no spread. Without
# this a pegged price has a volatility of 1e-17 and any correlation at all.
_FLAT = 1e-30


@kernel
def window_mean(returns: Floats, slot: int, start: int, stop: int) -> float:
    """Mean of one slot's observations [start, stop)."""
    total = 0.0
    for t in range(start, stop):
        total += returns[slot, t]
    return total / (stop - start)


@kernel
def co_moment(returns: Floats, i: int, j: int, mean_i: float, mean_j: float, start: int, stop: int) -> float:
    """sum_t (r_i,t - mean_i)(r_j,t - mean_j), in four accumulators of fixed order so that none waits for another."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = start + (stop - start) // 4 * 4
    for t in range(start, whole, 4):
        first += (returns[i, t] - mean_i) * (returns[j, t] - mean_j)
        second += (returns[i, t + 1] - mean_i) * (returns[j, t + 1] - mean_j)
        third += (returns[i, t + 2] - mean_i) * (returns[j, t + 2] - mean_j)
        fourth += (returns[i, t + 3] - mean_i) * (returns[j, t + 3] - mean_j)
    total = (first + second) + (third + fourth)
    for t in range(whole, stop):
        total += (returns[i, t] - mean_i) * (returns[j, t] - mean_j)
    return total


@kernel
def centred_products(returns: Floats, end: int, length: int, divisor: int, out: Floats) -> None:
    """out_ij = sum_t (r_i - m_i)(r_j - m_j) / divisor. Means wait on the diagonal, so rows go from the last up."""
    start = end - length
    n = returns.shape[0]
    for i in range(n):
        out[i * (i + 1) // 2 + i] = window_mean(returns, i, start, end)
    for i in range(n - 1, -1, -1):
        row = i * (i + 1) // 2
        mean = out[row + i]
        for j in range(i + 1):
            other = out[j * (j + 1) // 2 + j]
            out[row + j] = co_moment(returns, i, j, mean, other, start, end) / divisor


@kernel
def fill_unknown(out: Floats) -> None:
    """NaN everywhere: there is no estimate."""
    for place in range(out.size):
        out[place] = math.nan


@kernel
def sample_covariance(returns: Floats, end: int, length: int, out: Floats) -> None:
    """C_ij = sum_t (r_i - m_i)(r_j - m_j) / (length - 1); NaN with fewer than two observations."""
    if length < 2:
        fill_unknown(out)
    else:
        centred_products(returns, end, length, length - 1, out)


@kernel
def ledoit_wolf(returns: Floats, end: int, length: int, out: Floats, scratch: Floats) -> None:
    """Covariance shrunk to mu I (Ledoit and Wolf 2004), ddof 0. `scratch` holds `length` values. See `shrink`."""
    if length < 2:
        fill_unknown(out)
    else:
        centred_products(returns, end, length, length, out)
        shrink(returns, end, length, out, scratch)


@kernel
def shrink(returns: Floats, end: int, length: int, out: Floats, scratch: Floats) -> None:
    """(1 - s) C + s mu I in place, C of ddof 0, over the slots that are known.

    mu = tr C / p, d^2 = |C - mu I|^2 / p, b^2 = (sum_t |x_t|^4 / n - |C|^2) / (n p), s = min(b^2, d^2) / d^2, norms
    of Frobenius, x_t the centred returns. The same numbers as sklearn's LedoitWolf; one slot alone is not shrunk.
    """
    start = end - length
    for t in range(length):
        scratch[t] = 0.0
    known = 0
    trace, norm = 0.0, 0.0
    for i in range(returns.shape[0]):
        row = i * (i + 1) // 2
        if math.isnan(out[row + i]):
            continue
        known += 1
        trace += out[row + i]
        mean = window_mean(returns, i, start, end)
        for t in range(length):
            distance = returns[i, start + t] - mean
            scratch[t] += distance * distance
        for j in range(i):
            if not math.isnan(out[row + j]):
                norm += 2.0 * out[row + j] * out[row + j]
        norm += out[row + i] * out[row + i]
    if known < 2:
        return
    fourth = 0.0
    for t in range(length):
        fourth += scratch[t] * scratch[t]
    mu = trace / known
    distance = (norm - 2.0 * mu * trace + known * mu * mu) / known
    noise = min((fourth / length - norm) / (length * known), distance)
    share = noise / distance if noise > 0.0 else 0.0
    for i in range(returns.shape[0]):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            out[row + j] *= 1.0 - share
        out[row + i] += share * mu


@kernel
def ewma_covariance_update(previous: Floats, returns: Floats, t: int, decay: float, out: Floats) -> None:
    """C_ij = decay C_ij + (1 - decay) r_i r_j with zero mean, started at r_i r_j; `out` may be `previous`.

    Before a slot's first return its row is NaN. A slot that is listed after others starts at r_i^2 and, towards the
    older ones, at zero; a missing return keeps the slot's variance and lets its covariances fall by sqrt(decay).
    Both keep the matrix positive semi-definite, which the plain recursion pair by pair does not.
    """
    root = math.sqrt(decay)
    for i in range(returns.shape[0] - 1, -1, -1):  # from the last row up: row i still reads the diagonal above it
        row = i * (i + 1) // 2
        own = returns[i, t]
        new = not (previous[row + i] == previous[row + i])
        for j in range(i + 1):
            other = returns[j, t]
            known = previous[row + j]
            diagonal = previous[j * (j + 1) // 2 + j]
            if not math.isnan(own * other):
                if not math.isnan(known):
                    out[row + j] = decay * known + (1.0 - decay) * own * other
                elif new and math.isnan(diagonal):
                    out[row + j] = own * other
                else:
                    out[row + j] = (1.0 - decay) * own * other
            elif not math.isnan(own) or not math.isnan(other):
                out[row + j] = root * known
            else:
                out[row + j] = known


@kernel
def correlation_of(covariance: Floats, out: Floats, sigma: Floats) -> None:
    """rho_ij = C_ij / (sigma_i sigma_j) within [-1, 1] and sigma_i = sqrt(C_ii).

    A slot that does not move has sigma 0, correlation 0 with all others and 1 with itself. NaN propagates.
    """
    for i in range(sigma.size):
        variance = covariance[i * (i + 1) // 2 + i]
        sigma[i] = 0.0 if variance <= _FLAT else math.sqrt(variance)
    for i in range(sigma.size):
        row = i * (i + 1) // 2
        for j in range(i):
            scale = sigma[i] * sigma[j]
            rho = covariance[row + j] / scale if scale != 0.0 else 0.0
            rho = 1.0 if rho > 1.0 else rho
            out[row + j] = -1.0 if rho < -1.0 else rho
        out[row + i] = sigma[i] / sigma[i] if sigma[i] != 0.0 else 1.0


@kernel
def constant_correlation(covariance: Floats, sigma: Floats, out: Floats) -> None:
    """C_ij = rho_ij sigma_i sigma_j: correlations of `covariance`, volatilities given (Bollerslev 1990).

    `out` may be `covariance`.
    """
    for i in range(sigma.size - 1, -1, -1):
        row = i * (i + 1) // 2
        variance = covariance[row + i]
        for j in range(i):
            other = covariance[j * (j + 1) // 2 + j]
            if math.isnan(variance) or math.isnan(other):
                out[row + j] = math.nan
            elif variance <= _FLAT or other <= _FLAT:
                out[row + j] = 0.0
            else:
                rho = covariance[row + j] / (math.sqrt(variance) * math.sqrt(other))
                out[row + j] = rho * (sigma[i] * sigma[j])
        out[row + i] = sigma[i] * sigma[i] if not math.isnan(variance) else math.nan
