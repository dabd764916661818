"""What neighbouring rows of a tape are together: one bar with their first, highest, lowest and last price."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.core.types import Floats, Ints

Mask = npt.NDArray[np.bool_]
IN_UNITS = (*PRICES, "spread", "dividends")  # money per unit: a split divides them


def aggregated(tape: Tape, rows: Ints, starts: Ints) -> dict[str, Any]:
    """Arrays of a tape whose bars are spans of rows.

    Prices come from tradable rows alone. Volume is unknown where that of a tradable row is. The spread and the
    borrow rate are the last known ones, dividends and funding rates add up, splits multiply.

    Args:
        tape: market rows.
        rows: rows to take, ascending.
        starts: position in `rows` at which each span begins; the first is 0.
    """
    fields = {name: getattr(tape, name)[rows] for name in (*PRICES, "volume")}
    fields |= {name: getattr(tape, name)[rows] for name in OPTIONAL if getattr(tape, name) is not None}
    on = tape.tradable[rows] != 0
    if "splits" in fields:
        _restate(fields, starts)
    made = {
        "open": _pick(fields["open"], on, starts, last=False),
        "high": _extreme(fields["high"], on, starts, np.maximum),
        "low": _extreme(fields["low"], on, starts, np.minimum),
        "close": _pick(fields["close"], on, starts, last=True),
        "volume": np.where(_any(on, starts), _sum(np.where(on, fields["volume"], 0.0), starts), np.nan),
        "tradable": _any(on, starts).astype(np.uint8),
    }
    for name in ("spread", "borrow"):
        if name in fields:
            known = ~np.isnan(fields[name]) & (on if name == "spread" else True)
            made[name] = _pick(fields[name], known, starts, last=True)
    for name, nothing in (("dividends", 0.0), ("funding", np.nan)):
        if name in fields:
            known = ~np.isnan(fields[name])
            made[name] = np.where(_any(known, starts), _sum(np.where(known, fields[name], 0.0), starts), nothing)
    if "splits" in fields:
        made["splits"] = np.multiply.reduceat(_ratios(fields["splits"]), starts, axis=0)
    return made


def _restate(fields: dict[str, Floats], starts: Ints) -> None:
    """Write the rows before a split of the same span in its new units."""
    ratios = _ratios(fields["splits"])
    for row, slot in np.argwhere(ratios != 1.0):
        span = slice(int(starts[np.searchsorted(starts, row, side="right") - 1]), int(row))
        for name in IN_UNITS:
            if name in fields:
                fields[name][span, slot] /= ratios[row, slot]
        fields["volume"][span, slot] *= ratios[row, slot]


def _ratios(values: Floats) -> Floats:
    return np.where(values > 0.0, values, 1.0)


def _any(mask: Mask, starts: Ints) -> Mask:
    return np.asarray(np.logical_or.reduceat(mask, starts, axis=0))


def _sum(values: Floats, starts: Ints) -> Floats:
    return np.asarray(np.add.reduceat(values, starts, axis=0))


def _extreme(values: Floats, mask: Mask, starts: Ints, kind: Any) -> Floats:
    """Greatest or least value of the rows in the mask, NaN where there is none."""
    neutral = -np.inf if kind is np.maximum else np.inf
    found = kind.reduceat(np.where(mask, values, neutral), starts, axis=0)
    return np.where(np.isinf(found), np.nan, found)


def _pick(values: Floats, mask: Mask, starts: Ints, *, last: bool) -> Floats:
    """First or last value of the rows in the mask, NaN where there is none."""
    number = np.arange(values.shape[0], dtype=np.int64)[:, None]
    if last:
        row = np.maximum.reduceat(np.where(mask, number, -1), starts, axis=0)
    else:
        row = np.minimum.reduceat(np.where(mask, number, values.shape[0]), starts, axis=0)
    known = (row >= 0) & (row < values.shape[0])
    return np.where(known, np.take_along_axis(values, np.where(known, row, 0), axis=0), np.nan)
