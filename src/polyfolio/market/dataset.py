"""A dataset: a folder of bars with every version of them, and the tapes that were made of each version.

* `dataset.json`: its name and format
* `versions/`: one file per version, never changed
* `bars/`: bars by their digest, each kept once
* `tapes/`: tapes made of a version, mapped into memory when opened again
* `partial/`: what a download under way has brought so far
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError, RetryError
from polyfolio.market.bars import Bars
from polyfolio.market.cache import key_of
from polyfolio.market.disk import write_file
from polyfolio.market.from_bars import tape_from_bars
from polyfolio.market.merge import builder_digest, covers, merged, refuse_disorder
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.shelf import Shelf
from polyfolio.market.store import MANIFEST, manifest_of, open_stored, store_tape
from polyfolio.market.tables import files_of
from polyfolio.market.versions import Held, Version, chosen, read_version, write_version
from polyfolio.rules.arguments import closest

log = logging.getLogger("polyfolio.market")

MARK = "dataset.json"
Spans = Mapping[str, tuple[int, int]]


class Dataset:
    """Bars of one interval in a folder, with their versions.

    Args:
        folder: made when the first bars come.
        clock: nanoseconds since 1970; another one serves tests.

    Example:
        >>> Dataset("data/coins").versions()
        ()
    """

    def __init__(self, folder: str | PathLike[str], clock: Callable[[], int] = time.time_ns) -> None:
        self.folder = Path(folder).absolute()
        self.name = self.folder.name
        self._clock = clock
        self._shelf = Shelf(self.folder / "bars")

    @property
    def partial(self) -> Path:
        """Where a download keeps what it has."""
        return self.folder / "partial"

    def versions(self) -> tuple[Version, ...]:
        """Every version, the oldest first."""
        return tuple(read_version(place) for place in sorted((self.folder / "versions").glob("[0-9]*.json")))

    def version(self, reference: str | None = None) -> Version:
        """The version a reference means: newest (None), a number, the beginning of an id, or a time.

        A time means the newest version that was known then.
        """
        return chosen(self.versions(), reference, self.name)

    def add(self, bars: Mapping[str, Bars], spans: Spans | None = None, findings: Iterable[str] = ()) -> Version:
        """Bars on top of the newest version, as a new one; the newest itself where they change nothing.

        Args:
            bars: by symbol. A symbol that is not named stays as it is.
            spans: what was asked for, first and last close (nanoseconds) by symbol: within it the new bars take the
                place of the old ones, so that a bar the source has withdrawn goes. Without it, their own span.
            findings: further sentences for the reader.
        """
        if not bars:
            raise DataError("bars", 0, "of one symbol or more", "Nothing was fetched, so there is no version.")
        self._claim()
        while True:
            version = self._next(bars, spans or {}, tuple(findings))
            if version is None:
                return self.version()
            if write_version(self.folder / "versions", version):
                return version

    def bars(self, reference: str | None = None, symbols: Iterable[str] = ()) -> dict[str, Bars]:
        """The bars of a version by symbol, all or those named.

        Raises:
            DataError: a symbol is not in it, or bars on disk are damaged.
        """
        version = self.version(reference)
        wanted = tuple(symbols) or version.symbols
        for symbol in wanted:
            if symbol not in version.contents:
                bound = f"a symbol of version {version.number}: {', '.join(version.symbols[:12])}"
                raise DataError(f"symbols of {self.name}", symbol, bound, closest(symbol, version.symbols))
        return {symbol: self._shelf.read(version.contents[symbol].digest) for symbol in wanted}

    def tape(self, reference: str | None = None, **options: Any) -> Tape:
        """The tape of a version. It is kept, so that the next call opens it in memory-mapped files.

        Args:
            reference: see `version`.
            **options: see `Reading`.
        """
        version = self.version(reference)
        given = {name: value for name, value in options.items() if value is not None}
        if ":" not in version.interval:  # bars of varying length, such as those of a volume, have no step
            given = {"interval": version.interval, **given}
        reading = reading_of(given)
        made_from = self._made_from(version, reading)
        folder = self.folder / "tapes" / key_of(**made_from)[:32]
        if (folder / MANIFEST).is_file():
            try:
                return open_stored(folder)
            except DataError as error:
                log.warning("a kept tape is damaged, it is made anew: %s", error)
        tape = tape_from_bars(self.bars(str(version.number), reading.symbols), **given)
        try:
            store_tape(tape, folder, made_from)
            return open_stored(folder)
        except (DataError, RetryError) as error:
            log.warning("the tape is not kept, the run goes on without that: %s", error)
            return tape

    def find(self, digest: str) -> dict[str, Any]:
        """What the tape with that digest was made from: version, its id, and options.

        Args:
            digest: of a tape, or its first 8 signs and more, as results name it.
        """
        for place in sorted((self.folder / "tapes").glob(f"*/{MANIFEST}")):
            manifest = manifest_of(place.parent)
            if manifest["digest"].startswith(digest):
                return {**manifest["made_from"], "digest": manifest["digest"]}
        remedy = "Tapes are known once they were opened from the dataset; name the version instead."
        raise DataError(f"tape of {self.name}", digest, "the digest of a tape made here", remedy)

    def _made_from(self, version: Version, reading: Reading) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for item in fields(Reading):
            value = getattr(reading, item.name)
            written[item.name] = value if isinstance(value, (bool, float, int)) else str(value)
        table = reading.instruments
        if isinstance(table, (str, PathLike)):
            written["instruments"] = hashlib.sha256(files_of(table, "csv")[0].read_bytes()).hexdigest()
        elif table is not None:
            written["instruments"] = hashlib.sha256(table.to_csv().encode()).hexdigest()
        written |= {"symbols": list(reading.symbols), "fx": dict(reading.fx), "interval": version.interval}
        return {"dataset": self.name, "version": version.id, "code": builder_digest(), "options": written}

    def _next(self, bars: Mapping[str, Bars], spans: Spans, findings: tuple[str, ...]) -> Version | None:
        known = self.versions()
        before = known[-1] if known else None
        contents = dict(before.contents) if before else {}
        told, changes = list(findings), []
        for symbol, part in bars.items():
            self._refuse(symbol, part, before)
            told += [f"{symbol}: {finding}" for finding in part.findings]
            merged, change = self._merged(contents.get(symbol), part, spans.get(symbol))
            changes += [f"{symbol}: {sentence}" for sentence in change]
            if merged.size:
                contents[symbol] = self._shelf.keep(merged)
        if not contents:
            raise DataError("bars", 0, "at least one bar", "The source gave none: correct the symbols or the span.")
        kept = [line for line in (before.findings if before else ()) if line.split(": ")[0] not in bars]
        first = next(iter(bars.values()))
        if before and before.source != first.source:
            changes.append(f"these bars come from {first.source}, those before from {before.source}")
        version = Version(
            number=before.number + 1 if before else 1,
            known=max(self._clock(), before.known + 1 if before else 0),
            source=first.source,
            interval=first.interval,
            contents=contents,
            findings=tuple(dict.fromkeys([*kept, *told])),
            changes=tuple(changes),
        )
        return None if before and before.id == version.id else version

    def _refuse(self, symbol: str, part: Bars, before: Version | None) -> None:
        if part.symbol != symbol:
            raise DataError("symbol of bars", part.symbol, symbol, "Give each symbol its own bars.")
        if before and part.interval != before.interval:
            remedy = "Keep bars of another interval in a dataset of their own."
            raise DataError(f"interval of {symbol}", part.interval, f"{before.interval}, as in {self.name}", remedy)
        refuse_disorder(part)

    def _merged(self, held: Held | None, new: Bars, span: tuple[int, int] | None) -> tuple[Bars, list[str]]:
        if held is None:
            return new, [f"new, {new.size} bars"]
        try:
            old = self._shelf.read(held.digest)
        except DataError as error:
            if new.size == 0 or not covers(new, span, held.first, held.last):
                raise
            log.warning("kept bars are damaged, those just fetched take their place: %s", error)
            return new, []
        return merged(old, new, span)

    def _claim(self) -> None:
        place = self.folder / MARK
        if place.is_file():
            return
        here = [item.name for item in self.folder.iterdir()] if self.folder.is_dir() else []
        foreign = [name for name in here if name != "partial" and not name.startswith(f".{MARK}.")]
        # Another process may have claimed the folder since the first look.
        if foreign and not place.is_file():
            bound = f"empty, new, or a dataset (with {MARK})"
            raise DataError("folder", str(self.folder), bound, "Choose another folder: this one holds other files.")
        write_file(place, json.dumps({"format": 1, "name": self.name}).encode() + b"\n", "dataset")
