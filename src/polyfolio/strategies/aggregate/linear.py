"""Two linear models, fitted and answered so that the last bit does not depend on how many rows are asked about."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats

STEPS = 50  # Newton steps at most; a penalised fit of a dozen features takes about seven
CLOSE = 1e-10  # largest change of a coefficient that ends them


def ridge(features: Floats, labels: Floats, penalty: float) -> Floats:
    """Intercept and coefficients of least squares with `penalty` x rows x sum(b^2) added; the intercept is free.

    Args:
        features: float64[rows, features].
        labels: float64[rows].
        penalty: 0 or more, per row.
    """
    middle, level = features.mean(axis=0), labels.mean()
    centred = features - middle
    system = centred.T @ centred + penalty * len(labels) * np.eye(features.shape[1])
    slopes = np.linalg.lstsq(system, centred.T @ (labels - level), rcond=None)[0]
    return np.append(level - middle @ slopes, slopes)


def logistic(features: Floats, rises: Floats, penalty: float) -> Floats:
    """Intercept and coefficients of the penalised log-likelihood, by Newton's method; arguments as of `ridge`.

    Least is sum(log(1 + exp(-y z))) + penalty x rows x sum(b^2) / 2, y = 1 for a rise and -1 for none.
    """
    rows = len(rises)
    design = np.column_stack([np.ones(rows), features])
    free = np.append(0.0, np.full(features.shape[1], penalty * rows))
    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = sigmoid(design @ found)
        slope = design.T @ (chance - rises) + free * found
        curve = (design * (chance * (1.0 - chance))[:, None]).T @ design + np.diag(free)
        step = np.linalg.lstsq(curve, slope, rcond=None)[0]
        found = found - step
        if np.abs(step).max() < CLOSE:
            break
    return found


def answer(features: Floats, model: Floats) -> Floats:
    """Intercept + sum of coefficient x feature, feature by feature; features float64[features, rows, slots]."""
    out = np.full(features.shape[1:], model[0])
    for values, slope in zip(features, model[1:], strict=True):
        out += slope * values
    return out


def sigmoid(values: Floats) -> Floats:
    """1 / (1 + exp(-z)), without an overflow."""
    small = np.exp(-np.abs(values))
    return np.where(values >= 0.0, 1.0, small) / (1.0 + small)
