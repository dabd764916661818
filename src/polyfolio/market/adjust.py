"""Raw and adjusted prices: events as rows of the tape, or worked into the prices.

With r = splits[t] (new units per old) and d = dividends[t] (per new unit), the adjusted return of row t is
close[t] / (close[t-1] / r - d) - 1, the return of a holder who puts the dividend back at the price before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.market.columns import canonical
from polyfolio.market.stamps import show

ANCHORS = ("first", "last")


def adjusted(tape: Tape, *, dividends: bool = True, splits: bool = True, anchor: str = "first") -> Tape:
    """A tape whose prices contain its dividends, its splits or both, and whose events are gone.

    Args:
        tape: market rows with unadjusted prices.
        dividends: whether dividends are worked in; else they stay events, restated for the splits worked in.
        splits: whether splits are worked in; else they stay events.
        anchor: "first" leaves the first row as it is and changes none for what comes later; "last" leaves the last
            row, as quoted histories do, so that every new event changes all rows before it.
    """
    if anchor not in ANCHORS:
        raise DataError("anchor", anchor, "first or last", "Say which row keeps its prices.")
    ratios = _given(tape, "splits", 1.0)
    payouts = _given(tape, "dividends", 0.0)
    step = ratios.copy() if splits else np.ones_like(ratios)
    if dividends:
        step *= _payout_steps(tape, ratios, payouts)
    growth = _anchored(np.cumprod(step, axis=0), anchor)
    units = _anchored(np.cumprod(ratios, axis=0), anchor) if splits else np.ones_like(ratios)
    arrays: dict[str, Any] = {name: getattr(tape, name) * growth for name in PRICES}
    arrays["volume"] = tape.volume / units
    if tape.spread is not None:
        arrays["spread"] = tape.spread * growth
    arrays["dividends"] = None if dividends or tape.dividends is None else payouts * units
    arrays["splits"] = None if splits else tape.splits
    return replace(tape, **arrays)


def _given(tape: Tape, name: str, nothing: float) -> Floats:
    array = getattr(tape, name)
    if array is None:
        return np.full((tape.rows, tape.slots), nothing)
    return np.where(np.isnan(array) | ((array == 0.0) & (nothing == 1.0)), nothing, array)


def _anchored(growth: Any, anchor: str) -> Floats:
    return np.asarray(growth if anchor == "first" else growth / growth[-1], dtype=np.float64)


def _payout_steps(tape: Tape, ratios: Floats, payouts: Floats) -> Floats:
    """What one unit grows to by each payout: close before it over the close before it less the payout."""
    step = np.ones_like(payouts)
    last = np.full(tape.slots, np.nan)
    for row in range(tape.rows):
        before = last / ratios[row]
        paid = np.flatnonzero((payouts[row] != 0.0) & ~np.isnan(before))
        wrong = paid[payouts[row, paid] >= before[paid]]
        if wrong.size:
            slot = int(wrong[0])
            raise DataError(
                f"dividends[{tape.symbols[slot]}] at {show(int(tape.times[row]))} (row {row})",
                float(payouts[row, slot]),
                f"below the close before it, {before[slot]:g}",
                "Correct the dividend; it counts per unit after a split of the same row.",
            )
        step[row, paid] = before[paid] / (before[paid] - payouts[row, paid])
        last = np.where(tape.tradable[row] != 0, tape.close[row], before)
    return step


def raw_rows(frame: Any) -> Any:
    """Rows whose prices, volume and dividends are adjusted for splits, as they stood on their day.

    A price before a split is multiplied by all later ones; volume is divided by them.

    Args:
        frame: long, sorted by time within each symbol, with a column of splits (0 or 1 for none); not changed.
    """
    columns = {canonical(name): name for name in frame.columns}
    for name in ("symbol", "splits"):
        if name not in columns:
            raise DataError("columns of the frame", name, "present", "Add it: raw prices follow from the splits.")
    ratio = frame[columns["splits"]].astype("float64")
    ratio = ratio.where(ratio > 0.0, 1.0)
    later = ratio.iloc[::-1].groupby(frame[columns["symbol"]]).cumprod().iloc[::-1] / ratio
    made = frame.copy()
    for name in (*PRICES, "dividends", "spread"):
        if name in columns:
            made[columns[name]] = frame[columns[name]] * later
    if "volume" in columns:
        made[columns["volume"]] = frame[columns["volume"]] / later
    return made
