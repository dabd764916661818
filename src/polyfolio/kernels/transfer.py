"""Capital moved between lanes, and lanes taken out of a run. What is moved arrives at the start of the next row.

A lane gives cash alone: what is invested stays invested. What left one lane and reached no other stands in a bucket, so
that the sum of all equity and the bucket changes by gains and costs only.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Status
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel

_RUINED = int(Status.RUINED)
_RETIRED = int(Status.RETIRED)


@kernel
def free_cash(account: Any) -> float:
    """Cash that can leave the lane: no loan, not what is due to leave already, and not the collateral of shorts.

    Of cash, the proceeds of shorts and as much again stay: gross - net is twice what is short.
    """
    return max(0.0, account.cash - (account.gross - account.net) + min(account.due, 0.0))


@entry
def free(account: Any, bucket: Floats, giver: int) -> float:
    """What a lane, or the bucket (-1), can give."""
    return bucket[0] if giver < 0 else free_cash(account[giver])


@entry
def move(account: Any, bucket: Floats, giver: int, taker: int, amount: float) -> float:
    """Move up to `amount` from one lane to another; -1 is the bucket, bucket[0]. Returns what was moved."""
    there = bucket[0] if giver < 0 else free_cash(account[giver])
    moved = min(amount, there)
    if giver < 0:
        bucket[0] -= moved
    else:
        account[giver].due -= moved
    if taker < 0:
        bucket[0] += moved
    else:
        account[taker].due += moved
    return moved


@entry
def retire(account: Any, lane: int) -> int:
    """From the next row on the lane sells what it holds and decides no more. Returns whether it was not ended yet."""
    if account[lane].status >= _RUINED:
        return 0
    account[lane].status = _RETIRED
    account[lane].working = 1
    return 1


@entry
def divide(account: Any, first: int, last: int, shares: Floats, out: Floats) -> float:
    """What each lane of a group gives (< 0) or gets, so that their equities stand as `shares`, as far as cash goes.

    Where the givers' cash is less than what is asked of them, what the takers get shrinks by one common factor. A lane
    that has ended gives nothing and gets nothing; the shares of the others are raised in proportion. Returns the sum
    that changes hands.
    """
    total = 0.0
    given = 0.0
    for lane in range(first, last):
        if account[lane].status < _RUINED and account[lane].row >= 0:
            total += account[lane].equity + account[lane].due
            given += shares[lane - first]
    gives = 0.0
    gets = 0.0
    for lane in range(first, last):
        i = lane - first
        out[i] = 0.0
        if account[lane].status < _RUINED and account[lane].row >= 0 and given > 0.0:
            out[i] = total * shares[i] / given - (account[lane].equity + account[lane].due)
            if out[i] < 0.0:
                out[i] = max(out[i], -free_cash(account[lane]))
                gives -= out[i]
            else:
                gets += out[i]
    moved = min(gives, gets)
    for i in range(last - first):
        side = gives if out[i] < 0.0 else gets
        out[i] *= moved / side if side > 0.0 else 0.0
    for lane in range(first, last):
        account[lane].due += out[lane - first]
    return moved if math.isfinite(moved) else 0.0
