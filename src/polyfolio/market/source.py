"""The source contract, and the way from the `tape` section of a configuration to a tape.

A source is a function `(path, **options) -> Tape`, registered under the kind `source`; its options are the fields of
`Reading`. It raises DataError before anything runs.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.tables import ENDINGS
from polyfolio.rules import registry

# Keys of the section under the name of the option they set. A key that a section lacks leaves the option alone.
OPTIONS = (
    "symbols",
    "start",
    "end",
    "interval",
    "instruments",
    "calendar",
    "stamps",
    "adjusted",
    "dividends",
    "splits",
    "timezone",
    "fx",
    "bars_per_year",
)
NEEDS_NO_PATH = ("demo", "teaching", "yahoo")
# Folders written here say what they are; a dataset may carry its version behind an @.
KEPT = {"tape.json": "stored", "dataset.json": "dataset"}


class Source(Protocol):
    """What is registered under the kind `source`."""

    def __call__(self, path: Any, /, **options: Any) -> Tape:
        """The tape behind a path."""
        ...


def open_tape(section: Any, base_currency: str = "USD") -> Tape:
    """The tape that a `tape` section describes.

    Args:
        section: an object with path, format, symbols, start, end, interval, instruments, calendar, stamps, adjusted
            and dividends, such as `Spec.tape`. `dividends` switches dividends and splits alike where `splits` is None.
        base_currency: currency of the accounts.
    """
    options = {name: getattr(section, name) for name in OPTIONS if hasattr(section, name)}
    if options.get("splits") is None:
        options["splits"] = section.dividends
    name = section.format if section.format != "auto" else format_of(section.path)
    if section.path is None and name not in NEEDS_NO_PATH:
        raise DataError("tape.path", None, "a file, folder or pattern", "Name it, or give a tape from code.")
    source: Source = registry.resolve("source", name, "tape.format")
    return source(section.path, base_currency=base_currency, **options)


def format_of(path: str | PathLike[str] | None) -> str:
    """The format that a path's ending says; for a folder, the ending of its files."""
    if path is None:
        raise DataError("tape.path", None, "a file, folder or pattern", "Name it, or give a tape from code.")
    place = Path(path)
    for mark, kind in KEPT.items():
        if (place / mark).is_file() or ("@" in place.name and (Path(str(place).rpartition("@")[0]) / mark).is_file()):
            return kind
    names = [item.name for item in place.iterdir()] if place.is_dir() else [place.name]
    found = [kind for kind, endings in ENDINGS.items() if any(name.lower().endswith(endings) for name in names)]
    if len(found) != 1:
        bound = "a path whose files end in " + ", ".join(ending for endings in ENDINGS.values() for ending in endings)
        raise DataError("tape.path", str(path), bound, "Set tape.format to csv or parquet.")
    return found[0]
