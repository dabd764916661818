"""Columns of one tape, computed once and shared by everything that asks for them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from polyfolio.core.tape import Tape
from polyfolio.features.base import Feature
from polyfolio.features.columns import Columns
from polyfolio.features.compute import column_names, compute
from polyfolio.features.identity import joined, key_of
from polyfolio.features.store import ColumnStore


class Shelf:
    """Columns of a tape that strategies share. Threads may ask at once.

    Args:
        tape: the market rows.
        threads: as in `compute`.
        dtype: as in `compute`.
        store: as in `compute`.

    Example:
        >>> shelf = Shelf(tape)
        >>> shelf.take([Rsi(period=14)]).column("rsi_14")
    """

    def __init__(
        self, tape: Tape, *, threads: int | None = None, dtype: str = "float64", store: ColumnStore | None = None
    ) -> None:
        self.tape = tape
        self.threads = threads
        self.dtype = dtype
        self.store = store
        self._kept: dict[str, Columns] = {}
        self._lock = threading.Lock()

    def take(self, features: Sequence[Feature]) -> Columns:
        """The columns of features; those already on the shelf are not computed again."""
        names = column_names(features)
        keys = [key_of(feature, self.dtype) for feature in features]
        with self._lock:
            missing = [one for one, key in zip(features, keys, strict=True) if key not in self._kept]
            if missing:
                found = compute(missing, self.tape, threads=self.threads, dtype=self.dtype, store=self.store)
                for feature in missing:
                    self._kept[key_of(feature, self.dtype)] = found.select(feature.columns())
            parts = [self._kept[key] for key in keys]
        arrays = tuple(array for part in parts for array in part.arrays)
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        return Columns(names, self.tape.symbols, self.tape.times, arrays, lambda: joined(self.tape, keys), notes)

    def __len__(self) -> int:
        """Features on the shelf."""
        return len(self._kept)
