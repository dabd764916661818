"""Stops, targets, trailing stops and the time out after them, bar by bar."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.core.codes import Reason
from polyfolio.kernels.exits import sign, stop_reached, target_reached
from tests.kernels.cost_tools import both
from tests.kernels.tapes import bars_tape, cuts, engine_for, fills, flat_tape, orders, weights

NAN = float("nan")
STILL = (100.0, 100.0, 100.0, 100.0)


def run_exits(bars: list[tuple[float, ...]], quantity: float = 10.0, volume: Any = 1e9, **exits: Any) -> Any:
    """Buy at row 1's open, which is 100 unless the bars say otherwise."""
    limit = None if volume == 1e9 else 0.1
    lane = orders(market_impact={"participation_rate_limit": limit})
    signals = [[quantity]] + [[0.0]] * (len(bars) - 1)
    return engine_for(bars_tape([bars], volume=volume), signals, exits=exits, **lane).run()


def exit_of(engine: Any) -> tuple[int, float, Reason]:
    """(row, price, reason) of the one exit."""
    assert len(engine.journal.fills) == 2
    row = engine.journal.fills[1]
    return int(row["row"]), float(row["price"]), Reason(int(row["reason"]))


@pytest.mark.pitfall("TIM-02")
@pytest.mark.pitfall("TIM-03")
@pytest.mark.pitfall("TIM-04")
@pytest.mark.parametrize(
    ("quantity", "bar", "price", "reason"),
    [
        (10.0, (99.0, 101.0, 94.0, 97.0), 95.0, Reason.STOP_LOSS),
        (10.0, (92.0, 96.0, 91.0, 96.0), 92.0, Reason.STOP_LOSS),  # gap through the stop
        (10.0, (101.0, 111.0, 100.0, 105.0), 110.0, Reason.TAKE_PROFIT),
        (10.0, (113.0, 115.0, 112.0, 114.0), 113.0, Reason.TAKE_PROFIT),  # gap through the target
        (10.0, (100.0, 111.0, 94.0, 100.0), 95.0, Reason.STOP_LOSS),  # both in one bar: the adverse one first
        (-10.0, (101.0, 106.0, 100.0, 102.0), 105.0, Reason.STOP_LOSS),
        (-10.0, (108.0, 109.0, 104.0, 104.0), 108.0, Reason.STOP_LOSS),
        (-10.0, (99.0, 100.0, 89.0, 92.0), 90.0, Reason.TAKE_PROFIT),
        (-10.0, (88.0, 89.0, 87.0, 88.0), 88.0, Reason.TAKE_PROFIT),
        (-10.0, (100.0, 106.0, 89.0, 100.0), 105.0, Reason.STOP_LOSS),
    ],
)
def test_stops_and_targets_fill_where_the_bar_meets_them(
    quantity: float, bar: tuple[float, ...], price: float, reason: Reason
) -> None:
    engine = run_exits([STILL, STILL, bar, STILL], quantity, stop_loss=0.05, take_profit=0.1)
    row, filled, why = exit_of(engine)
    assert (row, why) == (2, reason)
    assert filled == pytest.approx(price, rel=1e-14)


def test_a_target_needs_a_price_beyond_it_and_a_stop_does_not() -> None:
    assert len(run_exits([STILL, STILL, (100.0, 110.0, 100.0, 100.0), STILL], take_profit=0.1).journal.fills) == 1
    engine = run_exits([STILL, STILL, (100.0, 100.0, 95.0, 100.0), STILL], stop_loss=0.05)
    assert exit_of(engine)[:2] == (2, 95.0)


@pytest.mark.pitfall("TIM-02")
def test_the_stop_is_watched_on_the_entry_bar() -> None:
    engine = run_exits([STILL, (100.0, 103.0, 94.0, 101.0), STILL], stop_loss=0.05)
    assert exit_of(engine) == (1, 95.0, Reason.STOP_LOSS)


