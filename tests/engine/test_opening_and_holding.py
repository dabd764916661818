"""An account opened in the middle of a tape, and names that are held without an opinion."""

from __future__ import annotations

import math

import pytest

from polyfolio.core.codes import Event
from tests.kernels.tapes import engine_for, flat_tape

NAN = math.nan


def test_an_account_opened_later_earns_nothing_for_the_days_before() -> None:
    """From row 2 on: two days of interest at 3.6 % a year of 360 days are 0.02 % of the cash."""
    tape = flat_tape([[100.0] * 5])
    engine = engine_for(
        tape, [NAN], account={"initial_capital": 10_000.0, "interest_rate": 0.036}, sizing={"method": "weights"}
    )
    engine.row = 1
    engine.run()
    marks = engine.journal.marks
    assert marks["row"].tolist() == [2, 3, 4]
    assert marks["interest"].tolist() == pytest.approx([0.0, 1.0, 1.0001], rel=1e-12)


@pytest.mark.parametrize(("counts", "wanted"), [(False, 1.0), (True, 0.5)])
@pytest.mark.parametrize("method", ["equal_weight", "signal_strength"])
def test_a_name_held_without_an_opinion_counts_when_others_are_sized(counts: bool, wanted: float, method: str) -> None:
    """A and B are bought, B is sold, then B is bought again while nothing is said of A."""
    said = [[1.0, 1.0], [NAN, 0.0], [NAN, 1.0], [NAN, NAN]]
    engine = engine_for(
        flat_tape([[100.0] * 4, [100.0] * 4]),
        said,
        sizing={"method": method, "hold_counts": counts},
        execution={"market_impact": {"participation_rate_limit": None}},
    ).run()
    events = engine.journal.events
    bought = events[(events["event"] == int(Event.SIGNAL)) & (events["row"] == 2) & (events["slot"] == 1)]
    assert bought["after"].tolist() == [wanted]
    assert engine.book.quantity[0, 0] == engine.book.quantity[0, 1] > 0.0
