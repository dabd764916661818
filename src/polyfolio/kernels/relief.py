"""What passes when a frozen part alone is in breach: trades that lower the risk, and no other."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reason
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.bounds import gross_bound, holds, net_bound
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.feedback import recover
from polyfolio.kernels.quadratic import covariance_times
from polyfolio.kernels.risk import book_risk
from polyfolio.kernels.scale import exposure, risk_scale, scale_tradable

_HALVINGS = 20
_LIMITS = 6
_FROZEN = int(Reason.FROZEN)


@kernel
def _excesses(want: Floats, risk: Any, rules: Any, out: Floats) -> None:
    """Write into `out` how far gross, net, -net, volatility, VaR and ES are beyond their bounds."""
    gross, net = exposure(want)
    volatility, var, shortfall = book_risk(want, risk, rules)
    gross_limit, _ = gross_bound(rules)
    net_limit, _ = net_bound(rules)
    out[0] = _excess(gross, gross_limit)
    out[1] = _excess(net, net_limit)
    out[2] = _excess(-net, -rules.min_net)
    out[3] = _excess(volatility, rules.max_volatility)
    out[4] = _excess(var, rules.max_var)
    out[5] = _excess(shortfall, rules.max_es)


@kernel
def _excess(value: float, bound: float) -> float:
    """How far a value is beyond its bound, 0 inside; NaN counts as inside, warm-up decides about it."""
    return 0.0 if math.isnan(value) or holds(value, bound) else value - bound


@kernel
def _lowering_part(weight: float, trade: float, slope: float, excess: Floats) -> float:
    """The part of a trade that lowers, to first order, every measure that is in breach."""
    if (excess[1] > 0.0 and trade >= 0.0) or (excess[2] > 0.0 and trade <= 0.0):
        return 0.0
    if excess[3] + excess[4] + excess[5] > 0.0 and slope * trade >= 0.0:
        return 0.0
    if excess[0] > 0.0:  # towards zero and not beyond it
        return 0.0 if weight * trade >= 0.0 else math.copysign(min(abs(trade), abs(weight)), trade)
    return trade


@routine
def lower_risk(
    want: Floats, held: Floats, frozen: Flags, risk: Any, rules: Any, slope: Floats, kept: Floats, excess: Floats
) -> float:
    """Keep of the trades want - held those that lower the risk of the held book; gives back the part that passes.

    A trade is kept when it lowers, to first order, every measure that is in breach: towards zero for gross, against
    the net, against (C h)_i for volatility, VaR and ES. The kept ones are taken in full, or by the largest of
    1, 1/2, 1/4, ... at which no measure stands further beyond its bound than it does today; else none is.

    Args:
        want: wanted weights; becomes held + part x kept trades.
        held: weights held now.
        frozen: 1 where a slot cannot trade.
        risk: a RiskView.
        rules: a RULES record.
        slope: scratch, one value per slot.
        kept: scratch, one value per slot.
        excess: scratch, at least 12 values.
    """
    today = excess[:_LIMITS]
    after = excess[_LIMITS : 2 * _LIMITS]
    _excesses(held, risk, rules, today)
    covariance_times(held, risk.covariance, slope)
    traded = 0.0
    for i in range(want.size):
        kept[i] = 0.0
        if frozen[i] == 0:
            kept[i] = _lowering_part(held[i], want[i] - held[i], slope[i], today)
        traded += abs(kept[i])
    part = 1.0 if traded > 0.0 else 0.0
    for _ in range(_HALVINGS):
        for i in range(want.size):
            want[i] = held[i] + part * kept[i]
        _excesses(want, risk, rules, after)
        worse = False
        for limit in range(_LIMITS):
            worse = worse or not holds(after[limit], today[limit])
        if not worse:
            return part
        part *= 0.5
    for i in range(want.size):
        want[i] = held[i]
    return 0.0


@kernel
def scale_to_limits(
    want: Floats,
    held: Floats,
    frozen: Flags,
    risk: Any,
    rules: Any,
    scale_before: float,
    slope: Floats,
    kept: Floats,
    scratch: Floats,
    out: Ints,
) -> float:
    """Scale the tradable wants to the largest feasible book; gives back the scale for the account to remember.

    The scale of the decision before may hold it back (`risk_adjustment_speed`), unless only a larger one is feasible.
    Where none is, only trades that lower the risk pass, out[0] = FROZEN and the scale remembered stays as it was.
    `scratch` holds 12 values, `slope` and `kept` one per slot; `out` as in `scale.risk_scale`.
    """
    upper = recover(scale_before, 1.0, rules.risk_adjustment_speed)
    for _ in range(2):
        scale = risk_scale(want, frozen, risk, rules, upper, out)
        if scale >= 0.0:
            if scale != 1.0:
                scale_tradable(want, frozen, scale)
            return scale
        upper = 1.0
    lower_risk(want, held, frozen, risk, rules, slope, kept, scratch)
    out[0] = _FROZEN
    return scale_before
