"""A vendor over HTTP: every answer it can give, good and bad, from a server on this machine."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from email.utils import formatdate

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError, PolyfolioError, RetryError
from polyfolio.market.retry import Clock, Patience
from tests.market.network.server import Reply, Seen, Server, serving
from tests.market.network.tools import DAY, HOUR, LATER, MONDAY, QUICK, Market, Still, hours, rows, vendor

DAYS = ("2024-01-01", "2024-01-02")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Market()) as made:
        yield made


def test_bars_stand_at_their_closes_with_the_values_that_came(server: Server) -> None:
    bars = vendor(server).fetch(["AAA"], *DAYS, "1h")["AAA"]
    np.testing.assert_array_equal(bars.times, hours(MONDAY, 48))
    np.testing.assert_array_equal(bars.open, 100.0 + np.arange(48))
    np.testing.assert_array_equal(bars.close, 101.0 + np.arange(48))
    assert (bars.symbol, bars.interval, bars.source, bars.findings) == ("AAA", "1h", "sys1", ())


def test_both_ends_of_the_span_are_included(server: Server) -> None:
    bars = vendor(server).fetch(["AAA"], MONDAY + 3 * HOUR, MONDAY + 5 * HOUR, "1h")["AAA"]
    np.testing.assert_array_equal(bars.times, MONDAY + HOUR * np.array([3, 4, 5]))
    assert bars.findings == ()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=500, body=b"boom"), "status 500: 'boom'"),
        (Reply(status=503), "status 503"),
        (Reply(status=429), "status 429"),
        (Reply({"data": rows(MONDAY, 48)}, cut=200), "cut off after 200 of"),
        (Reply(b'{"data": [{"t": 17040672'), "JSON that is cut off or broken"),
        (Reply(b""), "an empty body"),
        (Reply(b"<html><title>Maintenance</title></html>"), "with HTML: 'Maintenance'"),
        (Reply(b"<html>x</html>", headers={"Content-Type": "text/html"}), "status 200 with HTML"),
        (Reply(reset=True), "connection"),
        (Reply(gzip.compress(b"{}" * 999)[:-9], headers={"Content-Encoding": "gzip"}), "compressed body was cut off"),
        (Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), "compressed body that is broken"),
    ],
)
def test_a_passing_fault_is_asked_again_and_one_that_stays_is_named(server: Server, reply: Reply, said: str) -> None:
    still = Still()
    server.queue = [reply]
    assert vendor(server, still).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48
    assert len(still.slept) == 1
    assert len(server.seen) == 2
    server.queue = [reply] * QUICK.tries
    with pytest.raises(RetryError) as error:
        vendor(server).fetch(["AAA"], *DAYS, "1h")
    assert said in str(error.value)
    assert f"{server.url}/v1/bars/AAA" in str(error.value)
    assert server.queue == []


def test_waits_grow_and_vary_by_up_to_a_half(server: Server) -> None:
    still = Still()
    server.queue = [Reply(status=503)] * 3
    vendor(server, still).fetch(["AAA"], *DAYS, "1h")
    for slept, most in zip(still.slept, (0.5, 1.0, 2.0), strict=True):
        assert most / 2 <= slept <= most


@pytest.mark.parametrize("asked", ["7", formatdate(LATER / 1e9 + 7, usegmt=True)])
def test_retry_after_is_waited_for_in_seconds_and_as_a_date(server: Server, asked: str) -> None:
    still = Still()
    server.queue = [Reply(status=429, headers={"Retry-After": asked})]
    assert vendor(server, still).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48
    assert still.slept == [7.0]


def test_a_wait_beyond_the_deadline_is_told_at_once(server: Server) -> None:
    still = Still()
    server.queue = [Reply(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(RetryError, match=r"due in 3.6e\+03 s"):
        vendor(server, still).fetch(["AAA"], *DAYS, "1h")
    assert still.slept == []


def test_the_deadline_covers_all_pages_and_waits(server: Server) -> None:
    still = Still()
    server.queue = [Reply(status=503, headers={"Retry-After": "25"})] * 9
    with pytest.raises(RetryError, match="within 4 tries and 60 seconds"):
        vendor(server, still).fetch(["AAA"], *DAYS, "1h")
    assert still.slept == [25.0, 25.0]


def test_a_server_that_does_not_answer_is_given_up_after_the_timeout(server: Server) -> None:
    server.queue = [Reply(stall=True)] * 2
    patience = Patience(tries=2, wait=0.001, timeout=0.05, deadline=20.0)
    with pytest.raises(RetryError, match="timed out"):
        vendor(server, patience=patience).fetch(["AAA"], *DAYS, "1h")
    server.queue = [Reply(stall=True)]
    assert vendor(server, patience=patience).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48


def test_an_answer_that_does_not_end_is_given_up_at_the_deadline(server: Server) -> None:
    class Ticking(Still):
        def now(self) -> float:
            self.seconds += 1.0
            return self.seconds

    still = Ticking()
    server.answering = lambda seen: Reply(b" " * 2**23)
    source = vendor(server, patience=Patience(tries=1, deadline=60.0))
    source.http.clock = Clock(still.now, still.sleep, lambda: still.utc)
    with pytest.raises(RetryError, match="no end before the deadline"):
        source.fetch(["AAA"], *DAYS, "1h")
    assert still.seconds < 70


@pytest.mark.pitfall("SEC-10")
def test_an_answer_has_a_largest_size_also_unpacked(server: Server) -> None:
    source = vendor(server)
    source.http.largest = 1000
    with pytest.raises(ConfigError, match="at most 1000 bytes"):
        source.fetch(["AAA"], *DAYS, "1h")
    server.queue = [Reply(gzip.compress(b" " * 10**6), headers={"Content-Encoding": "gzip"})]
    with pytest.raises(ConfigError, match="at most 1000 bytes"):
        source.fetch(["AAA"], *DAYS, "1h")


def test_a_compressed_answer_is_read(server: Server) -> None:
    body = gzip.compress(Reply({"data": rows(MONDAY, 48)}).content)
    server.queue = [Reply(body, headers={"Content-Encoding": "gzip"})]
    assert vendor(server).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48


@pytest.mark.parametrize("value", ["abc", True, {"x": 1}, [1.0], "NaN", float("inf"), "1,5"])
def test_a_wrong_type_is_refused_with_row_symbol_and_field(server: Server, value: object) -> None:
    wrong = rows(MONDAY, 48)
    wrong[7]["h"] = value
    server.queue = [Reply({"data": wrong})]
    with pytest.raises(DataError, match=r"high \(answer of sys1 for AAA, row 7\).*finite number"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")


def test_numbers_written_as_text_are_numbers(server: Server) -> None:
    texts = [{name: str(value) for name, value in row.items()} for row in rows(MONDAY, 48)]
    server.queue = [Reply({"data": texts})]
    bars = vendor(server).fetch(["AAA"], *DAYS, "1h")["AAA"]
    np.testing.assert_array_equal(bars.close, 101.0 + np.arange(48))


@pytest.mark.parametrize("value", [None, True, 1.5, "yesterday", {}])
def test_a_wrong_time_is_refused_with_its_row(server: Server, value: object) -> None:
    wrong = rows(MONDAY, 48)
    wrong[7]["t"] = value
    server.queue = [Reply({"data": wrong})]
    with pytest.raises(DataError, match="row 7"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")


@pytest.mark.pitfall("DAT-06", "DAT-08")
def test_a_row_without_prices_is_refused_or_left_out_as_configured_and_told(server: Server) -> None:
    hollow = rows(MONDAY, 48)
    hollow[7].update(o=None, h=None, l=None, c=None)
    server.queue = [Reply({"data": hollow})] * 2
    with pytest.raises(DataError, match=r"open \(answer of sys1 for AAA, row 7\)"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")
    bars = vendor(server, empty="leave out").fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert bars.size == 47
    assert bars.findings[0] == "1 rows came without any price and were left out"
    assert bars.findings[1].startswith("gap: 1 bars of 1h missing in 1 places: 2024-01-01T07:00:00Z")


def test_a_row_with_some_prices_is_refused_either_way(server: Server) -> None:
    half = rows(MONDAY, 48)
    half[3]["l"] = None
    server.queue = [Reply({"data": half})]
    with pytest.raises(DataError, match=r"low \(answer of sys1 for AAA, row 3\)"):
        vendor(server, empty="leave out").fetch(["AAA"], *DAYS, "1h")


def test_an_unknown_symbol_is_named_and_not_asked_for_again(server: Server) -> None:
    with pytest.raises(DataError, match=r"symbol: got 'BBB', must be one that sys1 knows.*no such symbol BBB"):
        vendor(server).fetch(["BBB"], *DAYS, "1h")
    assert len(server.seen) == 1


def test_an_unknown_symbol_inside_a_body_is_found_by_configuration(server: Server) -> None:
    server.queue = [Reply({"error": {"code": "NO_SYMBOL"}})]
    unknown = {"field": "error.code", "values": ["NO_SYMBOL"]}
    with pytest.raises(DataError, match="one that sys1 knows"):
        vendor(server, unknown=unknown).fetch(["AAA"], *DAYS, "1h")


def test_a_failure_inside_a_body_is_asked_again(server: Server) -> None:
    server.queue = [Reply({"status": "error", "message": "busy", "data": []})]
    failure = {"field": "status", "values": ["error"]}
    assert vendor(server, failure=failure).fetch(["AAA"], *DAYS, "1h")["AAA"].size == 48


def test_rows_at_another_place_are_refused_and_null_is_no_row(server: Server) -> None:
    server.queue = [Reply({"message": "moved", "bars": []}), Reply({"data": None}), Reply({"message": "none"})]
    with pytest.raises(DataError, match="a list at 'data'; here are: message, bars"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")
    for changes in ({}, {"lacks_rows": True}):
        bars = vendor(server, **changes).fetch(["AAA"], *DAYS, "1h")["AAA"]
        assert bars.size == 0
        assert bars.findings == ("gap: no bar at all from 2024-01-01T00:00:00Z to 2024-01-03, 48 were due",)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_say_where_they_stand_and_are_not_tried_again(
    server: Server, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYS1_KEY", "k-123-secret")
    server.queue = [Reply({"error": "bad key k-123-secret"}, status)]
    with pytest.raises(ConfigError) as error:
        vendor(server, auth={"kind": "bearer", "api_key": "env:SYS1_KEY"}).fetch(["AAA"], *DAYS, "1h")
    assert "env:SYS1_KEY" in str(error.value)
    assert "k-123-secret" not in str(error.value)
    assert len(server.seen) == 1


def test_a_redirect_is_refused_with_its_target(server: Server) -> None:
    server.queue = [Reply(status=302, headers={"Location": "http://elsewhere.example/login"})]
    with pytest.raises(ConfigError, match=r"It leads to http://elsewhere\.example/login"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")


@pytest.mark.parametrize("url", ["http://vendor.example/v1", "ftp://vendor.example", "file:///etc/passwd", "vendor"])
def test_an_address_without_tls_must_be_this_machine(server: Server, url: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        vendor(server, base_url=url).fetch(["AAA"], *DAYS, "1h")


def test_a_gap_at_the_start_in_the_middle_and_at_the_end_is_told(server: Server) -> None:
    kept = rows(MONDAY, 48)
    server.queue = [Reply({"data": kept[5:10] + kept[12:20] + kept[21:40]})]
    found = vendor(server).fetch(["AAA"], *DAYS, "1h")["AAA"].findings
    assert found == (
        "gap: begins 2024-01-01T06:00:00Z, 5 bars after the start 2024-01-01T00:00:00Z",
        "gap: 3 bars of 1h missing in 2 places: 2024-01-01T10:00:00Z to 2024-01-01T13:00:00Z, "
        "2024-01-01T20:00:00Z to 2024-01-01T22:00:00Z",
        "gap: ends 2024-01-02T16:00:00Z, 8 bars before the end 2024-01-03",
    )


def test_rows_out_of_order_and_twice_are_mended_and_told(server: Server) -> None:
    kept = rows(MONDAY, 48)
    changed = {**kept[3], "c": 103.5}
    server.queue = [Reply({"data": [*reversed(kept), changed]})]
    bars = vendor(server).fetch(["AAA"], *DAYS, "1h")["AAA"]
    np.testing.assert_array_equal(bars.times, hours(MONDAY, 48))
    assert bars.close[3] == 103.5
    assert "unsorted" in bars.findings[0]
    assert "1 rows came twice, 1 with other values; the last is kept" in bars.findings[1]


@pytest.mark.pitfall("LAH-10")
def test_a_bar_that_has_not_closed_is_left_out(server: Server) -> None:
    still = Still(utc=MONDAY + 5 * HOUR + HOUR // 2)
    bars = vendor(server, still).fetch(["AAA"], *DAYS, "1h")["AAA"]
    np.testing.assert_array_equal(bars.times, hours(MONDAY, 5))
    assert bars.findings == ("43 bars had not closed yet and were left out: the first closes 2024-01-01T06:00:00Z",)


def test_a_clock_that_is_wrong_is_found_by_the_date_of_the_answer(server: Server) -> None:
    server.date = formatdate((MONDAY + 5 * HOUR) / 1e9, usegmt=True)
    still = Still(utc=MONDAY + 9 * HOUR)
    bars = vendor(server, still).fetch(["AAA"], *DAYS, "1h")["AAA"]
    assert bars.times[-1] == MONDAY + 5 * HOUR
    assert "our clock is +14400 s off that of sys1; theirs was used" in bars.findings


def test_requests_keep_to_the_rate(server: Server) -> None:
    still = Still()
    vendor(server, still, rate=4.0).fetch(["AAA"] * 1, *DAYS, "1h")
    source = vendor(server, still, rate=4.0)
    for _ in range(3):
        source.fetch(["AAA"], *DAYS, "1h")
    assert still.slept == [0.25, 0.25]


def test_one_list_for_each_field_and_positions_in_rows_are_read(server: Server) -> None:
    made = rows(MONDAY, 48)
    columns = {name: [row[name] for row in made] for name in made[0]}
    lists = [list(row.values()) for row in made]
    server.queue = [Reply({"s": columns}), Reply(lists)]
    by_column = vendor(server, rows="s", columns=True).fetch(["AAA"], *DAYS, "1h")["AAA"]
    places = dict(zip(("timestamp", "open", "high", "low", "close", "volume"), range(6), strict=True))
    by_position = vendor(server, rows="", fields=places).fetch(["AAA"], *DAYS, "1h")["AAA"]
    for bars in (by_column, by_position):
        np.testing.assert_array_equal(bars.times, hours(MONDAY, 48))
        np.testing.assert_array_equal(bars.close, 101.0 + np.arange(48))


def test_lists_of_different_lengths_are_refused(server: Server) -> None:
    made = rows(MONDAY, 48)
    columns = {name: [row[name] for row in made] for name in made[0]}
    columns["c"].pop()
    server.queue = [Reply({"data": columns})]
    with pytest.raises(DataError, match="close: got 47, must be a list of 48 values"):
        vendor(server, columns=True).fetch(["AAA"], *DAYS, "1h")


def test_labels_of_days_become_the_close_of_their_session(server: Server) -> None:
    day = [{**row, "t": f"2024-01-0{number}"} for number, row in zip((2, 3, 4, 5), rows(MONDAY, 4), strict=True)]
    server.queue = [Reply({"data": day})]
    bars = vendor(server, calendar="XNYS", timezone="UTC", times="date").fetch(
        ["AAA"], "2024-01-02", "2024-01-05", "1d"
    )["AAA"]
    np.testing.assert_array_equal(bars.times, MONDAY + DAY * np.arange(1, 5) + 21 * HOUR)
    assert bars.findings == ()
    assert server.seen[0].query["to"] == "2024-01-06"


def test_symbols_and_intervals_go_out_in_the_vendors_words(server: Server) -> None:
    source = vendor(server, symbols={"A/A": "AAA"}, intervals={"1h": "60"})
    assert source.fetch(["A/A"], *DAYS, "1h")["A/A"].symbol == "A/A"
    assert server.seen[0].path == "/v1/bars/AAA"
    assert server.seen[0].query["tf"] == "60"
    with pytest.raises(DataError, match="one of 1h"):
        source.fetch(["A/A"], *DAYS, "5min")


def test_a_symbol_cannot_lead_out_of_its_place_in_the_path(server: Server) -> None:
    with pytest.raises(DataError):
        vendor(server).fetch(["../admin?x=1"], *DAYS, "1h")
    assert server.seen[0].path == "/v1/bars/..%2Fadmin%3Fx%3D1"


def test_a_request_the_vendor_refuses_is_shown_with_its_words(server: Server) -> None:
    server.queue = [Reply({"message": "tf is wrong"}, 400)]
    with pytest.raises(DataError, match=r"request to sys1 for AAA: got 400.*tf is wrong"):
        vendor(server).fetch(["AAA"], *DAYS, "1h")


@pytest.mark.pitfall("SEC-10")
def test_no_secret_stands_in_logs_or_errors(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SYS1_KEY", "k/1 2+secret")
    auth = {"kind": "query", "name": "key", "api_key": "env:SYS1_KEY"}
    echo = [Reply(b"k/1 2+secret k%2F1%202%2Bsecret k%2F1+2%2Bsecret", status) for status in (500, 500, 500, 500, 400)]
    server.queue = echo
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            with pytest.raises(PolyfolioError) as error:
                vendor(server, auth=auth).fetch(["AAA"], *DAYS, "1h")
            assert "****" in str(error.value)
            assert "2%2Bsecret" not in str(error.value)
            assert "+secret" not in str(error.value)
    assert caplog.text.count("****") >= 3
    assert "+secret" not in caplog.text
    assert "2%2Bsecret" not in caplog.text
    assert server.seen[0].query["key"] == "k/1 2+secret"


def test_the_clock_is_the_machines_own_by_default() -> None:
    clock = Clock()
    assert clock.utc() > MONDAY
    assert clock.now() <= clock.now()


def test_seen_keeps_what_was_asked(server: Server) -> None:
    vendor(server, headers={"X-Feed": "all"}).fetch(["AAA"], *DAYS, "1h")
    seen: Seen = server.seen[0]
    assert (seen.method, seen.headers["x-feed"]) == ("GET", "all")
    assert int(seen.query["from"]) * 10**6 == MONDAY - HOUR
