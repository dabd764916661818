"""How a request shows who asks: key in a header or in the query, bearer, signature (HMAC), OAuth 2 client credentials.

Each kind signs a request at the time it is sent; secrets are read then and kept nowhere but in an access token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any, ClassVar, Protocol
from urllib.parse import urlencode, urlsplit

from polyfolio.errors import ConfigError
from polyfolio.market.http import Answer, Http, Refusal, Request
from polyfolio.market.intervals import SECOND
from polyfolio.market.retry import Transient, Watch
from polyfolio.market.secret import Secret
from polyfolio.market.vendor_settings import AuthSettings

EARLY = 30 * SECOND  # a token is renewed this long before it ends
UNITS = {"s": SECOND, "ms": SECOND // 1000, "us": SECOND // 10**6, "ns": 1}


class Auth(Protocol):
    """One kind of showing who asks."""

    def prepare(self, http: Http, watch: Watch) -> None:
        """Get ready before a request, such as by fetching a token."""
        ...

    def sign(self, request: Request, now: int) -> Request:
        """The request with what shows who asks; `now` is in nanoseconds, by their clock."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Values no message may show."""
        ...

    def places(self) -> str:
        """Where the secrets stand, for messages."""
        ...

    def renew(self) -> bool:
        """After a refusal: whether another try has something new to show."""
        ...


class Keyed:
    """A kind that needs no preparation and has nothing to renew.

    Args:
        settings: of the vendor.
    """

    held: ClassVar[tuple[str, ...]] = ("api_key",)

    def __init__(self, settings: AuthSettings) -> None:
        self.settings = settings
        self._held = {name: Secret(getattr(settings, name)) for name in self.held}

    def prepare(self, http: Http, watch: Watch) -> None:
        """Nothing to prepare."""

    def sign(self, request: Request, now: int) -> Request:  # noqa: ARG002 - only signatures need the time
        """The request as it is."""
        return request

    def secrets(self) -> tuple[str, ...]:
        """Every value that is held."""
        return tuple(secret.reveal() for secret in self._held.values())

    def places(self) -> str:
        """Every place of a value."""
        return ", ".join(secret.place for secret in self._held.values()) or "none"

    def renew(self) -> bool:
        """A key stays what it is."""
        return False

    def reveal(self, name: str) -> str:
        """One value."""
        return self._held[name].reveal()


class Open(Keyed):
    """Nobody is asked who asks."""

    held = ()


class KeyInHeader(Keyed):
    """The key in a header of its own."""

    def sign(self, request: Request, now: int) -> Request:  # noqa: ARG002
        """With the header."""
        return replace(request, headers=(*request.headers, (self.settings.name, self.reveal("api_key"))))


class KeyInQuery(Keyed):
    """The key as a value of the query."""

    def sign(self, request: Request, now: int) -> Request:  # noqa: ARG002
        """With the value."""
        return replace(request, query=(*request.query, (self.settings.name, self.reveal("api_key"))))


class Bearer(Keyed):
    """The key as a bearer token."""

    def sign(self, request: Request, now: int) -> Request:  # noqa: ARG002
        """With the header Authorization."""
        return request.with_headers(Authorization=f"Bearer {self.reveal('api_key')}")


class Signed(Keyed):
    """A signature: HMAC of a text made of the request, with key and time beside it."""

    held = ("api_key", "secret")

    def sign(self, request: Request, now: int) -> Request:
        """With key, time and signature, in headers or in the query as the settings say."""
        own = self.settings
        stamp = str(now // UNITS[own.time_unit])
        request = self._placed(request, own.name, self.reveal("api_key"))
        request = self._placed(request, own.time_name, stamp)
        parts = {
            "timestamp": stamp,
            "method": request.method,
            "path": urlsplit(request.url).path,
            "query": request.encoded,
            "body": request.body.decode(),
            "key": self.reveal("api_key"),
        }
        text = own.payload
        for name, value in parts.items():
            text = text.replace("{" + name + "}", value)
        secret = self.reveal("secret").encode()
        digest = hmac.new(secret, text.encode(), getattr(hashlib, own.digest)).digest()
        written = digest.hex() if own.encoding == "hex" else base64.b64encode(digest).decode()
        return self._placed(request, own.signature_name, written)

    def _placed(self, request: Request, name: str, value: str) -> Request:
        if self.settings.place == "query":
            return replace(request, query=(*request.query, (name, value)))
        return replace(request, headers=(*request.headers, (name, value)))


class ClientCredentials(Keyed):
    """OAuth 2 client credentials (RFC 6749, 4.4): a token fetched with id and secret, renewed before it ends."""

    held = ("api_key", "secret")

    def __init__(self, settings: AuthSettings) -> None:
        super().__init__(settings)
        self._token, self._end = "", 0

    def prepare(self, http: Http, watch: Watch) -> None:
        """Fetch a token where there is none or it ends soon."""
        if self._token and http.utc() < self._end - EARLY:
            return
        try:
            token, seconds = http.ask(self._question, _token, watch)
        except Refusal as refusal:
            raise ConfigError(
                self.places(), f"status {refusal.answer.status}", "credentials the token address accepts", "Check them."
            ) from None
        self._token, self._end = token, http.utc() + int(seconds * SECOND)

    def sign(self, request: Request, now: int) -> Request:  # noqa: ARG002
        """With the token as a bearer token."""
        return request.with_headers(Authorization=f"Bearer {self._token}")

    def secrets(self) -> tuple[str, ...]:
        """Id, secret and the token."""
        return (*super().secrets(), self._token)

    def renew(self) -> bool:
        """Forget the token; the next one may be accepted."""
        had, self._token = bool(self._token), ""
        return had

    def _question(self) -> Request:
        own = self.settings
        form = [("grant_type", "client_credentials"), *([("scope", own.scope)] if own.scope else [])]
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        name, secret = self.reveal("api_key"), self.reveal("secret")
        if own.place == "body":
            form += [("client_id", name), ("client_secret", secret)]
        else:
            basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
            headers += [("Authorization", f"Basic {basic}")]
        return Request(own.token_url, (), tuple(headers), "POST", urlencode(form).encode())


def _token(answer: Answer) -> tuple[str, float]:
    if answer.status >= 400:
        # RFC 6749, 5.2: wrong client credentials may come with status 400.
        raise Refusal(answer)
    data: Any = answer.data()
    token = data.get("access_token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not token:
        raise Transient(f"status {answer.status} without access_token")
    seconds = data.get("expires_in", 300)
    try:
        return token, float(seconds)
    except (TypeError, ValueError):
        raise Transient(f"a token whose expires_in is {seconds!r}, not a number of seconds") from None


KINDS: dict[str, type[Keyed]] = {
    "none": Open,
    "header": KeyInHeader,
    "query": KeyInQuery,
    "bearer": Bearer,
    "hmac": Signed,
    "oauth2": ClientCredentials,
}


def auth_of(settings: AuthSettings) -> Auth:
    """The kind that settings name."""
    return KINDS[settings.kind](settings)
