"""GARCH(1,1) with a constant mean and normal errors: likelihood and filter. `garch_fit` chooses the parameters.

e_t = r_t - mu, v_t = omega + alpha e_(t-1)^2 + beta v_(t-1), with e^2 and v before the first return equal to the
backcast (Bollerslev 1986; start as in the arch package). A parameter vector is (mu, omega, alpha, beta).
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry

_BACKCAST_BARS = 75
_BACKCAST_DECAY = 0.94
_LOG_TWO_PI = math.log(2.0 * math.pi)


@entry
def backcast(returns: Floats, n: int) -> float:
    """Weighted mean of the first 75 squared distances from the mean, weights 0.94^t."""
    total = 0.0
    for t in range(n):
        total += returns[t]
    mean = total / n
    weighted, weights, weight = 0.0, 0.0, 1.0
    for t in range(min(n, _BACKCAST_BARS)):
        weighted += weight * (returns[t] - mean) * (returns[t] - mean)
        weights += weight
        weight *= _BACKCAST_DECAY
    return weighted / weights


@entry
def log_likelihood(returns: Floats, n: int, parameters: Floats, start: float, gradient: Floats) -> float:
    """sum_t -(log 2 pi + log v_t + e_t^2 / v_t) / 2 and its gradient in the four parameters.

    Minus infinity, with a gradient of zeros, where a variance is not positive. `start` is the backcast.
    """
    mean, omega, alpha, beta = parameters[0], parameters[1], parameters[2], parameters[3]
    for place in range(4):
        gradient[place] = 0.0
    total = 0.0
    variance, square, error = start, start, 0.0
    by_mean, by_omega, by_alpha, by_beta = 0.0, 0.0, 0.0, 0.0
    for t in range(n):
        by_mean = -2.0 * alpha * error + beta * by_mean
        by_omega = 1.0 + beta * by_omega
        by_alpha = square + beta * by_alpha
        by_beta = variance + beta * by_beta
        variance = omega + alpha * square + beta * variance
        if not (variance > 0.0):
            for place in range(4):
                gradient[place] = 0.0
            return -math.inf
        error = returns[t] - mean
        square = error * error
        total -= 0.5 * (_LOG_TWO_PI + math.log(variance) + square / variance)
        slope = 0.5 * (square / variance - 1.0) / variance
        gradient[0] += slope * by_mean + error / variance
        gradient[1] += slope * by_omega
        gradient[2] += slope * by_alpha
        gradient[3] += slope * by_beta
    return total


@entry
def conditional_variance(returns: Floats, n: int, parameters: Floats, start: float, out: Floats) -> None:
    """out[t] = v_(t+1): the variance forecast for the next bar, from returns up to and including t."""
    mean, omega, alpha, beta = parameters[0], parameters[1], parameters[2], parameters[3]
    variance = omega + (alpha + beta) * start
    for t in range(n):
        error = returns[t] - mean
        variance = omega + alpha * error * error + beta * variance
        out[t] = variance
