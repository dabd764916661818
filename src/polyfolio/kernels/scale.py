"""The largest feasible scale of the tradable part of a wanted book: one factor in [0, 1], exact to 1e-9.

Without a frozen part every measure here is homogeneous of degree one, risk(x w) = x risk(w), so the scale has a
closed form: the smallest of bound / value over the limits. With one, `frozen` solves for it.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reason, VarMethod, Warmup
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.bounds import gross_bound, holds, net_bound, sigma_bound
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.frozen import (
    historical_es_top,
    historical_var_top,
    linear_range,
    quadratic_range,
    scanned_top,
    split_returns,
    split_variance,
)
from polyfolio.kernels.risk import UNDEFINED, RiskView, kept_risk, needs_sigma, tail_method

__all__ = ["RiskView", "exposure", "proportional_scale", "risk_scale", "scale_tradable"]

INFEASIBLE = -1.0
_HISTORICAL = int(VarMethod.HISTORICAL)
_PARAMETRIC = int(VarMethod.PARAMETRIC)
_WARMUP_PARAMETRIC = int(Warmup.PARAMETRIC)
_NONE = int(Reason.NONE)
_MIN_NET = int(Reason.MIN_NET)
_MAX_VOLATILITY = int(Reason.MAX_VOLATILITY)
_MAX_VAR = int(Reason.MAX_VAR)
_MAX_ES = int(Reason.MAX_ES)
_RISK_SPEED = int(Reason.RISK_SPEED)
_FROZEN = int(Reason.FROZEN)


@kernel
def exposure(want: Floats) -> tuple[float, float]:
    """Gross and net: sum abs(w_i), sum w_i."""
    gross, net = 0.0, 0.0
    for i in range(want.size):
        gross += abs(want[i])
        net += want[i]
    return gross, net


@kernel
def proportional_scale(value: float, bound: float) -> float:
    """The largest x in [0, 1] with x value <= bound: 1 where it holds, else bound / value. NaN for a NaN value."""
    if holds(value, bound):
        return 1.0
    return math.nan if math.isnan(value) else max(bound, 0.0) / value


@loop
def scale_tradable(want: Floats, frozen: Flags, scale: float) -> None:
    """w_i <- scale w_i where the slot can trade."""
    for i in range(want.size):
        if frozen[i] == 0:
            want[i] *= scale


@kernel
def _tighten(scale: float, value: float, bound: float, reason: int, out: Ints) -> float:
    """The smaller of `scale` and what this limit allows; out[0] = the limit that binds, out[1] = an unknown one."""
    if bound == math.inf:
        return scale
    if math.isnan(value):
        out[1] = reason
        return scale
    allowed = proportional_scale(value, bound)
    if allowed < scale:
        out[0] = reason
        return allowed
    return scale


@kernel
def _free_scale(want: Floats, risk: Any, rules: Any, upper: float, out: Ints) -> float:
    """The smallest of bound / value over the limits."""
    gross, net = exposure(want)
    volatility, var, shortfall = kept_risk(want, risk, rules)
    bound, reason = gross_bound(rules)
    scale = _tighten(upper, gross, bound, reason, out)
    bound, reason = net_bound(rules)
    scale = _tighten(scale, net, bound, reason, out)
    scale = _tighten(scale, -net, -rules.min_net, _MIN_NET, out)
    scale = _tighten(scale, volatility, rules.max_volatility, _MAX_VOLATILITY, out)
    scale = _tighten(scale, var, rules.max_var, _MAX_VAR, out)
    return _tighten(scale, shortfall, rules.max_es, _MAX_ES, out)


@kernel
def _frozen_exposure(want: Floats, frozen: Flags, rules: Any, upper: float, out: Ints) -> tuple[float, float]:
    """Scales at which gross and net hold: gross = F + x G, net = f + x g."""
    gross, net, gross_fixed, net_fixed = 0.0, 0.0, 0.0, 0.0
    for i in range(want.size):
        if frozen[i] != 0:
            gross_fixed += abs(want[i])
            net_fixed += want[i]
        else:
            gross += abs(want[i])
            net += want[i]
    low, high = 0.0, upper
    bound, reason = gross_bound(rules)
    low, top = linear_range(gross_fixed, gross, bound, low, high)
    high = _note_cut(high, top, reason, out)
    if high >= low:
        bound, reason = net_bound(rules)
        low, top = linear_range(net_fixed, net, bound, low, high)
        high = _note_cut(high, top, reason, out)
    if high >= low:
        low, top = linear_range(-net_fixed, -net, -rules.min_net, low, high)
        high = _note_cut(high, top, _MIN_NET, out)
    return low, high


@kernel
def _note_cut(before: float, after: float, reason: int, out: Ints) -> float:
    if after < before:
        out[0] = reason
    return after


@kernel
def _frozen_method(want: Floats, frozen: Flags, risk: Any, rules: Any) -> int:
    """The VaR method that can be used, with the sample split into its two parts.

    A NaN among their returns leaves none but the parametric one, where warm-up allows it.
    """
    method = tail_method(risk, rules)
    if method in (_PARAMETRIC, UNDEFINED):
        return method
    split_returns(want, frozen, risk)
    for t in range(2 * risk.length):
        if math.isnan(risk.scratch[t]):
            return _PARAMETRIC if rules.warmup == _WARMUP_PARAMETRIC else UNDEFINED
    return method


@routine
def _frozen_scale(want: Floats, frozen: Flags, risk: Any, rules: Any, upper: float, out: Ints) -> float:
    """The largest scale in [0, upper] at which every limit holds on frozen + scale x tradable, or -1."""
    low, high = _frozen_exposure(want, frozen, rules, upper, out)
    if high < low:
        return INFEASIBLE
    tail_on = rules.max_var < math.inf or rules.max_es < math.inf
    tail_reason = _MAX_VAR if rules.max_var < math.inf else _MAX_ES
    method = _frozen_method(want, frozen, risk, rules) if tail_on else _PARAMETRIC
    square, cross, fixed = 0.0, 0.0, 0.0
    bound, reason = sigma_bound(method, rules)
    if bound < math.inf or (tail_on and needs_sigma(method, rules)):
        square, cross, fixed = split_variance(want, frozen, risk.covariance)
        if math.isnan(square + cross + fixed):
            out[1] = reason if bound < math.inf else tail_reason
            bound = math.inf
    if bound < math.inf:
        low, top = quadratic_range(square, cross, fixed, bound, low, high)
        high = _note_cut(high, top, reason, out)
        if high < low:
            return INFEASIBLE
    if not tail_on or method == _PARAMETRIC:
        return high
    if method == UNDEFINED:
        out[1] = tail_reason
        return high
    if method == _HISTORICAL:
        top = _historical_top(low, high, risk, rules, out)
    else:
        top = _note_cut(high, scanned_top(square, cross, fixed, low, high, method, risk, rules), tail_reason, out)
    return top if top >= low else INFEASIBLE


@kernel
def _historical_top(low: float, high: float, risk: Any, rules: Any, out: Ints) -> float:
    """The largest scale in [low, high] at which historical VaR and ES hold, or -1.

    ES first, then VaR below its top. The second round asks ES again at the scale VaR chose: ES has a lower end of its
    own when the wants hedge what is frozen.
    """
    top, bottom = high, low
    for _ in range(2):
        if rules.max_es < math.inf:
            top = _note_cut(top, historical_es_top(risk, rules.var_confidence, rules.max_es, bottom, top), _MAX_ES, out)
        if rules.max_var == math.inf or top < bottom:
            return top
        cut = historical_var_top(risk, rules.var_confidence, rules.max_var, bottom, top)
        if cut == top or cut < bottom:
            return cut
        top = _note_cut(top, cut, _MAX_VAR, out)
        bottom = top
    return top


@loop
def holds_frozen(want: Floats, frozen: Flags) -> int:
    """Whether something is held that cannot be scaled."""
    found = 0
    for i in range(want.size):
        found |= 1 if frozen[i] != 0 and want[i] != 0.0 else 0
    return found


@kernel
def risk_scale(want: Floats, frozen: Flags, risk: Any, rules: Any, upper: float, out: Ints) -> float:
    """The largest scale in [0, upper] of the tradable wants at which every proportional limit holds.

    The limits are gross, leverage, net, cash reserve, volatility, VaR and ES. -1 when no scale meets them, which only a
    frozen part can cause.

    Args:
        want: weights; those of frozen slots are the weights held.
        frozen: 1 where a slot cannot trade.
        risk: a RiskView; its `sample` and `scratch` are overwritten.
        rules: a RULES record. max_net >= 0 >= min_net, or a scale cannot meet them.
        upper: 1, or less where `risk_adjustment_speed` holds a recovery back (`feedback.recover`).
        out: out[0] = the Reason that binds, NONE when nothing is cut; out[1] = a limit whose value is undefined at
            this row, NONE when all are known. An undefined limit does not scale: warm-up is the caller's rule.
    """
    out[0] = _RISK_SPEED if upper < 1.0 else _NONE
    out[1] = _NONE
    if holds_frozen(want, frozen):
        scale = _frozen_scale(want, frozen, risk, rules, upper, out)
        if scale < 0.0:
            out[0] = _FROZEN
        return scale
    return _free_scale(want, risk, rules, upper, out)
