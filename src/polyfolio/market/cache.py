"""The cache contract, its envelope, the cache in memory, and layers of caches of which any may fail.

A key is the digest of everything the content depends on, so that an entry is never out of date: it is right, or it is
another entry. Each content travels in an envelope with its checksum: what comes back damaged is told, deleted, and
fetched again by whoever asked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from polyfolio.errors import DataError, RetryError

log = logging.getLogger("polyfolio.market.cache")

MAGIC = b"pfcache1"
HEAD = len(MAGIC) + hashlib.sha256().digest_size
MEBIBYTE = 1 << 20
PATIENCE = 30.0  # seconds before a cache that failed is asked again


class Cache(Protocol):
    """Bytes by key. A cache that cannot answer raises RetryError or DataError; `Layers` turns that into a miss."""

    name: str

    def get(self, key: str) -> bytes | None:
        """The content, None where there is none or where it came back damaged."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Keep the content; what was under the key goes."""
        ...

    def delete(self, key: str) -> None:
        """Forget the key, whether or not it is known."""
        ...


def key_of(**parts: Any) -> str:
    """The key of a content: a digest (hex) of what it depends on.

    Args:
        **parts: text, numbers, truth values, None, and lists and maps of these.

    Example:
        >>> key_of(source="yahoo", symbol="SPY", interval="1d") == key_of(interval="1d", symbol="SPY", source="yahoo")
        True
    """
    try:
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=True)
    except TypeError as error:
        bound = "text, numbers, None, lists and maps of these"
        raise DataError("key", sorted(parts), bound, f"Write the parts as text: {error}.") from None
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(key: str, content: bytes) -> bytes:
    """The content in its envelope. The checksum covers the key, so that an entry under a wrong name is damage too."""
    return MAGIC + hashlib.sha256(key.encode() + b"\0" + content).digest() + content


def unsealed(key: str, envelope: bytes) -> bytes | None:
    """The content of an envelope, None where it is damaged."""
    content = envelope[HEAD:]
    return content if sealed(key, content) == envelope else None


class MemoryCache:
    """A cache in this process. What was not asked for longest goes first.

    Args:
        limit: most bytes kept.
    """

    name = "memory"

    def __init__(self, limit: int = 256 * MEBIBYTE) -> None:
        self.limit = limit
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The content, None where there is none."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: str, content: bytes) -> None:
        """Keep the content if it is no larger than the limit."""
        with self._lock:
            self._bytes -= len(self._entries.pop(key, b""))
            if len(content) > self.limit:
                return
            self._entries[key] = bytes(content)
            self._bytes += len(content)
            while self._bytes > self.limit:
                self._bytes -= len(self._entries.popitem(last=False)[1])

    def delete(self, key: str) -> None:
        """Forget the key."""
        with self._lock:
            self._bytes -= len(self._entries.pop(key, b""))


class Layers:
    """Caches behind one another: asked in their order, filled from behind, and none of them can stop a run.

    A cache that fails is told once in the log and left alone for `patience` seconds; when it answers again, that is
    told too. With no cache left every `get` is a miss.

    Args:
        *caches: the nearest first.
        patience: seconds before a cache that failed is asked again.
        clock: seconds that only grow; another one serves tests.
    """

    name = "layers"

    def __init__(self, *caches: Cache, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self.caches = caches
        self.patience = patience
        self._clock = clock
        self._down: dict[int, float] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The content of the first cache that has it; the caches before it learn it."""
        for number, cache in enumerate(self.caches):
            found: bytes | None = self._asked(number, cache.get, key)
            if found is not None:
                for before, nearer in enumerate(self.caches[:number]):
                    self._asked(before, nearer.put, key, found)
                return found
        return None

    def put(self, key: str, content: bytes) -> None:
        """Keep the content in every cache that works."""
        for number, cache in enumerate(self.caches):
            self._asked(number, cache.put, key, content)

    def delete(self, key: str) -> None:
        """Forget the key everywhere."""
        for number, cache in enumerate(self.caches):
            self._asked(number, cache.delete, key)

    def _asked(self, number: int, verb: Callable[..., Any], *arguments: Any) -> Any:
        with self._lock:
            since = self._down.get(number)
        if since is not None and self._clock() - since < self.patience:
            return None
        try:
            answer = verb(*arguments)
        except (RetryError, DataError) as error:
            with self._lock:
                first = number not in self._down
                self._down[number] = self._clock()
            if first:
                log.warning("the cache %s is left aside, the run goes on without it: %s", self._name(number), error)
            return None
        with self._lock:
            back = self._down.pop(number, None) is not None
        if back:
            log.info("the cache %s answers again", self._name(number))
        return answer

    def _name(self, number: int) -> str:
        return self.caches[number].name


def cached(cache: Cache, key: str, make: Callable[[], bytes]) -> bytes:
    """The content under a key, made and kept where the cache has none.

    Args:
        cache: best one of `Layers`, which never fails.
        key: see `key_of`.
        make: makes the content; its errors are the caller's.
    """
    found = cache.get(key)
    if found is None:
        found = make()
        cache.put(key, found)
    return found
