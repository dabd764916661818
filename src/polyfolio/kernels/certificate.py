"""The certificate: every limit that is on, its value, its bound, and whether it binds."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import CorrelationRule, Reason
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.bounds import ABSOLUTE_SLACK, RELATIVE_SLACK, gross_bound, holds, net_bound
from polyfolio.kernels.compile import kernel, routine
from polyfolio.kernels.correlation import largest_correlation
from polyfolio.kernels.risk import book_risk
from polyfolio.kernels.scale import exposure

__all__ = ["BINDS", "BREACH", "SLACK", "certificate_rows", "certify", "certify_line", "holds"]

SLACK = 0.0
BINDS = 1.0
BREACH = 2.0
_ROWS = 15  # limits that are not label caps

_DROP = int(CorrelationRule.DROP)
_MAX_POSITION = int(Reason.MAX_POSITION)
_MAX_POSITION_RISK = int(Reason.MAX_POSITION_RISK)
_MAX_LABEL = int(Reason.MAX_LABEL)
_MAX_LONG_POSITIONS = int(Reason.MAX_LONG_POSITIONS)
_MAX_SHORT_POSITIONS = int(Reason.MAX_SHORT_POSITIONS)
_MAX_POSITIONS = int(Reason.MAX_POSITIONS)
_NO_SHORTING = int(Reason.NO_SHORTING)
_CORRELATION = int(Reason.CORRELATION)
_MIN_NET = int(Reason.MIN_NET)
_MAX_VOLATILITY = int(Reason.MAX_VOLATILITY)
_MAX_VAR = int(Reason.MAX_VAR)
_MAX_ES = int(Reason.MAX_ES)
_FROZEN = int(Reason.FROZEN)


def certificate_rows(caps: int) -> int:
    """How many rows the table of `certify` needs for a lane with so many label caps."""
    return _ROWS + caps


@kernel
def certify_line(out: Floats, rows: int, reason: int, value: float, bound: float) -> int:
    """Append (reason, value, bound, grade) where the limit is on; gives back the number of rows."""
    if bound == math.inf or rows >= out.shape[0]:
        return rows
    grade = SLACK
    if not holds(value, bound):
        grade = BREACH
    elif value >= bound * (1.0 - RELATIVE_SLACK) - ABSOLUTE_SLACK:
        grade = BINDS
    out[rows, 0] = reason
    out[rows, 1] = value
    out[rows, 2] = bound
    out[rows, 3] = grade
    return rows + 1


@kernel
def _certify_names(want: Floats, risk: Any, rules: Any, out: Floats, rows: int) -> int:
    """Largest position, largest position risk, counts, shorts."""
    largest, riskiest, short = 0.0, 0.0, 0.0
    longs, shorts = 0, 0
    year = math.sqrt(rules.periods_per_year)
    for i in range(want.size):
        if want[i] == 0.0:
            continue
        size = abs(want[i])
        own = size * (risk.sigma[i] * year)
        largest = max(largest, size)
        if not (math.isnan(riskiest) or own <= riskiest):
            riskiest = own  # a NaN enters and stays: a risk that is not known does not hold
        longs += want[i] > 0.0
        shorts += want[i] < 0.0
        short = max(short, -want[i])
    rows = certify_line(out, rows, _MAX_POSITION, largest, rules.max_position)
    rows = certify_line(out, rows, _MAX_POSITION_RISK, riskiest, rules.max_position_risk)
    rows = certify_line(out, rows, _MAX_LONG_POSITIONS, float(longs), rules.max_long_positions)
    rows = certify_line(out, rows, _MAX_SHORT_POSITIONS, float(shorts), rules.max_short_positions)
    rows = certify_line(out, rows, _MAX_POSITIONS, float(longs + shorts), rules.max_positions)
    return certify_line(out, rows, _NO_SHORTING, short, math.inf if rules.allow_short else 0.0)


@kernel
def _certify_labels(want: Floats, labels: Ints, caps: Floats, rules: Any, out: Floats, rows: int) -> int:
    for cap in range(rules.label_caps, rules.label_caps_end):
        vector = int(caps[cap, 0])
        used = 0.0
        for i in range(want.size):
            if labels[vector, i] == int(caps[cap, 1]):
                used += abs(want[i])
        rows = certify_line(out, rows, _MAX_LABEL, used, caps[cap, 2])
    return rows


@kernel
def _certify_book(want: Floats, risk: Any, rules: Any, out: Floats, rows: int) -> int:
    """Exposure, risk and, where `drop` certifies it, the largest signed correlation."""
    gross, net = exposure(want)
    volatility, var, shortfall = book_risk(want, risk, rules)
    bound, reason = gross_bound(rules)
    rows = certify_line(out, rows, reason, gross, bound)
    bound, reason = net_bound(rules)
    rows = certify_line(out, rows, reason, net, bound)
    before = rows
    rows = certify_line(out, rows, _MIN_NET, -net, -rules.min_net)
    if rows > before:  # shown as the user wrote it: a lower bound on net
        out[before, 1] = net
        out[before, 2] = rules.min_net
    rows = certify_line(out, rows, _MAX_VOLATILITY, volatility, rules.max_volatility)
    rows = certify_line(out, rows, _MAX_VAR, var, rules.max_var)
    rows = certify_line(out, rows, _MAX_ES, shortfall, rules.max_es)
    if rules.correlation_rule == _DROP and rules.correlation_limit < 1.0:
        rows = certify_line(
            out, rows, _CORRELATION, largest_correlation(want, risk.correlation), rules.correlation_limit
        )
    return rows


@routine
def certify(
    want: Floats, frozen: Flags, risk: Any, labels: Ints, caps: Floats, rules: Any, out: Floats
) -> tuple[int, int]:
    """Write a row (reason, value, bound, grade) for every limit that is on.

    Args:
        want: weights of the whole book, frozen slots at the weight held.
        frozen: 1 where a slot cannot trade.
        risk: a RiskView; its `sample` and `scratch` are overwritten.
        labels: int64[vectors, slots].
        caps: float64[rows, 3] of label vector, label, cap; the lane's are [rules.label_caps, rules.label_caps_end).
        rules: a RULES record.
        out: float64[>= certificate_rows(caps), 4]. grade: 0 slack, 1 binds, 2 breach. A value that is NaN is a breach.

    Returns:
        Number of rows, number of breaches. With a breach and a frozen part a last row (FROZEN, its gross, 0, breach)
        says that part of the book could not be changed; it is not counted as a breach of its own.
    """
    rows = _certify_names(want, risk, rules, out, 0)
    rows = _certify_labels(want, labels, caps, rules, out, rows)
    rows = _certify_book(want, risk, rules, out, rows)
    breaches = 0
    for row in range(rows):
        breaches += out[row, 3] == BREACH
    if breaches == 0:
        return rows, 0
    fixed = 0.0
    for i in range(want.size):
        if frozen[i] != 0:
            fixed += abs(want[i])
    return (certify_line(out, rows, _FROZEN, fixed, 0.0) if fixed > 0.0 else rows), breaches
