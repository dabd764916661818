"""The record of who saw which test rows: written before they are read, so that a second look is known to be one.

A file `sealed.json` stands beside a policy or a run. Each evaluation on test rows adds an opening to it. Rows count as
seen again where an earlier opening has a symbol and a time in common with them, whatever else has changed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError, RetryError
from polyfolio.market.disk import refusal, write_file
from polyfolio.market.window import window

NAME = "sealed.json"
FORMAT = 1
PATIENCE = 5.0  # seconds to wait for another evaluation that writes at the same time
ABANDONED = 60.0  # seconds after which its mark is one of a process that was killed


@dataclass(frozen=True)
class Opening:
    """One look at test rows.

    Attributes:
        when: ISO 8601, UTC.
        by: digest of each policy that was judged, or what else it is known by, by name.
        digest: of the rows.
        start: time of the first row, nanoseconds.
        end: time of the last.
        symbols: of the rows.
    """

    when: str
    by: dict[str, str]
    digest: str
    start: int
    end: int
    symbols: tuple[str, ...]

    def saw(self, other: Opening) -> bool:
        """Whether it saw any of another one's rows."""
        together = self.start <= other.end and other.start <= self.end
        return together and bool(set(self.symbols) & set(other.symbols))


def opening_of(tape: Tape, rows: tuple[int, int], by: Mapping[str, str], when: datetime | None = None) -> Opening:
    """An opening of some rows of a tape.

    Args:
        tape: market rows.
        rows: first row, and the row after the last.
        by: what is judged: digests by name.
        when: now, where left out.
    """
    part = window(tape, *rows)
    moment = (when or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Opening(moment, dict(by), part.digest(), int(part.times[0]), int(part.times[-1]), tape.symbols)


def opened(places: Sequence[Path], opening: Opening) -> tuple[Opening, ...]:
    """Write an opening into the record of each folder; the earlier openings that saw any of its rows, oldest first.

    Args:
        places: folders, or files whose folders are meant.
        opening: what is about to be read.

    Raises:
        DataError: a record cannot be read or written.
        RetryError: another evaluation is writing and does not end, or the disk is full.
    """
    earlier: dict[tuple[str, str], Opening] = {}
    for folder in dict.fromkeys(folder_of(place) for place in places):
        with alone(folder / f".{NAME}.lock"):
            known = read(folder / NAME)
            earlier |= {(one.when, one.digest): one for one in known if one.saw(opening)}
            write(folder / NAME, [*known, opening])
    return tuple(sorted(earlier.values(), key=lambda one: one.when))


def folder_of(place: Path) -> Path:
    """The folder whose record covers a place."""
    return place if place.is_dir() else place.parent


def read(path: Path) -> list[Opening]:
    """The openings of a record; none where there is no file."""
    if not path.is_file():
        return []
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise DataError(f"{path}: format", data["format"], f"{FORMAT}", "Read it with the version that wrote it.")
        return [_opening(entry) for entry in data["openings"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Bring it back from a copy: without it nobody knows how often the test rows were seen."
        raise DataError("record of openings", str(path), f"a record of openings ({error})", remedy) from error


def _opening(entry: Mapping[str, Any]) -> Opening:
    return Opening(
        when=str(entry["when"]),
        by={str(name): str(digest) for name, digest in entry["by"].items()},
        digest=str(entry["digest"]),
        start=int(entry["start"]),
        end=int(entry["end"]),
        symbols=tuple(entry["symbols"]),
    )


def write(path: Path, openings: Sequence[Opening]) -> None:
    """Write a record, whole or not at all."""
    data = {"format": FORMAT, "openings": [asdict(one) for one in openings]}
    write_file(path, (json.dumps(data, indent=2) + "\n").encode(), "record of openings")


@contextmanager
def alone(mark: Path) -> Iterator[None]:
    """A block that no other process is in; the mark of a process that was killed counts for a minute."""
    start = time.monotonic()
    while True:
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if _age(mark) > ABANDONED:
                mark.unlink(missing_ok=True)
            elif time.monotonic() - start > PATIENCE:
                remedy = "Wait for the other evaluation, or delete the file if there is none."
                raise RetryError("record of openings", str(mark), "free of another evaluation's mark", remedy) from None
            else:
                time.sleep(0.02)
        except OSError as error:
            raise refusal("record of openings", mark, error) from error
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def _age(mark: Path) -> float:
    """Seconds since a mark was made; 0 where it has just gone."""
    try:
        return time.time() - mark.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def day(moment: int) -> str:
    """The day of a time in nanoseconds."""
    return str(np.datetime64(moment, "ns").astype("datetime64[D]"))
