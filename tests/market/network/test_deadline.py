"""Answers that come byte by byte: a deadline holds for headers too, and what is no HTTP is told in words."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from polyfolio.errors import RetryError
from polyfolio.market.http import Http, Request
from polyfolio.market.retry import Patience


@contextmanager
def speaking(content: bytes, pause: float) -> Iterator[str]:
    """The address of a server that sends one byte after the other."""
    ended = threading.Event()

    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            for byte in content:
                if ended.wait(pause):
                    return
                try:
                    connection.sendall(bytes([byte]))
                except OSError:  # the other side has given up
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        ended.set()
        thread.join(5)


def test_headers_that_come_byte_by_byte_do_not_outlast_the_deadline() -> None:
    http = Http(patience=Patience(tries=1, timeout=0.3, deadline=0.5))
    begun = time.monotonic()
    with speaking(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 400, pause=0.02) as url:
        with pytest.raises(RetryError, match="connection lost"):
            http.ask(lambda: Request(url), lambda answer: answer.data(), http.watch())
        assert time.monotonic() - begun < 3.0


def test_an_answer_that_is_no_http_is_told_in_signs_a_terminal_shows() -> None:
    http = Http(patience=Patience(tries=1, deadline=5.0))
    with speaking(b"\x1b[31m\x00\x07" * 3 + b"\n", pause=0.0) as url, pytest.raises(RetryError) as error:
        http.ask(lambda: Request(url), lambda answer: answer.data(), http.watch())
    assert str(error.value.value).isprintable()
    assert "BadStatusLine" in str(error.value.value)
