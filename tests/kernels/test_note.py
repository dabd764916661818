"""What the journal keeps at each level."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.core.codes import Event, Reason
from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from tests.kernels.tapes import engine_for, flat_tape, weights


def at_level(level: str) -> Engine:
    tape = flat_tape([[100.0, 100.0, 110.0, 120.0]])
    spec = Spec(name="test", journal=level, checked=True, lanes=[{"name": "a", **weights()}])
    return Engine(compile_spec(spec, tape.universe), tape, [[[0.5]]]).run()


@pytest.mark.parametrize(("level", "marks", "more"), [("off", 0, False), ("summary", 4, False), ("full", 4, True)])
def test_a_level_keeps_nothing_marks_or_everything(level: str, marks: int, more: bool) -> None:
    journal = at_level(level).journal
    assert len(journal.marks) == marks
    assert (len(journal.fills) > 0) is more
    assert (len(journal.events) > 0) is more


def test_a_level_changes_no_money() -> None:
    books = {level: at_level(level).book for level in ("off", "summary", "full")}
    assert len({book.quantity.tobytes() + book.account["cash"].tobytes() for book in books.values()}) == 1


def test_a_fill_tells_price_reference_costs_and_reason() -> None:
    costs: dict[str, Any] = {
        "commission": {"model": "fixed", "fixed_fee": 2.0},
        "slippage": {"model": "percentage", "base_slippage": 0.01},
        "market_impact": {"participation_rate_limit": None},
    }
    tape = flat_tape([[100.0, 100.0, 100.0]])
    engine = engine_for(tape, [[0.5], [float("nan")], [0.0]], **weights(execution=costs)).run()
    row = engine.journal.fills[0]
    assert (row["row"], row["lane"], row["slot"], row["sleeve"], row["reason"]) == (1, 0, 0, 0, Reason.SIGNAL)
    assert row["price"] == 101.0
    assert row["reference"] == 100.0
    assert row["commission"] == 2.0
    assert row["slippage"] == pytest.approx(row["quantity"], rel=1e-12)  # 1 % of 100 a unit


def test_a_mark_repeats_the_books_account() -> None:
    engine = at_level("summary")
    row, account = engine.journal.marks[-1], engine.book.account[0]
    for name in ("equity", "cash", "gross", "net", "gain", "commission", "turnover"):
        assert row[name] == account[name], name


def test_events_stand_in_the_order_of_the_decision() -> None:
    engine = engine_for(flat_tape([[100.0] * 3]), [0.5], **weights(limits={"max_position": 0.2})).run()
    first = [Event(int(e["event"])).name for e in engine.journal.events if e["row"] == 0]
    assert first == ["SIGNAL", "CUT", "ORDER", *["LIMIT"] * (len(first) - 3)]
    assert len(first) > 3
