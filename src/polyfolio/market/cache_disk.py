"""The cache on disk: one file per key with its checksum, written whole; the oldest go where room is short."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from pathlib import Path

from polyfolio.market.cache import MEBIBYTE, sealed, unsealed
from polyfolio.market.disk import refusal, write_file

log = logging.getLogger("polyfolio.market.cache")

ENDING = ".entry"
KEPT_SHARE = 0.8  # of the limit, after the oldest have gone: so that not every write walks the folder


def default_folder() -> Path:
    """The user's cache folder for market data."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "polyfolio" / "market"


class DiskCache:
    """A cache in a folder, which several processes may share.

    Args:
        folder: made when the first content comes; None for the user's cache folder.
        limit: most bytes kept; entries not asked for longest go first.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, limit: int = 4096 * MEBIBYTE) -> None:
        self.folder = default_folder() if folder is None else Path(folder)
        self.limit = limit
        self.name = f"disk ({self.folder})"
        self._bytes: int | None = None
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The content; a damaged entry is told, deleted and not there."""
        place = self.place(key)
        try:
            envelope = place.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal("cache entry", place, error) from error
        content = unsealed(key, envelope)
        if content is None:
            log.warning("the cache entry %s is damaged (%d bytes): deleted, to be fetched anew", place, len(envelope))
            self.delete(key)
            return None
        self._touch(place)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep the content, in one step."""
        envelope = sealed(key, content)
        if len(envelope) > self.limit:
            return
        try:
            self._make_room(len(envelope))
        except OSError as error:
            raise refusal("cache folder", self.folder, error) from error
        write_file(self.place(key), envelope, "cache entry", flushed=False)

    def delete(self, key: str) -> None:
        """Forget the key."""
        place = self.place(key)
        try:
            place.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise refusal("cache entry", place, error) from error

    def place(self, key: str) -> Path:
        """The file of a key, whatever signs the key has."""
        word = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / word[:2] / (word + ENDING)

    def entries(self) -> list[tuple[float, int, Path]]:
        """When each entry was last asked for, its bytes and its file; the oldest first."""
        found = []
        for place in self.folder.glob(f"*/*{ENDING}"):
            try:
                state = place.stat()
            except FileNotFoundError:  # another process deleted it
                state = None
            if state is not None:
                found.append((state.st_mtime, state.st_size, place))
        return sorted(found)

    def _make_room(self, size: int) -> None:
        with self._lock:
            if self._bytes is None:
                self._bytes = sum(entry[1] for entry in self.entries())
            self._bytes += size
            if self._bytes <= self.limit:
                return
            entries = self.entries()
            self._bytes = sum(entry[1] for entry in entries) + size
            for _, length, place in entries:
                if self._bytes <= max(self.limit * KEPT_SHARE, size):
                    return
                place.unlink(missing_ok=True)
                self._bytes -= length

    def _touch(self, place: Path) -> None:
        try:
            os.utime(place)
        except OSError as error:  # a folder that can only be read still serves; its order of age stays
            log.debug("the age of %s could not be renewed: %s", place, error)
