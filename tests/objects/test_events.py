"""Events are the journal's rows, told by namespace and type, in the order in which they happened."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.core.codes import Event as Code
from polyfolio.errors import ConfigError
from polyfolio.objects.events import Event, EventBus, EventType
from tests.report import runs

BAR = [EventType.FILL, EventType.BAR, EventType.INDICATORS, EventType.SIGNAL, EventType.ORDER, EventType.PORTFOLIO]


def spec(**more: Any) -> dict[str, Any]:
    """The two lanes of the reports' tests, with indicators."""
    data = runs.spec(**more)
    data["lanes"][0]["indicators"] = ["sma_3", "rsi_14"]
    data["lanes"][1]["indicators"] = ["sma_3"]
    return data


@cache
def everything() -> tuple[Event, ...]:
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe("*", "*", heard.append)
    backtest(spec(), runs.tape(), bus=bus)
    return tuple(heard)


def of(kind: EventType, namespace: str) -> list[Event]:
    return [event for event in everything() if event.type is kind and event.namespace == namespace]


def test_listening_changes_nothing() -> None:
    bus = EventBus()
    bus.subscribe("*", "*", lambda event: None)
    heard = backtest(spec(), runs.tape(), bus=bus)
    alone = backtest(spec(), runs.tape())
    assert heard.journal == alone.journal
    assert heard.book.digest() == alone.book.digest()


def test_only_what_is_asked_for_is_heard() -> None:
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe("paying", "fill", heard.append)
    result = backtest(spec(), runs.tape(), bus=bus)
    fills = result.journal.lane("paying").fills
    assert [event.payload["quantity"] for event in heard] == fills["quantity"].tolist()
    assert {(event.namespace, event.type) for event in heard} == {("paying", EventType.FILL)}
    first, fill = heard[0], fills[0]
    assert (first.row, first.payload["price"], first.payload["commission"]) == (
        fill["row"],
        fill["price"],
        fill["commission"],
    )
    assert first.timestamp == np.datetime64(int(runs.tape().times[first.row]), "ns")


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (EventType.SIGNAL, (Code.SIGNAL,)),
        (EventType.RISK, (Code.CUT, Code.LIMIT, Code.HOLD)),
        (EventType.ORDER, (Code.ORDER,)),
        (EventType.REJECTED, (Code.REFUSED,)),
        (EventType.STATUS, (Code.STATUS,)),
    ],
)
def test_every_row_of_the_journal_is_told_once_in_its_order(kind: EventType, codes: tuple[Code, ...]) -> None:
    journal = runs.result().journal
    for lane in journal.lanes:
        rows = journal.lane(lane).events
        rows = rows[np.isin(rows["event"], codes)]
        assert [event.row for event in of(kind, lane)] == rows["row"].tolist()
        symbols = [journal.symbols[slot] if slot >= 0 else None for slot in rows["slot"]]
        assert [event.payload["symbol"] for event in of(kind, lane)] == symbols


def test_the_payload_says_what_the_journal_says_in_words() -> None:
    """Row 0: equal weight of 0.9 over two names is 0.45 each, capped to 0.3: 1 M x 0.3 / 100 = 3000 units of UP.

    The shares are of what is left after costs: of 0.6 traded, 0.0005 slippage and 0.001 commission of 1.0005.
    """
    signal = of(EventType.SIGNAL, "paying")[0].payload
    assert (signal["symbol"], signal["signal"]) == ("UP", 1.0)
    assert signal["want"] == pytest.approx(0.45, rel=1e-12)
    cut = next(event.payload for event in of(EventType.RISK, "paying") if event.payload["kind"] == "cut")
    assert (cut["reason"], cut["after"]) == ("max_position", pytest.approx(0.3, rel=1e-12))
    order = of(EventType.ORDER, "paying")[0].payload
    assert order == {
        "symbol": "UP",
        "reason": "signal",
        "kind": "order",
        "held": 0.0,
        "quantity": pytest.approx(3000.0 / 1.0009003, rel=1e-9),
    }
    mark = of(EventType.PORTFOLIO, "paying")[0].payload
    assert (mark["kind"], mark["status"], mark["equity"]) == ("mark", "live", 1_000_000.0)


def test_a_bar_reaches_every_namespace_with_one_payload() -> None:
    tape = runs.tape()
    for lane in ("free", "paying"):
        bars = of(EventType.BAR, lane)
        assert [event.row for event in bars] == list(range(60))
        assert bars[12].payload["UP"] == {
            "open": tape.open[12, 0],
            "high": tape.high[12, 0],
            "low": tape.low[12, 0],
            "close": tape.close[12, 0],
            "volume": 1e6,
        }


