"""Splits, dividends and adjusted closes: what the prices show of them, and events booked twice or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.market.intervals import DAY
from polyfolio.market.quality.findings import NOTHING, Found, Repair, finding, marked, one
from polyfolio.market.quality.moves import FAR, Moves
from polyfolio.market.quality.table import Table

TELLING = 1.5  # ratio from which a split cannot hide in a day's move
CLEAR = 0.05  # difference of returns that is more than a usual dividend
TOLERANCE = 1e-5  # of adjusted returns; vendors write six decimals
RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0)
NEAR = 0.03  # of a ratio: a split day has a move of its own
DENOMINATOR = 10  # of the odd ratios' opposite: 3:2, 11:10, 1:8
ROUND = tuple(10**power for power in range(2, 10))  # volumes in round lots, in thousands
VOLUMES = 200  # rows from which a common divisor of volumes means something


def check_actions(table: Table, moves: Moves) -> tuple[Found, Any]:
    """What is found, and the rows whose move it explains."""
    ratio, paid = _event(table, "splits", 1.0), _event(table, "dividends", 0.0)
    seen, shown = _seen_or_not(table, moves, ratio)
    unrecorded, jumped = _unrecorded(table, moves, ratio)
    explained = (ratio != 1.0) | (paid != 0.0) | jumped
    found = seen + _odd(table, ratio) + unrecorded + _later(table)
    return found + _adjusted(table, shown, ratio, paid), explained


def _event(table: Table, name: str, none: float) -> Floats:
    """The events of a kind; what says "none" in one of its ways is `none`."""
    if not table.has(name):
        return np.full(table.rows.size, none)
    values = table.column(name)
    return np.where(np.isfinite(values) & (values > 0.0), values, none)


def _seen_or_not(table: Table, moves: Moves, ratio: Floats) -> tuple[Found, Floats]:
    """Splits against the move of the close: most seen, or most in the prices already; and those that are seen."""
    rows = table.rows
    telling = ((ratio >= TELLING) | (ratio <= 1.0 / TELLING)) & ~np.isnan(moves.logs)
    with np.errstate(invalid="ignore"):
        unseen = telling & (np.abs(moves.logs) < np.abs(moves.logs + np.log(ratio)))
    told = _split_told(moves, ratio)
    if 2 * int(unseen.sum()) > int(telling.sum()):
        found = marked("splits_in_prices", rows, unseen, told)
        repair = Repair("splits_in_prices", "rename", field="splits", values="applied_splits")
        return found + Found((), (repair,)), np.ones(ratio.size)
    return marked("split_unseen", rows, unseen, told), ratio if telling.any() else np.ones(ratio.size)


def _split_told(moves: Moves, ratio: Floats) -> Callable[[int], str]:
    return lambda row: f"split {ratio[row]:g}, the close moved {math.expm1(moves.logs[row]):+.1%}"


def _odd(table: Table, ratio: Floats) -> Found:
    odd = np.zeros(ratio.size, bool)
    for row in np.flatnonzero(ratio != 1.0).tolist():
        value = float(ratio[row])
        near = Fraction(value if value >= 1.0 else 1.0 / value).limit_denominator(DENOMINATOR)
        odd[row] = abs(max(value, 1.0 / value) - float(near)) > 1e-6
    return marked("odd_split", table.rows, odd, lambda row: f"split {ratio[row]:g}")


def _unrecorded(table: Table, moves: Moves, ratio: Floats) -> tuple[Found, Any]:
    """Opens that jump by the ratio of a split and stay, where nothing is recorded."""
    nothing = np.zeros(table.rows.size, bool)
    if not table.has("open") or table.length == 0:
        return NOTHING, nothing
    first = table.column("open")
    with np.errstate(invalid="ignore", divide="ignore"):
        jump = np.log(first / table.before(table.column("close")))
        stays = np.abs(moves.logs - jump) < 0.5 * np.abs(jump)
        far = (np.abs(moves.logs) > FAR * moves.usual) & (ratio == 1.0) & stays & np.isfinite(jump)
    # Inside a session nothing is split.
    far &= (table.length >= DAY) | (np.diff(table.rows.stamps, prepend=0) > table.length)
    logs = np.log(np.array(RATIOS))
    for row in np.flatnonzero(far).tolist():
        nothing[row] = bool((np.abs(logs - abs(jump[row])) < math.log1p(NEAR)).any())
    return (
        marked("unrecorded_split", table.rows, nothing, lambda row: f"the open moved {math.expm1(jump[row]):+.1%}"),
        nothing,
    )


def _later(table: Table) -> Found:
    """Symbols all of whose volumes are multiples of a number that the others do not share.

    A split after the last row leaves no trace in the prices, but it multiplies whole volumes by its ratio.
    """
    if not table.has("volume"):
        return NOTHING
    volume = table.column("volume")
    common: dict[int, int] = {}
    for code, a, b in table.spans():
        own = volume[a:b][np.isfinite(volume[a:b]) & (volume[a:b] > 0.0)]
        if own.size >= VOLUMES and (own == np.round(own)).all() and own.max() < 2.0**53:
            common[code] = int(np.gcd.reduce(own.astype(np.int64)))
    usual = int(np.median(list(common.values()))) if common else 1
    names = table.rows.names
    return Found(
        tuple(
            finding("later_split", names[code], 1, [f"{names[code]}: every volume is a multiple of {number}"])
            for code, number in common.items()
            if number not in (1, usual, *ROUND) and number % max(usual, 1) == 0
        )
    )


def _adjusted(table: Table, shown: Floats, ratio: Floats, paid: Floats) -> Found:
    """Adjusted closes against closes and dividends; `shown` are the splits that the closes show."""
    if not table.has("adj_close"):
        return NOTHING
    rows, close, adjusted = table.rows, table.column("close"), table.column("adj_close")
    differs = np.abs(adjusted - close) > TOLERANCE * close
    found = NOTHING
    if differs.any():
        row = int(np.argmax(differs))
        told = f"{rows.at(row)}: close {close[row]:g}, adjusted {adjusted[row]:g}"
        found += one("adjusted_prices", int(differs.sum()), told)
    before = table.before(close)
    with np.errstate(invalid="ignore", divide="ignore"):
        real, told = close * shown / before - 1.0, adjusted / table.before(adjusted) - 1.0
        gap = np.abs(told - real)
        by_events = np.where(np.isnan(told), np.nan, close * shown / (before - paid) - 1.0)
        slack = TOLERANCE + 2e-6 / adjusted
        unlike = np.abs(told - by_events) > slack * (1.0 + np.abs(by_events))
        fell = (1.0 + told) < (1.0 + real) * (1.0 - slack)
    say = _returns_told(real, told, paid, ratio)
    twice = (ratio != 1.0) & (paid > 0.0) & (gap > CLEAR)
    large = ~twice & (gap > CLEAR)
    found += marked("spinoff", rows, twice, say) + marked("large_dividend", rows, large, say)
    found += marked("adjustment", rows, (unlike if table.has("dividends") else fell) & ~twice & ~large, say)
    return found + _once(table, np.flatnonzero(twice), (1.0 + told) / (1.0 + real))


def _returns_told(real: Floats, told: Floats, paid: Floats, ratio: Floats) -> Callable[[int], str]:
    def say(row: int) -> str:
        booked = [f"dividend {paid[row]:g}"] if paid[row] else []
        booked += [f"split {ratio[row]:g}"] if ratio[row] != 1.0 else []
        events = " and ".join(booked) or "no event"
        return f"{events}; the close moved {real[row]:+.1%}, the adjusted close {told[row]:+.1%}"

    return say


def _once(table: Table, events: Any, excess: Floats) -> Found:
    """Repairs of events booked twice: no dividend, and the adjusted closes before it scaled by its excess."""
    rows, repairs = table.rows, []
    factor = np.ones(rows.size)
    for row in events.tolist():
        begin = int(np.searchsorted(rows.codes, rows.codes[row]))
        factor[begin:row] *= excess[row]
    where = np.flatnonzero(factor != 1.0)
    if where.size:
        repairs.append(Repair("spinoff", "put", rows.origin[events], "dividends", np.zeros(events.size)))
        scaled = table.column("adj_close")[where] * factor[where]
        repairs.append(Repair("spinoff", "put", rows.origin[where], "adj_close", scaled))
    return Found((), tuple(repairs))
