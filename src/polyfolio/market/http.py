"""HTTP for sources: one place that sends, limits, classifies and retries, and shows no secret.

A redirect is refused, an answer has a largest size and a deadline, and an address without TLS must be this machine:
a key in a header goes to the host the user named and to no other.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from polyfolio.errors import ConfigError
from polyfolio.market.deadline import Within
from polyfolio.market.intervals import SECOND
from polyfolio.market.retry import Clock, Patience, Transient, Watch, patiently
from polyfolio.market.secret import hidden

Found = TypeVar("Found")

LARGEST = 256 * 2**20
PIECE = 2**16
PASSING = (408, 418, 421, 423, 425, 429)  # and every 5xx: asking again may help
REFUSED = (401, 403)
EXCERPT = 160


@dataclass(frozen=True)
class Request:
    """One question.

    Attributes:
        url: address without its query.
        query: names and values, in order.
        headers: names and values.
        method: "GET" or "POST".
        body: what a POST carries.
    """

    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""

    @property
    def encoded(self) -> str:
        """The query as it stands in the address."""
        return urlencode(self.query)

    def with_headers(self, **headers: str) -> Request:
        """The request with more headers; names are written with underscores for hyphens."""
        more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return replace(self, headers=(*self.headers, *more))


@dataclass(frozen=True)
class Answer:
    """What came back, in full.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: decoded where it came compressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def excerpt(self) -> str:
        """The first words of the body, without tags."""
        text = self.body[: 8 * EXCERPT].decode("utf-8", errors="replace")
        return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:EXCERPT]

    def data(self) -> Any:
        """The body as JSON.

        Raises:
            Transient: it is cut off, empty, HTML or something else, whatever the status said.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            page = self.body.lstrip()[:1] == b"<" or "html" in self.headers.get("content-type", "")
            kind = "HTML" if page else "JSON that is cut off or broken" if self.body.strip() else "an empty body"
            raise Transient(f"status {self.status} with {kind}: {self.excerpt()!r} ({error})") from None


class Refusal(Exception):  # noqa: N818 - it goes no further than this file and its caller
    """Credentials were refused; the answer says how.

    Args:
        answer: with status 401 or 403.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.excerpt())


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Http:
    """Sends requests one after the other.

    Args:
        patience: tries, waits and deadline.
        clock: time and sleep.
        rate: most requests a second; None for no bound.
        largest: most bytes of an answer, as it comes and unpacked.
        secrets: gives the values that no message may show.
    """

    def __init__(
        self,
        *,
        patience: Patience | None = None,
        clock: Clock | None = None,
        rate: float | None = None,
        largest: int = LARGEST,
        secrets: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self.patience, self.clock = patience or Patience(), clock or Clock()
        self.rate, self.largest, self.secrets = rate, largest, secrets
        self.skew = 0  # nanoseconds their clock is ahead of ours, by the last answer's own date
        self._next = float("-inf")

    def watch(self) -> Watch:
        """A deadline that begins now."""
        return Watch(self.patience, self.clock)

    def utc(self) -> int:
        """Nanoseconds since 1970 by their clock, as far as their answers tell it."""
        return self.clock.utc() + self.skew

    def ask(self, make: Callable[[], Request], read: Callable[[Answer], Found], watch: Watch) -> Found:
        """What `read` makes of an answer, asked for until it is one.

        Args:
            make: gives the request, signed anew for each try.
            read: may raise Transient, for an answer that is none.
            watch: the deadline.

        Raises:
            RetryError: patience ended.
            ConfigError: the address is refused.
            Refusal: status 401 or 403.
        """
        shown = self._hide(urlsplit(make().url)._replace(query="").geturl())

        def once() -> Found:
            try:
                return read(self._once(make(), watch))
            except Transient as failure:
                raise Transient(self._hide(failure.found), failure.wait) from None

        return patiently(once, shown, watch)

    def _hide(self, text: str) -> str:
        return hidden(text, self.secrets())

    def _once(self, request: Request, watch: Watch) -> Answer:
        self._wait_for_turn()
        answer = self._answer(request, watch)
        self._learn_skew(answer)
        if answer.status in REFUSED:
            raise Refusal(answer)
        if 300 <= answer.status < 400:
            target = self._hide(answer.headers.get("location", "nowhere"))
            bound = "an address that answers itself, without redirect"
            raise ConfigError("base_url", self._hide(request.url), bound, f"It leads to {target}: name that one.")
        if answer.status in PASSING or answer.status >= 500:
            raise Transient(
                f"status {answer.status}: {answer.excerpt()!r}",
                seconds_to_wait(answer.headers.get("retry-after", ""), self.utc()),
            )
        return answer

    def _wait_for_turn(self) -> None:
        if self.rate is None:
            return
        now = self.clock.now()
        if now < self._next:
            self.clock.sleep(self._next - now)
        self._next = max(now, self._next) + 1.0 / self.rate

    def _answer(self, request: Request, watch: Watch) -> Answer:
        address = request.url + (f"?{request.encoded}" if request.query else "")
        local = refuse_open_address(request.url)
        proxies = urllib.request.ProxyHandler({} if local else None)
        opener = urllib.request.build_opener(_NoRedirect(), proxies, Within(watch))
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **dict(request.headers)}
        asked = urllib.request.Request(  # noqa: S310 - refuse_open_address has looked at the scheme
            address, data=request.body or None, headers=headers, method=request.method
        )
        try:
            with opener.open(asked, timeout=watch.timeout) as response:
                return self._read(response, watch)
        except urllib.error.HTTPError as error:
            with error:
                return self._read(error, watch)
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                bound = "a host with a certificate that can be checked"
                raise ConfigError("base_url", request.url, bound, f"{error.reason.verify_message}.") from None
            raise Transient(f"no connection: {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Transient(f"connection lost: {type(error).__name__} {printable(error)}".strip()) from error

    def _read(self, response: Any, watch: Watch) -> Answer:
        """The whole body, or Transient: too slow or cut off. `read` would return the bytes of a cut-off body."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        pieces, size = [], 0
        while piece := response.read1(PIECE):
            pieces.append(piece)
            size += len(piece)
            self._refuse_size(size)
            if watch.left <= 0.0:
                raise Transient(f"{size} bytes and no end before the deadline")
        length = headers.get("content-length", "")
        if length.isdigit() and size < int(length):
            raise Transient(f"the body was cut off after {size} of {length} bytes")
        body = b"".join(pieces)
        if headers.get("content-encoding", "").lower() == "gzip":
            body = self._unpacked(body)
        return Answer(int(response.status), headers, body)

    def _unpacked(self, body: bytes) -> bytes:
        unpack = zlib.decompressobj(wbits=31)
        try:
            plain = unpack.decompress(body, self.largest + 1)
        except zlib.error as error:
            raise Transient(f"a compressed body that is broken ({error})") from None
        self._refuse_size(len(plain))
        if not unpack.eof:
            raise Transient("the compressed body was cut off")
        return plain

    def _refuse_size(self, size: int) -> None:
        if size > self.largest:
            bound = f"at most {self.largest} bytes"
            raise ConfigError("answer", f"more than {self.largest} bytes", bound, "Ask for smaller pages.")

    def _learn_skew(self, answer: Answer) -> None:
        """Their clock by the Date header. It has whole seconds, so less than 2 seconds say nothing."""
        theirs = date_of(answer.headers.get("date", ""))
        if theirs is not None:
            ahead = theirs - self.clock.utc()
            self.skew = ahead if abs(ahead) >= 2 * SECOND else 0


def printable(error: Exception) -> str:
    """What an error says, without the signs no terminal shows: it may repeat what the other side sent."""
    return "".join(sign if sign.isprintable() else " " for sign in str(error)[:EXCERPT]).strip()


def refuse_open_address(url: str) -> bool:
    """Whether an address is this machine's own. Any other needs TLS.

    Raises:
        ConfigError: neither.
    """
    parts = urlsplit(url)
    try:
        local = ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = parts.hostname == "localhost"
    if parts.hostname is None or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not local):
        raise ConfigError("base_url", url, "an https address", "Keys and prices do not travel without TLS.")
    return local


def seconds_to_wait(text: str, now: int) -> float | None:
    """Seconds of a Retry-After header, written in seconds or as a date; None where it says neither."""
    text = text.strip()
    if text.isdigit():
        return float(text)
    moment = date_of(text)
    return None if moment is None else max((moment - now) / SECOND, 0.0)


def date_of(text: str) -> int | None:
    """Nanoseconds of a date as headers write it; None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * SECOND
