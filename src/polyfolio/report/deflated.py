"""The deflated Sharpe ratio: how sure a ratio is that was the best of several tried.

Bailey and Lopez de Prado (2014). Of N tries without skill the best one shows a ratio above 0. The deflated ratio is
the probability that the true one lies above what the best of N would show by luck.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from polyfolio.errors import ConfigError
from polyfolio.kernels.measures import moments, significance
from polyfolio.report.checked import series


def expected_maximum(trials: float, variance: float = 1.0) -> float:
    """The Sharpe ratio that the best of N tries shows without skill; 0 for a single try.

    sqrt(variance) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e))), g = Euler's constant, z = the normal quantile.

    Args:
        trials: N, 1 or more.
        variance: of the ratios over the tries.
    """
    if not trials >= 1.0:
        raise ConfigError("trials", trials, "1 or more", "Count every configuration that was tried.")
    if trials == 1.0:
        return 0.0
    # The upper tail is asked for by its small side: 1 - 1/N loses digits.
    high, higher = (-float(special.ndtri(share)) for share in (1.0 / trials, 1.0 / (trials * math.e)))
    return math.sqrt(variance) * ((1.0 - np.euler_gamma) * high + np.euler_gamma * higher)


def sharpe_deviation(returns: npt.ArrayLike) -> float:
    """Standard error of the per-period Sharpe ratio of a series: what ratios of tries without skill scatter by."""
    path = series(returns, "returns")
    spread = path.std(ddof=1)
    if not spread > 0.0:
        return math.nan
    ratio = path.mean() / spread
    shape = np.empty(len(moments.NAMES))
    moments.summary(path, np.empty(moments.SHAPE_SIZE), shape)
    skew, kurtosis = float(shape[0]), float(shape[1])
    return math.sqrt(max(1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio, 0.0) / (path.size - 1))


@dataclass(frozen=True)
class Deflated:
    """A deflated Sharpe ratio.

    Attributes:
        probability: that the true ratio lies above the luckiest of the tries; NaN where returns do not vary.
        trials: N.
        deviation: of the tries' ratios, per period.
        source: where N and the deviation come from.
        luck: ratio per period that the best of N shows without skill.
    """

    probability: float
    trials: int
    deviation: float
    source: str
    luck: float


def deflated_sharpe(returns: npt.ArrayLike, trials: int | Sequence[float], counted: str = "given") -> Deflated:
    """The deflated Sharpe ratio of a series.

    Args:
        returns: per period.
        trials: the per-period ratio of every configuration that was tried, or only their number: then the deviation
            is the standard error of the series' own ratio, which is what tries without skill scatter by.
        counted: where the number comes from.
    """
    path = series(returns, "returns")
    if isinstance(trials, int):
        number, deviation, source = trials, sharpe_deviation(path), f"number {counted}; deviation: the standard error"
    else:
        ratios = series(trials, "trials")
        number = ratios.size
        deviation = float(ratios.std(ddof=1)) if number > 1 else 0.0
        source = f"{counted}: the ratio of every try"
    luck = expected_maximum(number, deviation * deviation) if number > 1 else expected_maximum(number)
    out = np.empty(len(significance.NAMES))
    significance.summary(path, np.zeros(path.size), luck, 0.95, np.empty(significance.STATE_SIZE), out)
    return Deflated(float(out[0]), number, deviation, source, luck)
