"""A cache by its name: memory, disk, a folder, or the address of a server."""

from __future__ import annotations

import logging

from polyfolio.errors import DataError
from polyfolio.market.cache import Cache, Layers, MemoryCache
from polyfolio.market.cache_disk import DiskCache
from polyfolio.market.cache_redis import SCHEMES, RedisCache

log = logging.getLogger("polyfolio.market.cache")

WRITTEN = "memory, disk, disk:FOLDER, redis://HOST:PORT/NUMBER, rediss://... or unix://SOCKET, or off"


def open_cache(name: str = "disk", *, expire: int | None = None) -> Layers:
    """Layers of the cache of that name behind a cache in memory. Whatever happens to it, a run goes on.

    Args:
        name: memory, disk (the user's cache folder), disk:FOLDER, the address of a Redis server, or off.
        expire: seconds after which a server forgets an entry.

    Example:
        >>> open_cache("memory").get("nothing yet") is None
        True
    """
    kind, _, rest = name.partition(":")
    behind: list[Cache] = []
    if name == "off":
        return Layers()
    if kind in SCHEMES:
        behind = [RedisCache(name, expire=expire), *_on_disk(None)]
    elif kind == "disk":
        behind = _on_disk(rest or None)
    elif name != "memory":
        raise DataError("cache", kind, WRITTEN, "Correct its spelling.")
    return Layers(MemoryCache(), *behind)


def _on_disk(folder: str | None) -> list[Cache]:
    """The cache on disk; none for a user without a home, as in a container that runs under a number alone."""
    try:
        return [DiskCache(folder)]
    except RuntimeError as error:
        log.warning("there is no cache on disk, the run goes on without it: %s", error)
        return []
