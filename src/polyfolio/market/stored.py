"""Sources that open what was kept: a stored tape, or a dataset at one of its versions."""

from __future__ import annotations

from dataclasses import fields, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.tape import OPTIONAL, PRICES, Tape, Universe
from polyfolio.errors import DataError
from polyfolio.market.calendar import hours_of
from polyfolio.market.dataset import MARK, Dataset
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.stamps import bound
from polyfolio.market.store import open_stored
from polyfolio.market.window import window
from polyfolio.rules.arguments import closest

# Options that choose from a tape. The others say how rows become one, which is past for a stored tape.
CHOOSING = ("symbols", "start", "end", "dividends", "splits")


def read_dataset(path: str | PathLike[str], **options: Any) -> Tape:
    """The tape of a dataset, at its newest version or at the one named after an @.

    Args:
        path: folder, or folder@version: a number, the beginning of an id, or a time for what was known then.
        **options: see `Reading`.

    Example:
        >>> read_dataset("data/coins@2024-06-30", calendar="24/7")  # as it was known at the end of June
    """
    folder, reference = folder_and_version(path)
    return Dataset(folder).tape(reference, **options)


def folder_and_version(path: str | PathLike[str]) -> tuple[Path, str | None]:
    """The dataset's folder and the version after the @, None where none is named.

    Raises:
        DataError: there is no dataset.
    """
    text = fspath(path)
    folder, sign, reference = text.rpartition("@")
    if not sign or (Path(text) / MARK).is_file():
        folder, reference = text, ""
    if not (Path(folder) / MARK).is_file():
        beside = [item.parent.name for item in Path(folder).parent.glob(f"*/{MARK}")]
        hint = closest(Path(folder).name, beside) if beside else "Fetch one with `polyfolio data download`."
        raise DataError("path", text, f"a dataset, a folder with {MARK}", hint)
    return Path(folder), reference or None


def read_stored(path: str | PathLike[str], **options: Any) -> Tape:
    """A stored tape, or some of its symbols and rows.

    Args:
        path: the folder `store_tape` wrote.
        **options: symbols, start, end, dividends and splits choose from the tape; any other one must be what the tape
            was made with.
    """
    reading = reading_of({name: value for name, value in options.items() if value is not None})
    tape: Tape = open_stored(path)
    _refuse_making(reading, tape, fspath(path))
    if reading.symbols and reading.symbols != tape.symbols:
        tape = slots(tape, reading.symbols)
    for name in ("dividends", "splits"):
        if not getattr(reading, name) and getattr(tape, name) is not None:
            left: dict[str, Any] = {name: None}
            tape = replace(tape, **left)
    return _in_span(tape, reading)


def slots(tape: Tape, symbols: tuple[str, ...]) -> Tape:
    """The tape of some symbols, in the order named.

    Raises:
        DataError: the tape has no such symbol, or one converts the currency of another and is left out.
    """
    for symbol in symbols:
        if symbol not in tape.symbols:
            shown = ", ".join(tape.symbols[:12])
            raise DataError("symbols", symbol, f"a symbol of the tape: {shown}", closest(symbol, tape.symbols))
    chosen = [tape.symbols.index(symbol) for symbol in symbols]
    instruments = tape.instruments[chosen].copy()
    for number, slot in enumerate(instruments["fx_slot"]):
        if slot >= 0 and slot not in chosen:
            bound_text = f"with {tape.symbols[slot]}, which converts its currency"
            raise DataError("symbols", symbols[number], bound_text, f"Add {tape.symbols[slot]} to the symbols.")
        instruments["fx_slot"][number] = chosen.index(slot) if slot >= 0 else -1
    labels = {name: tuple(values[slot] for slot in chosen) for name, values in tape.universe.labels.items()}
    currencies = tuple(tape.universe.currencies[slot] for slot in chosen) if tape.universe.currencies else ()
    arrays: dict[str, Any] = {}
    for name in (*PRICES, "volume", "tradable", *OPTIONAL):
        array = getattr(tape, name)
        arrays[name] = None if array is None else np.ascontiguousarray(array[:, chosen])
    universe = Universe(symbols, labels, currencies, tape.universe.base_currency)
    return replace(tape, universe=universe, instruments=instruments, **arrays)


def _refuse_making(reading: Reading, tape: Tape, path: str) -> None:
    own = {"calendar": tape.calendar.name, "base_currency": tape.universe.base_currency}
    for item in fields(Reading):
        if item.name in CHOOSING or item.name == "interval":
            continue
        given = getattr(reading, item.name)
        default = {} if item.name == "fx" else item.default
        if given not in (default, own.get(item.name, default)):
            said = f"{own[item.name]}, as the tape was made" if item.name in own else "left out"
            raise DataError(
                f"{item.name} of {path}", given, said, "It says how a tape is made: store the tape anew with it."
            )


def _in_span(tape: Tape, reading: Reading) -> Tape:
    zone = hours_of(tape.calendar.name).timezone
    first, last = (bound(getattr(reading, key), key, zone) for key in ("start", "end"))
    if first is None and last is None:
        return tape
    begin = 0 if first is None else int(np.searchsorted(tape.times, first, side="left"))
    end = tape.rows if last is None else int(np.searchsorted(tape.times, last, side="right"))
    if end - begin < 2:
        found = f"{tape.times[[0, -1]].astype('datetime64[ns]')}"
        raise DataError(
            "rows of the tape", max(end - begin, 0), "at least 2 from start to end", f"Its rows close {found}."
        )
    return window(tape, begin, end)
