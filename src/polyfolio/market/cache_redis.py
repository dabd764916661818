"""The cache several machines share: a Redis or Valkey server."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market.cache import sealed, unsealed

log = logging.getLogger("polyfolio.market.cache")

PREFIX = "polyfolio:market:"
SCHEMES = ("redis", "rediss", "unix")


class RedisCache:
    """A cache in a Redis server.

    Args:
        url: redis://, rediss:// or unix://, with the password where one is needed; it is never printed.
        expire: seconds after which the server forgets an entry; None leaves that to its own rules.
        timeout: seconds for a connection and for an answer.
        prefix: stands before every key.
    """

    def __init__(self, url: str, expire: int | None = None, timeout: float = 2.0, prefix: str = PREFIX) -> None:
        self._url = url
        self.expire = expire
        self.timeout = timeout
        self.prefix = prefix
        self.name = f"redis ({without_secret(url)})"
        self._client: Any = None
        if urlsplit(url).scheme not in SCHEMES:
            bound = "an address that begins with redis://, rediss:// or unix://"
            raise DataError("cache", without_secret(url), bound, "Write it like redis://localhost:6379/0.")

    def __repr__(self) -> str:
        return f"RedisCache({without_secret(self._url)!r})"

    def get(self, key: str) -> bytes | None:
        """The content; a damaged entry is told, deleted and not there."""
        envelope = self._asked("get", self.prefix + key)
        if envelope is None:
            return None
        content = unsealed(key, bytes(envelope))
        if content is None:
            log.warning("the entry %s of the cache %s is damaged: deleted, to be fetched anew", key, self.name)
            self.delete(key)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep the content."""
        self._asked("set", self.prefix + key, sealed(key, content), ex=self.expire)

    def delete(self, key: str) -> None:
        """Forget the key."""
        self._asked("delete", self.prefix + key)

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _asked(self, verb: str, *arguments: Any, **options: Any) -> Any:
        redis = _package()
        try:
            if self._client is None:
                limits = {"socket_timeout": self.timeout, "socket_connect_timeout": self.timeout}
                self._client = redis.Redis.from_url(self._url, **limits)
            return getattr(self._client, verb)(*arguments, **options)
        except (redis.RedisError, OSError, ValueError) as error:
            reason = str(error).replace(self._url, without_secret(self._url))
            bound = f"a server that answers ({type(error).__name__}: {reason})"
            remedy = "Start the server, or correct its address, password or memory."
            raise RetryError("cache", without_secret(self._url), bound, remedy) from None


def without_secret(url: str) -> str:
    """An address whose password is stars, and whose query is left out: it may hold another."""
    parts = urlsplit(url)
    place = parts.netloc
    if "@" in place:
        user, host = place.rsplit("@", 1)
        place = (f"{user.split(':', 1)[0]}:***@" if ":" in user else "***@") + host
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


def _package() -> Any:
    try:
        import redis  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[live]'."
        raise ConfigError("cache", "redis", f"importable ({error})", remedy) from error
    return redis
