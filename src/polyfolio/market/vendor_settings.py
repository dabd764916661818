"""What a vendor's HTTP interface looks like, as configuration: address, who asks, pages, fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, field_validator, model_validator

from polyfolio.market.columns import REQUIRED
from polyfolio.market.secret import PLACES
from polyfolio.rules.fields import FROZEN_LIST, Section, key, problem
from polyfolio.rules.problems import Origin, Problem, build, refuse
from polyfolio.rules.yamlfile import read

Texts = Annotated[tuple[str, ...], FROZEN_LIST]
USED = "market/vendor"

NEEDS = {
    "none": (),
    "header": ("name", "api_key"),
    "query": ("name", "api_key"),
    "bearer": ("api_key",),
    "hmac": ("name", "api_key", "secret", "time_name", "signature_name", "payload"),
    "oauth2": ("api_key", "secret", "token_url"),
}
MAPPED = ("timestamp", *REQUIRED, "bid", "ask", "dividends", "splits", "adj_close")
SLOTS = ("symbol", "interval", "start", "end", "limit")


def _place(value: object) -> object:
    """A secret's place; what stands there instead may be the secret, so that no message repeats it."""
    if value == "" or (isinstance(value, str) and re.fullmatch(r"(env|file):\S.*", value)):
        return value
    raise problem("****", f"written {PLACES}", "Move the secret there and write its place.")


Place = Annotated[str, BeforeValidator(_place)]


class AuthSettings(Section):
    """How a request shows who asks."""

    kind: Literal["none", "header", "query", "bearer", "hmac", "oauth2"] = key(
        "none", "How a request shows who asks.", example="bearer", used=USED
    )
    api_key: Place = key("", f"The key or client id, {PLACES}.", example="env:SYS1_KEY", used=USED)
    secret: Place = key("", "The signing or client secret, in the same way.", example="env:SYS1_SECRET", used=USED)
    name: str = key("", "Name of the header or query value of the key.", example="X-API-KEY", used=USED)
    place: Literal["header", "query", "body"] = key(
        "header", "Where key, time and signature stand; body is for client credentials.", example="query", used=USED
    )
    time_name: str = key("", "Header or query value of the time.", example="X-TIMESTAMP", used=USED)
    time_unit: Literal["s", "ms", "us", "ns"] = key("ms", "Unit of that time.", example="s", used=USED)
    signature_name: str = key("", "Header or query value of the signature.", example="X-SIGN", used=USED)
    payload: str = key(
        "",
        "What is signed; {timestamp}, {method}, {path}, {query}, {body} and {key} are filled in.",
        example="{timestamp}{method}{path}{query}",
        used=USED,
    )
    digest: Literal["sha256", "sha384", "sha512"] = key("sha256", "Digest of HMAC.", example="sha512", used=USED)
    encoding: Literal["hex", "base64"] = key("hex", "How the signature is written.", example="base64", used=USED)
    token_url: str = key("", "Where client credentials get a token.", example="https://vendor.example/token", used=USED)
    scope: str = key("", "Scope asked for with the token.", example="bars", used=USED)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        for name in NEEDS[self.kind]:
            if not getattr(self, name):
                yield Problem((name,), None, f"given with kind: {self.kind}", "Add it.")
        if self.place == "body" and self.kind != "oauth2":
            yield Problem(("place",), self.place, "header or query", "Only client credentials stand in a body.")


class PageSettings(Section):
    """How one answer leads to the next."""

    kind: Literal["none", "page", "cursor", "link", "time"] = key(
        "none",
        "none: one answer has all; page: numbered pages; cursor: a word from the answer; link: an address from the "
        "answer; time: the next page starts after the last row.",
        example="cursor",
        used=USED,
    )
    parameter: str = key("", "Query value of the page or the cursor.", example="page", used=USED)
    first: int = key(1, "Number of the first page.", example=0, ge=0, used=USED)
    next: str = key("", "Where the cursor or the link stands in the answer.", example="meta.next", used=USED)
    limit: int | None = key(None, "Rows asked for in one answer, for {limit}.", example=1000, ge=1, used=USED)
    most: int = key(10_000, "Pages after which a fetch is given up.", example=100, ge=1, used=USED)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        needs = {"page": ("parameter",), "cursor": ("parameter", "next"), "link": ("next",)}.get(self.kind, ())
        bound = f"given with kind: {self.kind}"
        refuse(Problem((name,), None, bound, "Add it.") for name in needs if not getattr(self, name))
        return self


class ErrorSettings(Section):
    """How an answer says that something is wrong."""

    status: Annotated[tuple[int, ...], FROZEN_LIST] = key((), "Statuses that mean it.", example=[404], used=USED)
    field: str = key("", "Where the answer says it.", example="error.code", used=USED)
    values: Texts = key((), "What stands there then; empty for anything.", example=["NO_SYMBOL"], used=USED)


