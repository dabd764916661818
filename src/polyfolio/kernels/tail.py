"""Value at risk and expected shortfall. Losses are positive numbers, confidence is c, alpha = 1 - c."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop
from polyfolio.kernels.normal import normal_pdf, normal_quantile
from polyfolio.kernels.quadratic import covariance_times
from polyfolio.kernels.selection import smallest

# (1 - 0.95) * 20 is 1.0000000000000009 in binary; a bare ceil would take the second worst of 20 returns.
_RANK_SLACK = 1e-9


@loop
def add_weighted(weight: float, returns: Floats, slot: int, start: int, length: int, out: Floats) -> None:
    """out_t += weight * r_t of one slot."""
    for t in range(length):
        out[t] += weight * returns[slot, start + t]


@kernel
def portfolio_returns(want: Floats, returns: Floats, end: int, length: int, out: Floats) -> None:
    """out_t = sum_i w_i r_i,t over the observations [end - length, end), for the book as it is wanted now.

    Slots of zero weight are left out, so an unlisted name that nobody wants spoils nothing.
    """
    for t in range(length):
        out[t] = 0.0
    for i in range(want.size):
        if want[i] != 0.0:
            add_weighted(want[i], returns, i, end - length, length, out)


@kernel
def horizon_returns(sample: Floats, n: int, bars: int, out: Floats) -> int:
    """out_t = r_t + ... + r_(t+bars-1), overlapping; gives back how many sums there are (n - bars + 1, at least 0)."""
    count = max(n - bars + 1, 0)
    for t in range(count):
        total = 0.0
        for step in range(bars):
            total += sample[t + step]
        out[t] = total
    return count


@kernel
def horizon_sigma(sigma: float, bars: float) -> float:
    """Volatility over several bars of independent returns: sigma sqrt(bars)."""
    return sigma * math.sqrt(bars)


@kernel
def tail_rank(n: int, confidence: float) -> int:
    """Rank k = ceil(alpha n), at least 1: the VaR is the k-th worst return."""
    return max(math.ceil((1.0 - confidence) * n - _RANK_SLACK), 1)


@kernel
def historical_tail(sample: Floats, n: int, confidence: float, scratch: Floats, out: Floats) -> None:
    """out[0] = VaR, out[1] = ES of the n returns; NaN for an empty sample or one with a NaN.

    VaR = -z_k with z ascending and k = ceil(alpha n). ES (Rockafellar and Uryasev 2002, fractional tail) =
    -(z_1 + ... + z_j + (alpha n - j) z_(j+1)) / (alpha n) with j = floor(alpha n).
    `scratch` holds at least k values.
    """
    out[0] = math.nan
    out[1] = math.nan
    if n < 1:
        return
    k = tail_rank(n, confidence)
    smallest(sample, n, k, scratch)
    out[0] = -scratch[k - 1]
    tail = (1.0 - confidence) * n
    if tail >= k - _RANK_SLACK:  # alpha n is whole: no fraction of a further return
        tail = float(k)
    total = 0.0
    for t in range(k - 1):
        total += scratch[t]
    part = tail - (k - 1)
    if part > 0.0:
        total += part * scratch[k - 1]
        out[1] = -total / tail
    else:
        out[1] = out[0]


@kernel
def historical_var(sample: Floats, n: int, confidence: float, scratch: Floats) -> float:
    """VaR by order statistic, see `historical_tail`."""
    if n < 1:
        return math.nan
    k = tail_rank(n, confidence)
    smallest(sample, n, k, scratch)
    worst: float = scratch[k - 1]
    return -worst


@kernel
def normal_var(mean: float, sigma: float, confidence: float) -> float:
    """VaR of a normal return: -(mu + sigma z_alpha) = sigma z_c - mu."""
    return sigma * normal_quantile(confidence) - mean


@kernel
def normal_es(mean: float, sigma: float, confidence: float) -> float:
    """ES of a normal return: -(mu - sigma phi(z_alpha) / alpha); NaN for a confidence outside (0, 1)."""
    if not (0.0 < confidence < 1.0):
        return math.nan
    return sigma * normal_pdf(normal_quantile(confidence)) / (1.0 - confidence) - mean


@kernel
def moments(sample: Floats, n: int, out: Floats) -> None:
    """Fill `out` with mean, standard deviation (ddof 1), skewness and excess kurtosis (population moments).

    Fewer than two returns: all but the mean NaN. No spread: skewness and kurtosis NaN.
    """
    for place in range(4):
        out[place] = math.nan
    if n < 1:
        return
    total = 0.0
    for t in range(n):
        total += sample[t]
    mean = total / n
    out[0] = mean
    if n < 2:
        return
    second, third, fourth = 0.0, 0.0, 0.0
    for t in range(n):
        distance = sample[t] - mean
        square = distance * distance
        second += square
        third += square * distance
        fourth += square * square
    out[1] = math.sqrt(second / (n - 1))
    variance = second / n
    # A spread of rounding errors has no shape.
    if math.sqrt(variance) > 1e-13 * abs(mean) and variance * variance > 0.0:
        out[2] = third / n / (variance * math.sqrt(variance))
        out[3] = fourth / n / (variance * variance) - 3.0


@kernel
def cornish_fisher_quantile(confidence: float, skew: float, excess: float) -> float:
    """Quantile z' = z + (z^2 - 1) S/6 + (z^3 - 3z) K/24 - (2z^3 - 5z) S^2/36 at z = z_alpha; K is excess kurtosis.

    NaN where the expansion is no quantile function, i.e. where dz'/dz = a z^2 + b z + c turns negative for some z,
    a = K/8 - S^2/6, b = S/3, c = 1 - K/8 + 5 S^2/36 (Maillard 2012, the domain of validity).
    """
    a = excess / 8.0 - skew * skew / 6.0
    b = skew / 3.0
    c = 1.0 - excess / 8.0 + 5.0 * skew * skew / 36.0
    if not (a >= 0.0 and c >= 0.0 and b * b <= 4.0 * a * c):
        return math.nan
    z = -normal_quantile(confidence)
    square = z * z
    third = (square - 1.0) * skew / 6.0
    fourth = (square - 3.0) * z * excess / 24.0
    return z + third + fourth - (2.0 * square - 5.0) * z * skew * skew / 36.0


@kernel
def cornish_fisher_var(sample: Floats, n: int, confidence: float, scratch: Floats) -> float:
    """VaR = -(mu + s z') with s of ddof 1; `scratch` holds four values. NaN outside the valid region."""
    moments(sample, n, scratch)
    quantile = cornish_fisher_quantile(confidence, scratch[2], scratch[3])
    result: float = scratch[0] + scratch[1] * quantile
    return -result


@kernel
def ewma_variance(sample: Floats, n: int, decay: float) -> float:
    """sigma^2_(t+1) = decay sigma^2_t + (1 - decay) r_t^2, started at r_0^2: the forecast after n returns."""
    if n < 1:
        return math.nan
    variance: float = sample[0] * sample[0]
    for t in range(1, n):
        variance = decay * variance + (1.0 - decay) * sample[t] * sample[t]
    return variance


@kernel
def component_var(want: Floats, covariance: Floats, z: float, out: Floats) -> None:
    """out_i = z w_i (C w)_i / sigma_p, which adds up to z sigma_p; zeros for a book without risk.

    With z = phi(z_alpha) / alpha in place of z_c these are the components of the normal ES.
    """
    covariance_times(want, covariance, out)
    variance = 0.0
    for i in range(want.size):
        out[i] *= want[i]
        variance += out[i]
    # Zero weights or a singular matrix: rounding may leave a variance just below zero. NaN stays.
    factor = 0.0 if variance <= 0.0 else z / math.sqrt(variance)
    for i in range(want.size):
        out[i] *= factor
