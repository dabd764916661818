"""The risk of a wanted book: volatility, VaR and ES as the limits see them.

Undefined (too little history, a NaN in the covariance, moments without a quantile) is NaN here, never 0: what a lane
does without a number is its warm-up rule, not a matter of this file.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from polyfolio.core.codes import VarMethod, Warmup
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop
from polyfolio.kernels.normal import normal_pdf, normal_quantile
from polyfolio.kernels.quadratic import portfolio_variance
from polyfolio.kernels.tail import cornish_fisher_quantile, historical_tail, moments, portfolio_returns

UNDEFINED = -1
_HISTORICAL = int(VarMethod.HISTORICAL)
_PARAMETRIC = int(VarMethod.PARAMETRIC)
_CORNISH_FISHER = int(VarMethod.CORNISH_FISHER)
_WARMUP_PARAMETRIC = int(Warmup.PARAMETRIC)
KNOWN = 4  # values behind the wants in `RiskView.known`
_OFF, _EMPTY, _FILLED = 0.0, 1.0, 2.0  # states of `known`
_ROOM = 4  # values behind the three windows of `scratch`: results of the tail kernels


class RiskView(NamedTuple):
    """What the limits know about risk at one row. Everything is per risk observation, nothing is annualised."""

    covariance: Any  # float64[slots (slots + 1) / 2], packed lower triangle
    correlation: Any  # the same shape; NaN where there is too little history
    sigma: Any  # float64[slots]
    returns: Any  # float64[slots, observations]
    end: Any  # int, observations known at this row
    length: Any  # int, observations in the window [end - length, end)
    sample: Any  # float64[>= length and >= hedge_window]: returns of the wanted book, overwritten
    scratch: Any  # float64[>= scratch_size(length)], overwritten
    known: Any  # float64[slots + KNOWN]: wants whose risk is known, a state, volatility, VaR, ES


def scratch_size(window: int) -> int:
    """How long `RiskView.scratch` must be: the frozen and the moving part of a sample, its tail, four results."""
    return 3 * window + _ROOM


@kernel
def tail_method(risk: Any, rules: Any) -> int:
    """The VaR method that can be used at this row, or -1.

    Fewer than min_history observations: the parametric one if warm-up is `parametric`, else none.
    """
    if rules.var_method == _PARAMETRIC:
        return _PARAMETRIC
    enough = 1 <= risk.length <= risk.end and risk.length >= rules.min_history
    if enough and risk.sample.size >= risk.length and risk.scratch.size >= 3 * risk.length + _ROOM:
        return int(rules.var_method)
    return _PARAMETRIC if rules.warmup == _WARMUP_PARAMETRIC else UNDEFINED


@kernel
def cornish_fisher_es_factor(confidence: float, skew: float, excess: float) -> float:
    """ES / sigma of the Cornish-Fisher distribution: the mean of its quantiles below alpha, sign turned.

    With Hermite polynomials, int_-inf^z He_n phi = -He_(n-1)(z) phi(z), so the quantile z' of `tail` integrates to
    phi(z) / alpha (1 + z S/6 + (z^2 - 1) K/24 - (2 z^2 - 1) S^2/36). NaN outside the region where z' is a quantile.
    """
    quantile = cornish_fisher_quantile(confidence, skew, excess)
    if math.isnan(quantile):
        return math.nan
    z = -normal_quantile(confidence)
    square = z * z
    shape = 1.0 + z * skew / 6.0 + (square - 1.0) * excess / 24.0 - (2.0 * square - 1.0) * skew * skew / 36.0
    return normal_pdf(z) / (1.0 - confidence) * shape


@kernel
def sample_tail(sigma: float, method: int, risk: Any, rules: Any) -> tuple[float, float]:
    """VaR and ES of the book whose returns stand in `risk.sample` and whose standard deviation is `sigma`.

    historical: order statistics of the sample. parametric: sigma times the normal factors, mean 0. Cornish-Fisher:
    sigma times the factors for the sample's skewness and excess kurtosis, mean 0. Where one of the first and the last
    is undefined and warm-up is `parametric`, the parametric value stands in.
    """
    var, shortfall = math.nan, math.nan
    out = risk.scratch[3 * risk.length :]
    if method == _HISTORICAL:
        worst = risk.scratch[2 * risk.length :]
        historical_tail(risk.sample, risk.length, rules.var_confidence, worst, out)
        var, shortfall = out[0], out[1]
    elif method == _CORNISH_FISHER and sigma == 0.0:
        var, shortfall = 0.0, 0.0
    elif method == _CORNISH_FISHER:
        moments(risk.sample, risk.length, out)
        var = -sigma * cornish_fisher_quantile(rules.var_confidence, out[2], out[3])
        shortfall = sigma * cornish_fisher_es_factor(rules.var_confidence, out[2], out[3])
    if method == _PARAMETRIC or (rules.warmup == _WARMUP_PARAMETRIC and math.isnan(var)):
        var, shortfall = sigma * rules.normal_var, sigma * rules.normal_es
    return var, shortfall


@kernel
def root_of_variance(variance: float) -> float:
    """sqrt, where rounding may have left a variance just below zero; NaN stays NaN."""
    return 0.0 if variance <= 0.0 else math.sqrt(variance)


@kernel
def needs_sigma(method: int, rules: Any) -> bool:
    """Whether VaR and ES by this method ask for the covariance; a historical one only for its stand-in."""
    return method != _HISTORICAL or rules.warmup == _WARMUP_PARAMETRIC


@kernel
def is_empty(want: Floats) -> bool:
    """Whether nothing is wanted; such a book has no risk, whatever is known about its slots."""
    for i in range(want.size):
        if want[i] != 0.0:
            return False
    return True


@kernel
def book_risk(want: Floats, risk: Any, rules: Any) -> tuple[float, float, float]:
    """Annualised volatility, VaR and ES of the wanted book; 0 for those whose limit is off (they cost time)."""
    tail_on = rules.max_var < math.inf or rules.max_es < math.inf
    if (not tail_on and rules.max_volatility == math.inf) or is_empty(want):
        return 0.0, 0.0, 0.0
    method = tail_method(risk, rules)
    sigma = 0.0
    if rules.max_volatility < math.inf or (tail_on and needs_sigma(method, rules)):
        sigma = root_of_variance(portfolio_variance(want, risk.covariance))
    var, shortfall = 0.0, 0.0
    if tail_on:
        if method in (_HISTORICAL, _CORNISH_FISHER):
            portfolio_returns(want, risk.returns, risk.end, risk.length, risk.sample)
        var, shortfall = sample_tail(sigma, method, risk, rules)
    return sigma * math.sqrt(rules.periods_per_year), var, shortfall


@kernel
def forget_risk(known: Floats) -> None:
    """Begin a run of stages: from here to its end the lane, the row and its rules stay, so a risk may be kept."""
    known[known.size - KNOWN] = _EMPTY


@kernel
def stop_keeping_risk(known: Floats) -> None:
    """End a run of stages."""
    known[known.size - KNOWN] = _OFF


@kernel
def kept_risk(want: Floats, risk: Any, rules: Any) -> tuple[float, float, float]:
    """`book_risk`, measured once where two stages in a row ask for the same wants."""
    n = want.size
    if risk.known[n] == _FILLED and equal_wants(want, risk.known):
        return risk.known[n + 1], risk.known[n + 2], risk.known[n + 3]
    volatility, var, shortfall = book_risk(want, risk, rules)
    if risk.known[n] != _OFF:
        for i in range(n):
            risk.known[i] = want[i]
        risk.known[n] = _FILLED
        risk.known[n + 1] = volatility
        risk.known[n + 2] = var
        risk.known[n + 3] = shortfall
    return volatility, var, shortfall


@loop
def equal_wants(one: Floats, other: Floats) -> bool:
    """Whether `other` begins with `one`."""
    different = 0
    for i in range(one.size):
        different |= 1 if one[i] != other[i] else 0
    return different == 0
