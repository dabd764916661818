"""What it means that a limit holds, and which of several bounds on one number counts."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reason, VarMethod
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.normal import normal_pdf, normal_quantile

# A value may exceed its bound by the rounding of the sums behind it, and by no more.
RELATIVE_SLACK = 1e-9
ABSOLUTE_SLACK = 1e-12

_PARAMETRIC = int(VarMethod.PARAMETRIC)
_MAX_GROSS = int(Reason.MAX_GROSS)
_MAX_LEVERAGE = int(Reason.MAX_LEVERAGE)
_MAX_NET = int(Reason.MAX_NET)
_MIN_CASH_RESERVE = int(Reason.MIN_CASH_RESERVE)
_MAX_VOLATILITY = int(Reason.MAX_VOLATILITY)
_MAX_VAR = int(Reason.MAX_VAR)
_MAX_ES = int(Reason.MAX_ES)


@kernel
def holds(value: float, bound: float) -> bool:
    """Whether value <= bound (1 + 1e-9) + 1e-12. NaN never holds: an unknown value is not a value within its bound."""
    return value <= bound * (1.0 + RELATIVE_SLACK) + ABSOLUTE_SLACK


@kernel
def gross_bound(rules: Any) -> tuple[float, int]:
    """The tighter of max_gross and max_leverage, both bounds on sum abs(w), with its reason."""
    if rules.max_leverage < rules.max_gross:
        return rules.max_leverage, _MAX_LEVERAGE
    return rules.max_gross, _MAX_GROSS


@kernel
def net_bound(rules: Any) -> tuple[float, int]:
    """The tighter upper bound on sum w: max_net, or 1 - min_cash_reserve where a reserve (> 0) is asked for."""
    if rules.min_cash_reserve > 0.0 and 1.0 - rules.min_cash_reserve < rules.max_net:
        return 1.0 - rules.min_cash_reserve, _MIN_CASH_RESERVE
    return rules.max_net, _MAX_NET


@kernel
def normal_tail_factors(confidence: float) -> tuple[float, float]:
    """VaR / sigma and ES / sigma of a normal return of mean zero: z_c and phi(z_c) / (1 - c)."""
    z = normal_quantile(confidence)
    return z, normal_pdf(z) / (1.0 - confidence)


@entry
def tail_factors(confidence: float, out: Floats) -> None:
    """`normal_tail_factors` into out[0] and out[1]."""
    out[0], out[1] = normal_tail_factors(confidence)


@kernel
def sigma_bound(method: int, rules: Any) -> tuple[float, int]:
    """The tightest bound on sqrt(w'Cw) per risk observation, with its reason; inf when none is on.

    max_volatility / sqrt(periods per year) always; max_var / z and max_es / (phi(z) / alpha) when the tail is normal.
    """
    bound = math.inf
    reason = 0
    if rules.max_volatility < math.inf:
        bound = rules.max_volatility / math.sqrt(rules.periods_per_year)
        reason = _MAX_VOLATILITY
    if method == _PARAMETRIC and (rules.max_var < math.inf or rules.max_es < math.inf):
        if rules.max_var / rules.normal_var < bound:
            bound = rules.max_var / rules.normal_var
            reason = _MAX_VAR
        if rules.max_es / rules.normal_es < bound:
            bound = rules.max_es / rules.normal_es
            reason = _MAX_ES
    return bound, reason
