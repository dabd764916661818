"""A run in stretches equals the run in one; portfolios come and go, and no byte of the others moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.backtests.session import Session
from polyfolio.core.codes import Event as Code
from polyfolio.core.codes import Reason, Status
from polyfolio.errors import ConfigError, DataError
from polyfolio.objects.events import Event, EventBus, EventType
from tests.report import runs

LATE = {"name": "late", "strategy": {"name": "equal_weight"}, "account": {"initial_capital": 50_000.0}}


def session(**more: Any) -> Session:
    return Session(runs.spec(**more), runs.tape())


def bytes_of(result: Result, lane: str) -> tuple[bytes, bytes]:
    return result.book.lane_bytes(result.plan.lane(lane)), result.journal.lane(lane).to_bytes()


def assert_untouched(result: Result, *lanes: str) -> None:
    for lane in lanes:
        assert bytes_of(result, lane) == bytes_of(runs.result(), lane), lane


def test_a_run_in_stretches_is_the_run_in_one() -> None:
    walked = session()
    for until in (1, 2, 17, 40):
        assert walked.run(until).row == until - 1
    result = walked.run().result()
    assert result.journal == runs.result().journal
    assert result.book.digest() == runs.result().book.digest()
    assert result.run_id == runs.result().run_id


def test_a_result_can_be_had_on_the_way() -> None:
    walked = session().run(20)
    half = walked.result().equity("paying").copy()
    np.testing.assert_array_equal(half, runs.result().equity("paying")[:20])
    np.testing.assert_array_equal(walked.run().result().equity("paying"), runs.result().equity("paying"))


def test_a_lane_that_is_added_begins_in_the_next_row_and_leaves_the_others_alone() -> None:
    """Its 50 000 are there at the close of row 20; what it decides there fills at row 21."""
    result = session().run(20).add(LATE).run().result()
    assert_untouched(result, "free", "paying")
    late = result.journal.lane("late")
    assert late.marks["row"].tolist() == list(range(20, 60))
    assert late.marks["equity"][0] == 50_000.0
    assert late.fills["row"].min() == 21
    assert result.plan.names == ("free", "paying", "late")


def test_what_is_added_before_the_first_row_is_the_lane_of_a_plain_run() -> None:
    added = session().add(LATE).run().result()
    plain = backtest({**runs.spec(), "lanes": [*runs.spec()["lanes"], LATE]}, runs.tape())
    for lane in plain.lanes:
        assert bytes_of(added, lane) == bytes_of(plain, lane)


def test_a_strategy_that_speaks_once_is_heard_by_a_lane_that_comes_later() -> None:
    """Buy and hold says its weights in row 0; a lane that comes at row 20 buys at row 21, and never trades again."""
    lane = {"name": "holder", "strategy": {"name": "buy_and_hold"}}
    result = session().run(20).add(lane).run().result()
    assert_untouched(result, "free", "paying")
    assert result.journal.lane("holder").fills["row"].tolist() == [21, 21]


def test_a_lane_that_listens_to_another_hears_its_signals() -> None:
    result = session().run(20).add({"name": "second", "signal": "paying"}).run().result()
    assert_untouched(result, "free", "paying")
    assert result.journal.lane("second").fills["row"].min() == 21


def test_a_lane_that_is_removed_sells_out_and_ends_and_leaves_the_others_alone() -> None:
    """Removed after row 19, it sells both names at the open of row 20 and keeps its cash from there."""
    walked = session().run(20)
    result = walked.remove("free").run().result()
    assert_untouched(result, "paying")
    free = result.journal.lane("free")
    sold = free.fills[free.fills["row"] >= 20]
    assert sold["row"].tolist() == [20, 20]
    assert set(sold["reason"]) == {Reason.RETIRED}
    assert (sold["quantity"] < 0.0).all()
    after = free.marks[free.marks["row"] >= 20]
    assert set(after["status"]) == {Status.RETIRED}
    assert (after["gross"] == 0.0).all()
    assert np.unique(after["equity"]).size == 1
    # without costs it keeps what it had in cash and what it sold for
    sold_for = -(sold["quantity"] * sold["price"]).sum()
    assert after["equity"][0] == pytest.approx(sold_for + free.marks["cash"][19], rel=1e-12)


def test_capital_moves_between_lanes_as_flows_and_none_is_lost() -> None:
    """paying has 40 % of its million in cash: 100 000 of it go to free, 30 000 of these to nobody, and back."""
    walked = session().run(20)
    assert walked.transfer("paying", "free", 100_000.0) == 100_000.0
    walked.run(21)
    walked.transfer("free", None, 30_000.0)
    assert walked.unassigned == 30_000.0
    walked.run(22)
    walked.transfer(None, "paying", 30_000.0)
    result = walked.run().result()
    assert walked.unassigned == 0.0
    marks = {lane: result.journal.lane(lane).marks for lane in result.lanes}
    assert marks["paying"]["flows"][[20, 22]].tolist() == [-100_000.0, 30_000.0]
    assert marks["free"]["flows"][[20, 21]].tolist() == [100_000.0, -30_000.0]
    assert np.count_nonzero(marks["paying"]["flows"]) == np.count_nonzero(marks["free"]["flows"]) == 2
    told = result.journal.events[result.journal.events["event"] == Code.FLOW]
    assert told["after"].sum() == 0.0
    # a flow is no return: each lane's own returns are what its positions earned
    moved = result.metrics("free")["total_return"]
    assert np.isfinite(moved)


@pytest.mark.pitfall("CSH-06")
def test_capital_that_leaves_is_no_loss_to_the_limits_of_a_lane() -> None:
    """A third of a lane's cash leaves it: neither its drawdown nor its day's loss has moved, and it decides on."""
    idle = {
        "name": "idle",
        "strategy": {"name": "equal_weight"},
        "sizing": {"gross_target": 0.01},
        "limits": {"max_daily_loss": 0.05},
        "risk": {"max_drawdown": 0.1, "min_history": 5},
    }
    walked = Session({**runs.spec(), "lanes": [*runs.spec()["lanes"], idle]}, runs.tape()).run(20)
    before = walked.engine.book.account["drawdown"][2]
    walked.transfer("idle", "free", 300_000.0)
    walked.run(21)
    account = walked.engine.book.account[2]
    assert account["flows"] == -300_000.0
    assert account["status"] == Status.LIVE
    assert account["drawdown"] >= before - 1e-4
    assert set(walked.run().result().journal.lane("idle").marks["status"]) == {Status.LIVE}


def test_no_more_than_the_free_cash_can_be_moved() -> None:
    walked = session().run(20)
    with pytest.raises(DataError, match=r"amount: got 5000000\.0, must be at most .*free cash of paying"):
        walked.transfer("paying", "free", 5_000_000.0)
    assert_untouched(walked.run().result(), "free", "paying")


def test_a_session_in_which_something_was_done_is_another_run() -> None:
    plain = session().run().result()
    ids = {plain.run_id}
    for row in (10, 20):
        ids.add(session().run(row).add(LATE).run().result().run_id)
    ids.add(session().run(20).remove("free").run().result().run_id)
    assert len(ids) == 4
    assert session().run(20).add(LATE).run().result().run_id in ids


@pytest.mark.parametrize(
    ("lane", "message"),
    [
        ({**LATE, "name": "free"}, "name: got 'free', must be unique"),
        ({**LATE, "strategy": {"name": "equal_wight"}}, "Did you mean `equal_weight`"),
        ({**LATE, "limts": {}}, "limts: got .*known key"),
        ({"name": "mute"}, "strategy: got None"),
        ({**LATE, "strategy": {"name": "momentum", "params": {"lookback": 500}}}, "NaN in every row"),
        ({**LATE, "strategy": {"name": "momentum", "params": {"lookback": 0}}}, "lookback: got 0"),
    ],
)
def test_a_lane_that_cannot_be_added_changes_nothing(lane: dict[str, Any], message: str) -> None:
    walked = session().run(20)
    with pytest.raises(ConfigError, match=message):
        walked.add(lane)
    assert walked.lanes == ("free", "paying")
    result = walked.run().result()
    assert_untouched(result, "free", "paying")
    assert result.run_id == runs.result().run_id


def test_rows_are_walked_once() -> None:
    walked = session().run(20)
    for until in (0, 19, 61):
        with pytest.raises(DataError, match=f"until: got {until}, must be from 20 to 60"):
            walked.run(until)
    walked.run()
    with pytest.raises(DataError, match="row: got 59, must be before the last one"):
        walked.add(LATE)


def test_what_has_ended_cannot_be_removed_again() -> None:
    walked = session().run(20).remove("free")
    with pytest.raises(ConfigError, match="lane: got 'free', must be one that has not ended"):
        walked.remove("free")
    with pytest.raises(ConfigError, match="lane: got 'nobody', must be one of free, paying"):
        walked.remove("nobody")


def test_events_follow_the_lanes() -> None:
    heard: list[Event] = []
    bus = EventBus()
    bus.subscribe("*", "*", heard.append)
    walked = Session(runs.spec(), runs.tape(), bus=bus).run(20)
    walked.add({**LATE, "indicators": ["sma_3"]}).remove("free").run()
    late = [event for event in heard if event.namespace == "late"]
    assert {event.row for event in late if event.type is EventType.BAR} == set(range(20, 60))
    assert {event.row for event in late if event.type is EventType.INDICATORS} == set(range(20, 60))
    rows = [event.row for event in heard]
    assert rows == sorted(rows)
    ends = [event.namespace for event in heard if event.type is EventType.END_OF_DATA]
    assert ends == ["free", "paying", "late", "*"]


def test_a_lane_that_came_later_is_measured_over_its_own_rows() -> None:
    result = session().run(20).add(LATE).remove("free").run().result()
    assert result.metrics("late").sample == 39
    assert result.metrics("paying").sample == 59
    assert "late" in repr(result)


def test_what_no_row_is_left_for_is_refused() -> None:
    walked = session(lanes=[{"name": n, "strategy": {"name": "equal_weight"}} for n in ("one", "other")]).run()
    with pytest.raises(DataError, match=r"row: got 59, must be before the last one\. Move money while rows are left"):
        walked.transfer("one", None, 0.01)
    for until in (5.5, True, "7"):
        with pytest.raises(DataError, match=f"until: got {until!r}, must be from 0 to 60"):
            session().run(until)  # type: ignore[arg-type]


def test_a_lane_without_a_row_has_no_result_yet() -> None:
    with pytest.raises(DataError, match=r"lane free: got 'no row', must be one row or more\. Walk a row first"):
        session().result()
    with pytest.raises(DataError, match="lane late: got 'no row'"):
        session().run(10).add(LATE).result()
