"""Pages: every kind gives the same bars as one answer, and a vendor that repeats itself or leads away is stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.errors import DataError, RetryError
from tests.market.network.server import Reply, Seen, serving
from tests.market.network.tools import HOUR, MONDAY, QUICK, SETTINGS, Market, hours, rows, vendor

DAYS = ("2024-01-01", "2024-01-04")
ALL = rows(MONDAY, 96)
SIZE = 10


def by_number(first: int) -> Any:
    def answering(seen: Seen) -> Reply:
        begin = (int(seen.query["page"]) - first) * SIZE
        return Reply({"data": ALL[begin : begin + SIZE]})

    return answering


def by_cursor(seen: Seen) -> Reply:
    begin = int(seen.query.get("after", "c0")[1:])
    more = f"c{begin + SIZE}" if begin + SIZE < len(ALL) else None
    return Reply({"data": ALL[begin : begin + SIZE], "meta": {"next": more}})


def by_link(seen: Seen) -> Reply:
    begin = int(seen.query.get("offset", "0"))
    more = f"{seen.path}?offset={begin + SIZE}&tf=1h" if begin + SIZE < len(ALL) else None
    return Reply({"data": ALL[begin : begin + SIZE], "links": {"next": more}})


@pytest.mark.parametrize(
    ("answering", "pages"),
    [
        (by_number(1), {"kind": "page", "parameter": "page"}),
        (by_number(0), {"kind": "page", "parameter": "page", "first": 0}),
        (by_cursor, {"kind": "cursor", "parameter": "after", "next": "meta.next"}),
        (by_link, {"kind": "link", "next": "links.next"}),
        (Market(96, SIZE), {"kind": "time", "limit": SIZE}),
    ],
)
def test_pages_give_every_bar_once(answering: Any, pages: dict[str, Any]) -> None:
    with serving(answering) as server:
        server.queue = []
        source = vendor(server, pages=pages)
        bars = source.fetch(["AAA"], *DAYS, "1h")["AAA"]
        asked = len(server.seen)
        server.queue = [Reply(status=500)]
        again = source.fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert asked >= 10
    for found in (bars, again):
        np.testing.assert_array_equal(found.times, hours(MONDAY, 96))
        np.testing.assert_array_equal(found.open, 100.0 + np.arange(96))
        assert found.findings == ()


def test_an_empty_page_ends_the_pages_and_what_is_missing_is_told() -> None:
    def answering(seen: Seen) -> Reply:
        begin = (int(seen.query["page"]) - 1) * SIZE
        return Reply({"data": ALL[begin : begin + SIZE] if begin < 50 else []})

    with serving(answering) as server:
        bars = vendor(server, pages={"kind": "page", "parameter": "page"}).fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert bars.size == 50
    assert bars.findings == ("gap: ends 2024-01-03T02:00:00Z, 46 bars before the end 2024-01-05",)


def test_pages_of_a_vendor_that_gives_fewer_rows_than_asked_go_on() -> None:
    with serving(Market(96, 7)) as server:
        bars = vendor(server, pages={"kind": "time", "limit": 500}).fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert bars.size == 96


@pytest.mark.parametrize("pages", [{"kind": "page", "parameter": "page"}, {"kind": "time"}])
def test_a_vendor_that_ignores_the_page_is_stopped(pages: dict[str, Any]) -> None:
    with serving(lambda seen: Reply({"data": ALL[:SIZE]})) as server:
        with pytest.raises(DataError, match="page 2 again"):
            vendor(server, pages=pages).fetch(["AAA"], *DAYS, "1h")
        assert len(server.seen) == 2


def test_rows_before_the_start_asked_for_do_not_lead_backwards() -> None:
    early = Reply({"data": rows(MONDAY - 99 * HOUR, 5)})
    with serving(lambda seen: early) as server, pytest.raises(DataError, match="ignores"):
        vendor(server, pages={"kind": "time"}).fetch(["AAA"], *DAYS, "1h")


def test_a_cursor_that_repeats_is_stopped() -> None:
    with serving(lambda seen: Reply({"data": [], "next": "c1"})) as server:
        pages = {"kind": "cursor", "parameter": "after", "next": "next"}
        with pytest.raises(DataError, match="another cursor"):
            vendor(server, pages=pages).fetch(["AAA"], *DAYS, "1h")


def test_more_pages_than_allowed_are_not_asked_for() -> None:
    with serving(by_number(1)) as server:
        pages = {"kind": "page", "parameter": "page", "most": 3}
        with pytest.raises(DataError, match="at most 3 pages"):
            vendor(server, pages=pages).fetch(["AAA"], *DAYS, "1h")
        assert len(server.seen) == 3


@pytest.mark.pitfall("SEC-04")
@pytest.mark.parametrize("link", ["http://elsewhere.example/next", "https://127.0.0.1/next", "//evil.example/x"])
def test_keys_do_not_follow_a_link_to_another_host(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYS1_KEY", "k-1")
    with serving(lambda seen: Reply({"data": ALL[:SIZE], "next": link})) as server:
        auth = {"kind": "bearer", "api_key": "env:SYS1_KEY"}
        with pytest.raises(DataError, match="Keys do not follow links to other hosts"):
            vendor(server, pages={"kind": "link", "next": "next"}, auth=auth).fetch(["AAA"], *DAYS, "1h")
        assert len(server.seen) == 1


def test_a_full_single_answer_is_told() -> None:
    with serving(Market(96, SIZE)) as server:
        bars = vendor(server, pages={"kind": "none", "limit": SIZE}).fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert bars.findings[0].startswith("gap: ends")
    assert bars.findings[1] == "the answer had its full 10 rows: later ones may be missing; set pages"


def test_a_page_that_fails_for_good_ends_the_fetch_and_says_so() -> None:
    with serving(by_number(1)) as server:
        good = [Reply({"data": ALL[:SIZE]}), Reply({"data": ALL[SIZE : 2 * SIZE]})]
        server.queue = [*good, *[Reply(status=502)] * QUICK.tries]
        with pytest.raises(RetryError, match="status 502"):
            vendor(server, pages={"kind": "page", "parameter": "page"}).fetch(["AAA"], *DAYS, "1h")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"pages": {"kind": "cursor", "parameter": "x"}}, "pages.next"),
        ({"pages": {"kind": "page"}}, "pages.parameter"),
        ({"pages": {"kind": "time"}, "query": {"s": "{symbol}"}, "path": "/x"}, "pages.kind"),
        ({"path": "/bars"}, "path"),
        ({"path": "/bars/{symbl}"}, "path"),
        ({"query": {"x": "{begin}"}}, "query.x"),
        ({"fields": {**SETTINGS["fields"], "vwap": "vw"}}, "fields.vwap"),
        ({"fields": {"timestamp": "t"}}, "fields.open"),
        ({"filds": {}}, "filds"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_their_key(changes: dict[str, Any], key: str) -> None:
    with serving(Market()) as server, pytest.raises(Exception, match=f"^{key}"):
        vendor(server, **changes)