def test_indicators_are_the_lanes_own() -> None:
    """The mean of the last three closes of UP at row 2: 100 (1 + 1.01 + 1.0201) / 3 = 101.00333..."""
    first, second = of(EventType.INDICATORS, "free")[2].payload, of(EventType.INDICATORS, "paying")[2].payload
    assert set(first) == {"sma_3", "rsi_14"}
    assert set(second) == {"sma_3"}
    assert second["sma_3"]["UP"] == pytest.approx(101.0033333333, rel=1e-9)
    assert second["sma_3"] == first["sma_3"]


@pytest.mark.pitfall("LAH-10")
def test_events_are_ordered_by_time_and_a_bar_is_told_when_it_has_closed() -> None:
    """What is decided with a bar comes after it, at its closing time; its orders fill in a later bar."""
    events = [event for event in everything() if event.type is not EventType.END_OF_DATA]
    times = [event.timestamp for event in events]
    assert times == sorted(times)
    assert set(times) == {np.datetime64(int(stamp), "ns") for stamp in runs.tape().times}
    for row in range(60):
        kinds = [event.type for event in events if event.row == row and event.namespace == "paying"]
        places = [kinds.index(kind) for kind in BAR if kind in kinds]
        assert places == sorted(places), (row, kinds)
    first = of(EventType.ORDER, "paying")[0].row
    assert min(event.row for event in of(EventType.FILL, "paying")) == first + 1


def test_fills_at_the_close_of_the_decision_follow_it() -> None:
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe("a", "*", heard.append)
    lane = {"name": "a", "strategy": {"name": "buy_and_hold"}, "execution": {"fill": "same_close"}}
    backtest({"name": "at once", "journal": "full", "lanes": [lane]}, runs.tape(), bus=bus)
    kinds = [event.type for event in heard if event.row == 0]
    assert kinds.index(EventType.ORDER) < kinds.index(EventType.FILL) < kinds.index(EventType.PORTFOLIO)


def test_the_data_end_once_for_each_namespace_and_once_for_all() -> None:
    ends = [event for event in everything() if event.type is EventType.END_OF_DATA]
    assert [event.namespace for event in ends] == ["free", "paying", "*"]
    assert everything()[-3:] == tuple(ends)
    assert {event.row for event in ends} == {59}


def test_watching_in_parts_tells_the_same() -> None:
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe("*", "*", heard.append)
    backtest(spec(), runs.tape(), bus=bus, progress=lambda done, rows, engine: None)
    key = [(event.row, event.type, event.namespace, repr(dict(event.payload))) for event in heard]
    assert key == [(event.row, event.type, event.namespace, repr(dict(event.payload))) for event in everything()]


def test_a_cancelled_subscription_hears_no_more() -> None:
    heard: list[Event] = []
    bus = EventBus()

    def first_only(event: Event) -> None:
        heard.append(event)
        subscription.cancel()

    subscription = bus.subscribe("free", "portfolio", first_only)
    backtest(spec(), runs.tape(), bus=bus)
    assert [event.row for event in heard] == [0]


def test_a_subscriber_that_raises_is_named_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Event] = []
    bus = EventBus()

    def broken(event: Event) -> None:
        raise ValueError(f"row {event.row}")

    bus.subscribe("free", "fill", broken)
    bus.subscribe("free", "fill", heard.append)
    with caplog.at_level(logging.WARNING, "polyfolio"):
        result = backtest(spec(), runs.tape(), bus=bus)
    assert result.journal == runs.result().journal
    assert len(bus.failures) == len(heard) == result.journal.lane("free").fills.size
    assert isinstance(bus.failures[0].error, ValueError)
    assert "a subscriber to fill events of free raised at row 1: ValueError('row 1')" in caplog.text


def test_a_strict_bus_stops_the_run() -> None:
    bus = EventBus(strict=True)
    bus.subscribe("free", "fill", lambda event: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backtest(spec(), runs.tape(), bus=bus)


def test_a_payload_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        everything()[0].payload["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("paying", "fil", print), "type: got 'fil', must be one of bar, .*Did you mean `fill`"),
        (("paying", "fill", 5), "callback: got 5, must be a function"),
    ],
)
def test_a_wrong_subscription_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EventBus().subscribe(*arguments)


def test_a_namespace_the_run_does_not_have_is_refused() -> None:
    bus = EventBus()
    bus.subscribe("payng", "fill", print)
    with pytest.raises(ConfigError, match=r"namespace: got 'payng', must be one of free, paying, .*`paying`"):
        backtest(spec(), runs.tape(), bus=bus)


def test_what_the_journal_does_not_keep_is_refused_and_a_star_takes_what_there_is() -> None:
    bus = EventBus()
    bus.subscribe("*", "fill", print)
    with pytest.raises(ConfigError, match="journal: got 'summary', must be full for events of type fill"):
        backtest(spec(journal="summary"), runs.tape(), bus=bus)
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe("free", "*", heard.append)
    backtest(spec(journal="summary"), runs.tape(), bus=bus)
    assert {event.type for event in heard} == {
        EventType.BAR,
        EventType.INDICATORS,
        EventType.PORTFOLIO,
        EventType.END_OF_DATA,
    }
