"""HTTP connections that are read until a deadline and no longer."""

from __future__ import annotations

import http.client
import io
import urllib.request
from functools import partial
from typing import Any

from polyfolio.market.retry import Watch


class Within(urllib.request.HTTPSHandler, urllib.request.HTTPHandler):
    """Opens http and https addresses whose answers must end before a deadline, headers included.

    A socket's own time-out begins anew with each byte: headers that came one byte at a time took 22 seconds of a
    deadline of 2.

    Args:
        watch: the deadline.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, request: urllib.request.Request) -> Any:
        """Open an address without TLS."""
        return self.do_open(partial(self._made, http.client.HTTPConnection), request)

    def https_open(self, request: urllib.request.Request) -> Any:
        """Open an address with TLS, its certificate checked."""
        return self.do_open(partial(self._made, http.client.HTTPSConnection), request)

    def _made(self, kind: Any, host: str, **options: Any) -> Any:
        connection = kind(host, **options)
        connection.response_class = partial(_Answer, watch=self._watch)
        return connection


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock, watch))


class _Timed(io.RawIOBase):
    """A socket's bytes; each read waits no longer than what is left."""

    def __init__(self, sock: Any, watch: Watch) -> None:
        self._sock, self._watch = sock, watch
        self._plain = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._watch.left <= 0.0:
            raise TimeoutError("no end before the deadline")
        self._sock.settimeout(self._watch.timeout)
        count: int | None = self._plain.readinto(buffer)
        return count

    def close(self) -> None:
        self._plain.close()
        super().close()
