"""Streaming by asking: no bar twice, none left out, no drift, and silence ends in an error."""

from __future__ import annotations

from itertools import islice

import pytest

from polyfolio.errors import RetryError
from polyfolio.market.polling import polled
from tests.market.network.server import Reply, serving
from tests.market.network.tools import HOUR, MONDAY, QUICK, Market, Still, vendor


@pytest.mark.pitfall("TIM-06")
def test_rounds_aim_at_closes_and_do_not_drift() -> None:
    still = Still(utc=MONDAY + 123 * 10**9)
    with serving(Market(60)) as server:
        stream = vendor(server, still, delay=2.5).stream(["AAA"], "1h")
        for number, bars in enumerate(islice(stream, 50), 1):
            assert bars.times.tolist() == [MONDAY + number * HOUR]
            assert still.utc == MONDAY + number * HOUR + 2_500_000_000
            still.sleep(7.0)  # the reader takes its time


def test_bars_that_closed_while_the_vendor_was_down_come_later_in_order() -> None:
    still = Still(utc=MONDAY + 10**9)
    with serving(Market(60)) as server:
        stream = vendor(server, still).stream(["AAA"], "1h")
        assert next(stream).times.tolist() == [MONDAY + HOUR]
        server.queue = [Reply(status=503)] * (3 * QUICK.tries)
        later = list(islice(stream, 5))
        assert [(int(bars.times[0]) - MONDAY) // HOUR for bars in later] == [2, 3, 4, 5, 6]


def test_bars_of_several_symbols_come_in_the_order_of_time() -> None:
    still = Still(utc=MONDAY + 10**9)
    with serving(Market(60)) as server:
        source = vendor(server, still, symbols={"ONE": "AAA", "TWO": "AAA"})
        found = list(islice(source.stream(["ONE", "TWO"], "1h"), 6))
    assert [bars.symbol for bars in found] == ["ONE", "TWO"] * 3


@pytest.mark.pitfall("LIV-17")
def test_a_silence_ends_in_an_error_that_names_the_last_bar() -> None:
    still = Still(utc=MONDAY + 10**9)
    with serving(Market(4)) as server:
        stream = polled(vendor(server, still), ["AAA"], "1h", clock=still.clock, silence=3)
        assert len(list(islice(stream, 4))) == 4
        with pytest.raises(RetryError, match="nothing since 2024-01-01T04:00:00Z"):
            next(stream)
    assert (still.utc - MONDAY) // HOUR == 8


def test_a_closed_exchange_is_no_silence() -> None:
    friday = MONDAY + 4 * 24 * HOUR + 20 * HOUR
    still = Still(utc=friday + 10**9)
    market = Market(24 * 9)
    with serving(market) as server:
        opens = [friday, friday + 66 * HOUR + HOUR // 2]  # the last hour of a week, the first of the next
        market.rows = [{**market.rows[0], "t": stamp // 10**6} for stamp in opens]
        source = vendor(server, still, calendar="XNYS")
        found = list(islice(polled(source, ["AAA"], "1h", clock=still.clock, silence=2), 2))
    assert [int(bars.times[0]) - stamp for bars, stamp in zip(found, opens, strict=True)] == [HOUR, HOUR]
