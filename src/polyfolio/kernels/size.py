"""The sizing stage: one method turns the lane's signals into wanted weights per slot.

Where sleeves share slots each sleeve's part stands in `s.own`, and the slot's want is their sum.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reason, Sizing
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.lanes import lane_at, risk_at
from polyfolio.kernels.lifecycle import lifecycle_size
from polyfolio.kernels.parity import min_variance_among, risk_parity
from polyfolio.kernels.sizing import (
    equal_weight,
    inverse_volatility,
    kelly_weights,
    money_weights,
    opinion,
    signal_strength,
    target_risk,
    unit_weights,
    volatility_target,
)

_EQUAL = int(Sizing.EQUAL_WEIGHT)
_STRENGTH = int(Sizing.SIGNAL_STRENGTH)
_INVERSE = int(Sizing.INVERSE_VOLATILITY)
_PARITY = int(Sizing.RISK_PARITY)
_KELLY = int(Sizing.KELLY)
_TARGET = int(Sizing.VOLATILITY_TARGET)
_LIFECYCLE = int(Sizing.LIFECYCLE)
_MIN_VARIANCE = int(Sizing.MIN_VARIANCE)
_UNITS = int(Sizing.UNITS)
_MONEY = int(Sizing.MONEY)
_FALLBACK = int(Reason.FALLBACK)
_WARMUP = int(Reason.WARMUP)
_TARGET_RISK = int(Reason.TARGET_RISK)
_TARGET_VOLATILITY = int(Reason.TARGET_VOLATILITY)
_KELLY_FLOOR = int(Reason.KELLY_FLOOR)


@kernel
def net_signals(lane: Any, s: Any) -> None:
    """The slot's signal into `s.a`: its sleeves' signals, summed; NaN where no sleeve has an opinion."""
    for i in range(s.a.size):
        s.a[i] = math.nan
    for k in range(lane.signal.size):
        if lane.signal[k] == lane.signal[k]:
            i = lane.slot_of[k]
            s.a[i] = lane.signal[k] + (s.a[i] if s.a[i] == s.a[i] else 0.0)


@kernel
def trailing_mean_return(risk: Any, window: int, out: Any) -> None:
    """Mean return per slot over the last `window` risk observations; NaN where there are not as many."""
    length = window if window > 0 else risk.length
    for i in range(out.size):
        total = 0.0
        for t in range(max(risk.end - length, 0), risk.end):
            total += risk.returns[i, t]
        out[i] = total / length if 0 < length <= risk.end else math.nan


@kernel
def parity_weights(lane: Any, risk: Any, s: Any, least_variance: bool) -> int:
    """Equal risk contribution or minimum variance over the names with a signal, signs kept.

    Signs are taken into the covariance: with w = sign * x, x >= 0, the book's covariance is sign_i sign_j C_ij.
    A method that cannot be solved falls back to inverse volatility, with the reason FALLBACK.
    """
    n = s.a.size
    for i in range(n):
        row = i * (i + 1) // 2
        one = -1.0 if opinion(s.a[i]) < 0.0 else 1.0
        s.b[i] = lane.budget[i] if opinion(s.a[i]) != 0.0 else 0.0
        for j in range(i + 1):
            other = -1.0 if opinion(s.a[j]) < 0.0 else 1.0
            s.signed[row + j] = risk.covariance[row + j] * one * other
    if least_variance:
        rounds = min_variance_among(s.signed, s.b, s.want, s.triangle)
    else:
        rounds = risk_parity(s.signed, s.b, s.want, s.triangle)
    if rounds < 0:
        inverse_volatility(s.a, risk.sigma, lane.rules, s.want)
        return _FALLBACK
    for i in range(n):
        s.want[i] *= lane.rules.gross_target * (-1.0 if opinion(s.a[i]) < 0.0 else 1.0)
    return 0


@routine
def weights_by_risk(at: Any, index: int, row: int) -> int:
    """The methods that look at risk; they size slots, whatever sleeves stand behind them."""
    lane = lane_at(at, index, row)
    risk = risk_at(at, index, row)
    s = at.s
    rules = lane.rules
    method = rules.method
    reason = 0
    if method == _INVERSE:
        inverse_volatility(s.a, risk.sigma, rules, s.want)
    elif method == _PARITY or method == _MIN_VARIANCE:
        reason = parity_weights(lane, risk, s, method == _MIN_VARIANCE)
        scale = target_risk(s.want, risk.sigma, rules)
        if scale < 0.0:
            reason = _WARMUP
        elif scale < 1.0 and reason == 0:
            reason = _TARGET_RISK
    elif method == _KELLY:
        trailing_mean_return(risk, rules.kelly_window, s.b)
        for i in range(s.b.size):
            # A bet against the signal is no bet on it.
            s.b[i] = s.b[i] if opinion(s.a[i]) * s.b[i] > 0.0 else math.nan
        kelly_weights(s.b, risk.covariance, rules, s.want, s.triangle)
        for i in range(s.want.size):
            # Correlations can turn a bet; against its signal none is made.
            s.want[i] = s.want[i] if opinion(s.a[i]) * s.want[i] > 0.0 else 0.0
        if not 0 < (rules.kelly_window if rules.kelly_window > 0 else risk.length) <= risk.end:
            reason = _WARMUP
    else:
        signal_strength(s.a, rules, s.want)
        scale = volatility_target(s.want, risk.covariance, rules)
        if scale < 1.0:
            reason = _TARGET_VOLATILITY if scale >= 0.0 else _WARMUP
    return reason


@kernel
def weights_by_signal(lane: Any, signal: Any, price: Any, unit: Any, out: Any) -> None:
    """The methods that look at signals only; `out`, `price` and `unit` are per sleeve."""
    rules = lane.rules
    method = rules.method
    if method == _EQUAL:
        equal_weight(signal, rules, out)
    elif method == _STRENGTH:
        signal_strength(signal, rules, out)
    elif method == _LIFECYCLE:
        for k in range(out.size):
            proof = lane.evidence[k]
            out[k] = lifecycle_size(1.0, proof[0], proof[1], proof[2], opinion(signal[k]), 1)
    elif method == _UNITS:
        unit_weights(signal, rules.per_signal, price, unit, lane.account.equity, out)
    elif method == _MONEY:
        money_weights(signal, rules.per_signal, lane.account.equity, out)
    else:
        opinions(signal, rules.per_signal, out)


@loop
def opinions(signal: Floats, per_signal: float, out: Floats) -> None:
    """The signals times `per_signal` are the weights."""
    for k in range(out.size):
        out[k] = per_signal * opinion(signal[k])


@kernel
def by_risk(method: int) -> bool:
    """Whether a sizing method needs the covariance."""
    return method == _INVERSE or method == _PARITY or method == _KELLY or method == _TARGET or method == _MIN_VARIANCE


@kernel
def reason_of(lane: Any, reason: int, signal: float, wanted: float) -> int:
    """Why a sleeve's signal became this weight, beside the plain case: Kelly leaves names out one by one."""
    if reason == 0 and lane.rules.method == _KELLY and lane.rules.min_kelly > 0.0 and signal != 0.0 and wanted == 0.0:
        return _KELLY_FLOOR
    return reason