@pytest.mark.pitfall("TIM-02")
def test_a_position_opened_inside_a_bar_is_stopped_in_it_but_takes_no_profit_in_it() -> None:
    for bar, expected in (((100.0, 120.0, 97.0, 100.0), 1), ((100.0, 120.0, 93.0, 100.0), 2)):
        lane = orders()
        lane["exits"] = {"stop_loss": 0.04, "take_profit": 0.1}
        engine = engine_for(bars_tape([[STILL, bar, STILL]]), [0.0], **lane).run(1)
        engine.submit("a", "A", 10.0, order_type="limit", limit=98.0)
        engine.run(2)
        assert len(engine.journal.fills) == expected


def test_stops_pay_all_costs_and_targets_commission_only() -> None:
    costs = {
        "commission": {"model": "percentage", "percentage_fee": 0.01},
        "slippage": {"model": "percentage", "base_slippage": 0.02},
    }
    for bar, slippage in (((100.0, 100.0, 90.0, 95.0), 1), ((100.0, 130.0, 100.0, 125.0), 0)):
        lane = orders(**costs)
        lane["exits"] = {"stop_loss": 0.05, "take_profit": 0.1}
        engine = engine_for(bars_tape([[STILL, STILL, bar, STILL]]), [[10.0], [0], [0], [0]], **lane).run()
        average = 102.0
        reference = average * (0.95 if slippage else 1.1)
        row = engine.journal.fills[1]
        assert row["slippage"] == pytest.approx(10 * reference * 0.02 * slippage, rel=1e-13)
        assert row["commission"] == pytest.approx(10 * reference * (1 - 0.02 * slippage) * 0.01, rel=1e-13)


def test_a_trailing_stop_follows_the_best_price_known_at_the_rows_start() -> None:
    bars = [STILL, STILL, (100.0, 120.0, 100.0, 118.0), (118.0, 119.0, 107.0, 110.0), STILL]
    assert exit_of(run_exits(bars, trailing_stop=0.1)) == (3, 108.0, Reason.TRAILING_STOP)  # 120 * 0.9, not in row 2
    bars = [STILL, STILL, (100.0, 100.0, 80.0, 82.0), (82.0, 89.0, 81.0, 85.0), STILL]
    assert exit_of(run_exits(bars, -10.0, trailing_stop=0.1)) == (3, 88.0, Reason.TRAILING_STOP)


def test_the_tighter_of_stop_and_trailing_stop_acts() -> None:
    bars = [STILL, STILL, (100.0, 103.0, 100.0, 102.0), (102.0, 102.0, 90.0, 92.0), STILL]
    assert exit_of(run_exits(bars, stop_loss=0.05, trailing_stop=0.1)) == (3, 95.0, Reason.STOP_LOSS)
    assert exit_of(run_exits(bars, stop_loss=0.2, trailing_stop=0.1))[2] == Reason.TRAILING_STOP


def test_the_unfilled_rest_of_a_stop_carries_to_the_next_open() -> None:
    volume = [[1e9], [1e9], [60.0], [1e9], [1e9]]
    bars = [STILL, STILL, (100.0, 100.0, 90.0, 92.0), (88.0, 89.0, 87.0, 88.0), STILL]
    engine = run_exits(bars, volume=volume, stop_loss=0.05)
    assert fills(engine)[1:] == [(2, 0, -6.0, 95.0), (3, 0, -4.0, 88.0)]
    assert engine.book.quantity[0, 0] == 0.0


def test_a_decision_does_not_replace_an_exit_that_is_under_way() -> None:
    volume = [[1e9], [1e9], [1000.0], [1e9], [1e9]]
    bars = [STILL, STILL, (100.0, 100.0, 90.0, 99.0), (97.0,) * 4, (97.0,) * 4]
    execution = {"order_type": "limit", "touch": True, "market_impact": {"participation_rate_limit": 0.1}}
    engine = engine_for(
        bars_tape([bars], volume=volume), [0.5], exits={"stop_loss": 0.05}, **weights(execution=execution)
    ).run()
    assert fills(engine)[1:] == [(2, 0, -100.0, 95.0), (3, 0, -4900.0, 97.0)]
    assert [Reason(int(r)) for r in engine.journal.fills["reason"]][1:] == [Reason.STOP_LOSS, Reason.STOP_LOSS]


