"""Capital moved between lanes, divided on a schedule, lanes added and taken out: nothing is gained or lost by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason, Status
from polyfolio.engine.growth import with_lanes
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.load import load
from polyfolio.rules.plan import compile_spec
from tests.kernels.tapes import account, engine_for, fills, flat_tape, weights

NAN = float("nan")
RISING = [[100.0, 100.0, 110.0, 110.0, 121.0, 121.0, 121.0, 121.0]]


def two(tape: Any = None, signals: Any = None, **more: Any) -> Any:
    lanes = [{"name": name, **weights()} for name in "ab"]
    tape = tape or flat_tape(RISING)
    array = np.full((2, tape.rows, 1), NAN) if signals is None else np.array(signals, dtype=np.float64)
    return engine_for(tape, array, lanes, **more)


def total(engine: Any) -> float:
    return float(engine.book.account["equity"].sum() + engine.capital.bucket[0])


def test_what_is_moved_arrives_in_the_next_row_and_is_no_return() -> None:
    engine = two().run(3)
    assert engine.transfer("a", "b", 250_000.0) == 250_000.0
    assert account(engine, 0)["cash"] == 1_000_000.0  # not yet
    engine.run()
    assert [account(engine, lane)["cash"] for lane in (0, 1)] == [750_000.0, 1_250_000.0]
    assert [account(engine, lane)["drawdown"] for lane in (0, 1)] == [0.0, 0.0]
    marks = engine.journal.marks
    flows = {(int(m["lane"]), int(m["row"])): float(m["flows"]) for m in marks if m["flows"] != 0.0}
    assert flows == {(0, 3): -250_000.0, (1, 3): 250_000.0}
    told = engine.journal.events[engine.journal.events["event"] == Event.FLOW]
    assert [(int(e["lane"]), int(e["row"]), Reason(int(e["reason"])), float(e["after"])) for e in told] == [
        (0, 3, Reason.TRANSFER, -250_000.0),
        (1, 3, Reason.TRANSFER, 250_000.0),
    ]


def test_a_drawdown_is_the_same_share_before_and_after_a_withdrawal() -> None:
    tape = flat_tape([[100.0, 100.0, 50.0, 50.0, 50.0]])
    engine = two(tape, [[[0.5], [NAN], [NAN], [NAN], [NAN]], [[NAN]] * 5]).run(3)
    before = float(account(engine, 0)["drawdown"])
    assert before == pytest.approx(-0.25)
    engine.transfer("a", None, 300_000.0)
    engine.run(4)
    assert account(engine, 0)["drawdown"] == pytest.approx(before, abs=1e-15)
    assert engine.capital.bucket[0] == 300_000.0


def test_nobody_can_give_what_is_invested() -> None:
    signals = np.full((2, 8, 1), NAN)
    signals[0, 0] = 0.9
    engine = two(signals=signals).run(3)
    with pytest.raises(DataError, match="free cash of a"):
        engine.transfer("a", "b", 200_000.0)
    with pytest.raises(DataError, match="the bucket"):
        engine.transfer(None, "b", 1.0)
    for amount in (0.0, -5.0, NAN, "100", True):
        with pytest.raises(ConfigError, match="amount"):
            engine.transfer("a", "b", amount)
    with pytest.raises(ConfigError, match="another portfolio"):
        engine.transfer("a", "a", 1.0)
    with pytest.raises(DataError, match="begun"):
        two().transfer("a", "b", 1.0)


def test_a_group_divides_its_capital_by_shares_as_far_as_cash_goes() -> None:
    signals = np.full((2, 8, 1), NAN)
    signals[0, 0] = 0.8  # lane a: 800,000 at 100, worth 968,000 at 121
    groups = [{"name": "g", "lanes": ["a", "b"], "capital": {"every": 5, "shares": {"a": 0.3, "b": 0.7}}}]
    engine = two(signals=signals, groups=groups).run()
    # After row 5: a has 1,168,000, b 1,000,000; a share of 0.3 asks 517,600 of a, which has 200,000 in cash.
    assert account(engine, 0)["cash"] == pytest.approx(0.0, abs=1e-6)
    assert account(engine, 1)["cash"] == pytest.approx(1_200_000.0)
    assert total(engine) == pytest.approx(2_168_000.0, rel=1e-12)


def test_equal_shares_follow_gains_and_losses() -> None:
    signals = np.full((2, 8, 1), NAN)
    signals[0, 0] = 0.5
    groups = [{"name": "g", "lanes": ["a", "b"], "capital": {"every": 2}}]
    engine = two(signals=signals, groups=groups).run()
    # 5,000 units rise by 10 at row 2: a gives 25,000 then; by 11 at row 4: a gives 27,500
    assert account(engine, 0)["equity"] == pytest.approx(1_052_500.0)
    assert account(engine, 1)["equity"] == pytest.approx(1_052_500.0)
    assert account(engine, 1)["total_flows"] == pytest.approx(52_500.0)


def test_a_stepped_run_divides_like_a_run_in_one_go() -> None:
    signals = np.full((2, 8, 1), NAN)
    signals[0, 0] = 0.5
    groups = [{"name": "g", "lanes": ["a", "b"], "capital": {"every": 2}}]
    whole, stepped = (two(signals=signals, groups=groups) for _ in range(2))
    whole.run()
    for _ in range(8):
        stepped.step()
    assert whole.book.digest() == stepped.book.digest()
    assert whole.journal.digest() == stepped.journal.digest()


def test_shares_of_strangers_and_sums_beside_one_are_refused() -> None:
    lanes = [{"name": "a"}, {"name": "b"}]
    for shares, word in (({"a": 0.5, "c": 0.5}, "shares.c"), ({"a": 0.5, "b": 0.4}, "adding up to 1")):
        with pytest.raises(ConfigError, match=word):
            load(
                {
                    "name": "x",
                    "lanes": lanes,
                    "groups": [{"name": "g", "lanes": ["a", "b"], "capital": {"shares": shares}}],
                }
            )


def test_a_retired_lane_sells_out_says_why_and_decides_no_more() -> None:
    signals = np.full((2, 8, 1), 0.5)
    engine = two(signals=signals).run(3)
    other = two(signals=signals).run()
    assert engine.retire("a")
    engine.run()
    assert account(engine, 0)["status"] == Status.RETIRED
    assert account(engine, 0)["gross"] == 0.0
    rows = engine.journal.fills[engine.journal.fills["lane"] == 0]
    assert (int(rows["row"][-1]), Reason(int(rows["reason"][-1]))) == (3, Reason.RETIRED)
    assert engine.book.lane_bytes(1) == other.book.lane_bytes(1)
    assert not engine.retire("a")
    assert "taken out of the run" in engine.journal.why("a", 0, 3)


def test_a_lane_added_later_goes_its_own_way_and_changes_nobody() -> None:
    tape = flat_tape(RISING)
    spec = {"name": "x", "journal": "full", "checked": True, "lanes": [{"name": "a", **weights()}]}
    more = {**spec, "lanes": [*spec["lanes"], {"name": "b", **weights()}]}
    signals = np.full((2, 8, 1), 0.5)
    one, both = (compile_spec(load(data), tape.universe) for data in (spec, more))
    lone = engine_for(tape, signals[:1], [{"name": "a", **weights()}]).run()
    begun = engine_for(tape, signals[:1], [{"name": "a", **weights()}]).run(4)
    assert one.names == ("a",)
    grown = with_lanes(begun, both, signals).run()
    assert grown.book.lane_bytes(0) == lone.book.lane_bytes(0)
    assert grown.journal.lane("a").digest() == lone.journal.lane("a").digest()
    assert next(row for row, *_ in fills(grown, 1)) == 5  # its first row is 4, its first fill the next
    assert account(grown, 1)["total_flows"] == 0.0
    with pytest.raises(ConfigError, match="behind those that run"):
        with_lanes(begun, compile_spec(load({**more, "lanes": more["lanes"][::-1]}), tape.universe), signals)
    tighter = {**more, "lanes": [{**more["lanes"][0], "limits": {"max_gross": 0.3}}, more["lanes"][1]]}
    with pytest.raises(ConfigError, match="max_gross"):
        with_lanes(begun, compile_spec(load(tighter), tape.universe), signals)


def test_the_proceeds_of_shorts_are_collateral_and_stay() -> None:
    signals = np.full((2, 8, 1), NAN)
    signals[0, 0] = -0.4  # short 400,000: cash 1,400,000, equity 1,000,000
    engine = two(flat_tape([[100.0] * 8]), signals).run(3)
    with pytest.raises(DataError, match=r"at most 600000\.00"):
        engine.transfer("a", "b", 700_000.0)
    engine.transfer("a", "b", 600_000.0)
    engine.run()
    assert account(engine, 0)["equity"] == pytest.approx(400_000.0)
    assert account(engine, 0)["gross"] == pytest.approx(400_000.0)


def test_a_withdrawal_makes_no_loss_of_the_day_larger() -> None:
    tape = flat_tape([[100.0, 100.0, 94.0, 94.0, 94.0, 94.0]], days=[0] * 6)
    lane = {"name": "a", **weights(limits={"max_daily_loss": 0.05})}
    engine = engine_for(tape, [[0.5], [NAN], [NAN], [NAN], [NAN], [0.5]], [lane]).run(3)
    engine.transfer("a", None, 499_000.0)
    engine.run()
    record = account(engine)
    assert record["equity"] / record["day_equity"] - 1.0 == pytest.approx(-0.03, rel=1e-12)
    assert record["status"] == Status.LIVE


def test_a_retired_lane_whose_cash_was_moved_on_is_not_ruined() -> None:
    engine = two(signals=np.full((2, 8, 1), 0.5)).run(3)
    engine.retire("a")
    engine.run(5)
    engine.transfer("a", "b", float(account(engine, 0)["cash"]))
    engine.run()
    assert account(engine, 0)["equity"] == 0.0
    assert account(engine, 0)["status"] == Status.RETIRED
