"""The journal: append-only columns of what lanes decided, what filled, and what it did to their money.

Rows are kept in the order lane, row, sequence, whatever batch, thread or door wrote them, so that two journals of the
same lane can be compared byte by byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from polyfolio.core.codes import Level
from polyfolio.core.records import EVENT, FILL, MARK

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
    """

    level: Level
    lanes: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    run: str = ""
    _chunks: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def append(self, **columns: np.ndarray) -> None:
        """Add rows; the arrays are copied, so buffers can be used again."""
        for name, rows in columns.items():
            if rows.size:
                self._chunks[name].append(rows.copy())

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
        if len(chunks) > 1:
            rows = np.concatenate(chunks)
            # Chunks come in time order for each lane, so a stable sort by lane is enough.
            chunks[:] = [rows[np.argsort(rows["lane"], kind="stable")]]
        return chunks[0]

    def lane(self, lane: int | str) -> Journal:
        """The journal of one lane, renumbered as lane 0."""
        index = self.lanes.index(lane) if isinstance(lane, str) else lane
        part = Journal(self.level, self.lanes[index : index + 1], self.symbols, self.run)
        for name in COLUMNS:
            rows = self._column(name)
            rows = rows[rows["lane"] == index].copy()
            rows["lane"] = 0
            part.append(**{name: rows})
        return part

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
