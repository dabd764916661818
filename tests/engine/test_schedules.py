"""Orders worked over bars: parts, rests, reasons, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from tests.kernels.tapes import bars_tape, engine_for, fills, flat_tape, orders, refusals, weights

NAN = float("nan")
FLAT = [[100.0] * 9]


def worked(schedule: dict[str, Any], *, tape: Any = None, quantity: float = 120.0, **more: Any) -> Any:
    """One order decided at row 0 and worked by the schedule."""
    tape = tape or flat_tape(FLAT)
    signals = np.zeros((tape.rows, 1))
    signals[0] = quantity
    return engine_for(tape, signals, **orders(schedule=schedule, **more)).run()


def parts(engine: Any) -> list[tuple[int, float]]:
    return [(row, quantity) for row, _, quantity, _ in fills(engine)]


def test_twap_fills_equal_parts_and_a_reason_stands_beside_each_rest() -> None:
    engine = worked({"model": "twap", "bars": 4})
    assert parts(engine) == [(1, 30.0), (2, 30.0), (3, 30.0), (4, 30.0)]
    assert refusals(engine) == [(row, 0, Reason.SCHEDULE) for row in (1, 2, 3)]


def test_a_sale_is_worked_alike() -> None:
    assert parts(worked({"model": "twap", "bars": 3}, quantity=-90.0)) == [(1, -30.0), (2, -30.0), (3, -30.0)]


def test_lots_are_rounded_down_and_the_last_part_takes_the_rest() -> None:
    tape = flat_tape(FLAT, instruments={"lot": 7.0})
    # 105 in 4 parts: due 26.25, 52.5, 78.75 -> 21; 28 (31.5); 28 (29.75); rest
    assert parts(worked({"model": "twap", "bars": 4}, tape=tape, quantity=105.0)) == [
        (1, 21.0),
        (2, 28.0),
        (3, 28.0),
        (4, 28.0),
    ]


def test_vwap_follows_the_volume_of_earlier_days() -> None:
    # three bars a day: 10, 20 and 70 of the volume; the order is decided after the first bar of the fourth day
    volume = np.tile([10.0, 20.0, 70.0], 5)[:, None] * 1e6
    tape = flat_tape([[100.0] * 15], volume=volume, days=np.repeat(np.arange(5), 3).tolist())
    signals = np.zeros((15, 1))
    signals[8] = 200.0  # after the last bar of day 2: the parts of day 3 are 10, 20, 70 percent
    engine = engine_for(tape, signals, **orders(schedule={"model": "vwap", "bars": 3}, time_in_force="gtc")).run()
    assert [row for row, _ in parts(engine)] == [9, 10, 11]
    assert [quantity for _, quantity in parts(engine)] == pytest.approx([20.0, 40.0, 140.0], rel=1e-12)


def test_vwap_without_a_history_takes_equal_parts() -> None:
    assert parts(worked({"model": "vwap", "bars": 2})) == [(1, 60.0), (2, 60.0)]


def test_pov_takes_its_share_of_each_bar_until_the_order_is_done() -> None:
    tape = flat_tape(FLAT, volume=np.array([1e9, 400, 200, 1000, 9, 9, 9, 9, 9])[:, None])
    engine = worked({"model": "pov", "rate": 0.1}, tape=tape, time_in_force="gtc")
    assert parts(engine) == [(1, 40.0), (2, 20.0), (3, 60.0)]
    assert refusals(engine) == [(1, 0, Reason.SCHEDULE), (2, 0, Reason.SCHEDULE)]


def test_almgren_chriss_trades_more_at_first() -> None:
    flat = [[(100.0, 101.0, 99.0, 100.0 + (row % 2)) for row in range(40)]]
    tape = bars_tape(flat, volume=1e6)
    signals = np.zeros((40, 1))
    signals[30] = 1000.0
    linear = {"model": "linear", "temporary_impact": 0.5, "participation_rate_limit": None}
    schedule = {"model": "almgren_chriss", "bars": 4, "risk_aversion": 1e-6}
    engine = engine_for(tape, signals, **orders(schedule=schedule, market_impact=linear)).run()
    sizes = np.array([quantity for _, quantity in parts(engine)])
    closes = np.array([bar[3] for bar in flat[0]])
    sigma = np.std((closes[1:] / closes[:-1] - 1.0)[10:30], ddof=1)
    k = np.arccosh(1.0 + 1e-6 * sigma * closes[30] * 1e6 / (2 * 0.5))
    left = np.sinh(k * (4 - np.arange(5))) / np.sinh(4 * k)
    np.testing.assert_allclose(sizes, -1000.0 * np.diff(left), rtol=1e-9)
    assert sizes[0] > sizes[3]


def test_what_is_left_after_the_last_part_lives_as_the_order_does() -> None:
    volume = np.array([1e9, 1e9, 1e9, 100, 1e9, 1e9, 1e9, 1e9, 1e9])[:, None]
    tape = flat_tape(FLAT, volume=volume)
    cap = {"participation_rate_limit": 0.1}
    day = worked({"model": "twap", "bars": 3}, tape=tape, market_impact=cap)
    assert parts(day) == [(1, 40.0), (2, 40.0), (3, 10.0)]
    assert refusals(day)[-1] == (3, 0, Reason.EXPIRED)
    carried = worked({"model": "twap", "bars": 3}, tape=tape, market_impact=cap, time_in_force="gtc")
    assert parts(carried) == [(1, 40.0), (2, 40.0), (3, 10.0), (4, 30.0)]


def test_a_bar_that_could_not_fill_its_part_is_caught_up() -> None:
    tape = flat_tape(FLAT, missing=[(2, 0)])
    assert parts(worked({"model": "twap", "bars": 4}, tape=tape)) == [(1, 30.0), (3, 60.0), (4, 30.0)]


def test_a_stop_leaves_at_once_although_its_lane_works_orders_by_parts() -> None:
    still, fall = (100.0,) * 4, (100.0, 100.0, 80.0, 80.0)
    tape = bars_tape([[still, still, still, fall, still, still]])
    execution = {"schedule": {"model": "twap", "bars": 2}}
    engine = engine_for(
        tape, [[0.5], [NAN], [NAN], [NAN], [NAN], [NAN]], **weights(execution=execution, exits={"stop_loss": 0.1})
    ).run()
    bought = [(row, price) for row, _, quantity, price in fills(engine) if quantity > 0]
    sold = [(row, price) for row, _, quantity, price in fills(engine) if quantity < 0]
    assert bought == [(1, 100.0), (2, 100.0)]
    assert sold == [(3, 90.0)]


def test_a_limit_order_fills_no_more_than_its_part() -> None:
    tape = bars_tape([[(100.0, 101.0, 99.0, 100.0)] * 6])
    engine = worked({"model": "twap", "bars": 3}, tape=tape, order_type="limit")
    assert parts(engine) == [(1, 40.0), (2, 40.0), (3, 40.0)]


@pytest.mark.parametrize(
    ("execution", "field", "word"),
    [
        ({"sizing": "fill"}, "execution.sizing", "decision"),
        ({"fill": "same_close"}, "execution.fill", "next_open"),
        ({"time_in_force": "fok"}, "execution.time_in_force", "gtc"),
        ({"min_fill": 0.5}, "execution.min_fill", "null"),
        ({"schedule": {"model": "almgren_chriss"}}, "execution.schedule.model", "temporary_impact"),
    ],
)
def test_settings_that_want_the_whole_order_at_once_are_refused(execution: Any, field: str, word: str) -> None:
    merged = {"schedule": {"model": "twap", "bars": 3}, **execution}
    with pytest.raises(ConfigError) as caught:
        load({"name": "x", "lanes": [{"name": "a", "execution": merged}]})
    assert field in str(caught.value)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("days", "first", "bars"), [(list(range(40)), 20, 5), ([row // 3 for row in range(40)], 29, 8)]
)
def test_vwap_over_several_sessions_knows_no_volume_from_after_the_decision(
    days: list[int], first: int, bars: int
) -> None:
    """The order is worked over sessions whose expectations hold volumes from after its decision."""
    random = np.random.default_rng(0)
    volume = random.uniform(1e6, 3e6, (40, 1))
    signals = np.zeros((40, 1))
    signals[first] = 200.0
    found = []
    for factor in (1.0, 7.0):
        later = volume.copy()
        later[first + 1 :] *= np.where(np.arange(39 - first)[:, None] % 2, factor, 1.0)
        tape = flat_tape([[100.0] * 40], volume=later, days=days)
        schedule = {"model": "vwap", "bars": bars}
        found.append(parts(engine_for(tape, signals, **orders(schedule=schedule, time_in_force="gtc")).run()))
    assert found[0] == found[1]
    assert len(found[0]) == bars
