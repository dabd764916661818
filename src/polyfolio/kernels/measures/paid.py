"""What trading and holding cost one lane, in money and against what was traded."""

from __future__ import annotations

from typing import Any

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures.sums import add, clear, ratio, total

KINDS = ("commission", "slippage", "impact", "borrow", "funding")
NAMES = (*KINDS, "costs", "traded", "cost_bp")
_TRADED = 10
SIZE = 12


@kernel
def update(state: Floats, before: float, mark: Any) -> None:
    """One lane-bar: equity before it and its MARK record; traded += turnover * equity before."""
    add(state, 0, mark["commission"])
    add(state, 2, mark["slippage"])
    add(state, 4, mark["impact"])
    add(state, 6, mark["borrow"])
    add(state, 8, mark["funding"])
    add(state, _TRADED, mark["turnover"] * before)


@kernel
def finish(state: Floats, out: Floats) -> None:
    """NAMES in order: costs = sum of the kinds; cost_bp = 10,000 (commission + slippage + impact) / traded, or NaN."""
    costs = 0.0
    for i in range(5):
        out[i] = total(state, 2 * i)
        costs += out[i]
    out[5] = costs
    out[6] = total(state, _TRADED)
    out[7] = 1e4 * ratio(out[0] + out[1] + out[2], out[6])


@entry
def summary(marks: Any, lane: int, start: float, state: Floats, out: Floats) -> None:
    """NAMES of one lane.

    Args:
        marks: MARK records in order of rows; other lanes are passed over.
        lane: the lane.
        start: equity before its first mark.
        state: scratch of SIZE values.
        out: one value per name.
    """
    clear(state, SIZE)
    before = start
    for i in range(marks.shape[0]):
        mark = marks[i]
        if mark["lane"] != lane:
            continue
        update(state, before, mark)
        before = mark["equity"]
    finish(state, out)
