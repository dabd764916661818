"""The mean block length that suits a stationary bootstrap.

Politis and White 2004 with the correction of Patton, Politis and White 2009: b = (2 g^2 / d)^(1/3) n^(1/3) with
g = sum_k lambda(k / m) |k| R(k), d = 2 (sum_k lambda(k / m) R(k))^2, lambda(x) = min(1, 2 (1 - |x|)).
"""

from __future__ import annotations

import math

import numpy as np

from polyfolio.core.types import Floats


def block_length(series: Floats) -> float:
    """Mean block length, 1 to min(3 sqrt n, n / 3) rounded up, for a series; 1 for one that does not move."""
    n = series.size
    away = series - series.mean()
    if n < 9 or not float(away @ away) > 0.0:
        return 1.0
    least = max(5, int(math.log10(n)))
    most = min(math.ceil(math.sqrt(n)) + least, n - 2)
    covariance, correlation = _autocovariances(away, most)
    lags = _lags(correlation, least, most, 2.0 * math.sqrt(math.log10(n) / n))
    k = np.arange(1, lags + 1)
    taper = np.minimum(1.0, 2.0 * (1.0 - k / lags))
    slope = float(np.sum(2.0 * taper * k * covariance[1 : lags + 1]))
    spectrum = float(covariance[0] + np.sum(2.0 * taper * covariance[1 : lags + 1]))
    longest = float(math.ceil(min(3.0 * math.sqrt(n), n / 3.0)))
    if spectrum == 0.0:
        return longest
    length = (slope * slope / (spectrum * spectrum)) ** (1.0 / 3.0) * n ** (1.0 / 3.0)
    return float(min(max(length, 1.0), longest))


def _autocovariances(away: Floats, most: int) -> tuple[Floats, Floats]:
    """Autocovariances over n, and absolute autocorrelations of the overlapping parts, lags 0 to most."""
    n = away.size
    covariance, correlation = np.zeros(most + 1), np.zeros(most + 1)
    for lag in range(most + 1):
        product = float(away[lag:] @ away[: n - lag])
        # One row fewer than overlap, as the published programs have it.
        power = float(away[lag + 1 :] @ away[lag + 1 :]) * float(away[: n - lag - 1] @ away[: n - lag - 1])
        covariance[lag] = product / n
        correlation[lag] = abs(product) / math.sqrt(power) if power > 0.0 else 0.0
    return covariance, correlation


def _lags(correlation: Floats, least: int, most: int, bound: float) -> int:
    """Twice the lag after which `least` autocorrelations in a row stay inside the bound, at most `most`."""
    for lag in range(least, most + 1):
        if (correlation[lag - least : lag] < bound).all():
            return min(2 * max(lag - least, 1), most)
    return most
