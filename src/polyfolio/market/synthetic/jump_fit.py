"""Jump diffusion over one bar (Merton 1976): its likelihood, its fit.

r = mu + sigma z + a sum of N jumps, N Poisson with mean lambda, each jump normal with mean nu and deviation delta. The
density is the Poisson mixture of normals with mean mu + k nu and variance sigma^2 + k delta^2, cut at six jumps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special
from scipy.optimize import minimize

from polyfolio.core.types import Floats

MOST_JUMPS = 6  # in one bar; at the highest rate more have a probability of 3e-8
RATES = (1e-4, 0.3)  # jumps a bar: rarer ones cannot be fitted, more frequent ones are no jumps
NARROWEST = 0.05  # sigma and delta over the returns' deviation; the likelihood has no bound as either goes to 0
FAR = 3.0  # robust deviations: moves beyond begin as jumps


@dataclass(frozen=True)
class Jumps:
    """A fitted model in units of the returns.

    Attributes:
        mu: mean return without jumps.
        sigma: deviation without jumps.
        rate: mean number of jumps in a bar.
        size: mean log size of a jump.
        spread: deviation of the size.
        log_likelihood: of the returns it was fitted to.
    """

    mu: float
    sigma: float
    rate: float
    size: float
    spread: float
    log_likelihood: float

    def variance(self) -> float:
        """Of a bar's return: sigma^2 + lambda (nu^2 + delta^2)."""
        return self.sigma**2 + self.rate * (self.size**2 + self.spread**2)


def fit_jumps(returns: Floats) -> Jumps:
    """Maximum likelihood within bounds, begun at the moves beyond three robust deviations."""
    level, sigma = float(returns.mean()), float(returns.std())
    scaled = (returns - level) / sigma

    def cost(parameters: Floats) -> tuple[float, Floats]:
        total, gradient = likelihood(scaled, parameters)
        return -total / scaled.size, -gradient / scaled.size

    found = minimize(
        cost,
        _guess(scaled),
        jac=True,
        method="SLSQP",
        bounds=[
            (-1.0, 1.0),
            (math.log(NARROWEST), 0.5),
            (math.log(RATES[0]), math.log(RATES[1])),
            (-5.0, 5.0),
            (math.log(NARROWEST), math.log(20.0)),
        ],
        options={"ftol": 1e-12, "maxiter": 500},
    )
    mu, log_sigma, log_rate, size, log_spread = found.x.tolist()
    total = -float(found.fun) * returns.size - returns.size * math.log(sigma)
    return Jumps(
        level + mu * sigma,
        math.exp(log_sigma) * sigma,
        math.exp(log_rate),
        size * sigma,
        math.exp(log_spread) * sigma,
        total,
    )


def _guess(scaled: Floats) -> Floats:
    middle = float(np.median(scaled))
    robust = max(1.4826 * float(np.median(np.abs(scaled - middle))), 2.0 * NARROWEST)
    far = np.abs(scaled - middle) > FAR * robust
    rate = min(max(float(far.mean()), 2.0 * RATES[0]), 0.5 * RATES[1])
    size = float(scaled[far].mean()) if far.any() else 0.0
    spread = max(float(scaled[far].std()), 2.0 * robust) if far.any() else 2.0 * robust
    return np.array(
        [middle, min(math.log(robust), 0.4), math.log(rate), min(max(size, -4.0), 4.0), math.log(min(spread, 15.0))]
    )


def likelihood(returns: Floats, parameters: Floats) -> tuple[float, Floats]:
    """Log-likelihood and its gradient in (mu, log sigma, log lambda, nu, log delta)."""
    mu, sigma, rate, size, spread = (float(value) for value in parameters)
    sigma, rate, spread = math.exp(sigma), math.exp(rate), math.exp(spread)
    k = np.arange(MOST_JUMPS + 1)
    variance = sigma**2 + k * spread**2
    away = returns[:, None] - mu - k * size
    weight = k * math.log(rate) - rate - special.gammaln(k + 1.0) - 0.5 * np.log(2.0 * math.pi * variance)
    terms = weight - 0.5 * away**2 / variance
    total = special.logsumexp(terms, axis=1)
    share = np.exp(terms - total[:, None])
    pull = share * away / variance
    bend = 0.5 * share * (away**2 / variance - 1.0) / variance
    gradient = np.array(
        [
            pull.sum(),
            2.0 * sigma**2 * bend.sum(),
            (share * (k - rate)).sum(),
            (pull * k).sum(),
            2.0 * spread**2 * (bend * k).sum(),
        ]
    )
    return float(total.sum()), gradient
