"""What most bars take in one go gives what the long way gives: the same fills, the same reasons, the same money."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason
from polyfolio.objects.data import market_data
from polyfolio.objects.desk import open_desk
from polyfolio.rules.spec import Spec
from tests.laws.tapes import Shape, make_tape
from tests.laws.test_cash import over_leverage
from tests.laws.worlds import World, engine_of, single

CAPITAL = {"initial_capital": 1e5}
FREE = {"participation_rate_limit": None}


def reasons(engine: Any, event: Event | None = None) -> Counter[int]:
    """How often each reason stands in the journal's events."""
    events = engine.journal.events
    return Counter(events["reason"][slice(None) if event is None else events["event"] == event].tolist())


@pytest.mark.parametrize(
    "schedule",
    [
        {"model": "fixed", "fixed_fee": 50.0},
        {"model": "percentage", "percentage_fee": 0.001, "min_fee": 5.0},
        {"model": "per_unit", "per_unit_fee": 0.01, "min_fee": 1.0},
    ],
)
def test_a_book_solved_with_fees_that_do_not_scale_can_be_paid_for(schedule: dict[str, Any]) -> None:
    """The equation is solved from the side that can pay: nothing is refused for want of a rounding error."""
    execution = {"fill": "same_close", "time_in_force": "fok", "commission": schedule, "market_impact": FREE}
    world = single(
        Shape(seed=1, slots=3, rows=10), account=CAPITAL, sizing={"method": "equal_weight"}, execution=execution
    )
    engine = engine_of(world, world.tape(), np.ones((1, 10, 3))).run()
    found = reasons(engine)
    assert len(engine.journal.fills) == 27
    assert (found[Reason.FILL_OR_KILL], found[Reason.BUYING_POWER]) == (0, 0)


def test_a_slot_without_an_opinion_does_not_spoil_a_target_solved_at_the_fill() -> None:
    execution = {
        "sizing": "fill",
        "time_in_force": "fok",
        "commission": {"model": "percentage", "percentage_fee": 0.001},
        "market_impact": FREE,
    }
    world = single(Shape(seed=2, slots=4, rows=40), account=CAPITAL, sizing={"method": "weights"}, execution=execution)
    random = np.random.default_rng(2)
    signals = random.dirichlet(np.ones(4), size=40)[None] * 0.999
    signals[:, :, 3] = np.where(random.random(40) < 0.5, np.nan, 0.0)
    signals[:, :, :3] /= signals[:, :, :3].sum(axis=2, keepdims=True)
    engine = engine_of(world, world.tape(), signals).run()
    assert reasons(engine)[Reason.FILL_OR_KILL] == 0
    assert len(engine.journal.fills) == 39 * 3


@pytest.mark.parametrize("level", ["off", "summary"])
def test_a_desk_keeps_its_fills_whatever_the_journal_s_level(level: str) -> None:
    tape = make_tape(Shape(slots=2, rows=4))

    def traded(journal: str) -> tuple[list[int], list[float]]:
        lane = {
            "name": "a",
            "account": CAPITAL,
            "sizing": {"method": "equal_weight"},
            "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}, "market_impact": FREE},
        }
        desk = open_desk(Spec(name="x", journal=journal, lanes=[lane]), tape)
        counts: list[int] = []
        requests: Any = []
        for row in range(3):
            data = market_data(tape, row)
            trades = desk.execute(requests, data)
            counts.append(len(trades))
            desk.mark(trades, data)
            wants, _ = desk.limit(desk.size(dict.fromkeys(tape.symbols, 1.0), data), data)
            requests = desk.order(wants, data)
        return counts, desk.realised.tolist()

    assert traded(level) == traded("full")
    assert traded(level)[0] == [0, 2, 2]


