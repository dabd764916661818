"""Tax lots: which purchase a sale closes, and what it gained. The account itself keeps the average price.

Each fill that opens or adds makes a lot at its fill price, its commission shared by quantity. A fill that reduces
closes lots by a method: the oldest first (fifo), the newest (lifo), those whose price gains least (least_gain: the
highest price of a long, the lowest of a short). Splits restate what is open. Whatever the method, the gains of all
lots and what open lots are worth above their prices add up to the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry, kernel

LOT = np.dtype(
    [
        ("slot", "i8"),
        ("opened", "i8"),  # row
        ("closed", "i8"),  # row, -1 while it is open
        ("quantity", "f8"),  # signed, in units of the closing row
        ("entry", "f8"),  # price
        ("exit", "f8"),
        ("commission", "f8"),  # of both ends
        ("gain", "f8"),  # (exit * its rate - entry * its rate) * quantity - commission
        ("rate", "f8"),  # base currency per unit of the instrument's price, at the purchase
    ],
    align=True,
)

FIFO, LIFO, LEAST_GAIN = 0, 1, 2
_REST = 1e-12  # of a lot: a rest of rounding size is nothing


@kernel
def _chosen(lots: Any, count: int, slot: int, method: int) -> int:
    """The open lot that is closed next; -1 where there is none."""
    best = -1
    for k in range(count):
        lot = lots[k]
        if lot["slot"] != slot or lot["closed"] >= 0:
            continue
        if best < 0 or method == LIFO:
            best = k
        elif method == LEAST_GAIN:
            side = 1.0 if lot["quantity"] > 0.0 else -1.0
            if side * (lot["entry"] - lots[best]["entry"]) > 0.0:
                best = k
    return best


@kernel
def _close(lots: Any, count: int, at: int, fill: Any, quantity: float, fee: float, rate: float) -> int:
    """Close up to `quantity` (> 0) of a lot; a part becomes a lot of its own. Returns how many there are."""
    lot = lots[at]
    whole = abs(lot["quantity"])
    part = min(whole, quantity)
    side = 1.0 if lot["quantity"] > 0.0 else -1.0
    rest = whole - part
    paid = lot["commission"]
    done = at
    if rest > _REST * whole:
        # What is left keeps its place: the order of the places is that of the purchases.
        done = count
        lots[done] = lot
        lot["quantity"] = side * rest
        lot["commission"] = paid * (rest / whole)
        count += 1
    closed = lots[done]
    closed["commission"] = paid * (part / whole) + fee * part
    closed["quantity"] = side * part
    closed["closed"] = fill["row"]
    closed["exit"] = fill["price"]
    earned = closed["exit"] * rate - closed["entry"] * closed["rate"]
    closed["gain"] = side * part * earned - closed["commission"]
    return count


@kernel
def _restate(lots: Any, count: int, action: Any) -> None:
    for k in range(count):
        if lots[k]["slot"] == action["slot"] and lots[k]["closed"] < 0:
            lots[k]["quantity"] *= action["ratio"]
            lots[k]["entry"] /= action["ratio"]


@entry
def match_lots(fills: Any, actions: Any, rates: Floats, method: int, lots: Any) -> int:
    """Lots of one portfolio, closed and open; returns how many there are.

    Args:
        fills: FILL records of one lane, in order.
        actions: ACTION records of it, in order of rows; they come before the fills of their row.
        rates: float64[fills], base currency per unit of the instrument's price when it filled: multiplier included.
        method: FIFO, LIFO or LEAST_GAIN.
        lots: LOT[2 * fills + 1], overwritten.
    """
    count = 0
    done = 0
    for n in range(fills.size):
        fill = fills[n]
        while done < actions.size and actions[done]["row"] <= fill["row"]:
            if actions[done]["ratio"] != 1.0:
                _restate(lots, count, actions[done])
            done += 1
        left = fill["quantity"]
        if left == 0.0:
            continue
        slot = fill["slot"]
        fee = fill["commission"] / abs(left)
        open_ = _chosen(lots, count, slot, method)
        while open_ >= 0 and lots[open_]["quantity"] * left < 0.0 and left != 0.0:
            taken = min(abs(lots[open_]["quantity"]), abs(left))
            count = _close(lots, count, open_, fill, taken, fee, rates[n])
            left -= math.copysign(taken, left)
            if abs(left) <= _REST * abs(fill["quantity"]):
                left = 0.0
            open_ = _chosen(lots, count, slot, method)
        if left != 0.0:
            lot = lots[count]
            lot["slot"] = slot
            lot["opened"] = fill["row"]
            lot["closed"] = -1
            lot["quantity"] = left
            lot["entry"] = fill["price"]
            lot["exit"] = math.nan
            lot["commission"] = fee * abs(left)
            lot["gain"] = math.nan
            lot["rate"] = rates[n]
            count += 1
    return count


@entry
def sum_gains(lots: Any, days: Floats, long_after: float, out: Floats, counts: Ints) -> None:
    """Gains and losses of closed lots: out = gains held short, losses held short, gains held long, losses held long.

    Args:
        lots: LOT records.
        days: days of each row since some day.
        long_after: days from which a lot counts as held long.
        out: float64[4].
        counts: int64[4], lots in each.
    """
    for k in range(4):
        out[k] = 0.0
        counts[k] = 0
    for n in range(lots.size):
        lot = lots[n]
        if lot["closed"] < 0:
            continue
        held = days[lot["closed"]] - days[lot["opened"]]
        place = (2 if held > long_after else 0) + (0 if lot["gain"] >= 0.0 else 1)
        out[place] += lot["gain"]
        counts[place] += 1
