"""From signals to wanted weights. A signal is -1..1; one that is not finite is no opinion, which is 0.

Sizing never looks at limits: shorts, caps and leverage are cut afterwards by stages that give their reason.
Functions that scale a want return the scale; -1 says that a risk was unknown and the want is as it was.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Floats
from polyfolio.kernels.cholesky import cholesky, cholesky_solve
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.quadratic import portfolio_variance

UNKNOWN_RISK = -1.0
_LEAST = 1e-300
KELLY_FULL = 0
KELLY_DIAGONAL = 1


@kernel
def opinion(signal: float) -> float:
    """The signal, or 0 where it is not finite or too small for its inverse to be."""
    return signal if _LEAST < abs(signal) < math.inf else 0.0


@kernel
def sign_of(signal: float) -> float:
    """+1, -1, or 0 where there is no opinion."""
    finite = opinion(signal)
    return 1.0 if finite > 0.0 else -1.0 if finite < 0.0 else 0.0


@kernel
def equal_weight(signal: Floats, rules: Any, out: Floats) -> int:
    """sign(s_i) / k * gross_target over the k names with a signal. Returns k."""
    count = 0
    for i in range(signal.size):
        out[i] = sign_of(signal[i])
        if out[i] != 0.0:
            count += 1
    share = rules.gross_target / count if count > 0 else 0.0
    for i in range(signal.size):
        out[i] *= share
    return count


@kernel
def signal_strength(signal: Floats, rules: Any, out: Floats) -> int:
    """s_i / sum(abs(s)) * gross_target. Returns the number of names with a signal."""
    count = 0
    total = 0.0
    for i in range(signal.size):
        out[i] = opinion(signal[i])
        if out[i] != 0.0:
            count += 1
            total += abs(out[i])
    share = rules.gross_target / total if total > 0.0 else 0.0
    for i in range(signal.size):
        out[i] *= share
    return count


@kernel
def inverse_volatility(signal: Floats, sigma: Floats, rules: Any, out: Floats) -> int:
    """sign(s_i) * (1 / sigma_i) / sum(1 / sigma) * gross_target over names with a signal and a known sigma.

    A sigma that is NaN, infinite or not positive gives weight 0. Returns the number of names with a weight.
    """
    least = math.inf
    for i in range(signal.size):
        if sign_of(signal[i]) != 0.0 and 0.0 < sigma[i] < least:
            least = sigma[i]
    count = 0
    total = 0.0
    for i in range(signal.size):
        out[i] = 0.0
        if sign_of(signal[i]) != 0.0 and 0.0 < sigma[i] < math.inf:
            # Relative to the least sigma: 1 / sigma itself overflows for a name that hardly moved.
            out[i] = sign_of(signal[i]) * (least / sigma[i])
            total += abs(out[i])
            count += 1
    share = rules.gross_target / total if total > 0.0 else 0.0
    for i in range(signal.size):
        out[i] *= share
    return count


@kernel
def unit_weights(signal: Floats, per_signal: float, price: Floats, unit: Floats, equity: float, out: Floats) -> None:
    """A number of units to hold: weight = signal * per_signal * price * unit / equity.

    0 where the price is unknown or there is no equity. `unit` is contract multiplier times FX rate.
    """
    for i in range(signal.size):
        worth = per_signal * opinion(signal[i]) * price[i] * unit[i]
        out[i] = worth / equity if equity > 0.0 and abs(worth) < math.inf else 0.0


@kernel
def money_weights(signal: Floats, per_signal: float, equity: float, out: Floats) -> None:
    """An amount of the base currency to hold: weight = signal * per_signal / equity; 0 without equity."""
    for i in range(signal.size):
        out[i] = per_signal * opinion(signal[i]) / equity if equity > 0.0 else 0.0


@kernel
def scale_want(want: Floats, scale: float) -> None:
    """want_i *= scale, left as it is at a scale of 1."""
    if scale < 1.0:
        for i in range(want.size):
            want[i] *= scale


@kernel
def volatility_target(want: Floats, covariance: Floats, rules: Any) -> float:
    """Scale the want: want *= min(1, target_volatility / sigma_p), sigma_p = sqrt(w'Cw * periods_per_year).

    Args:
        want: weights, changed in place.
        covariance: packed triangle, per period.
        rules: target_volatility is annualised; inf is off.

    Returns:
        The scale, or UNKNOWN_RISK where the variance is NaN.
    """
    if not rules.target_volatility < math.inf:
        return 1.0
    variance = portfolio_variance(want, covariance) * rules.periods_per_year
    if not abs(variance) < math.inf:
        return UNKNOWN_RISK
    volatility = math.sqrt(variance) if variance > 0.0 else 0.0
    scale = rules.target_volatility / volatility if volatility > rules.target_volatility else 1.0
    scale_want(want, scale)
    return scale


@kernel
def target_risk(want: Floats, sigma: Floats, rules: Any) -> float:
    """Scale the want down, all names together, until max_i abs(w_i) * sigma_i <= target_risk. `sigma` is daily.

    Returns:
        The scale, or UNKNOWN_RISK where a name with a weight has no sigma.
    """
    if not rules.target_risk < math.inf:
        return 1.0
    largest = 0.0
    for i in range(want.size):
        if want[i] != 0.0:
            risk = abs(want[i]) * sigma[i]
            if not (0.0 <= risk < math.inf):
                return UNKNOWN_RISK
            largest = max(largest, risk)
    scale = rules.target_risk / largest if largest > rules.target_risk else 1.0
    scale_want(want, scale)
    return scale


@kernel
def kelly_bet(full: float, fraction: float, floor: float, allow_short: int) -> float:
    """The bet fraction * full; 0 where that is unknown, below `floor` in size, or negative without shorts."""
    bet = fraction * full
    if not (floor <= abs(bet) < math.inf) or (bet < 0.0 and allow_short == 0):
        return 0.0
    return bet


@kernel
def kelly_fraction(win_probability: float, payoff: float, fraction: float, floor: float) -> float:
    """Share of capital for one bet: fraction * (p - (1 - p) / b), 0 where negative or below `floor`.

    Args:
        win_probability: p, 0..1.
        payoff: b, average win over average loss; not positive gives 0.
        fraction: multiplier, 0.25 is a quarter Kelly.
        floor: smallest share worth holding.
    """
    if not payoff > 0.0:
        return 0.0
    return kelly_bet(win_probability - (1.0 - win_probability) / payoff, fraction, floor, 0)


@routine
def kelly_weights(mean: Floats, covariance: Floats, rules: Any, out: Floats, scratch: Floats) -> int:
    """kelly_fraction * C^-1 mu over the names whose mean is known; the rest have weight 0.

    A negative weight is 0 unless `allow_short`; one smaller than `min_kelly` is 0. Where C is not positive definite
    each name is taken alone: mu_i / C_ii.

    Args:
        mean: mean return per period, NaN leaves the name out.
        covariance: packed triangle of the same period; a name with an unknown or zero variance is left out.
        rules: kelly_fraction, min_kelly, allow_short.
        out: the weights.
        scratch: at least n (n + 1) / 2 numbers.

    Returns:
        KELLY_FULL or KELLY_DIAGONAL.
    """
    count = 0
    size = 0
    row = 0
    for i in range(mean.size):
        if _bets(mean[i], covariance[row + i]):
            across = 0
            for j in range(i + 1):
                across += j
                if _bets(mean[j], covariance[across + j]):
                    scratch[size] = covariance[row + j]
                    size += 1
            out[count] = mean[i]
            count += 1
        row += i + 1
    code = KELLY_DIAGONAL
    if cholesky(scratch, count):
        cholesky_solve(scratch, count, out)
        code = KELLY_FULL
    # The solution stands at the front of `out`; from the back each name takes its own, and nothing is overwritten.
    for back in range(mean.size):
        i = mean.size - 1 - back
        row -= i + 1
        full = 0.0
        if _bets(mean[i], covariance[row + i]):
            count -= 1
            full = out[count] if code == KELLY_FULL else mean[i] / covariance[row + i]
        out[i] = kelly_bet(full, rules.kelly_fraction, rules.min_kelly, rules.allow_short)
    return code


@kernel
def _bets(mean: float, variance: float) -> bool:
    return abs(mean) < math.inf and 0.0 < variance < math.inf
