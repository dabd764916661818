"""A slot's own bars: its column without the rows in which it has none, and the way back to the tape's rows."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.errors import DataError
from polyfolio.features.compiled.placing import gather, place, turn

NO_PLACES = np.empty((0, 0), np.int64)


@dataclass(frozen=True, eq=False)
class OwnBars:
    """Fields in slot order: `fields["close"][slot, k]` is the close of the slot's bar k, NaN behind its last one.

    Attributes:
        fields: float64[slots, rows], C-contiguous.
        counts: bars of each slot.
        places: the row of each of them, int64[slots, rows]; no columns where every slot has a bar in every row.
    """

    fields: dict[str, Floats]
    counts: Ints
    places: Ints
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What several features share: made by the first that asks."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]

    def forget(self) -> None:
        """Drop what features shared; the fields stay."""
        with self._lock:
            self._kept.clear()

    def to_rows(self, values: Floats, warmup: int, first: int = 0) -> None:
        """Move values[slots from `first`, bars] to their rows, in place; NaN before the warm-up and in holes."""
        place(values, self.places, self.counts, warmup, first)


_of_tape: weakref.WeakKeyDictionary[Tape, dict[Any, Any]] = weakref.WeakKeyDictionary()
_lock = threading.RLock()


def own_bars(tape: Tape, inputs: Iterable[str]) -> OwnBars:
    """The own bars of a tape's slots for these fields; kept as long as the tape, so that features share them.

    A bar counts where the slot is tradable and every field is finite. Prices are finite in tradable rows, so only the
    other fields make a set of bars of its own.
    """
    inputs = tuple(inputs)
    with _lock:
        kept = _of_tape.setdefault(tape, {})
        lacking = tuple(sorted(name for name in inputs if name not in PRICES and not _always(tape, name, kept)))
        if lacking not in kept:
            kept[lacking] = _empty(present(tape, lacking))
        own: OwnBars = kept[lacking]
        for name in inputs:
            if name not in own.fields:
                own.fields[name] = _column(array_of(tape, name), own)
        return own


def present(tape: Tape, inputs: Iterable[str]) -> Flags:
    """1 where a slot has a bar: tradable, and these fields finite. uint8[rows, slots]."""
    mask = tape.tradable != 0
    for name in inputs:
        mask = mask & np.isfinite(array_of(tape, name))
    found: Flags = mask.astype(np.uint8)
    return found


def array_of(tape: Tape, name: str) -> Floats:
    """A field of the tape; refused where the tape has none."""
    array: Floats | None = getattr(tape, name, None)
    if array is None:
        raise DataError(name, None, "on the tape", f"Give the tape {name}, or leave out the features that read it.")
    return array


def _always(tape: Tape, name: str, kept: dict[Any, Any]) -> bool:
    if name not in kept:
        kept[name] = bool(np.isfinite(array_of(tape, name)[tape.tradable != 0]).all())
    return bool(kept[name])


def _empty(mask: Flags) -> OwnBars:
    counts = mask.sum(axis=0, dtype=np.int64)
    if mask.all():
        return OwnBars({}, counts, NO_PLACES)
    places = np.zeros(mask.shape[::-1], np.int64)
    for slot in range(mask.shape[1]):
        places[slot, : counts[slot]] = np.flatnonzero(mask[:, slot])
    return OwnBars({}, counts, places)


def _column(array: Floats, own: OwnBars) -> Floats:
    out = np.empty(array.shape[::-1])
    if own.places is NO_PLACES:
        turn(array, out)
    else:
        gather(array, own.places, own.counts, out)
    return out
