"""The order of things inside a row, its end, and the conservation identity over all of it."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.core.codes import Event, Moment, Reason, Status
from polyfolio.errors import DataError
from polyfolio.kernels.matching import typical_price
from tests.kernels.tapes import account, bars_tape, cuts, engine_for, fills, flat_tape, orders, weights

NAN = float("nan")
STILL = (100.0,) * 4


def test_open_comes_before_intrabar_before_close() -> None:
    bars = [STILL, STILL, (100.0, 106.0, 97.0, 104.0), STILL]
    engine = engine_for(
        bars_tape([bars, bars, bars]), [[5.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], **orders(fill="next_close")
    ).run(2)
    engine.submit("a", "A", 4.0)
    engine.submit("a", "B", 3.0, order_type="limit", limit=98.0)
    engine.submit("a", "C", 2.0, order_type="limit", limit=101.0)
    engine.run(3)
    rows = engine.journal.fills[1:]
    assert [(Moment(int(r["moment"])).name, int(r["slot"]), float(r["price"])) for r in rows] == [
        ("OPEN", 2, 100.0),
        ("INTRABAR", 1, 98.0),
        ("CLOSE", 0, 104.0),
    ]


def test_the_typical_price_is_the_mean_of_high_low_and_close() -> None:
    class Bar:
        high, low, close = np.array([12.0]), np.array([9.0]), np.array([11.1])

    assert typical_price.py_func(Bar, 0) == pytest.approx(10.7, rel=1e-15)


def test_the_last_row_accepts_no_order_and_is_marked_not_sold() -> None:
    engine = engine_for(flat_tape([[100.0, 100.0, 120.0]]), [[0.5], [0.5], [0.9]], **weights()).run()
    events = engine.journal.events
    assert not ((events["row"] == 2) & (events["event"] == Event.ORDER)).any()
    assert engine.book.quantity[0, 0] == 5000.0
    assert account(engine)["equity"] == 1_100_000.0


def test_an_order_given_after_the_last_row_is_refused() -> None:
    engine = engine_for(flat_tape([[100.0] * 3]), [0.0], **orders()).run()
    with pytest.raises(DataError, match="row"):
        engine.submit("a", "A", 5.0)


def test_selling_out_closes_every_position_at_the_last_close() -> None:
    lane = weights(
        execution={
            "sell_out": True,
            "commission": {"model": "fixed", "fixed_fee": 5.0},
            "market_impact": {"participation_rate_limit": None},
        }
    )
    bars = [STILL, STILL, (110.0, 130.0, 110.0, 120.0)]
    engine = engine_for(bars_tape([bars, bars]), [0.5, -0.3], **lane).run()
    assert list(engine.book.quantity[0]) == [0.0, 0.0]
    last = engine.journal.fills[engine.journal.fills["row"] == 2][-2:]
    assert list(last["price"]) == [120.0, 120.0]
    assert set(last["reason"]) == {int(Reason.END_OF_RUN)}
    assert account(engine)["cash"] == account(engine)["equity"]


def test_halves_of_a_row_may_be_walked_one_by_one() -> None:
    lane = weights(exits={"stop_loss": 0.05})
    bars = [STILL, STILL, (100.0, 101.0, 90.0, 92.0), STILL]
    whole = engine_for(bars_tape([bars]), [0.5], **lane).run()
    parts = engine_for(bars_tape([bars]), [0.5], **lane)
    for _ in range(4):
        parts.fill().mark().decide()
    assert parts.book.digest() == whole.book.digest()
    assert parts.journal == whole.journal


def test_halves_of_a_row_agree_when_filling_at_the_same_close() -> None:
    lane = weights(execution={"fill": "same_close"})
    whole = engine_for(flat_tape([[100.0, 120.0, 110.0]]), [0.5], **lane).run()
    parts = engine_for(flat_tape([[100.0, 120.0, 110.0]]), [0.5], **lane)
    for _ in range(3):
        parts.fill().mark().decide()
    assert parts.journal == whole.journal


def test_halves_of_a_row_agree_when_a_lane_is_liquidated() -> None:
    lane = weights(limits={"max_leverage": 3.0})
    tape = flat_tape([[100.0, 100.0, 74.0, 74.0, 74.0]])
    whole, parts = engine_for(tape, [3.0], **lane).run(), engine_for(tape, [3.0], **lane)
    for _ in range(5):
        parts.fill().mark().decide()
    assert parts.journal == whole.journal


def test_equity_changes_by_its_terms_and_nothing_else() -> None:
    generator = np.random.default_rng(3)
    closes = 100.0 * np.exp(np.cumsum(generator.normal(0, 0.03, (80, 3)), axis=0))
    opens = np.vstack([closes[:1], closes[:-1]]) * np.exp(generator.normal(0, 0.01, (80, 3)))
    high, low = np.maximum(opens, closes) * 1.01, np.minimum(opens, closes) * 0.99
    bars = np.stack([opens, high, low, closes], axis=2).transpose(1, 0, 2)
    some = np.full((80, 3), NAN)
    dividends, funding = some.copy(), some.copy()
    dividends[20::9, 0], funding[30::8, 1] = 1.5, 0.0005
    tape = bars_tape(
        bars.tolist(),
        volume=1e5,
        dividends=dividends,
        funding=funding,
        spread=np.full((80, 3), 0.05),
        borrow=np.full((80, 3), 0.05),
        missing=[(40, 0), (41, 1)],
    )
    execution = {
        "commission": {"model": "fixed_percentage", "fixed_fee": 1.0, "percentage_fee": 0.001},
        "slippage": {"model": "linear", "base_slippage": 1e-4, "volume_impact": 1e-8},
        "market_impact": {"model": "square_root", "temporary_impact": 0.1, "permanent_impact": 0.1},
    }
    lane = weights(
        account={"interest_rate": 0.02, "loan_rate": 0.05},
        limits={"max_leverage": 1.5},
        execution=execution,
        exits={"stop_loss": 0.08, "take_profit": 0.1, "trailing_stop": 0.1, "bar_until": "bars", "cooldown_bars": 2},
    )
    engine = engine_for(tape, generator.uniform(-0.5, 0.5, (80, 3)), **lane).run()
    marks = engine.journal.marks
    terms = sum(marks[name] for name in ("gain", "dividends", "interest", "flows"))
    costs = sum(marks[name] for name in ("commission", "slippage", "impact", "borrow", "funding"))
    np.testing.assert_allclose(np.diff(marks["equity"]), (terms - costs)[1:], atol=1e-9 * 1e6)
    kinds = ("gain", "dividends", "interest", "commission", "slippage", "impact", "borrow", "funding")
    assert [name for name in kinds if account(engine)[f"total_{name}"] == 0.0] == []
    assert {int(r) for r in engine.journal.fills["reason"]} >= {int(Reason.STOP_LOSS), int(Reason.TAKE_PROFIT)}
    fill = engine.journal.fills
    passive = (fill["reason"] == Reason.TAKE_PROFIT) & (fill["moment"] == Moment.INTRABAR)
    inside = (tape.low[fill["row"], fill["slot"]] <= fill["reference"] * (1 + 1e-12)) & (
        fill["reference"] <= tape.high[fill["row"], fill["slot"]] * (1 + 1e-12)
    )
    assert inside.all()
    assert passive.any()


def test_exits_and_orders_of_several_slots_do_not_meet() -> None:
    bars = [[STILL, STILL, (100.0, 100.0, 90.0, 90.0), (90.0,) * 4], [STILL] * 4]
    engine = engine_for(bars_tape(bars), [0.4, 0.4], **weights(exits={"stop_loss": 0.05})).run()
    assert engine.book.quantity[0, 0] == 0.0
    assert engine.book.quantity[0, 1] > 0.0
    assert (2, 0, Reason.BARRED) in cuts(engine)
    assert account(engine)["status"] == Status.LIVE
    assert fills(engine)[-1][1] == 1
