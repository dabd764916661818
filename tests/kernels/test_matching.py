"""Fill policies, order types and lives, limits and gaps, on bars made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.core.codes import Reason
from polyfolio.kernels.matching import reaches_limit, reaches_stop, round_to_tick
from tests.kernels.cost_tools import both
from tests.kernels.tapes import bars_tape, engine_for, fills, orders, refusals, weights

# open, high, low, close
SIX = [
    (10.0, 12.0, 9.0, 11.0),
    (11.0, 14.0, 10.0, 12.0),
    (13.0, 16.0, 12.0, 14.0),
    (15.0, 20.0, 13.0, 18.0),
    (17.0, 19.0, 15.0, 17.0),
    (16.0, 18.0, 14.0, 16.0),
]


@pytest.mark.pitfall("TIM-01")
@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize(
    ("policy", "row", "price"),
    [
        ("next_open", 3, 15.0),
        ("next_close", 3, 18.0),
        ("next_typical", 3, 17.0),
        ("same_close", 2, 14.0),
    ],
)
def test_each_fill_policy_takes_its_own_price_of_its_own_row(policy: str, row: int, price: float) -> None:
    engine = engine_for(bars_tape([SIX]), [[0], [0], [10.0], [0], [0], [0]], **orders(fill=policy)).run()
    assert fills(engine) == [(row, 0, 10.0, price)]


@pytest.mark.parametrize(
    ("policy", "row", "price"),
    [
        ("next_open", 3, 15.0),
        ("next_close", 3, 18.0),
        ("next_typical", 3, 17.0),
    ],
)
def test_sizing_at_the_fill_solves_the_target_at_the_fills_price(policy: str, row: int, price: float) -> None:
    signals = [[float("nan")], [float("nan")], [0.5], [float("nan")], [float("nan")], [float("nan")]]
    lane = weights(execution={"fill": policy, "sizing": "fill"}, account={"initial_capital": 10_000.0})
    engine = engine_for(bars_tape([SIX]), signals, **lane).run()
    assert fills(engine) == [(row, 0, 5000.0 / price, price)]


def test_sizing_at_the_fill_trades_at_the_same_close_too() -> None:
    lane = weights(execution={"fill": "same_close", "sizing": "fill"}, account={"initial_capital": 11_000.0})
    engine = engine_for(bars_tape([SIX]), [0.5], **lane).run(1)
    assert fills(engine) == [(0, 0, 500.0, 11.0)]


@pytest.mark.parametrize(
    ("buy", "price", "touch", "reached"),
    [
        (True, 99.0, 0, True),
        (True, 100.0, 0, False),
        (True, 100.0, 1, True),
        (True, 101.0, 1, False),
        (False, 101.0, 0, True),
        (False, 100.0, 0, False),
        (False, 100.0, 1, True),
        (False, 99.0, 1, False),
    ],
)
def test_a_limit_is_reached_strictly_unless_touch_counts(buy: bool, price: float, touch: int, reached: bool) -> None:
    assert both(reaches_limit)(buy, price, 100.0, touch) is reached


@pytest.mark.parametrize(
    ("buy", "price", "reached"),
    [
        (True, 100.0, True),
        (True, 99.9, False),
        (False, 100.0, True),
        (False, 100.1, False),
    ],
)
def test_a_stop_triggers_at_its_price(buy: bool, price: float, reached: bool) -> None:
    assert both(reaches_stop)(buy, price, 100.0) is reached


def test_prices_go_to_the_tick_on_the_passive_side() -> None:
    tick = both(round_to_tick)
    assert tick(10.07, 0.05, True) == pytest.approx(10.05, rel=1e-15)
    assert tick(10.07, 0.05, False) == pytest.approx(10.10, rel=1e-15)
    assert tick(0.3, 0.1, True) == pytest.approx(0.3, rel=1e-15)
    assert tick(10.07, 0.0, True) == 10.07


STILL = (100.0, 100.0, 100.0, 100.0)


def submitted(
    bars: list[tuple[float, ...]], quantity: float, volume: Any = 1e9, touch: bool = False, **terms: Any
) -> Any:
    """One order given after the first bar, over the bars that follow."""
    tape = bars_tape([[STILL, *bars]], volume=volume)
    impact = {"participation_rate_limit": 0.1} if volume != 1e9 else {"participation_rate_limit": None}
    engine = engine_for(tape, [0.0], **orders(market_impact=impact, touch=touch)).run(1)
    engine.submit("a", "A", quantity, decision_price=100.0, **terms)
    return engine.run()


@pytest.mark.pitfall("TIM-02")
@pytest.mark.parametrize(
    ("quantity", "terms", "bar", "price"),
    [
        # limit: the open if it is better, else the limit, strictly
        (5.0, {"order_type": "limit", "limit": 98.0}, (97.0, 99.0, 96.0, 98.0), 97.0),
        (5.0, {"order_type": "limit", "limit": 98.0}, (99.0, 99.0, 97.0, 98.0), 98.0),
        (5.0, {"order_type": "limit", "limit": 98.0}, (99.0, 99.0, 98.0, 98.0), None),
        (-5.0, {"order_type": "limit", "limit": 102.0}, (103.0, 104.0, 101.0, 102.0), 103.0),
        (-5.0, {"order_type": "limit", "limit": 102.0}, (100.0, 103.0, 100.0, 101.0), 102.0),
        (-5.0, {"order_type": "limit", "limit": 102.0}, (100.0, 102.0, 100.0, 101.0), None),
        # stop: the open if the price gapped through, else the stop
        (5.0, {"order_type": "stop", "stop": 102.0}, (104.0, 105.0, 103.0, 104.0), 104.0),
        (5.0, {"order_type": "stop", "stop": 102.0}, (100.0, 102.0, 99.0, 101.0), 102.0),
        (5.0, {"order_type": "stop", "stop": 102.0}, (100.0, 101.9, 99.0, 101.0), None),
        (-5.0, {"order_type": "stop", "stop": 98.0}, (95.0, 96.0, 94.0, 95.0), 95.0),
        (-5.0, {"order_type": "stop", "stop": 98.0}, (100.0, 100.0, 97.0, 99.0), 98.0),
        # stop-limit: triggered at the open it is a limit order, inside the bar it fills at its stop
        (5.0, {"order_type": "stop_limit", "stop": 102.0, "limit": 103.0}, (100.0, 102.5, 99.0, 101.0), 102.0),
        (5.0, {"order_type": "stop_limit", "stop": 102.0, "limit": 103.0}, (102.5, 104.0, 102.0, 103.0), 102.5),
        (5.0, {"order_type": "stop_limit", "stop": 102.0, "limit": 103.0}, (104.0, 105.0, 103.5, 104.0), None),
        (5.0, {"order_type": "stop_limit", "stop": 102.0, "limit": 103.0}, (104.0, 105.0, 102.5, 104.0), 103.0),
        (5.0, {"order_type": "stop_limit", "stop": 102.0, "limit": 101.0}, (100.0, 102.5, 99.0, 101.0), None),
        (-5.0, {"order_type": "stop_limit", "stop": 98.0, "limit": 97.0}, (100.0, 100.0, 97.5, 98.0), 98.0),
        # market
        (5.0, {"order_type": "market"}, (101.0, 103.0, 99.0, 100.0), 101.0),
    ],
)
def test_where_an_order_meets_the_bar(
    quantity: float, terms: dict[str, Any], bar: tuple[float, ...], price: float | None
) -> None:
    engine = submitted([bar, STILL], quantity, **terms)
    assert fills(engine) == ([] if price is None else [(1, 0, quantity, price)])


def test_touch_lets_a_limit_fill_at_its_price() -> None:
    bars = [(99.0, 99.0, 98.0, 98.5), STILL]
    assert fills(submitted(bars, 5.0, order_type="limit", limit=98.0, touch=True)) == [(1, 0, 5.0, 98.0)]


LATE = [(100.0, 101.0, 99.0, 100.0), (100.0, 100.0, 95.0, 96.0)]


@pytest.mark.parametrize(
    ("life", "expected", "reasons"),
    [
        ("gtc", [(2, 0, 5.0, 97.0)], []),
        ("day", [], [Reason.EXPIRED]),
        ("ioc", [], [Reason.LIMIT_NOT_REACHED]),
        ("fok", [], [Reason.LIMIT_NOT_REACHED]),
    ],
)
def test_how_long_a_limit_order_waits_for_its_price(life: str, expected: list[Any], reasons: list[Reason]) -> None:
    engine = submitted(LATE, 5.0, order_type="limit", limit=97.0, time_in_force=life)
    assert fills(engine) == expected
    assert refusals(engine) == [(1, 0, reason) for reason in reasons]


@pytest.mark.parametrize(
    ("life", "expected", "reasons"),
    [
        ("gtc", [(1, 0, 10.0, 100.0), (2, 0, 10.0, 100.0), (3, 0, 5.0, 100.0)], [Reason.PARTICIPATION] * 2),
        ("day", [(1, 0, 10.0, 100.0)], [Reason.PARTICIPATION, Reason.EXPIRED]),
        ("ioc", [(1, 0, 10.0, 100.0)], [Reason.PARTICIPATION]),
        ("fok", [], [Reason.FILL_OR_KILL]),
    ],
)
def test_what_volume_leaves_over_waits_or_ends_with_a_reason(
    life: str, expected: list[Any], reasons: list[Reason]
) -> None:
    engine = submitted([STILL] * 4, 25.0, volume=100.0, time_in_force=life)
    assert fills(engine) == expected
    assert [reason for _, _, reason in refusals(engine)] == reasons


def test_fill_or_kill_fills_whole_where_it_can() -> None:
    assert fills(submitted([STILL] * 2, 10.0, volume=100.0, time_in_force="fok")) == [(1, 0, 10.0, 100.0)]


def test_a_day_order_lives_to_the_end_of_the_session_day_it_could_first_fill_in() -> None:
    bars = [STILL, STILL, (100.0, 100.0, 96.0, 98.0), (100.0, 100.0, 90.0, 98.0)]
    for days, expected in (([0, 1, 1, 2], [(2, 0, 5.0, 97.0)]), ([0, 1, 2, 2], [])):
        engine = engine_for(bars_tape([bars], days=days), [0.0], **orders()).run(1)
        engine.submit("a", "A", 5.0, order_type="limit", limit=97.0, time_in_force="day")
        engine.run()
        assert fills(engine) == expected


def test_an_ioc_order_ends_where_its_slot_cannot_trade() -> None:
    tape = bars_tape([[STILL] * 4], missing=[(1, 0)])
    engine = engine_for(tape, [0.0], **orders()).run(1)
    engine.submit("a", "A", 5.0, time_in_force="ioc")
    engine.run()
    assert fills(engine) == []


def test_resting_orders_pay_commission_and_no_slippage_taking_ones_pay_all() -> None:
    costs = {
        "commission": {"model": "percentage", "percentage_fee": 0.01},
        "slippage": {"model": "percentage", "base_slippage": 0.01},
    }
    tape = bars_tape([[STILL, (100.0, 102.0, 96.0, 100.0), STILL]])
    for terms, price, slippage in (
        ({"order_type": "limit", "limit": 98.0}, 98.0, 0.0),
        ({"order_type": "stop", "stop": 101.0}, 101.0 * 1.01, 10.1),
    ):
        engine = engine_for(tape, [0.0], **orders(**costs)).run(1)
        engine.submit("a", "A", 10.0, **terms)
        row = engine.run().journal.fills[0]
        assert (row["price"], row["slippage"]) == pytest.approx((price, slippage), rel=1e-13)
        assert row["commission"] == pytest.approx(0.01 * 10 * price, rel=1e-13)


@pytest.mark.parametrize(
    ("kind", "signal", "bar", "fill"),
    [
        ("limit", 10.0, (103.0, 104.0, 100.0, 102.0), 102.0),  # limit 100 * 1.02
        ("limit", -10.0, (97.0, 99.0, 96.0, 98.0), 98.0),
        ("stop", 10.0, (100.0, 103.0, 99.0, 101.0), 102.0),
        ("stop_limit", 10.0, (100.0, 103.0, 99.0, 101.0), 102.0),
    ],
)
def test_the_lanes_order_type_and_threshold_make_its_orders(
    kind: str, signal: float, bar: tuple[float, ...], fill: float
) -> None:
    lane = orders(order_type=kind, price_threshold=0.02)
    engine = engine_for(bars_tape([[STILL, bar, STILL]]), [[signal], [0], [0]], **lane).run()
    assert fills(engine) == [(1, 0, signal, fill)]


def test_limit_prices_stand_on_the_tick() -> None:
    tape = bars_tape([[STILL, (101.0, 101.0, 95.0, 96.0), STILL]], instruments={"tick": 0.5})
    engine = engine_for(tape, [[10.0], [0], [0]], **orders(order_type="limit", price_threshold=0.0033)).run()
    assert fills(engine) == [(1, 0, 10.0, 100.0)]  # 100.33 becomes 100


@pytest.mark.pitfall("TIM-02")
@pytest.mark.parametrize(("quantity", "limit", "rest_at"), [(10.0, 102.0, 101.0), (-10.0, 98.0, 99.5)])
def test_the_rest_of_an_order_the_open_went_beyond_fills_where_the_bar_traded(
    quantity: float, limit: float, rest_at: float
) -> None:
    """The open takes a part of it at 100; the rest may not fill at a limit that the bar never came near."""
    tape = bars_tape([[STILL, (100.0, 101.0, 99.5, 100.5), STILL]], volume=100.0)
    engine = engine_for(tape, [0.0], **orders(market_impact={"participation_rate_limit": None, "auction_share": 0.05}))
    engine.run(1)
    engine.submit("a", "A", quantity, decision_price=100.0, order_type="limit", limit=limit, time_in_force="gtc")
    part = 5.0 if quantity > 0.0 else -5.0
    assert fills(engine.run()) == [(1, 0, part, 100.0), (1, 0, part, rest_at)]