@loop
def count_held(signal: Floats, held: Floats, out: Floats) -> None:
    """The signals, and the side of what is held without one."""
    for i in range(signal.size):
        side = 1.0 if held[i] > 0.0 else (-1.0 if held[i] < 0.0 else signal[i])
        out[i] = signal[i] if signal[i] == signal[i] else side


@kernel
def size(lane: Any, bar: Any, s: Any) -> int:
    """Signals into `s.want` (slots) and, where sleeves share slots, `s.own` (sleeves). Returns a reason or 0."""
    if not lane.netted:
        signal = lane.signal
        if lane.rules.hold_counts:
            count_held(lane.signal, lane.held, s.a)
            signal = s.a
        if by_risk(lane.rules.method):
            for i in range(s.a.size):
                s.a[i] = signal[i]
            return weights_by_risk(lane.at, lane.index, bar.row)
        weights_by_signal(lane, signal, bar.mark, bar.unit, s.want)
        return 0
    if by_risk(lane.rules.method):
        net_signals(lane, s)
        reason = weights_by_risk(lane.at, lane.index, bar.row)
        share_out(lane, s)
        return reason
    for k in range(s.own.size):
        s.sleeve_price[k] = bar.mark[lane.slot_of[k]]
        s.sleeve_unit[k] = bar.unit[lane.slot_of[k]]
    weights_by_signal(lane, lane.signal, s.sleeve_price, s.sleeve_unit, s.own)
    net_sleeves(lane, s)
    return 0


@kernel
def share_out(lane: Any, s: Any) -> None:
    """A slot's weight to its sleeves, by their signals: own_k = want * signal_k / net signal."""
    for k in range(s.own.size):
        i = lane.slot_of[k]
        net = opinion(s.a[i])
        s.own[k] = s.want[i] * opinion(lane.signal[k]) / net if net != 0.0 else 0.0


@kernel
def net_sleeves(lane: Any, s: Any) -> None:
    """want_i = sum of own_k over the slot's sleeves."""
    for i in range(s.want.size):
        s.want[i] = 0.0
    for k in range(s.own.size):
        s.want[lane.slot_of[k]] += s.own[k]


@routine
def share_change(at: Any, index: int, row: int) -> None:
    """What the later stages did to a slot, done to its sleeves.

    own_k *= want / first where the sign stays; where it does not (a hedge, or sleeves that cancel) the difference
    goes to the slot's first sleeve. `s.sized` holds the wants that the sleeves summed to.
    """
    lane = lane_at(at, index, row)
    s = at.s
    first = s.sized
    for i in range(s.want.size):
        s.share[i] = s.want[i] / first[i] if first[i] != 0.0 and s.want[i] * first[i] >= 0.0 else 1.0
        s.b[i] = s.want[i] - first[i] * s.share[i]
    for k in range(s.own.size):
        i = lane.slot_of[k]
        s.own[k] *= s.share[i]
        if s.b[i] != 0.0:
            s.own[k] += s.b[i]
            s.b[i] = 0.0
