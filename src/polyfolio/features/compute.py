"""All features of a tape at once: in parallel, each intermediate result once, from a store where it has them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature
from polyfolio.features.columns import Columns
from polyfolio.features.identity import joined, key_of
from polyfolio.features.own import own_bars
from polyfolio.features.ranks import Across
from polyfolio.features.slotwise import SlotWise
from polyfolio.features.store import ColumnStore
from polyfolio.rules.arguments import at_least

DTYPES = ("float64", "float32")


def compute(
    features: Sequence[Feature],
    tape: Tape,
    *,
    threads: int | None = None,
    dtype: str = "float64",
    store: ColumnStore | None = None,
) -> Columns:
    """The columns of features on a tape.

    Args:
        features: the features; their columns stand in this order.
        tape: the market rows.
        threads: how many compute at once; None for one per core this process may use. The numbers do not depend on it.
        dtype: "float64", or "float32" for half the memory (computed in float64, then rounded).
        store: where columns are taken from and kept.

    Example:
        >>> columns = compute([Rsi(period=14), Returns(period=5)], tape)
        >>> columns.column("rsi_14")
    """
    features = tuple(features)
    names = column_names(features)
    if dtype not in DTYPES:
        raise ConfigError("dtype", dtype, "one of " + ", ".join(DTYPES), "Name a number type.")
    if threads is not None:
        at_least("threads", threads, 1)
    work = Work(features, tape, np.dtype(dtype))
    if store is not None:
        work.load(store)
    work.run(threads or cores())
    return work.columns(names, work.keep(store) if store is not None else ())


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def column_names(features: Sequence[Feature]) -> tuple[str, ...]:
    """The names of all columns; refused where two are equal."""
    for feature in features:
        if not isinstance(feature, Feature):
            raise ConfigError("features", feature, "instances of Feature", "Give instances, such as Rsi(period=14).")
    names = tuple(name for feature in features for name in feature.columns())
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError("features", twice, "columns with names of their own", "Leave one of the two features out.")
    return names


class Work:
    """One computation: where each feature's columns stand, and which are still to be computed."""

    def __init__(self, features: tuple[Feature, ...], tape: Tape, dtype: np.dtype[Any]) -> None:
        self.features = features
        self.tape = tape
        self.dtype = dtype
        ends = np.cumsum([len(feature.outputs) for feature in features], dtype=int).tolist()
        self.spans = [slice(end - len(feature.outputs), end) for feature, end in zip(features, ends, strict=True)]
        self.arrays: list[npt.NDArray[Any]] = [np.empty(0, dtype)] * (ends[-1] if ends else 0)
        self.block: npt.NDArray[Any] | None = None
        self.missing = list(range(len(features)))

    @cached_property
    def keys(self) -> list[str]:
        """The digest of each feature."""
        return [key_of(feature, self.dtype.name) for feature in self.features]

    @cached_property
    def tape_digest(self) -> str:
        """The digest of the tape."""
        return self.tape.digest()

    def load(self, store: ColumnStore) -> None:
        """Take what the store has."""
        shape = (self.tape.slots, self.tape.rows)
        for number in tuple(self.missing):
            key, span = self.keys[number], self.spans[number]
            found = [store.get(self.tape_digest, key, i, shape) for i in range(span.stop - span.start)]
            whole = [array for array in found if array is not None]
            if len(whole) == len(found):
                self.arrays[span] = whole
                self.missing.remove(number)

    def run(self, threads: int) -> None:
        """Compute what is missing, comparisons across slots last: they may compare a column computed here."""
        if len(self.missing) == len(self.features):
            self.block = np.empty((len(self.arrays), self.tape.slots, self.tape.rows), self.dtype)
            self.arrays = list(self.block)
        for number in self.missing:
            _ = self.features[number].warmup  # refuses wrong arguments here, not in a thread
        # Made before threads ask for them, so that none waits for another's.
        sets = {feature.inputs for feature in self.features if isinstance(feature, SlotWise)}
        shared = [own_bars(self.tape, inputs) for inputs in sorted(sets)]
        late = {number for number in self.missing if isinstance(self.features[number], Across)}
        # What is shared is made first and used last: a thread that asked meanwhile would wait for it.
        first = sorted(set(self.missing) - late, key=lambda number: bool(self._shares(number)))
        makers = {self._shares(number): number for number in first if self._shares(number)}
        with ThreadPoolExecutor(threads) as pool:
            made = [pool.submit(self._prepare, number) for number in makers.values()]
            list(pool.map(self._one, first))
            for one in made:
                one.result()
            list(pool.map(self._one, sorted(late)))
        for own in shared:
            own.forget()

    def _shares(self, number: int) -> str:
        feature = self.features[number]
        return feature.shares if isinstance(feature, SlotWise) else ""

    def _prepare(self, number: int) -> None:
        feature = self.features[number]
        if isinstance(feature, SlotWise):
            feature.prepare(own_bars(self.tape, feature.inputs))

    def _one(self, number: int) -> None:
        feature, span = self.features[number], self.spans[number]
        if not isinstance(feature, SlotWise):
            self._set(span, self._compared(feature).transpose(0, 2, 1))
            return
        own = own_bars(self.tape, feature.inputs)
        if self.block is not None and self.dtype == np.float64:
            feature.block(own, self.block[span])
        else:
            values = np.empty((len(feature.outputs), self.tape.slots, self.tape.rows))
            feature.block(own, values)
            self._set(span, values)

    def _set(self, span: slice, values: npt.NDArray[np.float64]) -> None:
        if self.block is not None:
            self.block[span] = values
        else:
            self.arrays[span] = list(np.ascontiguousarray(values, self.dtype))

    def _compared(self, feature: Feature) -> npt.NDArray[np.float64]:
        """Values of a feature that is not slot by slot; what it compares is taken from here where it stands here."""
        if isinstance(feature, Across) and self.dtype == np.float64:
            key = key_of(feature.of, self.dtype.name)
            if key in self.keys:
                inner = self.arrays[self.spans[self.keys.index(key)]]
                return np.stack([feature.compare(np.asarray(array).T) for array in inner])
        return feature.compute(self.tape)

    def keep(self, store: ColumnStore) -> tuple[str, ...]:
        """Give what was computed to the store; a store that cannot be written costs a note, not the numbers."""
        for number in self.missing:
            for output, array in enumerate(self.arrays[self.spans[number]]):
                try:
                    store.put(self.tape_digest, self.keys[number], output, array)
                except OSError as error:
                    return (f"Columns were not kept in {store.folder}: {error}. They will be computed again.",)
        return ()

    def columns(self, names: tuple[str, ...], notes: tuple[str, ...]) -> Columns:
        """What was asked for."""
        for array in self.arrays if self.block is None else (*self.arrays, self.block):
            array.flags.writeable = False
        features, tape, dtype = self.features, self.tape, self.dtype.name

        def origin() -> str:
            return joined(tape, [key_of(feature, dtype) for feature in features])

        return Columns(names, tape.symbols, tape.times, tuple(self.arrays), origin, notes, self.block)
