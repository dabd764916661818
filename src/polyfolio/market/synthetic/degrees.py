"""Degrees of freedom of Student's t for residuals of variance 1."""

from __future__ import annotations

import math

import numpy as np
from scipy import special
from scipy.optimize import minimize_scalar

from polyfolio.core.types import Floats
from polyfolio.market.synthetic.streams import FEWEST_DEGREES

MOST = 200.0  # a normal distribution, as far as a tape can tell


def degrees_of(residuals: Floats) -> float:
    """Maximum likelihood for unit-variance t, 2.05 to 200; infinite for residuals that do not move."""
    if not float(np.var(residuals)) > 0.0:
        return math.inf
    squares = residuals**2

    def cost(inverse: float) -> float:
        return -log_likelihood(squares, 1.0 / inverse)

    found = minimize_scalar(cost, bounds=(1.0 / MOST, 1.0 / FEWEST_DEGREES), method="bounded", options={"xatol": 1e-6})
    return 1.0 / float(found.x)


def log_likelihood(squares: Floats, degrees: float) -> float:
    """Of squared residuals under t with variance 1, without what does not depend on the residuals' scale."""
    constant = special.gammaln(0.5 * (degrees + 1.0)) - special.gammaln(0.5 * degrees)
    constant -= 0.5 * math.log(math.pi * (degrees - 2.0))
    tail = np.log1p(squares / (degrees - 2.0)).sum()
    return float(constant * squares.size - 0.5 * (degrees + 1.0) * tail)
