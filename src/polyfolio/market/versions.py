"""Versions of a dataset: what was known when. A version is written once and never changed.

A version names, for each symbol, the digest of its bars; bars stand once, whatever number of versions hold them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polyfolio.errors import DataError
from polyfolio.market.disk import refusal
from polyfolio.market.stamps import bound, show
from polyfolio.rules.arguments import closest

FORMAT = 1
SHORTEST_ID = 8
WRITTEN = "newest, a number such as 3, the first 8 or more signs of an id, or a time such as 2024-06-30"


@dataclass(frozen=True)
class Held:
    """The bars of one symbol in a version.

    Attributes:
        digest: names the bars.
        first: close of the first bar, nanoseconds, UTC.
        last: close of the last bar.
        bars: number of bars.
    """

    digest: str
    first: int
    last: int
    bars: int


@dataclass(frozen=True)
class Version:
    """What a dataset held from a moment on.

    Attributes:
        number: 1 for the first.
        known: when it was written, nanoseconds, UTC.
        source: where the bars that came last were fetched.
        interval: length of a bar.
        contents: the bars of each symbol.
        findings: what a reader must know of these bars, a sentence each.
        changes: what differs from the version before, a sentence each.
    """

    number: int
    known: int
    source: str
    interval: str
    contents: Mapping[str, Held]
    findings: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Digest (hex) of the bars: the same bars have the same id, whenever and from wherever they came."""
        parts = [self.interval, sorted((symbol, held.digest) for symbol, held in self.contents.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in the order they came."""
        return tuple(self.contents)

    @property
    def bars(self) -> int:
        """Number of bars of all symbols."""
        return sum(held.bars for held in self.contents.values())

    @property
    def span(self) -> tuple[int, int]:
        """First and last close of any symbol."""
        return min(held.first for held in self.contents.values()), max(held.last for held in self.contents.values())

    def text(self) -> str:
        """The version as a file holds it."""
        record = {"format": FORMAT, **asdict(self), "id": self.id}
        return json.dumps({"version": record, "checksum": _checksum(record)}, indent=1) + "\n"


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def read_version(place: Path) -> Version:
    """The version in a file.

    Raises:
        DataError: the file is damaged, or a newer version of the package wrote it.
    """
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        record = content["version"]
        whole = content["checksum"] == _checksum(record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Restore the file from a copy; the other versions stay usable."
        raise DataError(str(place), str(error)[:200], "a version of a dataset", remedy) from None
    if not whole:
        raise DataError(str(place), "changed", "as it was written", "Restore the file from a copy.")
    if record["format"] > FORMAT:
        raise DataError(
            str(place), f"format {record['format']}", f"format {FORMAT} or older", "Read it with a newer polyfolio."
        )
    named = {name: record[name] for name in ("number", "known", "source", "interval")}
    held = {symbol: Held(**facts) for symbol, facts in record["contents"].items()}
    return Version(contents=held, findings=tuple(record["findings"]), changes=tuple(record["changes"]), **named)


def write_version(folder: Path, version: Version) -> bool:
    """Write a version; False where another process was first with its number."""
    place = folder / f"{version.number:06}.json"
    part: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
        part = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(version.text())
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        os.link(part, place)
    except FileExistsError:
        return False
    except OSError as error:
        raise refusal("version of the dataset", place, error) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return True


def chosen(versions: Sequence[Version], reference: str | None, dataset: str) -> Version:
    """The version a reference means.

    Args:
        versions: in the order of their numbers.
        reference: see `WRITTEN`; a time means what was known then, a date the whole of that day (UTC).
        dataset: its name, for messages.
    """
    if not versions:
        raise DataError(f"versions of {dataset}", 0, "at least one", "Fetch bars into it first.")
    word = (reference or "newest").strip().lower()
    if word == "newest":
        return versions[-1]
    found: list[Version]
    if re.fullmatch(r"v?\d{1,6}", word):
        found = [version for version in versions if version.number == int(word.removeprefix("v"))]
    elif re.fullmatch(rf"[0-9a-f]{{{SHORTEST_ID},64}}", word):
        found = _of_one_id([version for version in versions if version.id.startswith(word)], word)
    else:
        moment = bound(reference, "end", "UTC")
        found = [version for version in versions if moment is not None and version.known <= moment][-1:]
    if not found:
        known = ", ".join(f"{version.number} ({version.id[:SHORTEST_ID]})" for version in versions[-12:])
        first = f"The first was written {show(versions[0].known)}: {closest(word, [v.id for v in versions])}"
        raise DataError(f"version of {dataset}", reference, f"one of {known}; written {WRITTEN}", first)
    return found[-1]


def _of_one_id(found: list[Version], word: str) -> list[Version]:
    ids = sorted({version.id for version in found})
    if len(ids) > 1:
        raise DataError("version", word, "the beginning of one id", f"Write more of it: {ids[0]} or {ids[1]}.")
    return found
