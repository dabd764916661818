"""Tails of a return series: VaR and expected shortfall over the whole sample, one bar ahead, and the tail ratio.

The formulas are those the limits act on (`kernels.tail`); here they meet a whole series instead of a window.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry
from polyfolio.kernels.measures import moments
from polyfolio.kernels.measures.order import quantile, sort
from polyfolio.kernels.measures.sums import RESOLUTION, ratio
from polyfolio.kernels.tail import cornish_fisher_quantile, ewma_variance, historical_tail, normal_es, normal_var

NAMES = (
    "var_historical",
    "es_historical",
    "var_normal",
    "es_normal",
    "var_cornish_fisher",
    "var_ewma",
    "es_ewma",
    "tail_ratio",
)
EWMA_DECAY = 0.94
STATE_SIZE = moments.SIZE + moments.SHAPE_SIZE


@entry
def summary(
    returns: Floats, confidence: float, minimum: int, state: Floats, ordered: Floats, scratch: Floats, out: Floats
) -> None:
    """NAMES of a series; NaN below `minimum` returns.

    `state` is scratch of STATE_SIZE values; `ordered` receives the sorted returns; `scratch` holds n values.
    """
    n = returns.shape[0]
    for i in range(8):
        out[i] = math.nan
    if n < minimum or n < 1:
        return
    shape = state[moments.SIZE :]
    moments.init(state)
    moments.init_shape(shape)
    for i in range(n):
        ordered[i] = returns[i]
        moments.update(state, returns[i])
        moments.update_shape(shape, returns[i])
    # Sorted first: selection by insertion is quick for the 13 worst of 252, slow for 5 % of a million bars.
    sort(ordered, n)
    historical_tail(ordered, n, confidence, scratch, out)
    mean = moments.mean(state)
    deviation = moments.deviation(state, 1.0)
    if deviation > RESOLUTION:
        out[2] = normal_var(mean, deviation, confidence)
        out[3] = normal_es(mean, deviation, confidence)
        excess = moments.kurtosis(shape) - 3.0
        out[4] = -(mean + deviation * cornish_fisher_quantile(confidence, moments.skew(shape), excess))
    sigma = math.sqrt(ewma_variance(returns, n, EWMA_DECAY))
    if sigma > RESOLUTION:
        out[5] = normal_var(0.0, sigma, confidence)
        out[6] = normal_es(0.0, sigma, confidence)
    out[7] = abs(ratio(quantile(ordered, n, 0.95), quantile(ordered, n, 0.05)))
