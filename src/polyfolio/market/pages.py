"""From an answer to the next: numbered pages, cursors, links, times. A vendor that repeats itself is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from polyfolio.errors import DataError
from polyfolio.market.http import Request
from polyfolio.market.intervals import DAY, SECOND
from polyfolio.market.received import Origin, moments
from polyfolio.market.stamps import show
from polyfolio.market.vendor_settings import VendorSettings

# The next time after a row, in each way times are written.
STEPS = {"s": SECOND, "ms": SECOND // 1000, "us": SECOND // 10**6, "ns": 1, "iso": SECOND, "date": DAY}

Columns = dict[str, list[Any]]


@dataclass
class Page:
    """Where a fetch stands.

    Attributes:
        number: answers so far.
        cursor: the last one followed; None before the first.
        columns: fields of all answers so far, as they came.
        last: fields of the last answer.
    """

    number: int = 0
    cursor: str | None = None
    columns: Columns = field(default_factory=dict)
    last: Columns = field(default_factory=dict)

    def add(self, columns: Columns) -> None:
        """Keep the fields of one more answer."""
        self.number += 1
        self.last = columns
        for name, values in columns.items():
            self.columns.setdefault(name, []).extend(values)


def at(data: Any, path: str) -> Any:
    """What stands at a dotted path, None where the path ends early; numbers are positions in lists."""
    for part in path.split(".") if path else ():
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, Sequence) and not isinstance(data, str) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def columns_of(data: Any, settings: VendorSettings, symbol: str) -> Columns:
    """The mapped fields of one answer, each a list.

    Raises:
        DataError: the rows do not stand where the settings say, or a row has another shape.
    """
    found = at(data, settings.rows)
    where = f"rows of the answer of {settings.name} for {symbol}"
    if found is None and settings.rows and (settings.lacks_rows or _is_null(data, settings.rows)):
        return {name: [] for name in settings.fields}
    if settings.columns:
        return _by_column(found, settings, where)
    if not isinstance(found, list):
        keys = ", ".join(map(str, data))[:160] if isinstance(data, Mapping) else type(data).__name__
        raise DataError(
            where, type(found).__name__, f"a list at {settings.rows!r}; here are: {keys}", "Correct `rows`."
        )
    columns: Columns = {name: [] for name in settings.fields}
    for number, row in enumerate(found):
        if not isinstance(row, (dict, list)):
            raise DataError(f"{where}, row {number}", row, "a row of fields", "Correct `rows`, or ask the vendor.")
        for name, place in settings.fields.items():
            value = at(row, place)
            if value is None and name == "timestamp":
                raise DataError(f"{where}, row {number}", row, f"with its time at {place!r}", "Correct `fields`.")
            columns[name].append(value)
    return columns


def _is_null(data: Any, path: str) -> bool:
    """Whether a path is there and leads to null: a vendor's way to write that nothing is."""
    above, _, name = path.rpartition(".")
    holder = at(data, above)
    return isinstance(holder, Mapping) and name in holder


def _by_column(found: Any, settings: VendorSettings, where: str) -> Columns:
    columns = {name: at(found, place) for name, place in settings.fields.items()}
    count = len(columns["timestamp"]) if isinstance(columns["timestamp"], list) else -1
    for name, values in columns.items():
        if not isinstance(values, list) or len(values) != count:
            shown = len(values) if isinstance(values, list) else type(values).__name__
            bound = f"a list of {max(count, 0)} values, as timestamp" if count >= 0 else "a list of values"
            raise DataError(f"{where}, {name}", shown, bound, "Correct `fields`, or ask the vendor.")
    return columns


class Pages:
    """The requests of one fetch, each made from the answer before it.

    Args:
        settings: of the vendor.
        make: the request for bars stamped from a time on.
        span: first and last stamp wanted, nanoseconds.
        origin: of the rows, for their times and for messages.
    """

    def __init__(
        self, settings: VendorSettings, make: Callable[[int], Request], span: tuple[int, int], origin: Origin
    ) -> None:
        self.settings, self.make, self.origin = settings, make, origin
        self.start, self.end = span
        self.request = make(self.start)

    def first(self) -> Request:
        """The request to begin with."""
        own = self.settings.pages
        return self._with(own.parameter, str(own.first)) if own.kind == "page" else self.request

    def next(self, page: Page, data: Any) -> Request | None:
        """The request after an answer whose fields `page` has already; None after the last one.

        Raises:
            DataError: the vendor repeats itself, leads elsewhere, or has more pages than allowed.
        """
        own = self.settings.pages
        stamps = page.last["timestamp"]
        if own.kind == "none" or (own.kind in ("page", "time") and not stamps):
            return None
        if page.number >= own.most:
            raise self._refusal(page.number, f"at most {own.most} pages", "Ask for a shorter span, or raise most.")
        if own.kind == "page":
            return self._with(own.parameter, str(own.first + page.number))
        if own.kind == "time":
            return self._later(stamps)
        cursor = at(data, own.next)
        if cursor in (None, "", False):
            return None
        if str(cursor) == page.cursor:
            raise self._refusal(cursor, "another cursor than the page before", "Correct pages.next.")
        page.cursor = str(cursor)
        return self._linked(str(cursor)) if own.kind == "link" else self._with(own.parameter, str(cursor))

    def _later(self, stamps: list[Any]) -> Request | None:
        """From the last row on. It need not stand last: some vendors answer the newest row first."""
        start = int(moments(stamps, self.origin).max()) + STEPS[self.settings.times]
        if start <= self.start:
            raise self._refusal(show(start), f"rows after {show(self.start)}", "The vendor ignores {start}.")
        self.start = start
        return self.make(start) if start <= self.end else None

    def _with(self, name: str, value: str) -> Request:
        kept = tuple(item for item in self.request.query if item[0] != name)
        return replace(self.request, query=(*kept, (name, value)))

    def _linked(self, link: str) -> Request:
        """The request of a link; it must stay at the vendor's own address, since keys go with it."""
        parts = urlsplit(urljoin(self.request.url, link))
        here = urlsplit(self.settings.base_url)
        if (parts.scheme, parts.netloc) != (here.scheme, here.netloc):
            bound = f"an address at {here.scheme}://{here.netloc}"
            raise self._refusal(parts._replace(query="").geturl(), bound, "Keys do not follow links to other hosts.")
        address = parts._replace(query="", fragment="").geturl()
        return replace(self.request, url=address, query=tuple(parse_qsl(parts.query, keep_blank_values=True)))

    def _refusal(self, found: object, bound: str, remedy: str) -> DataError:
        return DataError(f"pages of {self.settings.name} for {self.origin.symbol}", found, bound, remedy)


def refuse_repeated(page: Page, columns: Columns, settings: VendorSettings, symbol: str) -> None:
    """Refuse a page that is the one before it: the vendor does not know the parameter, and would go on for ever."""
    if columns.get("timestamp") and columns["timestamp"] == page.last.get("timestamp"):
        name = f"pages of {settings.name} for {symbol}"
        bound = "other rows than the page before"
        raise DataError(
            name, f"page {page.number + 1} again", bound, "Correct pages: the vendor ignores its parameter."
        )


def pairs(values: Mapping[str, str], slots: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Query values with their slots filled in."""
    for name, text in values.items():
        yield name, filled(text, slots)


def filled(text: str, slots: Mapping[str, str]) -> str:
    """A text with its slots filled in."""
    for name, value in slots.items():
        text = text.replace("{" + name + "}", value)
    return text
