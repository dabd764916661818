"""Lanes of one account: limits across them, and orders that meet inside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from tests.kernels.tapes import bars_tape, engine_for, fills, flat_tape, refusals, weights

NAN = float("nan")
STILL = (100.0,) * 4
FEE: dict[str, Any] = {
    "commission": {"model": "percentage", "percentage_fee": 0.01},
    "market_impact": {"participation_rate_limit": None},
}


def group_of_two(signals: Any, tape: Any = None, execution: Any = None, group: Any = None, **sections: Any) -> Any:
    """Lanes a and b in one group, each with signals of its own."""
    lanes = [{"name": name, **weights(execution=execution or FEE, **sections)} for name in "ab"]
    groups = [{"name": "g", "lanes": ["a", "b"], **(group or {})}]
    array = np.array(signals, dtype=np.float64)
    return engine_for(tape or flat_tape([[100.0] * 4]), array, lanes, groups=groups)


def commissions(engine: Any, lane: int) -> list[float]:
    rows = engine.journal.fills
    return [float(row["commission"]) for row in rows[rows["lane"] == lane]]


def test_orders_that_meet_inside_a_group_pay_nothing_for_the_part_that_meets() -> None:
    signals = [[[0.5]], [[-0.2]]]
    apart = group_of_two(signals).run(2)
    together = group_of_two(signals, group={"netting": True}).run(2)
    for lane in (0, 1):
        assert fills(together, lane) == fills(apart, lane)  # the same quantities at the same price
    bought, sold = fills(together, 0)[0][2], -fills(together, 1)[0][2]
    assert commissions(together, 1) == [0.0]
    assert commissions(together, 0) == pytest.approx([(bought - sold) * 100.0 * 0.01], rel=1e-12)
    saved = sum(commissions(apart, 0)) + sum(commissions(apart, 1)) - commissions(together, 0)[0]
    cash = [engine.book.account["cash"].sum() for engine in (apart, together)]
    assert cash[1] - cash[0] == pytest.approx(saved, rel=1e-9)
    assert saved == pytest.approx(2 * sold * 100.0 * 0.01, rel=1e-9)


def test_orders_on_one_side_do_not_meet() -> None:
    engine = group_of_two([[[0.5]], [[0.2]]], group={"netting": True}).run(2)
    assert all(fee > 0.0 for lane in (0, 1) for fee in commissions(engine, lane))


def test_an_exit_pays_its_costs_although_the_entry_met_another_lane() -> None:
    tape = bars_tape([[STILL, STILL, (90.0,) * 4, (90.0,) * 4]])
    signals = [[[0.5], [NAN], [NAN], [NAN]], [[-0.5], [NAN], [NAN], [NAN]]]
    engine = group_of_two(signals, tape, group={"netting": True}, exits={"stop_loss": 0.05}).run()
    assert fills(engine, 0)[1][3] == 90.0
    assert commissions(engine, 0)[1] == pytest.approx(-fills(engine, 0)[1][2] * 90.0 * 0.01, rel=1e-12)


@pytest.mark.parametrize("fill", ["next_close", "next_typical", "same_close"])
def test_orders_meet_at_the_open_only(fill: str) -> None:
    execution = FEE | {"fill": fill}
    engine = group_of_two([[[0.5]], [[-0.5]]], execution=execution, group={"netting": True}).run(2)
    for lane in (0, 1):
        bought = abs(fills(engine, lane)[0][2])
        assert commissions(engine, lane)[0] == pytest.approx(bought * 100.0 * 0.01, rel=1e-12)


@pytest.mark.pitfall("CSH-07")
def test_a_groups_gross_counts_what_all_its_lanes_hold_and_order() -> None:
    free = {"market_impact": {"participation_rate_limit": None}}
    engine = group_of_two(
        [[[0.4], [0.4], [0.4], [0.4]], [[NAN], [0.5], [NAN], [NAN]]], execution=free, group={"max_gross": 0.35}
    ).run()
    # 0.35 of 2,000,000 in all: 400,000 by lane a fit, lane b's 500,000 are cut to 300,000
    assert fills(engine, 0) == [(1, 0, 4000.0, 100.0)]
    assert fills(engine, 1)[0][2] == pytest.approx(3000.0, rel=1e-12)
    assert (1, 0, Reason.GROUP_LIMIT) in refusals(engine, 1)


@pytest.mark.pitfall("CSH-07")
def test_a_groups_gross_counts_orders_that_still_work() -> None:
    free = {"market_impact": {"participation_rate_limit": None}, "order_type": "limit", "time_in_force": "gtc"}
    tape = flat_tape([[100.0, 100.0, 100.0, 100.0]])
    engine = group_of_two(
        [[[0.4], [NAN], [NAN], [NAN]], [[0.5], [NAN], [NAN], [NAN]]], tape, execution=free, group={"max_gross": 0.3}
    ).run(1)
    ordered = engine.book.order_quantity[:, 0] * 100.0
    assert ordered.sum() == pytest.approx(600_000.0, rel=1e-12)
    assert ordered[0] / ordered[1] == pytest.approx(0.8, rel=1e-12)


@pytest.mark.pitfall("CSH-07")
def test_a_groups_largest_position_counts_all_its_lanes() -> None:
    tape = flat_tape([[100.0] * 4, [50.0] * 4])
    free = {"market_impact": {"participation_rate_limit": None}}
    engine = group_of_two([[[0.4, 0.1]], [[0.2, 0.1]]], tape, execution=free, group={"max_position": 0.15}).run(2)
    held = engine.book.value.sum(axis=0)
    assert list(held) == pytest.approx([300_000.0, 200_000.0], rel=1e-12)
    assert list(engine.book.value[:, 0]) == pytest.approx([200_000.0, 100_000.0], rel=1e-12)


def test_reductions_pass_where_a_group_is_over_its_limit() -> None:
    free = {"market_impact": {"participation_rate_limit": None}}
    tape = flat_tape([[100.0, 100.0, 200.0, 200.0]])
    engine = group_of_two(
        [[[0.5], [NAN], [0.1], [NAN]], [[0.0], [NAN], [0.5], [NAN]]], tape, execution=free, group={"max_gross": 0.25}
    ).run()
    # after the rise 1,000,000 of 2,500,000; lane a goes down to 150,000, lane b may open 475,000
    assert engine.book.value[:, 0] == pytest.approx([150_000.0, 475_000.0], rel=1e-12)


@pytest.mark.pitfall("CSH-07")
def test_a_group_of_one_lane_has_its_limits_too() -> None:
    engine = engine_for(
        flat_tape([[100.0] * 3]),
        [1.0],
        [{"name": "a", **weights()}],
        groups=[{"name": "g", "lanes": ["a"], "max_gross": 0.5}],
    ).run()
    assert fills(engine) == [(1, 0, 5000.0, 100.0)]


@pytest.mark.pitfall("CSH-07")
@pytest.mark.parametrize("limit", ["max_gross", "max_position"])
def test_a_group_with_limits_refuses_targets_sized_at_the_fill(limit: str) -> None:
    free = {"market_impact": {"participation_rate_limit": None}, "sizing": "fill"}
    lanes = [{"name": name, "execution": free} for name in "ab"]
    with pytest.raises(ConfigError, match="sizing") as caught:
        load({"name": "run", "lanes": lanes, "groups": [{"name": "g", "lanes": ["a", "b"], limit: 0.5}]})
    assert caught.value.value == "fill"
    engine = group_of_two([[[0.5]], [[0.5]]], execution=free, group={"netting": True}).run(2)
    assert [fills(engine, lane)[0][2] for lane in (0, 1)] == [5000.0, 5000.0]


def test_lanes_without_a_group_never_touch() -> None:
    lanes = [{"name": name, **weights(execution=FEE)} for name in "ab"]
    engine = engine_for(flat_tape([[100.0] * 4]), [[[0.5]], [[-0.5]]], lanes).run()
    alone = engine_for(flat_tape([[100.0] * 4]), [[[0.5]]], lanes[:1]).run()
    assert engine.book.lane_bytes(0) == alone.book.lane_bytes(0)
