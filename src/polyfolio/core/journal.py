"""The journal: append-only columns of what lanes decided, what filled, and what it did to their money.

Rows are kept in the order lane, row, sequence, whatever batch, thread or door wrote them, so that two journals of the
same lane can be compared byte by byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.codes import Event, Level, Reason, Stage
from polyfolio.core.records import EVENT, FILL, MARK
from polyfolio.core.story import Story
from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError, DataError

COLUMNS = {"events": EVENT, "fills": FILL, "marks": MARK}
VERSION = 1


@dataclass(eq=False)
class Journal:
    """Events, fills and marks of a run.

    Attributes:
        level: what is kept: nothing, a mark per lane and bar, or everything.
        lanes: lane names.
        symbols: slot names.
        run: the run's id.
        times: closing stamps of the tape's rows, where sentences should name times; no part of the journal's bytes.
    """

    level: Level
    lanes: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    run: str = ""
    times: Ints | None = None
    _chunks: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    _ordered: set[str] = field(default_factory=set)

    def append(self, **columns: np.ndarray) -> None:
        """Add rows; the arrays are copied, so buffers can be used again."""
        for name, rows in columns.items():
            if rows.size:
                self._chunks[name].append(rows.copy())
                self._ordered.discard(name)

    @property
    def events(self) -> np.ndarray:
        """EVENT rows."""
        return self._column("events")

    @property
    def fills(self) -> np.ndarray:
        """FILL rows."""
        return self._column("fills")

    @property
    def marks(self) -> np.ndarray:
        """MARK rows."""
        return self._column("marks")

    def _column(self, name: str) -> np.ndarray:
        chunks = self._chunks[name]
        if not chunks:
            return np.zeros(0, COLUMNS[name])
        if name not in self._ordered:
            rows = np.concatenate(chunks)
            # Chunks come in time order for each lane, so a stable sort by lane is enough. One chunk needs it too: the
            # lanes of a group take turns row by row.
            chunks[:] = [rows[np.argsort(rows["lane"], kind="stable")]]
            self._ordered.add(name)
        return chunks[0]

    def lane(self, lane: int | str) -> Journal:
        """The journal of one lane, renumbered as lane 0."""
        index = self.index_of(lane)
        part = Journal(self.level, self.lanes[index : index + 1], self.symbols, self.run, self.times)
        for name in COLUMNS:
            rows = self._column(name)
            lanes = rows["lane"]  # sorted
            rows = rows[np.searchsorted(lanes, index) : np.searchsorted(lanes, index, side="right")].copy()
            rows["lane"] = 0
            part.append(**{name: rows})
        return part

    def index_of(self, lane: int | str) -> int:
        """Number of a lane."""
        return _place("lane", lane, self.lanes)

    def why(self, lane: int | str, slot: int | str, row: int) -> str:
        """Why a trade was made, cut, refused or missing at a row: one or two sentences.

        Args:
            lane: name or number.
            slot: symbol or number.
            row: row of the tape; what was decided at its close is followed to its fills.

        Example:
            >>> journal.why("momentum", "BTC/USDT", 1440)
            'BTC/USDT at 2024-03-01 01:00 UTC in lane momentum: signal 1 asked for 25.0 % of equity; capped to ...'
        """
        return self._story(lane, slot, row).tell(row)

    def reasons(self, lane: int | str, slot: int | str, row: int) -> list[dict[str, Any]]:
        """The rows behind `why`: each event of the slot and of the whole lane at a row, in order, codes as words."""
        events = self._story(lane, slot, row).events
        number = _place("slot", slot, self.symbols)
        mine = events[(events["row"] == row) & ((events["slot"] == number) | (events["slot"] == -1))]
        return [_in_words(event) for event in mine]

    def _story(self, lane: int | str, slot: int | str, row: int) -> Story:
        if self.level < Level.FULL:
            raise ConfigError("journal", self.level.name.lower(), "full", "Run again with `journal: full`.")
        index, number = self.index_of(lane), _place("slot", slot, self.symbols)
        events, fills, marks = (self._column(name) for name in COLUMNS)
        marks = marks[marks["lane"] == index]
        last = int(marks["row"].max(initial=-1))
        if not 0 <= row <= last:
            raise DataError("row", row, f"a row of the journal, 0 to {last}", "Choose a row that was walked.")
        fills = fills[(fills["lane"] == index) & (fills["slot"] == number)]
        return Story(
            self.lanes[index], self.symbols[number], number, events[events["lane"] == index], fills, marks, self.times
        )

    def snapshot(self) -> dict[str, np.ndarray]:
        """A copy of every column, for `restore`."""
        return {name: self._column(name).copy() for name in COLUMNS}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Put a snapshot back."""
        self._chunks = {name: [] for name in COLUMNS}
        self.append(**dict(snapshot))

    def to_bytes(self) -> bytes:
        """Every column as bytes, in the canonical order."""
        return b"".join(self._column(name).tobytes() for name in COLUMNS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Journal):
            return NotImplemented
        return self.to_bytes() == other.to_bytes()

    __hash__ = None  # type: ignore[assignment]

    def digest(self) -> str:
        """Digest (hex) of every column."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def _place(field_name: str, wanted: int | str, names: tuple[str, ...]) -> int:
    """Number of a lane or slot that is given by number or by name."""
    known = wanted in names if isinstance(wanted, str) else 0 <= wanted < len(names)
    if not known:
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise DataError(field_name, wanted, f"one of {listed}", "Correct the name or number.")
    return names.index(wanted) if isinstance(wanted, str) else wanted


def _in_words(event: Any) -> dict[str, Any]:
    """One EVENT row as plain values; `stage` is a sleeve in signals, a grade in certificate lines, a code elsewhere."""
    stage = int(event["stage"])
    known = event["event"] in (Event.CUT, Event.HOLD) and stage in Stage._value2member_map_
    return {
        "row": int(event["row"]),
        "slot": int(event["slot"]),
        "event": Event(int(event["event"])).name.lower(),
        "reason": Reason(int(event["reason"])).name.lower(),
        "stage": Stage(stage).name.lower() if known else stage,
        "before": float(event["before"]),
        "after": float(event["after"]),
    }
