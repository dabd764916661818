"""Many portfolios at once: is any better than a benchmark (Hansen's SPA), and which may be the best (confidence set).

Both compare losses, the negative log return of each bar, over the stationary bootstrap of the package arch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError

_LOWEST = -0.999_999  # a ruined account keeps a millionth, so that its loss stays a number
NOTHING = 1e-14


def available() -> bool:
    """Whether arch is installed."""
    return find_spec("arch") is not None


def library() -> Any:
    """The bootstrap module of arch.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        from arch import bootstrap  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[research]', or leave `tests` empty."
        raise ConfigError("arch", None, "installed", remedy) from error
    return bootstrap


def losses(returns: Floats) -> Floats:
    """Minus the log return: the smallest mean is the largest growth. float64 of the same shape."""
    return -np.log1p(np.maximum(returns, _LOWEST))


def long_run_deviation(values: Floats, length: float) -> Floats:
    """What means of the stationary bootstrap scatter by, times sqrt(n), of each column (Politis and Romano 1994).

    w^2 = g(0) + 2 sum over i of k(i) g(i), g autocovariances with divisor n,
    k(i) = (1 - i/n) (1 - 1/b)^i + (i/n) (1 - 1/b)^(n - i), b = mean block length.
    """
    n = values.shape[0]
    centred = values - values.mean(axis=0)
    lag = np.arange(1, n)
    stay = 1.0 - 1.0 / length
    weight = (1.0 - lag / n) * stay**lag + (lag / n) * stay ** (n - lag)
    size = 1 << (2 * n - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
    covariances = np.fft.irfft(power, size, axis=0)[:n] / n
    variance = covariances[0] + 2.0 * (weight[:, None] * covariances[1:]).sum(axis=0)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def superior(returns: Mapping[str, Floats], against: Floats, length: float, draws: int, seed: int) -> dict[str, Any]:
    """Hansen's test of superior predictive ability (2005): p-values of "none is better than the benchmark".

    The differences are divided by their long-run deviation first: arch 8.0 takes the argument `studentize` and does
    not apply it, and undivided the most volatile portfolio decides.

    Args:
        returns: per bar, by name.
        against: those of the benchmark.
        length: mean block length, rounded up.
        draws: resampled histories.
        seed: of the random numbers.

    Returns:
        p-values lower, consistent and upper, and `judged`, how many names took part: one with the benchmark's own
        returns says nothing. The p-values are None where none is left.
    """
    base = losses(against)
    block = block_of(length)
    differences = np.column_stack([base - losses(one) for one in returns.values()])
    deviation = long_run_deviation(differences, block)
    moving = deviation > NOTHING
    out: dict[str, Any] = {"judged": int(moving.sum()), "lower": None, "consistent": None, "upper": None}
    if not moving.any():
        return out
    scaled = differences[:, moving] / deviation[moving]
    test = library().SPA(np.zeros(base.size), -scaled, block_size=block, reps=draws, seed=seed)
    test.compute()
    return {**out, **{name: float(value) for name, value in test.pvalues.items()}}


def best_set(returns: Mapping[str, Floats], level: float, length: float, draws: int, seed: int) -> dict[str, Any]:
    """The model confidence set of Hansen, Lunde and Nason (2011): who may be the best in growth.

    Args:
        returns: per bar, by name; two or more.
        level: 1 less the confidence.
        length: mean block length, rounded up.
        draws: resampled histories.
        seed: of the random numbers.

    Returns:
        `p` by name and `included`, the names with a p above `level`. The same returns have the same p.
    """
    names: Sequence[str] = tuple(returns)
    table = np.column_stack([losses(one) for one in returns.values()])
    _, firsts, same = np.unique(table, axis=1, return_index=True, return_inverse=True)
    order = np.sort(firsts)
    p = np.ones(order.size)
    if order.size > 1:
        test = library().MCS(table[:, order], level, reps=draws, block_size=block_of(length), seed=seed)
        test.compute()
        for place, value in test.pvalues["Pvalue"].items():
            p[int(place)] = float(value)
    by_name = {name: float(p[np.searchsorted(order, firsts[group])]) for name, group in zip(names, same, strict=True)}
    return {"p": by_name, "included": [name for name in names if by_name[name] > level]}


def block_of(length: float) -> int:
    """arch takes whole mean lengths."""
    return max(1, math.ceil(length))
