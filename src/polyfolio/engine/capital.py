"""Capital between the lanes of a run: moved when asked, divided anew on a schedule, kept when a lane ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.core.views import Ledger
from polyfolio.engine.rows import Rows
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels import transfer
from polyfolio.rules.plan import Plan, every_bars

NOBODY = -1


class Capital:
    """The bucket of what no lane has, and when the groups divide what theirs have.

    Attributes:
        bucket: float64[1], money that left one lane and has reached no other.
        due: rows after whose close some group divides its capital, ascending.
    """

    def __init__(self, plan: Plan, rows: Rows) -> None:
        self.plan, self.bucket = plan, np.zeros(1)
        self._rows = [rows_due(*every_bars(capital.every), rows) if capital else None for capital in plan.capital]
        known = [found for found in self._rows if found is not None]
        self.due: Ints = np.unique(np.concatenate(known)) if known else np.zeros(0, dtype=np.int64)

    def next_due(self, row: int, last: int) -> int:
        """The first row after which capital is divided, at least `row`; `last` where there is none before."""
        found = self.due[np.searchsorted(self.due, row) :]
        return min(int(found[0]), last) if found.size else last

    def divide(self, ledger: Ledger, row: int) -> None:
        """Divide the capital of every group whose turn it is after the close of `row`."""
        for group, due in enumerate(self._rows):
            if due is None or row not in due:
                continue
            lanes = np.flatnonzero(self.plan.group_of == group)
            shares = shares_of(self.plan, group, lanes)
            transfer.divide(ledger.account, int(lanes[0]), int(lanes[-1]) + 1, shares, np.empty(lanes.size))

    def move(self, ledger: Ledger, giver: int, taker: int, amount: Any) -> float:
        """Move money between two lanes, or a lane and the bucket (-1); it arrives at the start of the next row.

        Raises:
            ConfigError: nothing to move, or giver and taker are the same.
            DataError: the giver has not that much free cash.
        """
        known = isinstance(amount, (int, float)) and not isinstance(amount, bool)
        if not (known and math.isfinite(amount) and amount > 0.0):
            raise ConfigError("amount", amount, "finite and above 0", "Give the money that is to be moved.")
        if giver == taker:
            raise ConfigError("taker", self._name(taker), "another portfolio than the giver", "Name two portfolios.")
        for lane in (giver, taker):
            if lane != NOBODY and ledger.account["row"][lane] < 0:
                raise DataError(
                    self._name(lane), "not begun", "a portfolio that has walked a row", "Walk a row first, then move."
                )
        free = float(transfer.free(ledger.account, self.bucket, giver))
        if free < amount:
            raise DataError(
                "amount",
                amount,
                f"at most {free:.2f}, the free cash of {self._name(giver)}",
                "Move less; what is invested has to be sold first.",
            )
        return float(transfer.move(ledger.account, self.bucket, giver, taker, amount))

    def _name(self, lane: int) -> str:
        return "the bucket" if lane == NOBODY else self.plan.names[lane]


def rows_due(bars: int, period: int, rows: Rows) -> Ints:
    """Rows after whose close a schedule acts: every so many bars, or the first bar of each period; never the first."""
    count = rows.market.starts.shape[0]
    if bars > 0:
        return np.arange(bars, count, bars, dtype=np.int64)
    begins = rows.market.starts & period != 0 if period else np.ones(count, dtype=bool)
    found = np.flatnonzero(begins)
    return found[found > 0].astype(np.int64)


def shares_of(plan: Plan, group: int, lanes: Ints) -> Floats:
    """Share of each lane of a group in its capital."""
    capital = plan.capital[group]
    given = capital.shares if capital is not None else {}
    if not given:
        return np.full(lanes.size, 1.0 / lanes.size)
    return np.array([given.get(plan.names[int(lane)], 0.0) for lane in lanes])


__all__ = ["NOBODY", "Capital", "rows_due", "shares_of"]