class VendorSettings(Section):
    """A vendor of bars over HTTP with JSON answers."""

    name: str = key(..., "Name of the source, in findings and errors.", example="sys1", min_length=1, used=USED)
    base_url: str = key(..., "Address, https.", example="https://api.vendor.example/v1", min_length=1, used=USED)
    path: str = key(..., "Path of the bars; slots as in query.", example="/bars/{symbol}", min_length=1, used=USED)
    query: dict[str, str] = key(
        {},
        "Query values; {symbol}, {interval}, {start}, {end} and {limit} are filled in.",
        example={"from": "{start}", "to": "{end}", "tf": "{interval}"},
        used=USED,
    )
    headers: dict[str, str] = key({}, "Headers, without secrets.", example={"X-Feed": "consolidated"}, used=USED)
    auth: AuthSettings = key(AuthSettings(), "How a request shows who asks.", example={"kind": "none"}, used=USED)
    pages: PageSettings = key(PageSettings(), "How answers follow each other.", example={"kind": "time"}, used=USED)
    rows: str = key("", "Where the rows stand in the answer; empty for its top.", example="data.bars", used=USED)
    lacks_rows: bool = key(
        False, "true: an answer without that key has no rows; false: it is refused.", example=True, used=USED
    )
    columns: bool = key(False, "true: the answer has one list per field.", example=True, used=USED)
    fields: dict[str, str] = key(
        ..., "Our field: its name in a row, or its position.", example={"timestamp": "t", "close": "c"}, used=USED
    )
    times: Literal["s", "ms", "us", "ns", "iso", "date"] = key(
        "ms", "How {start} and {end} are written.", unit="UTC", example="iso", used=USED
    )
    timezone: str | None = key(None, "Zone of text times without one.", example="America/New_York", used=USED)
    stamps: Literal["open", "close"] = key(
        "open", "Whether rows are stamped with the bar's opening or its close.", example="close", used=USED
    )
    calendar: str = key("24/7", "Calendar of the bars.", example="XNYS", used=USED)
    intervals: dict[str, str] = key(
        {}, "The vendor's words for lengths of bars; empty for our own.", example={"1h": "60"}, used=USED
    )
    symbols: dict[str, str] = key(
        {}, "The vendor's spelling of symbols, where it differs.", example={"BTC/USDT": "BTCUSDT"}, used=USED
    )
    unknown: ErrorSettings = key(
        ErrorSettings(status=(404,)), "How it says that it knows no such symbol.", example={"status": [404]}, used=USED
    )
    failure: ErrorSettings = key(
        ErrorSettings(), "How it says in a body with status 200 that it failed.", example={"field": "error"}, used=USED
    )
    empty: Literal["refuse", "leave out"] = key(
        "refuse", "What becomes of a row without any price.", example="leave out", used=USED
    )
    rate: float | None = key(None, "Most requests a second.", unit="1/s", example=5.0, gt=0.0, used=USED)
    delay: float = key(
        0.0, "Seconds after a close until the vendor has the bar.", unit="s", example=900.0, ge=0.0, used=USED
    )

    @field_validator("fields", mode="before")
    @classmethod
    def _positions(cls, value: Any) -> Any:
        """Positions may be written as numbers."""
        if not isinstance(value, dict):
            return value
        return {name: str(at) if isinstance(at, int) and not isinstance(at, bool) else at for name, at in value.items()}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        for name in self.fields:
            if name not in MAPPED:
                yield Problem(("fields", name), self.fields[name], "one of " + ", ".join(MAPPED), "Correct the field.")
        for name in ("timestamp", *REQUIRED):
            if name not in self.fields and name != "volume":
                yield Problem(("fields", name), None, "mapped", "Say where the row has it.")
        for at, text in (("path", self.path), *((f"query.{name}", text) for name, text in self.query.items())):
            for slot in re.findall(r"{(\w*)}", text):
                if slot not in SLOTS:
                    yield Problem((at,), text, "slots of " + ", ".join(SLOTS), "Correct the slot.")
        if "{symbol}" not in self.path + "".join(self.query.values()):
            yield Problem(("path",), self.path, "with {symbol}, there or in query", "Say where the symbol goes.")
        if self.pages.kind == "time" and "{start}" not in self.path + "".join(self.query.values()):
            yield Problem(("pages", "kind"), "time", "with {start} in path or query", "Say where the start goes.")


def read_settings(path: str | PathLike[str]) -> VendorSettings:
    """The settings of a YAML file.

    Raises:
        ConfigError: every fault at once, with its line.
    """
    file = Path(path)
    data, lines = read(file)
    return build(VendorSettings, data, Origin(file.name, lines))
