"""How sure a Sharpe ratio is: probabilistic Sharpe ratio and minimum track record (Bailey, Lopez de Prado 2012).

All on the per-period Sharpe ratio of excess returns; S and raw kurtosis K from population moments. An excess kurtosis
in place of K would make every track record look safer than it is, as leaving out the risk-free rate would.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures import moments
from polyfolio.kernels.measures.sums import over_deviation
from polyfolio.kernels.normal import normal_cdf, normal_quantile

NAMES = ("psr", "min_track_record")
STATE_SIZE = moments.SIZE + moments.SHAPE_SIZE


@kernel
def sharpe_variance(sharpe: float, skew: float, kurtosis: float) -> float:
    """1 - S SR + (K - 1)/4 SR^2: n - 1 times the variance of the estimated Sharpe ratio."""
    return 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe


@kernel
def psr(sharpe: float, reference: float, n: float, skew: float, kurtosis: float) -> float:
    """Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - S SR + (K - 1)/4 SR^2)), the chance that the true ratio beats SR*."""
    variance = sharpe_variance(sharpe, skew, kurtosis)
    if not (variance > 0.0 and n > 1.0):
        return math.nan
    return normal_cdf((sharpe - reference) * math.sqrt((n - 1.0) / variance))


@kernel
def min_track_record(sharpe: float, reference: float, confidence: float, skew: float, kurtosis: float) -> float:
    """1 + ceil((1 - S SR + (K - 1)/4 SR^2) (z_c / (SR - SR*))^2) observations; NaN when SR <= SR*."""
    variance = sharpe_variance(sharpe, skew, kurtosis)
    if not (sharpe > reference and variance > 0.0):
        return math.nan
    root = normal_quantile(confidence) / (sharpe - reference)
    needed = variance * root * root
    # A count above 2^53 observations has no integer meaning in float64.
    if not (needed < 9e15):
        return math.nan
    return 1.0 + float(math.ceil(needed))


@entry
def summary(returns: Floats, rates: Floats, reference: float, confidence: float, state: Floats, out: Floats) -> None:
    """NAMES of a series; `reference` is a per-period Sharpe ratio; `state` is scratch of STATE_SIZE values."""
    shape = state[moments.SIZE :]
    moments.init(state)
    moments.init_shape(shape)
    for i in range(returns.shape[0]):
        moments.update(state, returns[i] - rates[i])
        moments.update_shape(shape, returns[i] - rates[i])
    sharpe = over_deviation(moments.mean(state), moments.deviation(state, 1.0))
    skew = moments.skew(shape)
    kurtosis = moments.kurtosis(shape)
    out[0] = psr(sharpe, reference, moments.count(state), skew, kurtosis)
    out[1] = min_track_record(sharpe, reference, confidence, skew, kurtosis)
