"""The rows of one lane and slot in a journal, taken apart: what belongs to the fills of a row, what to its decision.

Within a lane and row, events stand in the order in which they happened: those of the fill phases first, then those of
the decision. With `sizing: fill` a decision's orders are written in the next row's fill phases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from polyfolio.core import words
from polyfolio.core.codes import Event, Reason
from polyfolio.core.types import Ints

DECIDES = (int(Event.SIGNAL), int(Event.CUT), int(Event.HOLD))
FOREVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, eq=False)
class Timeline:
    """What one lane did on one slot, by row.

    Attributes:
        lane: its name.
        symbol: the slot's symbol.
        slot: the slot.
        events: EVENT rows of the lane, every slot.
        fills: FILL rows of the lane on the slot.
        marks: MARK rows of the lane.
        times: closing stamps of the tape's rows, None when the journal has none.
    """

    lane: str
    symbol: str
    slot: int
    events: np.ndarray
    fills: np.ndarray
    marks: np.ndarray
    times: Ints | None

    def when(self, row: int) -> str:
        """The row's time, or its number."""
        return f"row {row}" if self.times is None else words.stamp(self.times[row])

    def of_slot(self, events: np.ndarray) -> np.ndarray:
        """The events of this slot and of the whole lane."""
        mine: np.ndarray = events[(events["slot"] == self.slot) | (events["slot"] == -1)]
        return mine

    @cached_property
    def deciding(self) -> np.ndarray:
        """Whether each event belongs to its row's decision: it begins with the row's first event that decides."""
        rows = self.events["row"]
        starts = np.isin(self.events["event"], DECIDES)
        if not self.has_signals:
            starts |= self.events["event"] == Event.ORDER
        last_start = np.maximum.accumulate(np.where(starts, np.arange(rows.size), -1))
        return np.asarray(last_start >= np.searchsorted(rows, rows, side="left"))

    def between(self, first: int, last: int, deciding: bool) -> np.ndarray:
        """Events of rows first..last of the decisions, or of the fill phases."""
        start, end = np.searchsorted(self.events["row"], [first, last + 1])
        part: np.ndarray = self.events[start:end][self.deciding[start:end] == deciding]
        return part

    def parts(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Events of the row's fill phases, and of its decision, every slot."""
        return self.between(row, row, False), self.between(row, row, True)

    def decided(self, row: int) -> np.ndarray:
        """The decision's events of this slot."""
        return self.of_slot(self.parts(row)[1])

    def orders_at(self, row: int) -> np.ndarray:
        """The orders that the row's decision placed on the slot."""
        events = self.parts(row)[1]
        orders: np.ndarray = events[(events["event"] == Event.ORDER) & (events["slot"] == self.slot)]
        return orders

    @cached_property
    def has_signals(self) -> bool:
        """Whether a program sizes the lane's signals; with sizing `orders` it has none."""
        return bool(np.isin(self.events["event"], DECIDES).any())

    @cached_property
    def same_close(self) -> bool:
        """Whether orders fill in the row they are decided at: the first fill is in the row of the first order."""
        asked = self.fills[self.fills["reason"] == Reason.SIGNAL]
        orders = self.events[(self.events["event"] == Event.ORDER) & (self.events["slot"] == self.slot)]
        if asked.size == 0 or orders.size == 0 or asked["row"][0] != orders["row"][0]:
            return False
        return self.orders_at(int(orders["row"][0])).size > 0

    @cached_property
    def turns(self) -> Ints:
        """Rows at which the slot's working order was decided anew."""
        mine = self.events["slot"] == self.slot
        kind = Event.SIGNAL if self.has_signals else Event.ORDER
        rows = np.unique(self.events["row"][mine & (self.events["event"] == kind)])
        held = self.events["row"][(self.events["event"] == Event.HOLD)]
        return np.setdiff1d(rows, held)

    def ends(self, row: int) -> int:
        """The last row at which an order decided at `row` can fill."""
        later = self.turns[self.turns > row]
        end = int(later[0]) if later.size else FOREVER
        return max(row, end - 1) if self.same_close else end

    def origin(self, row: int) -> int | None:
        """The row at which what fills in `row` was decided."""
        before = self.turns[self.turns < row]
        return int(before[-1]) if before.size else None

    @cached_property
    def last(self) -> int:
        """The last row of the journal."""
        return int(max(self.marks["row"].max(initial=-1), self.events["row"].max(initial=-1)))
