"""`journal.why`: one sentence for every reason the engine can write, and every part of a row in its place."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.core import words
from polyfolio.core.codes import Event, Level, Moment, Reason, Status
from polyfolio.core.journal import Journal
from polyfolio.core.records import EVENT, FILL, MARK
from polyfolio.errors import ConfigError, DataError

HOUR = 3_600_000_000_000
START = 1_709_251_200_000_000_000  # 2024-03-01 00:00 UTC


class Book:
    """A journal written by hand: one lane, two slots."""

    def __init__(self, level: Level = Level.FULL) -> None:
        self.journal = Journal(level, ("momentum",), ("BTC", "ETH"), "id", START + HOUR * np.arange(10, dtype=np.int64))

    def event(self, row, event, reason=Reason.NONE, before=0.0, after=0.0, *, stage=0, slot=0):
        entry = np.zeros(1, EVENT)
        for name, value in (
            ("row", row),
            ("slot", slot),
            ("event", event),
            ("reason", reason),
            ("stage", stage),
            ("before", before),
            ("after", after),
        ):
            entry[name] = value
        self.journal.append(events=entry)
        return self

    def fill(self, row, quantity, price, reason=Reason.SIGNAL, moment=Moment.OPEN, **costs):
        entry = np.zeros(1, FILL)
        named = {"row": row, "quantity": quantity, "price": price, "reason": reason, "moment": moment, **costs}
        for name, value in named.items():
            entry[name] = value
        self.journal.append(fills=entry)
        return self

    def signal(self, row, before=0.42, after=0.31, reason=Reason.SIGNAL):
        return self.event(row, Event.SIGNAL, reason, before, after)

    def order(self, row, quantity=1.25, held=0.0):
        return self.event(row, Event.ORDER, Reason.SIGNAL, held, quantity)

    def rows(self, count, status=Status.LIVE):
        marks = np.zeros(count, MARK)
        marks["row"], marks["status"] = np.arange(count), status
        self.journal.append(marks=marks)
        return self

    def why(self, row, slot="BTC"):
        return self.journal.why("momentum", slot, row)


def test_a_trade_is_told_from_its_signal_to_its_fill() -> None:
    book = Book().signal(0).event(0, Event.CUT, Reason.MAX_POSITION, 0.31, 0.2)
    book.event(0, Event.CUT, Reason.MAX_VAR, 0.2, 0.142).order(0)
    book.event(0, Event.LIMIT, Reason.MAX_VAR, 0.0199, 0.02, stage=1, slot=-1)
    book.event(1, Event.HOLD, Reason.NOT_REBALANCE_BAR, slot=-1)
    book.fill(1, 1.25, 61234.5, commission=61.2, slippage=3.1).rows(4)
    assert book.why(0) == (
        "BTC at 2024-03-01 00:00 UTC in lane momentum: signal 0.42 asked for 31.0 % of equity; capped to 20.0 % by "
        "max_position; scaled to 14.2 % by max_var (1.99 % of 2.00 % after the orders); ordered +1.25; filled +1.25 "
        "at 61,234.5 on 2024-03-01 01:00 UTC (commission 61.20, slippage 3.10)."
    )


def test_the_row_of_the_fill_points_back_to_its_decision() -> None:
    book = Book().signal(0, 1.0, 0.5).order(0).event(1, Event.HOLD, Reason.NOT_REBALANCE_BAR, slot=-1)
    book.fill(1, 1.25, 100.0).rows(3)
    assert book.why(1) == (
        "BTC at 2024-03-01 01:00 UTC in lane momentum: filled +1.25 at 100 at the open, as decided at 2024-03-01 "
        "00:00 UTC (signal 1 asked for 50.0 % of equity; ordered +1.25). Then no order: not a rebalance bar, it "
        "decided last at 2024-03-01 00:00 UTC."
    )


CUTS = [
    (Reason.BARRED, "barred after a stop or target until its signal changes"),
    (Reason.NO_SHORTING, "set to 10.0 %: shorting is not allowed"),
    (Reason.MAX_POSITION, "capped to 10.0 % by max_position"),
    (Reason.MAX_POSITION_RISK, "capped to 10.0 % by max_position_risk"),
    (Reason.MAX_LABEL, "capped to 10.0 % by a label cap"),
    (Reason.MAX_POSITIONS, "cut to 10.0 % by the limits on the number of positions"),
    (Reason.MIN_POSITION, "cut to 10.0 %: smaller than min_position"),
    (Reason.CORRELATION, "cut to 10.0 % by correlation.limit"),
    (Reason.FEEDBACK, "resized to 10.0 % by risk feedback"),
    (Reason.HEDGE, "moved to 10.0 % by the hedge"),
    (Reason.MAX_DRAWDOWN, "cut to 10.0 % by max_drawdown"),
    (Reason.MAX_DAILY_LOSS, "cut to 10.0 % by max_daily_loss, until the next day"),
    (Reason.MAX_NET, "scaled to 10.0 % by max_net"),
    (Reason.MIN_NET, "scaled to 10.0 % by min_net"),
    (Reason.MAX_GROSS, "scaled to 10.0 % by max_gross"),
    (Reason.MAX_LEVERAGE, "scaled to 10.0 % by max_leverage"),
    (Reason.MIN_CASH_RESERVE, "scaled to 10.0 % by min_cash_reserve"),
    (Reason.MAX_VOLATILITY, "scaled to 10.0 % by max_volatility"),
    (Reason.MAX_VAR, "scaled to 10.0 % by max_var"),
    (Reason.MAX_ES, "scaled to 10.0 % by max_es"),
    (Reason.RISK_SPEED, "scaled to 10.0 % by risk_adjustment_speed: it recovers step by step"),
    (Reason.FROZEN, "what cannot trade exceeds a limit"),
    (Reason.WARMUP, "held back to 10.0 %: a limit has too little history"),
    (Reason.PROJECTION, "moved to 10.0 %, the nearest weights that meet the limits"),
    (Reason.FALLBACK, "moved to 10.0 % by a fallback"),
    (Reason.EXTENSION, "moved to 10.0 % by an added stage"),
    (Reason.LOT, "scaled to 10.0 % so that the limits hold after rounding to lots"),
    (Reason.NONE, "moved to 10.0 % by its stage"),
    (Reason.UNTRADABLE, "kept at 10.0 %: it could not trade"),
]


@pytest.mark.parametrize(("reason", "text"), CUTS, ids=lambda value: getattr(value, "name", ""))
def test_each_cut_has_its_words(reason: Reason, text: str) -> None:
    book = Book().signal(0).event(0, Event.CUT, reason, 0.31, 0.1).order(0).fill(1, 1.25, 100.0).rows(3)
    assert f"; {text}" in book.why(0) or text in book.why(0)
    assert "ordered +1.25; filled +1.25" in book.why(0)


REFUSALS = [
    (Reason.UNTRADABLE, "+1.25 could not trade in that bar"),
    (Reason.NO_VOLUME, "+1.25 did not fill: no volume in that bar"),
    (Reason.PARTICIPATION, "+1.25 did not fill: participation_rate_limit was reached"),
    (Reason.BUYING_POWER, "+1.25 did not fill: buying power was used up"),
    (Reason.MAX_SLIPPAGE, "+1.25 did not fill: the price was beyond max_slippage"),
    (Reason.EXPIRED, "+1.25 expired"),
    (Reason.FILL_OR_KILL, "+1.25 did not fill: fill or kill"),
]


@pytest.mark.parametrize(("reason", "text"), REFUSALS, ids=lambda value: getattr(value, "name", ""))
def test_each_refusal_at_the_fill_is_told_with_the_decision_and_in_its_own_row(reason: Reason, text: str) -> None:
    book = Book().signal(0).order(0).event(1, Event.REFUSED, reason, 1.25, 0.0).signal(1).rows(3)
    assert f"ordered +1.25; {text}" in book.why(0)
    assert f"in lane momentum: {text}" in book.why(1)
    assert "Then it decided: signal 0.42" in book.why(1)


def test_what_waits_says_so() -> None:
    book = Book().signal(0).order(0).event(1, Event.REFUSED, Reason.BUYING_POWER, 1.25, 1.25).rows(3)
    assert "buying power was used up and waits." in book.why(0)


@pytest.mark.parametrize(
    ("reason", "after", "text"),
    [
        (Reason.MIN_NOTIONAL, 0.0, "no order of +1.25: worth less than the smallest order"),
        (Reason.MARKET_IMPACT, 1.0, "order cut from +1.25 to +1 by market_impact_limit"),
        (Reason.GROUP_LIMIT, 1.0, "order cut from +1.25 to +1 by the limits of its group"),
    ],
)
def test_each_refusal_at_the_decision_is_told(reason: Reason, after: float, text: str) -> None:
    book = Book().signal(0).event(0, Event.REFUSED, reason, 1.25, after).rows(3)
    assert book.why(0).endswith(f"asked for 31.0 % of equity; {text}.")


@pytest.mark.parametrize("reason", list(words.HOLDS), ids=lambda reason: reason.name)
def test_each_reason_to_hold_is_told(reason: Reason) -> None:
    book = Book().event(0, Event.HOLD, reason, slot=-1).rows(3)
    assert book.why(0).endswith(f"in lane momentum: {words.HOLDS[reason]}.")
    assert words.HOLDS[reason].startswith("no order: ")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.WARMUP, "asked for 31.0 % of equity, since its sizing has too little history"),
        (Reason.FALLBACK, "asked for 31.0 % of equity, by inverse volatility because its sizing could not be solved"),
    ],
)
def test_what_the_sizing_did_is_told(reason: Reason, text: str) -> None:
    assert text in Book().signal(0, reason=reason).order(0).rows(3).why(0)


@pytest.mark.parametrize("reason", list(words.CAUSES), ids=lambda reason: reason.name)
def test_each_cause_of_a_fill_nobody_signalled_is_told(reason: Reason) -> None:
    book = Book().event(1, Event.HOLD, Reason.NOT_REBALANCE_BAR, slot=-1)
    book.fill(1, -2.0, 90.0, reason, Moment.INTRABAR, commission=1.0).rows(3)
    assert f"filled -2 at 90 inside the bar (commission 1.00) by {words.CAUSES[reason]}. Then no order" in book.why(1)


@pytest.mark.parametrize(
    ("reason", "status", "text"),
    [
        (Reason.MAX_DRAWDOWN, Status.REDUCE_ONLY, "the lane is reduce only (max_drawdown)"),
        (Reason.MAX_DRAWDOWN, Status.TERMINATED, "the lane is terminated (max_drawdown)"),
        (Reason.MAX_DAILY_LOSS, Status.HALTED, "the lane is halted until the next day (max_daily_loss)"),
        (Reason.LIQUIDATION, Status.LIQUIDATING, "the lane is liquidating (liquidation)"),
        (Reason.RUINED, Status.RUINED, "the lane is ruined (ruined)"),
        (Reason.NONE, Status.LIVE, "the lane is live again"),
    ],
)
def test_each_change_of_status_is_told(reason: Reason, status: Status, text: str) -> None:
    book = Book().event(0, Event.STATUS, reason, 0.0, status, slot=-1).signal(0).order(0).rows(3)
    assert text in book.why(0)


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.name)
def test_no_code_is_without_words_whatever_event_carries_it(reason: Reason) -> None:
    assert words.NAMES[reason]
    for event in (Event.CUT, Event.REFUSED, Event.HOLD):
        slot = -1 if event == Event.HOLD else 0
        answer = Book().signal(0).event(0, event, reason, 0.5, 0.25, slot=slot).rows(3).why(0)
        assert "{" not in answer
        assert answer.count("in lane momentum: signal 0.42") == 1


@pytest.mark.parametrize(
    ("status", "word"),
    [(Status.LIQUIDATING, "liquidating"), (Status.RUINED, "ruined"), (Status.TERMINATED, "terminated")],
)
def test_a_lane_that_does_not_trade_any_more_says_so(status: Status, word: str) -> None:
    assert Book().rows(3, status).why(1).endswith(f"no order: the lane is {word}.")


def test_a_slot_without_a_signal_keeps_what_it_holds() -> None:
    book = Book().signal(0).order(0).rows(3)
    assert book.why(0, "ETH").endswith("in lane momentum: no signal, so it keeps what it holds.")


def test_nothing_wanted_and_no_order_are_told_apart() -> None:
    assert Book().signal(0, 0.0, 0.0).rows(3).why(0).endswith("nothing is wanted and nothing is left to close.")
    assert "within one lot" in Book().signal(0).rows(3).why(0)


def test_the_last_row_accepts_no_order() -> None:
    assert Book().signal(0).order(0).rows(3).why(2).endswith("no order: the last row accepts none.")


def test_an_order_ends_with_the_next_decision() -> None:
    book = Book().signal(0).order(0, 1.25).signal(2).order(2, 3.0).fill(3, 3.0, 100.0).rows(5)
    assert book.why(0).endswith("ordered +1.25; not filled.")
    assert "filled +3 at 100" in book.why(2)


def test_many_fills_are_counted_not_listed() -> None:
    book = Book().signal(0).order(0, 5.0)
    for row in range(1, 6):
        book.fill(row, 1.0, 100.0)
    assert book.rows(8).why(0).endswith("UTC and 2 more fills.")


def test_orders_solved_at_the_fill_belong_to_the_decision_before() -> None:
    book = Book().signal(0).order(1, 1.5).event(1, Event.HOLD, Reason.NOT_REBALANCE_BAR, slot=-1)
    book.fill(1, 1.5, 100.0).rows(3)
    assert "ordered +1.5, solved at the fill's prices; filled +1.5 at 100 on 2024-03-01 01:00 UTC" in book.why(0)


def test_orders_at_the_same_close_fill_in_the_row_of_the_decision() -> None:
    book = Book().signal(0).order(0, 2.0).fill(0, 2.0, 100.0, moment=Moment.CLOSE).signal(1, 0.1, 0.1).rows(3)
    assert "ordered +2; filled +2 at 100 on 2024-03-01 00:00 UTC." in book.why(0)
    assert "filled" not in book.why(1)


def test_orders_without_a_program_are_told() -> None:
    book = Book().order(0, 2.0).event(1, Event.REFUSED, Reason.EXPIRED, 2.0, 0.0).order(1, -1.0).rows(3)
    assert book.why(0).endswith("ordered +2; +2 expired.")
    assert "+2 expired. Then it decided: ordered -1" in book.why(1)


def test_money_that_came_without_a_trade_is_told() -> None:
    book = Book().event(0, Event.CARRY, Reason.NONE, 0.0, -3.5).event(0, Event.CARRY, Reason.SPLIT_CASH, 0.0, 1.0)
    book.event(0, Event.HOLD, Reason.NOT_REBALANCE_BAR, slot=-1)
    told = "paid 3.50 as a dividend or funding; received 1.00 as the cash of a split. Then no order"
    assert told in book.rows(2).why(0)


def test_without_times_the_row_is_named() -> None:
    book = Book().signal(0).order(0).rows(2)
    book.journal.times = None
    assert book.why(0).startswith("BTC at row 0 in lane momentum: ")


def test_reasons_are_the_rows_behind_the_answer() -> None:
    book = Book().signal(0).event(0, Event.CUT, Reason.MAX_POSITION, 0.31, 0.2, stage=3).rows(2)
    book.event(0, Event.CUT, Reason.MAX_POSITION, 0.5, 0.2, stage=3, slot=1)
    rows = book.journal.reasons("momentum", "BTC", 0)
    assert [(row["event"], row["reason"], row["stage"]) for row in rows] == [
        ("signal", "signal", 0),
        ("cut", "max_position", "cap_position"),
    ]
    assert (rows[1]["before"], rows[1]["after"]) == (0.31, 0.2)


def test_a_journal_that_kept_no_reasons_says_how_to_get_them() -> None:
    with pytest.raises(ConfigError, match="journal: full"):
        Book(Level.SUMMARY).rows(2).why(0)


@pytest.mark.parametrize(
    ("lane", "slot", "row", "field"),
    [
        ("trend", "BTC", 0, "lane"),
        ("momentum", "XRP", 0, "slot"),
        ("momentum", 2, 0, "slot"),
        ("momentum", "BTC", 9, "row"),
        ("momentum", "BTC", -1, "row"),
        (1, "BTC", 0, "lane"),
    ],
)
def test_questions_about_what_is_not_there_are_refused(lane, slot, row, field) -> None:
    with pytest.raises(DataError) as caught:
        Book().signal(0).rows(3).journal.why(lane, slot, row)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.25, "+1.25"), (-341074.0, "-341,074"), (0.00001234, "+0.00001234"), (0.0, "0"), (100.0, "+100")],
)
def test_quantities_are_written_with_their_sign_and_the_digits_they_need(value: float, text: str) -> None:
    assert words.signed(value) == text
