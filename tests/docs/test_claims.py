"""Sentences of the pages that no example shows, proved by a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason
from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine
from polyfolio.market.frame import tape_from_arrays
from polyfolio.rules.load import load, single
from polyfolio.rules.plan import compile_spec

DAY = 86_400 * 10**9


def flat_tape(rows: int, slots: int, first: int = 0, price: float = 100.0) -> Tape:
    """Prices that wave a little; the last slot is listed at row `first`."""
    waves = [0.01 * np.sin(np.arange(rows) * (slot + 2) / 3.0) for slot in range(slots)]
    close = price * np.exp(np.array(waves).T)
    close[:first, -1] = np.nan
    names = ("open", "high", "low", "close")
    volume = np.full(close.shape, 1e7)
    fields = {**dict.fromkeys(names, close), "volume": volume}
    return tape_from_arrays((19_000 + np.arange(rows)) * DAY, list("ABCDEFGH"[:slots]), fields, interval="1d")


def lane(sections: dict[str, Any], **changes: Any) -> Any:
    return single(sections, "lane").model_copy(update={"journal": 2, **changes})


def events_of(engine: Engine, kind: Event) -> np.ndarray:
    events = engine.journal.events
    return events[events["event"] == kind]


def test_a_nan_signal_keeps_the_quantity_and_zero_sells_it() -> None:
    tape = flat_tape(6, 2)
    signals = np.full((1, tape.rows, tape.slots), np.nan)
    signals[0, 0] = 0.4
    signals[0, 3] = [0.0, np.nan]
    spec = lane({"sizing": {"method": "weights"}})
    engine = Engine(compile_spec(spec, tape.universe), tape, signals).run(4)
    before = engine.book.held[0].copy()
    assert (before > 0.0).all()
    assert len(engine.journal.fills) == 2
    engine.run()
    assert engine.book.held[0].tolist() == [0.0, before[1]]


def test_an_engine_goes_on_from_a_snapshot_as_if_it_had_not_stopped() -> None:
    tape = flat_tape(30, 3)
    signals = np.sin(np.arange(90.0)).reshape(1, 30, 3)
    plan = compile_spec(lane({"sizing": {"method": "signal_strength"}}), tape.universe)
    whole = Engine(plan, tape, signals).run(12)
    kept = whole.snapshot()
    whole.run()
    again = Engine(plan, tape, signals).restore(kept).run()
    assert again.journal.to_bytes() == whole.journal.to_bytes()
    assert again.book.digest() == whole.book.digest()


def test_a_limit_that_passes_its_warm_up_stands_in_the_certificate_as_a_breach() -> None:
    tape = flat_tape(5, 2)
    spec = lane({"risk": {"max_volatility": 0.2, "warmup": "pass"}})
    engine = Engine(compile_spec(spec, tape.universe), tape, np.ones((1, 1, 2))).run()
    lines = events_of(engine, Event.LIMIT)
    grades = lines["stage"][lines["reason"] == Reason.MAX_VOLATILITY]
    assert (engine.book.held[0] > 0.0).all()
    assert grades.tolist() == [2] * 4


def test_before_there_is_history_nothing_is_bought() -> None:
    tape = flat_tape(70, 2)
    spec = lane({"risk": {"max_volatility": 0.2, "min_history": 60}})
    engine = Engine(compile_spec(spec, tape.universe), tape, np.ones((1, 1, 2))).run()
    # Row 60 knows 60 returns; its orders fill at row 61.
    assert engine.journal.fills["row"].min() == 61
    assert Reason.WARMUP in events_of(engine, Event.CUT)["reason"]


@pytest.mark.parametrize("risk", [{"max_volatility": 0.2}, {"max_var": 0.02, "var_method": "parametric"}])
def test_a_name_that_is_not_listed_yet_holds_nobody_else_back(risk: dict[str, Any]) -> None:
    tape = flat_tape(80, 3, first=75)
    signals = np.where(np.isnan(tape.close), np.nan, 1.0)[None]
    spec = lane({"risk": {**risk, "min_history": 60}})
    engine = Engine(compile_spec(spec, tape.universe), tape, signals).run()
    assert engine.journal.fills.size > 0
    assert engine.journal.fills["row"].min() == 61


@pytest.mark.parametrize("life", ["ioc", "fok"])
def test_an_immediate_order_ends_with_its_first_row(life: str) -> None:
    tape = flat_tape(8, 1)
    lowest = float(tape.low[2:].min())
    assert lowest < float(tape.low[1, 0])
    spec = lane({"sizing": {"method": "orders"}})
    engine = Engine(compile_spec(spec, tape.universe), tape, np.full((1, 1, 1), np.nan)).step()
    limit = 0.5 * (lowest + float(tape.low[1, 0]))
    engine.submit("lane", "A", 10.0, order_type="limit", limit=limit, time_in_force=life, decision_price=100.0)
    engine.run()
    assert engine.journal.fills.size == 0
    assert events_of(engine, Event.REFUSED)["row"].tolist() == [1]


def test_lanes_of_a_group_stay_within_its_gross_exposure_at_the_decision() -> None:
    tape = flat_tape(4, 2)
    lanes = [{"name": name, "sizing": {"method": "weights"}} for name in ("a", "b")]
    groups = [{"name": "account", "lanes": ["a", "b"], "max_gross": 0.6}]
    spec = load({"name": "run", "journal": "full", "lanes": lanes, "groups": groups})
    signals = np.full((2, tape.rows, 2), np.nan)
    signals[:, 0] = 0.5
    engine = Engine(compile_spec(spec, tape.universe), tape, signals).step()
    ordered = np.abs(engine.book.order_quantity * tape.close[0]).sum()
    assert ordered == pytest.approx(0.6 * 2_000_000.0, rel=1e-12)
    assert set(events_of(engine, Event.REFUSED)["reason"].tolist()) == {int(Reason.GROUP_LIMIT)}


def test_the_tiers_of_the_page_on_costs() -> None:
    tiers = [
        {"min_volume": 0.0, "max_volume": 1_000.0, "rate": 0.001},
        {"min_volume": 1_000.0, "max_volume": 10_000.0, "rate": 0.0008},
        {"min_volume": 10_000.0, "rate": 0.0005},
    ]
    worked = {"marginal": [99.90, 100.0, 945.0], "bracket": [99.90, 80.0, 625.0]}
    prices = np.full((4, 1), 100.0)
    fields = {**dict.fromkeys(("open", "high", "low", "close"), prices), "volume": np.full((4, 1), 1e9)}
    tape = tape_from_arrays((19_000 + np.arange(4)) * DAY, ["A"], fields, interval="1d")
    for mode, fees in worked.items():
        for units, fee in zip((999.0, 1_000.0, 12_500.0), fees, strict=True):
            commission = {"model": "tiered", "tier_mode": mode, "tiered_rates": tiers}
            account = {"initial_capital": 1e7}
            spec = lane({"account": account, "sizing": {"method": "orders"}, "execution": {"commission": commission}})
            engine = Engine(compile_spec(spec, tape.universe), tape, np.full((1, 1, 1), np.nan)).step()
            engine.submit("lane", "A", units, decision_price=100.0).run()
            assert float(engine.journal.fills["commission"].sum()) == pytest.approx(fee, rel=1e-12)
