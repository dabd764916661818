"""A real HTTP server on this machine that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Seen:
    """What a request said."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer. `cut` sends so many bytes of the body and closes; `stall` never answers; `reset` hangs up."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    stall: bool = False
    reset: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answering = Callable[[Seen], Reply]


class Server:
    """Answers by a function; replies put into `queue` come first, one a request."""

    def __init__(self, answering: Answering) -> None:
        self.answering, self.queue = answering, list[Reply]()
        self.seen: list[Seen] = []
        self.ended = threading.Event()
        self.date: str | None = None
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length", 0))
                seen = Seen(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                server.seen.append(seen)
                self.answer(server.queue.pop(0) if server.queue else server.answering(seen))

            do_POST = do_GET

            def answer(self, reply: Reply) -> None:
                self.close_connection = True
                if reply.stall:
                    server.ended.wait(30)
                if reply.stall or reply.reset:
                    self.connection.close()
                    return
                content = reply.content
                self.send_response_only(reply.status)
                if server.date is not None:
                    self.send_header("Date", server.date)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(content[: reply.cut])
                except ConnectionError:
                    self.close_connection = True  # whoever asked has heard enough

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler


@contextmanager
def serving(answering: Answering) -> Iterator[Server]:
    server = Server(answering)
    try:
        yield server
    finally:
        server.close()
