"""Bars from a vendor's HTTP interface, described by configuration: who asks, pages, fields, errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from os import PathLike
from typing import Any, ClassVar
from urllib.parse import quote

from polyfolio.errors import ConfigError, DataError
from polyfolio.market.auth import UNITS, Auth, auth_of
from polyfolio.market.bars import Bars, Moment
from polyfolio.market.http import Answer, Http, Refusal, Request
from polyfolio.market.intervals import SECOND, nanoseconds
from polyfolio.market.pages import Columns, Page, Pages, at, columns_of, filled, pairs, refuse_repeated
from polyfolio.market.polling import polled
from polyfolio.market.received import Origin, bars_from
from polyfolio.market.retry import Clock, Patience, Transient, Watch
from polyfolio.market.secret import hidden
from polyfolio.market.span import Span, span_of
from polyfolio.market.vendor_settings import ErrorSettings, VendorSettings, read_settings
from polyfolio.rules.arguments import closest


class Vendor:
    """A source of bars behind an HTTP interface.

    Args:
        settings: of the vendor, or the path of their YAML file.
        patience: tries, waits and deadline.
        clock: time and sleep.

    Example:
        >>> Vendor("sys1.yaml").fetch(["AAPL"], "2024-01-02", "2024-01-31", "1h")["AAPL"].findings
    """

    streams: ClassVar[bool] = True

    def __init__(
        self,
        settings: VendorSettings | str | PathLike[str],
        *,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings if isinstance(settings, VendorSettings) else read_settings(settings)
        self.name = self.settings.name
        self.auth: Auth = auth_of(self.settings.auth)
        self.http = Http(patience=patience, clock=clock, rate=self.settings.rate, secrets=self.auth.secrets)

    @property
    def identity(self) -> str:
        """Every setting, so that a corrected one asks anew; secrets are their places there."""
        return self.settings.model_dump_json()

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, both included.

        Raises:
            ConfigError: credentials or the address are refused.
            DataError: a symbol nobody knows, an answer of another shape.
            RetryError: the vendor stays silent, busy or broken until patience ends.
        """
        span = span_of(start, end, nanoseconds(interval), self.settings.calendar)
        return {symbol: self._one(symbol, span, interval) for symbol in symbols}

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        """Each bar once it has closed, asked for `delay` seconds after the close."""
        return polled(self, symbols, interval, clock=self.http.clock, delay=self.settings.delay)

    def _one(self, symbol: str, span: Span, interval: str) -> Bars:
        own = self.settings
        watch = self.http.watch()
        origin = Origin(own.name, symbol, interval, own.stamps == "open", own.timezone, own.empty == "leave out")
        reach = (span.opens, span.last)
        pages = Pages(own, lambda begin: self._request(symbol, interval, begin, span.last), reach, origin)
        page = Page()
        request: Request | None = pages.first()
        while request is not None:
            data, columns = self._answer(request, symbol, watch)
            refuse_repeated(page, columns, own, symbol)
            page.add(columns)
            request = pages.next(page, data)
        bars = bars_from(page.columns, origin, span, self.http.utc())
        return bars.found(*self._remarks(page))

    def _remarks(self, page: Page) -> Iterator[str]:
        own = self.settings.pages
        if own.kind == "none" and own.limit is not None and len(page.last["timestamp"]) >= own.limit:
            yield f"the answer had its full {own.limit} rows: later ones may be missing; set pages"
        if self.http.skew:
            yield f"our clock is {-self.http.skew / SECOND:+.0f} s off that of {self.name}; theirs was used"

    def _request(self, symbol: str, interval: str, begin: int, last: int) -> Request:
        own = self.settings
        if own.intervals and interval not in own.intervals:
            raise DataError(
                "interval", interval, "one of " + ", ".join(own.intervals), closest(interval, own.intervals)
            )
        slots = {
            "symbol": own.symbols.get(symbol, symbol),
            "interval": own.intervals.get(interval, interval),
            "start": written(begin, own.times),
            "end": written(last, own.times, up=True),
            "limit": "" if own.pages.limit is None else str(own.pages.limit),
        }
        path = filled(own.path, {name: quote(value, safe="") for name, value in slots.items()})
        url = own.base_url.rstrip("/") + "/" + path.lstrip("/")
        return Request(url, tuple(pairs(own.query, slots)), tuple(own.headers.items()))

    def _answer(self, request: Request, symbol: str, watch: Watch) -> tuple[Any, Columns]:
        """Data and columns of one answer; a refusal is answered with new credentials once, where there are some."""
        skew = self.http.skew
        try:
            return self._asked(request, symbol, watch)
        except Refusal as refusal:
            # A signature made with our clock may be refused for its time alone; their clock is known by now.
            if not self.auth.renew() and not (self.settings.auth.kind == "hmac" and self.http.skew != skew):
                raise self._refused(refusal.answer) from None
        try:
            return self._asked(request, symbol, watch)
        except Refusal as refusal:
            raise self._refused(refusal.answer) from None

    def _asked(self, request: Request, symbol: str, watch: Watch) -> tuple[Any, Columns]:
        self.auth.prepare(self.http, watch)
        return self.http.ask(
            lambda: self.auth.sign(request, self.http.utc()), lambda answer: self._read(answer, symbol), watch
        )

    def _read(self, answer: Answer, symbol: str) -> tuple[Any, Columns]:
        own = self.settings
        named = answer.status in own.unknown.status
        data = answer.data() if answer.status < 400 or (own.unknown.field and not named) else None
        if says(own.unknown, answer.status, data):
            found = f"status {answer.status}: {self._shown(answer)}"
            remedy = f"Correct its spelling, or map it in `symbols`; {self.name} said {found}"
            raise DataError("symbol", symbol, f"one that {self.name} knows", remedy)
        if answer.status >= 400:
            bound = "a request the vendor accepts"
            raise DataError(
                f"request to {self.name} for {symbol}", answer.status, bound, f"It said: {self._shown(answer)}"
            )
        if says(own.failure, 0, data):
            raise Transient(f"a failure with status {answer.status}: {answer.excerpt()!r}")
        return data, columns_of(data, own, symbol)

    def _shown(self, answer: Answer) -> str:
        return hidden(answer.excerpt(), self.auth.secrets())

    def _refused(self, answer: Answer) -> ConfigError:
        bound = f"credentials that {self.name} accepts"
        remedy = f"Check them at {self.auth.places()}; it said: {self._shown(answer)}"
        return ConfigError("auth", f"status {answer.status}", bound, remedy)


def says(rule: ErrorSettings, status: int, data: Any) -> bool:
    """Whether an answer says what the rule describes."""
    if status in rule.status:
        return True
    value = at(data, rule.field) if rule.field else None
    return value not in (None, "", False) if not rule.values else str(value) in rule.values


def written(stamp: int, form: str, *, up: bool = False) -> str:
    """A time as the vendor reads it; `up` rounds to the end of its unit."""
    if form == "date":
        return str(datetime.fromtimestamp(stamp // SECOND, UTC).date())
    if form == "iso":
        second = -(-stamp // SECOND) if up else stamp // SECOND
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    unit = UNITS[form]
    return str(-(-stamp // unit) if up else stamp // unit)