def stopped_at_two(signals: list[float], **exits: Any) -> Any:
    """A lane of weights that is stopped at row 2; flat bars after it."""
    bars = [STILL, STILL, (100.0, 100.0, 90.0, 90.0)] + [(90.0,) * 4] * (len(signals) - 3)
    column = [[value] for value in signals]
    return engine_for(bars_tape([bars]), column, exits={"stop_loss": 0.05, **exits}, **weights()).run()


def test_a_stopped_sleeve_stays_out_until_its_signal_changes() -> None:
    engine = stopped_at_two([0.5] * 8)
    assert [row for row, *_ in fills(engine)] == [1, 2]
    assert (2, 0, Reason.BARRED) in cuts(engine)
    # flat at row 4 is a change; back at row 5, filled at row 6
    assert [row for row, *_ in fills(stopped_at_two([0.5, 0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.5]))] == [1, 2, 6]
    assert [row for row, *_ in fills(stopped_at_two([0.5, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.5]))] == [1, 2, 5]
    assert [row for row, *_ in fills(stopped_at_two([0.5, 0.5, 0.5, 0.5, NAN, 0.5, 0.5, 0.5]))] == [1, 2]


def test_a_stopped_sleeve_stays_out_for_the_bars_asked_for() -> None:
    # out at the decisions of rows 2, 3, 4; decides again at 5, filled at 6
    assert [row for row, *_ in fills(stopped_at_two([0.5] * 8, bar_until="bars", cooldown_bars=3))] == [1, 2, 6]
    assert [row for row, *_ in fills(stopped_at_two([0.5] * 8, bar_until="never"))] == [1, 2, 3]


def test_the_weight_of_a_barred_sleeve_stays_in_cash() -> None:
    bars = [[STILL, STILL, (100.0, 100.0, 90.0, 90.0), (90.0,) * 4, (90.0,) * 4], [STILL] * 5]
    lane = weights(exits={"stop_loss": 0.05})
    lane["sizing"] = {"method": "equal_weight"}
    engine = engine_for(bars_tape(bars), [1.0, 1.0], **lane).run()
    assert engine.book.quantity[0, 0] == 0.0
    assert engine.journal.marks["gross"][-1] == pytest.approx(0.5 * engine.journal.marks["equity"][-1], rel=1e-12)


def test_a_stop_cancels_the_sleeves_working_order() -> None:
    lane = orders(fill="next_close")
    lane["exits"] = {"stop_loss": 0.05}
    bars = [STILL, STILL, (100.0, 100.0, 94.0, 96.0), (96.0,) * 4]
    engine = engine_for(bars_tape([bars]), [[10.0], [7.0], [0.0], [0.0]], **lane).run()
    assert fills(engine) == [(1, 0, 10.0, 100.0), (2, 0, -10.0, 95.0)]


def test_signs_and_reaching() -> None:
    assert [both(sign)(value) for value in (2.0, -0.1, 0.0, NAN)] == [1.0, -1.0, 0.0, 0.0]
    assert both(stop_reached)(True, 95.0, 95.0)
    assert not both(stop_reached)(False, 104.9, 105.0)
    assert both(target_reached)(False, 90.0, 90.0)
    assert not both(target_reached)(True, 109.0, 110.0)


def test_a_split_keeps_the_trailing_stop() -> None:
    tape = flat_tape([[100.0, 100.0, 120.0, 60.0, 55.0, 53.0]], splits=[[NAN], [NAN], [NAN], [2.0], [NAN], [NAN]])
    lane = orders()
    lane["exits"] = {"trailing_stop": 0.1}
    engine = engine_for(tape, [[10.0]] + [[0.0]] * 5, **lane).run()
    assert fills(engine)[1:] == [(5, 0, -20.0, 53.0)]  # the stop stands at 120 / 2 * 0.9 = 54
