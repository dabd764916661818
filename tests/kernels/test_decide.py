"""When a lane decides, and what each stage of its program does to the want, on real runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason, Status
from polyfolio.core.tape import Tape
from tests.kernels.tapes import account, cuts, engine_for, fills, flat_tape, weights

NAN = float("nan")
FREE = {"market_impact": {"participation_rate_limit": None}}


def decided_rows(engine: Any, lane: int = 0) -> list[int]:
    """Rows at which signals became wants."""
    events = engine.journal.events
    return sorted({int(e["row"]) for e in events if e["lane"] == lane and e["event"] == Event.SIGNAL})


def held_rows(engine: Any) -> list[tuple[int, Reason]]:
    """(row, reason) of the rows at which the book was held."""
    events = engine.journal.events
    return [(int(e["row"]), Reason(int(e["reason"]))) for e in events if e["event"] == Event.HOLD]


@pytest.mark.parametrize(
    ("every", "rows"),
    [
        ("bar", list(range(11))),
        (3, [0, 3, 6, 9]),
        ("1d", [0, 2, 4, 6, 8, 10]),
        ("week", [0, 4, 8, 10]),  # 2021-01-01 was a Friday; days 3, 31 and 38 after it are Mondays
        ("month", [0, 8]),
    ],
)
def test_decisions_stand_at_the_first_bar_of_each_period(every: Any, rows: list[int]) -> None:
    days = [0, 0, 1, 1, 3, 3, 5, 5, 31, 31, 38, 38]
    engine = engine_for(flat_tape([[100.0] * 12], days=days), [0.5], **weights(rebalance={"every": every}))
    engine.run()
    assert decided_rows(engine) == rows
    assert [row for row, _ in held_rows(engine)] == [row for row in range(11) if row not in rows]
    assert {reason for _, reason in held_rows(engine)} <= {Reason.NOT_REBALANCE_BAR}


def test_decisions_of_an_hour_and_a_minute() -> None:
    tape = flat_tape([[100.0] * 5], days=[0, 0, 0, 1, 1])  # an hour apart
    for every in ("1h", "1min"):
        assert decided_rows(engine_for(tape, [0.5], **weights(rebalance={"every": every})).run()) == [0, 1, 2, 3]


def test_below_the_threshold_the_book_is_held() -> None:
    tape = flat_tape([[100.0, 100.0, 104.0, 112.0, 112.0, 112.0]])
    engine = engine_for(tape, [0.5], **weights(rebalance={"threshold": 0.02})).run()
    # weight after 104: 52/102 = 0.5098; after 112: 56/106 = 0.528
    assert [row for row, *_ in fills(engine)] == [1, 4]
    assert held_rows(engine) == [(row, Reason.THRESHOLD) for row in (1, 2, 4)]


def test_inside_the_risk_band_the_book_is_held() -> None:
    tape = moving_tape(90, [0.01])
    year = np.sqrt(365.0)
    lane = weights(
        risk={"min_history": 20, "covariance": {"window": 20}},
        rebalance={"risk_band": [0.5 * 0.01 * year * 0.9, 0.5 * 0.01 * year * 1.1]},
    )
    engine = engine_for(tape, [0.5], **lane).run()
    reasons = [reason for row, reason in held_rows(engine) if row > 25]
    assert reasons
    assert set(reasons) == {Reason.RISK_BAND}


def test_a_rebalancing_that_is_not_worth_its_cost_is_held() -> None:
    tape = moving_tape(60, [0.01, 0.02])
    execution = FREE | {"commission": {"model": "percentage", "percentage_fee": 0.05}}
    signals = np.full((60, 2), 0.4)
    signals[40:] = 0.41
    lane = weights(
        risk={"min_history": 20, "covariance": {"window": 20}}, rebalance={"cost_aware": True}, execution=execution
    )
    engine = engine_for(tape, signals, **lane).run()
    assert Reason.NOT_WORTH_COST in {reason for _, reason in held_rows(engine)}
    lane["rebalance"]["risk_aversion"] = 1000.0
    assert len(fills(engine_for(tape, signals, **lane).run())) > len(fills(engine))


def moving_tape(rows: int, sizes: list[float], **more: Any) -> Tape:
    """Closes that go up and down by a fixed share in turn, each slot at a rhythm of its own."""
    columns = []
    for index, size in enumerate(sizes):
        price, column = 100.0, []
        for t in range(rows):
            price *= 1.0 if t == 0 else (1.0 + size if (t >> index) % 2 else 1.0 / (1.0 + size))
            column.append(price)
        columns.append(column)
    return flat_tape(columns, **more)


def drawdown_lane(action: str, **sections: Any) -> dict[str, Any]:
    return weights(risk={"max_drawdown": 0.1, "drawdown_action": action}, **sections)


def statuses(engine: Any) -> list[str]:
    return [Status(int(status)).name for status in engine.journal.marks["status"]]


def test_reduce_lets_gross_only_fall_until_the_drawdown_has_halved() -> None:
    closes = [100.0, 100.0, 76.0, 80.0, 92.0, 92.0, 92.0]
    signals = [[0.5], [0.5], [0.9], [0.9], [0.9], [0.9], [0.9]]
    engine = engine_for(flat_tape([closes]), signals, **drawdown_lane("reduce")).run()
    # at 76: equity 880,000, drawdown 12 %; at 92: 960,000, drawdown 4 %
    assert statuses(engine) == ["LIVE", "LIVE", "REDUCE_ONLY", "REDUCE_ONLY", "LIVE", "LIVE", "LIVE"]
    assert (2, 0, Reason.MAX_DRAWDOWN) in cuts(engine)
    quantities = np.cumsum([0.0] + [q for _, _, q, _ in fills(engine)])
    assert [row for row, *_ in fills(engine)][:1] == [1]
    assert quantities[1] == 5000.0
    assert all(row >= 5 or quantity <= 1e-6 for row, _, quantity, _ in fills(engine)[1:])


@pytest.mark.parametrize("action", ["flatten", "terminate"])
def test_flatten_and_terminate_close_everything_for_good(action: str) -> None:
    closes = [100.0, 100.0, 76.0, 76.0, 100.0, 130.0]
    engine = engine_for(flat_tape([closes]), [0.5], **drawdown_lane(action)).run()
    assert fills(engine) == [(1, 0, 5000.0, 100.0), (3, 0, -5000.0, 76.0)]
    assert statuses(engine)[-1] == "TERMINATED"


@pytest.mark.parametrize(
    "sections",
    [
        {"execution": {"market_impact": {"participation_rate_limit": 0.1}}},
        {"rebalance": {"threshold": 0.55}},
    ],
)
def test_flatten_goes_on_until_nothing_is_held(sections: Any) -> None:
    closes = [100.0, 100.0, 60.0, 60.0, 60.0, 60.0, 60.0]
    volume = [[1e9], [1e9], [1e9], [10_000.0], [1e9], [1e9], [1e9]]
    engine = engine_for(flat_tape([closes], volume=volume), [0.6], **drawdown_lane("flatten", **sections)).run()
    assert statuses(engine)[-1] == "TERMINATED"
    assert fills(engine)[0] == (1, 0, 6000.0, 100.0)
    assert engine.book.quantity[0, 0] == 0.0


def test_a_daily_loss_ends_new_risk_until_the_next_day() -> None:
    tape = flat_tape([[100.0, 100.0, 94.0, 94.0, 94.0, 94.0]], days=[0, 0, 1, 1, 2, 2])
    signals = [[0.5], [0.5], [0.8], [0.8], [0.8], [0.8]]
    engine = engine_for(tape, signals, **weights(limits={"max_daily_loss": 0.02})).run()
    # equity 1,000,000 at day 1's start, 970,000 at row 2
    assert statuses(engine) == ["LIVE", "LIVE", "HALTED", "HALTED", "LIVE", "LIVE"]
    assert {(2, 0, Reason.MAX_DAILY_LOSS), (3, 0, Reason.MAX_DAILY_LOSS)} <= set(cuts(engine))
    assert [row for row, *_ in fills(engine)] == [1, 5]


def test_a_daily_loss_counts_in_reduce_only_too() -> None:
    tape = flat_tape([[100.0, 100.0, 70.0, 65.0, 65.0], [100.0] * 5], days=[0, 0, 0, 1, 1])
    signals = [[0.5, 0.0]] * 3 + [[0.1, 0.2]] * 2
    lane = weights(limits={"max_daily_loss": 0.02}, risk={"max_drawdown": 0.1})
    engine = engine_for(tape, signals, **lane).run(4)
    assert engine.book.order_quantity[0, 1] == 0.0  # 2.9 % lost today: no new risk


def test_warm_up_blocks_new_risk_or_lets_it_pass() -> None:
    tape = moving_tape(40, [0.01])
    for warmup, first in (("block", 22), ("pass", 1)):
        lane = weights(risk={"max_volatility": 0.15, "min_history": 20, "covariance": {"window": 20}, "warmup": warmup})
        engine = engine_for(tape, [1.0], **lane).run()
        assert abs(fills(engine)[0][0] - first) <= 1
        if warmup == "block":
            assert (5, 0, Reason.WARMUP) in cuts(engine)


def test_the_book_is_scaled_to_the_volatility_allowed() -> None:
    tape = moving_tape(60, [0.01])
    lane = weights(risk={"max_volatility": 0.05, "min_history": 20, "covariance": {"window": 20}})
    engine = engine_for(tape, [1.0], **lane).run()
    closes = tape.close[:, 0]
    sigma = np.std(closes[31:51] / closes[30:50] - 1.0, ddof=1) * np.sqrt(365.0)
    want = [e for e in engine.journal.events if e["row"] == 50 and e["event"] == Event.CUT]
    assert want[-1]["after"] == pytest.approx(0.05 / sigma, rel=1e-9)
    assert want[-1]["reason"] == Reason.MAX_VOLATILITY


def test_caps_by_position_label_and_count_keep_the_largest_wants() -> None:
    labels = {"sector": ("x", "x", "y", "y")}
    tape = flat_tape([[100.0] * 3] * 4, labels=labels)
    signals = [0.3, 0.25, 0.2, 0.15]
    limits: dict[str, Any] = {"max_position": 0.22}
    engine = engine_for(tape, signals, **weights(limits=limits)).run(1)
    assert list(engine.book.want[0]) == [0.22, 0.22, 0.2, 0.15]
    engine = engine_for(tape, signals, **weights(limits={"labels": [{"by": "sector", "cap": 0.4}]})).run(1)
    assert list(engine.book.want[0]) == pytest.approx([0.3, 0.1, 0.2, 0.15], rel=1e-12)
    engine = engine_for(tape, signals, **weights(limits={"max_positions": 2})).run(1)
    assert list(engine.book.want[0]) == [0.3, 0.25, 0.0, 0.0]
    engine = engine_for(tape, signals, **weights(limits={"min_position": 0.18})).run(1)
    assert list(engine.book.want[0]) == [0.3, 0.25, 0.2, 0.0]


@pytest.mark.pitfall("CSH-05")
def test_wants_of_one_decision_share_one_account() -> None:
    tape = flat_tape([[100.0] * 3] * 4)
    engine = engine_for(tape, [0.5, 0.5, 0.5, 0.5], **weights(limits={"max_gross": 0.8, "min_cash_reserve": 0.3}))
    engine.run(1)
    assert list(engine.book.want[0]) == pytest.approx([0.175] * 4, rel=1e-9)


def test_positions_whose_own_risk_is_too_large_shrink_a_hundred_to_seventy_one() -> None:
    """100 units of a tenth of the equity with a risk of 0.07, where 0.05 is allowed: floor(100 * 5 / 7) = 71."""
    closes = moving_tape(60, [0.03]).close[:, 0]
    sigma = np.std(closes[-21:-1][1:] / closes[-21:-1][:-1] - 1.0, ddof=1) * np.sqrt(365.0)
    price = closes[-2]
    weight = 0.07 / sigma
    capital = 100.0 * price / weight
    signals = np.zeros((60, 1))
    signals[-2] = weight
    rounds = {"iterations": 3, "resize_threshold": 0.5}
    for feedback, limit, stages in (
        (rounds, Reason.FEEDBACK, ["feedback", "cap_position_risk"]),
        ({}, Reason.MAX_POSITION_RISK, ["cap_position_risk"]),
    ):
        program = ["size", "filter", *stages]
        lane = weights(
            risk={"max_position_risk": 0.05, "min_history": 19, "covariance": {"window": 19}},
            feedback=feedback,
            account={"initial_capital": capital},
            program=program,
        )
        tape = flat_tape([closes], instruments={"lot": 1.0})
        engine = engine_for(tape, signals, **lane).run(59)
        assert engine.book.order_quantity[0, 0] == 71.0
        assert cuts(engine)[-1] == (58, 0, limit)


def test_correlated_wants_are_damped_and_hedges_are_not() -> None:
    tape = moving_tape(60, [0.02])
    column = tape.close[:, 0]
    both = flat_tape([column, column * 2.0])
    lane = weights(
        correlation={"limit": 0.5, "adjustment_factor": 0.5}, risk={"min_history": 20, "covariance": {"window": 20}}
    )
    engine = engine_for(both, [0.4, 0.4], **lane).run(50)
    assert list(engine.book.want[0]) == pytest.approx([0.2, 0.2], rel=1e-9)  # rho = 1: 1 - a
    engine = engine_for(both, [0.4, -0.4], **lane).run(50)
    assert list(engine.book.want[0]) == pytest.approx([0.4, -0.4], rel=1e-9)


def test_a_hedge_takes_the_beta_away() -> None:
    tape = moving_tape(90, [0.02])
    column = tape.close[:, 0]
    lane = weights(hedge={"benchmark": "B", "window": 30, "band": 0.05}, limits={"max_leverage": 2.0})
    engine = engine_for(flat_tape([column, column]), [0.4, NAN], **lane).run(60)
    assert engine.book.want[0][0] == pytest.approx(0.4)
    engine = engine_for(flat_tape([column, column]), [0.4, 0.0], **lane).run(60)
    # hedged as soon as 30 returns are known; what drifts inside the band is left alone
    held = engine.book.quantity[0] * column[59] / account(engine)["equity"]
    assert abs(held[0] + held[1]) < 0.05
    assert engine.book.want[0][1] == pytest.approx(held[1], rel=1e-12)
    first = next(f for f in fills(engine) if f[1] == 1)
    assert first[0] == 31
    assert first[2] * column[30] == pytest.approx(-0.4 * engine.journal.marks["equity"][30], rel=1e-9)
    assert Reason.HEDGE in {reason for _, _, reason in cuts(engine)}


def test_a_projection_moves_less_than_the_common_scale() -> None:
    tape = moving_tape(80, [0.01, 0.04])
    risk = {"max_volatility": 0.15, "min_history": 20, "covariance": {"window": 40}}
    wants = {}
    for projection in ("scale", "qp"):
        engine = engine_for(tape, [0.5, 0.5], **weights(risk=risk | {"projection": projection})).run(70)
        wants[projection] = engine.book.want[0].copy()
        certificate = [
            e
            for e in engine.journal.events
            if e["row"] == 69 and e["event"] == Event.LIMIT and e["reason"] == Reason.MAX_VOLATILITY
        ]
        assert certificate[-1]["before"] <= 0.15 * (1 + 1e-6)
    distance = {name: float(((want - 0.5) ** 2).sum()) for name, want in wants.items()}
    assert distance["qp"] < distance["scale"]


def test_risk_comes_back_no_faster_than_allowed() -> None:
    closes = list(moving_tape(40, [0.05]).close[:, 0]) + [100.0] * 60
    tape = flat_tape([closes])
    lane = weights(
        risk={"max_volatility": 0.2, "min_history": 10, "covariance": {"window": 10}, "risk_adjustment_speed": 0.1}
    )
    engine = engine_for(tape, [1.0], **lane)
    scales = []
    for _ in range(99):
        scales.append(float(account(engine.step())["scale"]))
    steps = np.diff(scales[15:])
    assert steps.max() <= 0.1 + 1e-12
    assert scales[-1] == 1.0
    assert min(scales[15:40]) < 0.5
