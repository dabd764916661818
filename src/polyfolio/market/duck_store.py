"""A stored tape of Parquet files larger than memory, made in batches of symbols."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.calendar import calendar_of
from polyfolio.market.columns import NOTHING
from polyfolio.market.disk import whole_folder
from polyfolio.market.duck import MEMORY, Table, batches, opened
from polyfolio.market.frame import assemble
from polyfolio.market.instruments import instruments_of
from polyfolio.market.intervals import agreed, word
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.rows import ordered
from polyfolio.market.store import MANIFEST, MappedTape, open_stored, seal, store_tape, write_array
from polyfolio.market.tables import instrument_frame
from polyfolio.rules.arguments import closest

ROWS_AT_ONCE = 2_000_000
Progress = Callable[[int, int], None]


def store_duckdb(
    path: str | PathLike[str],
    folder: str | PathLike[str],
    *,
    memory: str = MEMORY,
    rows_at_once: int = ROWS_AT_ONCE,
    progress: Progress | None = None,
    **options: Any,
) -> str:
    """Write the tape of Parquet files into a folder; its digest.

    The tape is the one `read_duckdb` gives. The longest that stands in memory is one batch, or one field of the tape.

    Args:
        path: file, folder (with all its sub-folders) or pattern.
        folder: new, empty, or a stored tape, which is replaced.
        memory: most memory DuckDB takes.
        rows_at_once: rows of a batch, which holds one symbol at least.
        progress: called with symbols done and all symbols.
        **options: see `Reading`.
    """
    reading = reading_of(options)
    # What speaks of the whole tape waits until its parts are together.
    alone = replace(reading, instruments=None, fx={}, base_currency="USD", bars_per_year=None)
    place = Path(folder).absolute()
    with whole_folder(place, "folder of the tape", MANIFEST) as out, _scratch(out.parent, place.name) as scratch:
        with opened(path, reading, memory) as table:
            parts, length = _parts(table, alone, Path(scratch), rows_at_once, progress)
        return _together(parts, length, reading, out, fspath(path))


def _scratch(folder: Path, name: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=folder, prefix=f".{name[:40]}.batches-")


def _parts(
    table: Table, reading: Reading, scratch: Path, rows_at_once: int, progress: Progress | None
) -> tuple[list[MappedTape], int]:
    counts = table.counts()
    for symbol in reading.symbols:
        if symbol not in counts:
            raise DataError("symbols", symbol, f"a symbol of {table.source}", closest(symbol, counts))
    wanted = {symbol: counts[symbol] for symbol in reading.symbols or counts}
    made: list[MappedTape] = []
    lengths: dict[int, str] = {}
    done = 0
    for number, batch in enumerate(batches(wanted, rows_at_once)):
        rows, steps = ordered(table.rows(batch))
        lengths.setdefault(agreed(reading.interval, steps), batch[0])
        if len(lengths) > 1:
            words = {symbol: word(length) for length, symbol in lengths.items()}
            raise DataError("interval", words, "one for all symbols", "Give interval=, or store them apart.")
        part = assemble(rows, replace(reading, symbols=batch if reading.symbols else ()))
        store_tape(part, scratch / str(number))
        made.append(open_stored(scratch / str(number)))
        done += len(batch)
        if progress is not None:
            progress(done, len(wanted))
    return made, next(iter(lengths))


def _together(parts: list[MappedTape], length: int, reading: Reading, out: Path, source: str) -> str:
    times = np.unique(np.concatenate([part.times for part in parts]))
    symbols = tuple(symbol for part in parts for symbol in part.symbols)
    instruments, universe = instruments_of(symbols, reading, *instrument_frame(reading.instruments))
    calendar = calendar_of(times, length, reading.calendar, reading.bars_per_year)
    shape = (times.size, len(symbols))
    for name in (*PRICES, "volume", "tradable", *OPTIONAL):
        if any(getattr(part, name) is not None for part in parts):
            _gather(out / f"{name}.npy", name, parts, times, shape)
    write_array(out / "times.npy", times)
    write_array(out / "day.npy", calendar.day)
    seal(out, "", calendar, universe, instruments, {})
    digest = Tape.digest(open_stored(out))
    return seal(out, digest, calendar, universe, instruments, {"path": source})


def _gather(place: Path, name: str, parts: list[MappedTape], times: Ints, shape: tuple[int, int]) -> None:
    kind = np.uint8 if name == "tradable" else np.float64
    out = np.lib.format.open_memmap(place, mode="w+", dtype=kind, shape=shape)
    _reserve(place)
    out[:] = 0 if name == "tradable" else NOTHING.get(name, np.nan)
    first = 0
    for part in parts:
        array = getattr(part, name)
        if array is not None:
            out[np.searchsorted(times, part.times), first : first + part.slots] = array
        first += part.slots
    out.flush()


def _reserve(place: Path) -> None:
    """Take the room on the disk now: a full one is then an error here, not a signal that kills the process later."""
    if hasattr(os, "posix_fallocate"):
        with place.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, place.stat().st_size)
