"""Tapes on disk: one .npy file per field, mapped into memory, so that opening costs nothing and processes share it.

A folder holds the fields and `tape.json`: digest, calendar, universe, the checksum of every file, and what the tape was
made from. It was checked when it was written, so opening checks names, types and shapes alone; `verify` reads it all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.records import INSTRUMENT
from polyfolio.core.tape import OPTIONAL, PRICES, Calendar, Tape, Universe, instrument_table
from polyfolio.errors import DataError
from polyfolio.market.disk import whole_folder

MANIFEST = "tape.json"
VERSION = 1
FIELDS = (*PRICES, "volume", *OPTIONAL)
# Built tapes have these writable. Mapped copy on write they keep their type, and no kernel is compiled twice.
WRITABLE = ("times", "day", "tradable")
REMEDY = "Store the tape anew."


class MappedTape(Tape):
    """A tape whose arrays stand in files. A pickled one is its folder's name: another process maps the same memory.

    Attributes:
        folder: where it stands; None for a tape made from this one.
        stored_digest: its digest as it was when written.
    """

    folder: Path | None = None
    stored_digest: str | None = None

    def digest(self) -> str:
        """The stored digest; a tape made from a stored one computes its own."""
        return self.stored_digest or super().digest()

    def __reduce__(self) -> Any:
        if self.folder is None:
            return super().__reduce__()
        return _reopened, (str(self.folder), self.stored_digest)


def _reopened(folder: str, digest: str) -> Tape:
    tape = open_stored(folder)
    if tape.digest() != digest:
        raise DataError("digest of the tape", tape.digest(), f"{digest}, as before", "The folder was replaced: reload.")
    return tape


def store_tape(tape: Tape, folder: str | PathLike[str], made_from: Mapping[str, Any] | None = None) -> str:
    """Write a tape into a folder, as a whole; its digest.

    Args:
        tape: any tape.
        folder: new, empty, or a stored tape, which is replaced.
        made_from: text and numbers that say where the tape comes from; kept in the manifest.

    Raises:
        DataError: the folder holds other files, or cannot be written to.
        RetryError: the disk is full.
    """
    with whole_folder(Path(folder), "folder of the tape", MANIFEST) as part:
        arrays = {name: array for name in FIELDS if (array := getattr(tape, name)) is not None}
        arrays |= {"times": tape.times, "tradable": tape.tradable, "day": tape.calendar.day}
        for name, array in arrays.items():
            write_array(part / f"{name}.npy", array)
        return seal(part, tape.digest(), tape.calendar, tape.universe, tape.instruments, made_from or {})


def write_array(place: Path, array: np.ndarray) -> None:
    """Write an .npy file. `np.save` loses the last bytes of a full disk without an error; a Python file does not."""
    whole = np.ascontiguousarray(array)
    with place.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(whole))
        file.write(whole.reshape(-1).view(np.uint8).data)


def seal(
    folder: Path,
    digest: str,
    calendar: Calendar,
    universe: Universe,
    instruments: np.ndarray,
    made_from: Mapping[str, Any],
) -> str:
    """Write the manifest of a folder whose fields stand; the digest."""
    files = {path.stem: _facts(path) for path in sorted(folder.glob("*.npy"))}
    manifest = {
        "version": VERSION,
        "digest": digest,
        "calendar": {
            "name": calendar.name,
            "bars_per_year": float(calendar.bars_per_year).hex(),
            "days_per_year": float(calendar.days_per_year).hex(),
            "source": calendar.source,
        },
        "symbols": list(universe.symbols),
        "labels": {name: list(values) for name, values in universe.labels.items()},
        "currencies": list(universe.currencies),
        "base_currency": universe.base_currency,
        # Column by column, so that a column added later has its default in older folders.
        "instruments": {name: instruments[name].tolist() for name in INSTRUMENT.names or ()},
        "made_from": dict(made_from),
        "files": files,
    }
    text = json.dumps({"manifest": manifest, "checksum": _checksum(manifest)}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return digest


def _facts(path: Path) -> dict[str, Any]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"type": array.dtype.str, "shape": list(array.shape), "bytes": path.stat().st_size, "sha256": digest}


def _checksum(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def manifest_of(folder: str | PathLike[str]) -> dict[str, Any]:
    """The manifest of a stored tape.

    Raises:
        DataError: there is none, it is damaged, or a newer version wrote it.
    """
    place = Path(folder) / MANIFEST
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        manifest: dict[str, Any] = content["manifest"]
        whole = content["checksum"] == _checksum(manifest)
    except FileNotFoundError:
        bound = f"a stored tape, a folder with {MANIFEST}"
        raise DataError("path", str(folder), bound, "Correct the folder, or store a tape there.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(str(place), str(error)[:200], "the manifest of a stored tape", REMEDY) from None
    if not whole:
        raise DataError(str(place), "changed", "as it was written", REMEDY)
    if manifest["version"] > VERSION:
        bound = f"version {VERSION} or older"
        raise DataError(str(place), f"version {manifest['version']}", bound, "Read it with a newer polyfolio.")
    return manifest


def open_stored(folder: str | PathLike[str], *, verify: bool = False) -> MappedTape:
    """The stored tape in a folder, mapped into memory.

    Args:
        folder: where `store_tape` wrote it.
        verify: True reads every file and compares its checksum, to find damage of the disk.

    Raises:
        DataError: a file is missing, is not what the manifest says, or is damaged; named with its folder.
    """
    place = Path(os_absolute(folder))
    manifest = manifest_of(place)
    if verify:
        verify_files(place, manifest)
    arrays: dict[str, Any] = {name: _mapped(place, name, facts) for name, facts in manifest["files"].items()}
    told = manifest["calendar"]
    bars, days = (float.fromhex(told[name]) for name in ("bars_per_year", "days_per_year"))
    labels = {name: tuple(values) for name, values in manifest["labels"].items()}
    parts: dict[str, Any] = {
        **{name: arrays.get(name) for name in (*FIELDS, "times", "tradable")},
        "calendar": Calendar(told["name"], bars, days, told["source"], arrays["day"]),
        "universe": Universe(
            tuple(manifest["symbols"]), labels, tuple(manifest["currencies"]), manifest["base_currency"]
        ),
        "instruments": instrument_table(len(manifest["symbols"]), **manifest["instruments"]),
        "folder": place,
        "stored_digest": manifest["digest"],
    }
    # The checks of a new tape read every value; these values passed them when they were written.
    tape = object.__new__(MappedTape)
    for name, part in parts.items():
        object.__setattr__(tape, name, part)
    return tape


def os_absolute(folder: str | PathLike[str]) -> Path:
    """The folder as a place that holds when the working directory changes."""
    return Path(folder).absolute()


def _mapped(folder: Path, name: str, facts: Mapping[str, Any]) -> np.ndarray:
    path = folder / f"{name}.npy"
    try:
        array = np.load(path, mmap_mode="c" if name in WRITABLE else "r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(str(path), str(error)[:200], "a file of the stored tape", REMEDY) from None
    found = (array.dtype.str, list(array.shape), path.stat().st_size)
    wanted = (facts["type"], facts["shape"], facts["bytes"])
    if found != wanted:
        raise DataError(str(path), found, f"type, shape and bytes {wanted}", REMEDY)
    return np.asarray(array)


def verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Read every file of a stored tape and compare its checksum."""
    for name, facts in manifest["files"].items():
        path = folder / f"{name}.npy"
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(str(path), str(error), "a file of the stored tape", REMEDY) from None
        if digest != facts["sha256"]:
            raise DataError(str(path), f"sha256 {digest[:16]}", f"{facts['sha256'][:16]}, as it was written", REMEDY)
