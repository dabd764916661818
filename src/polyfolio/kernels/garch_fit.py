"""GARCH(1,1) by maximum likelihood, and volatilities that only know the past. Arithmetic on returns, not on money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import LinearConstraint, minimize

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.garch import backcast, conditional_variance, log_likelihood

_FEWEST = 10  # returns; four parameters and something to fit them to
_FLAT = 1e-15  # a smaller spread is rounding error of the prices behind the returns
# Starting points (alpha, alpha + beta), the pairs tried by the arch package.
_STARTS = [(a, p) for a in (0.01, 0.05, 0.1, 0.2) for p in (0.5, 0.7, 0.9, 0.98)]


@dataclass(frozen=True)
class Garch:
    """A fitted model: r_t = mu + e_t, v_t = omega + alpha e_(t-1)^2 + beta v_(t-1).

    Attributes:
        parameters: (mu, omega, alpha, beta), in units of the returns.
        backcast: the squared return assumed before the first one.
        log_likelihood: of the returns it was fitted to.
    """

    parameters: Floats
    backcast: float
    log_likelihood: float


def _best_of(scaled: Floats, start: float, guesses: list[Floats]) -> Floats:
    gradient = np.empty(4)

    def cost(parameters: Floats) -> float:
        value = log_likelihood(scaled, scaled.size, parameters, start, gradient)
        return -value / scaled.size if np.isfinite(value) else 1e10

    def slope(parameters: Floats) -> Floats:
        log_likelihood(scaled, scaled.size, parameters, start, gradient)
        return -gradient / scaled.size

    best = min(guesses, key=cost)
    variance = float(np.var(scaled))
    found = minimize(
        cost,
        best,
        jac=slope,
        method="SLSQP",
        bounds=[(None, None), (1e-8 * variance, 10.0 * variance), (0.0, 1.0), (0.0, 1.0)],
        constraints=LinearConstraint(np.array([[0.0, 0.0, 1.0, 1.0]]), -np.inf, 1.0),  # alpha + beta
        options={"ftol": 1e-13, "maxiter": 500},
    )
    chosen = np.asarray(found.x, dtype=np.float64)
    return chosen if cost(chosen) <= cost(best) else best


def fit(returns: Floats, guess: Garch | None = None) -> Garch:
    """Maximum-likelihood GARCH(1,1) of a series of simple returns.

    Args:
        returns: at least 10 finite returns, oldest first.
        guess: a fit of an earlier stretch of the same series, tried as a starting point beside the grid.

    Raises:
        DataError: too few returns, a NaN among them, or none that moves.
    """
    returns = np.ascontiguousarray(returns, dtype=np.float64)
    if returns.size < _FEWEST:
        raise DataError("returns", returns.size, f"at least {_FEWEST} of them", "Give a longer history.")
    if not np.isfinite(returns).all():
        where = int(np.flatnonzero(~np.isfinite(returns))[0])
        raise DataError(f"returns[{where}]", returns[where], "finite", "Fill or drop the missing bars before fitting.")
    sigma = float(np.std(returns))
    if sigma <= _FLAT:
        raise DataError("returns", sigma, "a series that moves", "A flat price has no volatility model: leave it out.")
    # In units of its own spread every series looks alike to the optimiser; daily variances of 1e-4 stall it.
    scaled = returns / sigma
    start = float(backcast(scaled, scaled.size))
    mean = float(np.mean(scaled))
    guesses = [np.array([mean, 1.0 - p, a, p - a]) for a, p in _STARTS]
    if guess is not None:
        guesses.append(guess.parameters / np.array([sigma, sigma * sigma, 1.0, 1.0]))
    parameters = _best_of(scaled, start, guesses)
    value = float(log_likelihood(scaled, scaled.size, parameters, start, np.empty(4)))
    units = np.array([sigma, sigma * sigma, 1.0, 1.0])
    return Garch(parameters * units, start * sigma * sigma, value - returns.size * float(np.log(sigma)))


def conditional_volatility(returns: Floats, refit_every: int = 60, min_history: int = 252) -> Floats:
    """Walk-forward GARCH volatility per bar: sigma[t] forecasts bar t + 1 and knows returns[: t + 1] only.

    The model is fitted to all returns so far once there are `min_history` of them and again every `refit_every`
    bars. NaN before that, and while the price has never moved.

    Args:
        returns: simple returns; NaN before the listing, none missing after it.
        refit_every: bars between fits, at least 1.
        min_history: returns before the first fit, at least 10.

    Raises:
        ConfigError: `refit_every` or `min_history` below its bound.
        DataError: a return is missing after the listing.
    """
    if refit_every < 1:
        raise ConfigError("refit_every", refit_every, "at least 1", "Give the number of bars between two fits.")
    if min_history < _FEWEST:
        raise ConfigError("min_history", min_history, f"at least {_FEWEST}", "Give the returns a first fit needs.")
    sigma = np.full(returns.size, np.nan)
    known = np.flatnonzero(~np.isnan(returns))
    listed = int(known[0]) if known.size else returns.size
    series = np.ascontiguousarray(returns[listed:], dtype=np.float64)
    model: Garch | None = None
    variance = np.empty(series.size)
    for end in range(min_history, series.size + 1, refit_every):
        if float(np.std(series[:end])) > _FLAT or not np.isfinite(series[:end]).all():
            model = fit(series[:end], model)
        if model is None:
            continue
        stop = min(end - 1 + refit_every, series.size)
        conditional_variance(series, stop, model.parameters, model.backcast, variance)
        sigma[listed + end - 1 : listed + stop] = np.sqrt(variance[end - 1 : stop])
    return sigma
