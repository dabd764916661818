"""Volumes apart from their level, and new ones that persist as the original's do."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from polyfolio.core.types import Floats, Ints

SHORTEST = 63  # bars around a row whose median is its usual level
PER_PHASE = 21  # session days, where a day has several bars


def activity_of(volume: Floats, phases: int) -> tuple[Floats, Floats]:
    """Volume over its usual level, the centred rolling median of traded bars, and the median of that level by slot.

    A slot without known volume has NaN throughout.
    """
    import pandas as pd  # noqa: PLC0415

    window = max(SHORTEST, PER_PHASE * phases if phases > 1 else 0)
    traded = pd.DataFrame(np.where(volume > 0.0, volume, np.nan))
    level = traded.rolling(window, center=True, min_periods=1).median().to_numpy()
    activity = np.divide(volume, level, out=np.full_like(volume, np.nan), where=~np.isnan(level))
    activity[np.isnan(level) & (volume == 0.0)] = 0.0
    known = pd.DataFrame(level).median().to_numpy()
    return activity, np.where(np.isnan(known), 0.0, known)


def persistent(activity: Floats, rows: Ints, donors: Ints, phase_of: Ints, new_phase: Ints) -> Floats:
    """Activity of a path whose donors stand in no order: the donors' logarithms through a first-order filter.

    y_t = rho y_(t-1) + sqrt(1 - rho^2) x_t keeps variance and first autocorrelation of the original's x. A donor that
    did not trade stays without a trade.

    Args:
        activity: of the original (rows, slots).
        rows: rows of the original with returns.
        donors: rows the path's bars come from (new rows, slots).
        phase_of: time of day of the original's rows.
        new_phase: time of day of the path's rows.
    """
    with np.errstate(divide="ignore"):
        logs = np.where(activity > 0.0, np.log(activity), np.nan)
    usual = np.zeros((int(phase_of.max()) + 1, activity.shape[1]))
    for number in range(usual.shape[0]):
        usual[number] = _mean(logs[rows][phase_of[rows] == number])
    away = logs - usual[phase_of]
    out = np.empty(donors.shape)
    for slot in range(donors.shape[1]):
        rho = _first_autocorrelation(away[rows, slot])
        drawn = away[donors[:, slot], slot]
        drawn = np.where(np.isnan(drawn), 0.0, drawn)
        out[:, slot] = lfilter([np.sqrt(1.0 - rho * rho)], [1.0, -rho], drawn)
    taken = np.take_along_axis(activity, donors, axis=0)
    return np.where(taken > 0.0, np.exp(out + usual[new_phase]), taken)


def _mean(block: Floats) -> Floats:
    known = ~np.isnan(block)
    total = np.where(known, block, 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1), dtype=np.float64)


def _first_autocorrelation(values: Floats) -> float:
    """Between 0 and 0.98; 0 where it is not known."""
    left, right = values[:-1], values[1:]
    both = ~np.isnan(left) & ~np.isnan(right)
    if both.sum() < 3:
        return 0.0
    power = float(np.nanmean(values**2))
    found = float(np.mean(left[both] * right[both])) / power if power > 0.0 else 0.0
    return min(max(found, 0.0), 0.98)
