"""Bars from any exchange that CCXT speaks to: pages, the exchange's own rate limit, and rows that are looked at.

CCXT answers a cut-off body with rows of None (binance) or with no rows (kraken) and raises nothing, so that each row
is looked at here, no rows count only where the answer was JSON, and the first empty page is asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market.bars import Bars, Moment
from polyfolio.market.calendar import ALWAYS
from polyfolio.market.http import date_of, seconds_to_wait
from polyfolio.market.intervals import SECOND, nanoseconds, word
from polyfolio.market.polling import polled
from polyfolio.market.received import Origin, bars_from
from polyfolio.market.retry import Clock, Patience, Transient, Watch, patiently
from polyfolio.market.secret import Secret, hidden
from polyfolio.market.span import Span, span_of
from polyfolio.market.stamps import show
from polyfolio.rules.arguments import closest

MILLISECOND = SECOND // 1000
LONGEST = 300  # characters of an exchange's own words in a message
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
SECRETS = {"api_key": "apiKey", "secret": "secret", "password": "password"}


class Ccxt:
    """Bars of one exchange through CCXT. They are public: keys are needed by few exchanges.

    Args:
        exchange: CCXT's name of it, such as "binance".
        limit: bars asked for in one page; the exchange may give fewer.
        base_url: another host for all its addresses, such as a mirror; their paths stay.
        options: further settings of CCXT's exchange class, such as {"options": {"defaultType": "swap"}}.
        api_key: place of the key, "env:NAME" or "file:PATH".
        secret: place of the secret.
        password: place of the password.
        patience: tries, waits and deadline.
        clock: time and sleep.

    Example:
        >>> Ccxt("kraken").fetch(["BTC/USD"], "2024-01-01", "2024-01-02", "1h")
    """

    streams: ClassVar[bool] = True

    def __init__(  # noqa: PLR0913 - three of them are places of secrets
        self,
        exchange: str,
        *,
        limit: int = 500,
        base_url: str | None = None,
        options: dict[str, Any] | None = None,
        api_key: str | None = None,
        secret: str | None = None,
        password: str | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.exchange, self.name, self.limit = exchange, f"ccxt:{exchange}", limit
        self.base_url = base_url
        self.options = options or {}
        places = {"api_key": api_key, "secret": secret, "password": password}
        self.secrets = {name: Secret(place) for name, place in places.items() if place is not None}
        self.patience, self.clock = patience or Patience(), clock or Clock()
        self._venue: Any = None
        self._skew = 0

    @property
    def identity(self) -> str:
        """The exchange, its host and its options: a default of swaps answers another market under the same symbol."""
        return f"{self.name} {self.base_url} {json.dumps(self.options, sort_keys=True, default=repr)}"

    def venue(self) -> Any:
        """CCXT's exchange, with its markets loaded.

        Raises:
            ConfigError: CCXT is not installed, or has no such exchange or no bars of it.
        """
        if self._venue is None:
            venue = self._made()
            watch = Watch(self.patience, self.clock)
            self._call(venue, watch, "markets", venue.load_markets)
            self._venue = venue
        return self._venue

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, both included; symbols in CCXT's spelling, "BTC/USDT".

        Raises:
            ConfigError: credentials are refused.
            DataError: a symbol or an interval the exchange does not have.
            RetryError: the exchange stays silent, busy or broken until patience ends.
        """
        span = span_of(start, end, nanoseconds(interval), ALWAYS)
        return {symbol: self._one(symbol, span, interval) for symbol in symbols}

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        """Each bar once it has closed."""
        return polled(self, symbols, interval, clock=self.clock, delay=1.0)

    def _made(self) -> Any:
        ccxt = _ccxt()
        if self.exchange not in ccxt.exchanges:
            raise ConfigError("exchange", self.exchange, "one CCXT knows", closest(self.exchange, ccxt.exchanges))
        keys = {SECRETS[name]: secret.reveal() for name, secret in self.secrets.items()}
        # Retries are ours: CCXT's own option would send orders again too.
        given = {"enableRateLimit": True, **self.options, **keys}
        venue = getattr(ccxt, self.exchange)(given)
        venue.options["maxRetriesOnFailure"] = 0
        if self.base_url is not None:
            venue.urls["api"] = _moved(venue.urls["api"], self.base_url)
        if not venue.has.get("fetchOHLCV"):
            raise ConfigError("exchange", self.exchange, "one that gives bars (fetchOHLCV)", "Choose another one.")
        return venue

    def _one(self, symbol: str, span: Span, interval: str) -> Bars:
        venue = self.venue()
        if symbol not in venue.markets:
            raise DataError("symbol", symbol, f"a market of {self.exchange}", closest(symbol, venue.markets))
        frame = _timeframe(venue, span.length)
        watch = Watch(self.patience, self.clock)
        rows = self._rows(venue, watch, symbol, frame, span)
        columns = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}
        return bars_from(columns, Origin(self.name, symbol, interval), span, self._utc())

    def _rows(self, venue: Any, watch: Watch, symbol: str, frame: str, span: Span) -> list[list[Any]]:
        """Rows of all pages. The first empty page is asked for once more; empty ones are stepped over as halts."""
        rows: list[list[Any]] = []
        since, last = span.opens, min(span.last, self._utc()) - span.length
        asked_again = False
        while since <= last:
            page = self._page(venue, watch, symbol, frame, since)
            if not page and not asked_again:
                asked_again = True
                continue
            asked_again = not page
            newest = max((int(row[0]) for row in page), default=0) * MILLISECOND
            if page and newest < since:
                name, bound = f"pages of {self.name} for {symbol}", f"rows from {show(since)} on"
                raise DataError(name, show(newest), bound, "The exchange does not reach there: ask for another span.")
            rows += page
            since = newest + span.length if page else since + self.limit * span.length
        if not rows and span.opens <= last and not self._page(venue, watch, symbol, frame, None):
            name = f"{self.name}, bars of {symbol}"
            raise RetryError(name, "none of any time", "some, of a market it lists", "Ask later, or leave it out.")
        return rows

    def _page(self, venue: Any, watch: Watch, symbol: str, frame: str, since: int | None) -> list[list[Any]]:
        begin = None if since is None else -(-since // MILLISECOND)

        def ask() -> list[list[Any]]:
            rows = venue.fetch_ohlcv(symbol, frame, since=begin, limit=self.limit)
            for number, row in enumerate(rows):
                if not isinstance(row, (list, tuple)) or len(row) < 6 or any(value is None for value in row[:5]):
                    raise Transient(f"row {number} of {symbol} is {row!r}: the answer was cut off")
            if not rows and not _is_json(venue.last_http_response):
                raise Transient(f"no rows of {symbol}, from an answer that is no JSON: it was cut off or is a page")
            return [list(row) for row in rows]

        rows: list[list[Any]] = self._call(venue, watch, f"bars of {symbol}", ask)
        return rows

    def _call(self, venue: Any, watch: Watch, what: str, ask: Any) -> Any:
        """One question, asked with patience; what CCXT raises becomes ours."""
        errors = _ccxt()

        def once() -> Any:
            venue.timeout = int(watch.timeout * 1000)
            venue.last_response_headers = None
            try:
                found = ask()
            except errors.BadSymbol as error:
                raise DataError("symbol", what, f"a market of {self.exchange}", f"{self._hidden(error)}.") from None
            except errors.AuthenticationError as error:
                places = ", ".join(secret.place for secret in self.secrets.values()) or "none given"
                bound = f"ones {self.exchange} accepts"
                raise ConfigError("credentials", self._hidden(error), bound, f"Check them: {places}.") from None
            except errors.OperationFailed as error:
                found = f"{type(error).__name__}: {self._hidden(error)}"
                raise Transient(found, _retry_after(venue, self._utc())) from None
            except errors.BaseError as error:
                remedy = f"{self.exchange} said {type(error).__name__}."
                raise DataError(f"{self.name}, {what}", self._hidden(error), "a request it accepts", remedy) from None
            self._learn_skew(venue)
            return found

        return patiently(once, f"{self.name}, {what}", watch)

    def _hidden(self, error: Exception) -> str:
        return hidden(str(error), [secret.reveal() for secret in self.secrets.values()])[:LONGEST]

    def _utc(self) -> int:
        """Now, by their clock where it is 2 seconds off ours or more."""
        return self.clock.utc() + self._skew

    def _learn_skew(self, venue: Any) -> None:
        theirs = date_of(str(_headers(venue).get("date", "")))
        if theirs is not None:
            ahead = theirs - self.clock.utc()
            self._skew = ahead if abs(ahead) >= 2 * SECOND else 0


def _is_json(text: Any) -> bool:
    try:
        json.loads(str(text))
    except ValueError:
        return False
    return True


def _moved(addresses: Any, base_url: str) -> Any:
    """Addresses, nested as CCXT nests them, with another host."""
    if isinstance(addresses, dict):
        return {name: _moved(inner, base_url) for name, inner in addresses.items()}
    base = urlsplit(base_url)
    return urlsplit(addresses)._replace(scheme=base.scheme, netloc=base.netloc).geturl()


def _headers(venue: Any) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in (venue.last_response_headers or {}).items()}


def _retry_after(venue: Any, now: int) -> float | None:
    return seconds_to_wait(str(_headers(venue).get("retry-after", "")), now)


def _timeframe(venue: Any, length: int) -> str:
    """The exchange's word for a length of bars."""
    frames = {venue.parse_timeframe(frame) * SECOND: frame for frame in venue.timeframes or {}}
    if length not in frames:
        bound = f"one {venue.id} has: " + ", ".join(frames.values())
        raise DataError("interval", word(length), bound, "Fetch a shorter one and resample it.")
    return str(frames[length])


def _ccxt() -> Any:
    try:
        import ccxt  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("ccxt", None, "installed", "Install the extra: pip install 'polyfolio[live]'.") from error
    return ccxt