def test_what_blocks_a_slot_blocks_its_sleeves() -> None:
    """Warm-up lets no new risk in, and shorts are off: neither may come back through the slot's sleeves."""
    shape = Shape(seed=1, slots=2, rows=8)
    first, second = make_tape(shape).symbols
    lane = {
        "name": "lane",
        "account": CAPITAL,
        "risk": {"warmup": "block"},
        "sizing": {"method": "volatility_target", "target_volatility": 0.1, "allow_short": False},
        "execution": {"market_impact": FREE},
    }
    sleeves = tuple({"name": name, "symbol": symbol} for name, symbol in (("a", first), ("b", second), ("c", second)))
    world = World(shape, (lane,), sleeves=sleeves)
    engine = engine_of(world, world.tape(), np.array([[[1.0, -1.0, np.nan]] * 8])).run()
    assert engine.book.held[0].tolist() == [0.0, 0.0]


def test_kelly_never_bets_against_a_signal_and_says_why_it_does_not_bet() -> None:
    sizing = {"method": "kelly", "kelly_window": 10, "allow_short": True, "min_kelly": 0.0}
    against, warm, floors = 0, 0, 0
    for seed in range(4):
        world = single(
            Shape(seed=seed, slots=5, rows=40),
            account=CAPITAL,
            sizing=sizing,
            risk={"covariance": {"window": 10}, "min_history": 5},
        )
        engine = engine_of(world, world.tape(), np.ones((1, 40, 5))).run()
        said = engine.journal.events[engine.journal.events["event"] == Event.SIGNAL]
        against += int((said["before"] * said["after"] < 0.0).sum())
        warm += int((said["reason"][said["row"] < 9] == Reason.WARMUP).sum())
        floors += int((said["reason"] == Reason.KELLY_FLOOR).sum())
        assert (said["after"] > 0.0).any()
    assert against == 0
    assert warm == 4 * 9 * 5
    assert floors == 0  # without a floor nothing is below it


def test_a_fallback_is_told_even_where_the_target_risk_then_scales() -> None:
    found = {}
    for target in (None, 0.001):
        world = single(
            Shape(seed=3, slots=2, rows=40, twins=True),
            account=CAPITAL,
            sizing={"method": "risk_parity", "target_risk": target, "allow_short": True},
            risk={"covariance": {"window": 10}, "min_history": 5},
        )
        signals = np.ones((1, 40, 2))
        signals[:, :, 1] = -1.0
        found[target] = reasons(engine_of(world, world.tape(), signals).run(), Event.SIGNAL)[Reason.FALLBACK]
    assert found[None] == found[0.001] > 0


def test_a_sliced_order_says_so_once() -> None:
    lane = {
        "account": CAPITAL,
        "sizing": {"method": "units"},
        "rebalance": {"every": 20},
        "execution": {
            "time_in_force": "ioc",
            "min_fill": 0.5,
            "market_impact": {"participation_rate_limit": 0.0001},
        },
    }
    world = single(Shape(seed=1, slots=1, rows=12), **lane)
    engine = engine_of(world, world.tape(), np.full((1, 12, 1), 900.0)).run()
    assert reasons(engine)[Reason.MIN_FILL] == 1
    assert reasons(engine)[Reason.PARTICIPATION] > 1


def test_closing_less_than_a_lot_pays_for_what_it_was_counted_for() -> None:
    """Five units are left of a lot of ten after a split. Turning them short is cut, and the five are still closed."""
    shape = Shape(
        seed=148, rows=25, slots=6, late=True, dividends=True, splits=True, funding=True, thin=True, lots=True,
        per_day=1, volatility=0.0, missing=0.0, spread=False, borrow=False,
    )  # fmt: skip
    execution = {"commission": {"model": "percentage", "percentage_fee": 0.0}, "fill": "next_open"}
    world = single(
        shape,
        sizing={"method": "orders", "allow_short": True},
        limits={"max_leverage": 1.0},
        account=CAPITAL,
        execution=execution,
    )
    random = np.random.default_rng(148)
    sizes = random.choice([-1.0, 0.0, 0.0, 3.5, -1.0, 0.0], (1, 25, 6))
    engine = engine_of(world, world.tape(), sizes * random.integers(0, 500, (1, 25, 6))).run()
    assert over_leverage(engine, 0) == []
    fills = engine.journal.fills
    assert fills[(fills["row"] == 8) & (fills["slot"] == 4)]["quantity"].tolist() == [-5.0]
