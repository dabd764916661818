"""After the risk stage every limit holds, whatever wants and covariance are; and no cut is larger than it must be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyfolio.core.codes import Event, Reason, Stage
from polyfolio.engine.engine import Engine
from tests.laws.books import marks_of, units_of
from tests.laws.tapes import Shape, shapes
from tests.laws.worlds import CAPITAL, Keys, World, changed, limit_sections, of, optional, run, single, worlds

SLACK, BINDS, BREACH = 0, 1, 2
TOLERANCE = 1e-9
singular = st.builds(
    lambda shape, slots, twins, missing: dataclasses.replace(shape, slots=slots, twins=twins, missing=missing),
    shapes,
    of(2, 4, 6),
    st.booleans(),
    of(0.0, 0.0, 0.1),
)


def certificates(engine: Engine) -> Iterator[Any]:
    """The last certificate of each lane and row: its LIMIT events."""
    events = engine.journal.events
    limits = events[events["event"] == Event.LIMIT]
    for lane, row in sorted({(int(line["lane"]), int(line["row"])) for line in limits}):
        yield lane, row, limits[(limits["lane"] == lane) & (limits["row"] == row)]


def too_small_to_send(engine: Engine, lane: int, row: int) -> bool:
    """Whether a minimum or an impact cap held an order back: what it would have reduced stays until it can go."""
    events = engine.journal.events
    held_back = np.isin(events["reason"], (Reason.MIN_NOTIONAL, Reason.MARKET_IMPACT))
    return bool(((events["lane"] == lane) & (events["row"] == row) & held_back).any())


def breaches(engine: Engine) -> list[str]:
    """Limits in breach with a value that is known, where nothing was frozen and every order could be sent."""
    found = []
    for lane, row, lines in certificates(engine):
        frozen = (lines["reason"] == Reason.FROZEN).any()
        broken = lines[(lines["stage"] == BREACH) & ~np.isnan(lines["before"])]
        if broken.size and not frozen and not too_small_to_send(engine, lane, row):
            found += [
                f"lane {lane} row {row} {Reason(line['reason']).name}: {line['before']!r} > {line['after']!r}"
                for line in broken
            ]
    return found


@given(worlds(singular))
@pytest.mark.pitfall("VAL-07", "VAL-09")
def test_limits_hold_after_the_risk_stage(world: World) -> None:
    engine = run(world)
    assert not breaches(engine), breaches(engine)[:5]


@pytest.mark.slow
@settings(max_examples=2000)
@given(worlds(singular, lanes=5))
def test_limits_hold_in_many_worlds(world: World) -> None:
    engine = run(world)
    assert not breaches(engine), breaches(engine)[:5]


def intended(engine: Engine, lane: int, row: int) -> np.ndarray:
    """Weights of the book at a row's close with the row's orders filled whole, from the journal and the tape alone."""
    tape, journal = engine.tape, engine.journal
    mine = journal.fills[(journal.fills["lane"] == lane) & (journal.fills["row"] <= row)]
    held = np.zeros(tape.slots)
    splits = np.ones(tape.slots) if tape.splits is None else None
    for at in range(row + 1):
        if splits is None:
            held *= np.where(tape.splits[at] > 0.0, tape.splits[at], 1.0)
        for fill in mine[mine["row"] == at]:
            held[fill["slot"]] += fill["quantity"]
    events = journal.events
    orders = events[(events["lane"] == lane) & (events["row"] == row) & (events["event"] == Event.ORDER)]
    for slot in set(orders["slot"].tolist()):
        held[slot] += orders[orders["slot"] == slot][-1]["after"]
    marks = marks_of(tape)
    money = np.where(
        held == 0.0, 0.0, held * np.nan_to_num(marks[row]) * units_of(tape, np.nan_to_num(marks, nan=1.0), row)
    )
    mark = journal.marks[(journal.marks["lane"] == lane) & (journal.marks["row"] == row)][0]
    return money / float(mark["equity"])


def exposures(weights: np.ndarray) -> Keys:
    """What the exposure limits look at, computed here."""
    return {
        Reason.MAX_GROSS: abs(weights).sum(),
        Reason.MAX_NET: weights.sum(),
        Reason.MAX_POSITION: abs(weights).max(),
        Reason.MIN_CASH_RESERVE: weights.sum(),
        Reason.MAX_LEVERAGE: abs(weights).sum(),
        Reason.MAX_LONG_POSITIONS: (weights > 1e-12).sum(),
        Reason.MAX_SHORT_POSITIONS: (weights < -1e-12).sum(),
        Reason.MAX_POSITIONS: (abs(weights) > 1e-12).sum(),
    }


@given(singular, st.booleans().flatmap(limit_sections), of(*range(30)))
def test_the_certificate_tells_the_truth_about_the_orders(shape: Shape, limits: Keys, seed: int) -> None:
    whole = dataclasses.replace(shape, lots=False, late=False, missing=0.0)
    short = "max_short_positions" in limits
    limits = {key: value for key, value in limits.items() if key != "min_notional"}
    engine = run(
        single(
            whole,
            seed=seed,
            sizing={"method": "weights", "allow_short": short},
            limits=limits,
            account={"initial_capital": CAPITAL},
        )
    )
    for lane, row, lines in certificates(engine):
        values = exposures(intended(engine, lane, row))
        for line in lines:
            if Reason(line["reason"]) in values:
                assert float(line["before"]) == pytest.approx(values[Reason(line["reason"])], abs=1e-9), (row, line)


risk_limits = optional(
    max_volatility=of(0.02, 0.1, 0.3),
    max_var=of(0.002, 0.01),
    max_es=of(0.005, 0.02),
    var_method=of("historical", "parametric", "cornish_fisher"),
    warmup=of("pass", "parametric"),
)
exposure_limits = optional(max_gross=of(0.3, 0.8), max_net=of(0.1, 0.5), min_cash_reserve=of(0.4))


@given(singular, risk_limits, exposure_limits, st.booleans(), of(*range(30)))
@pytest.mark.pitfall("VAL-09")
def test_a_cut_by_the_risk_stage_ends_where_a_limit_binds(
    shape: Shape, risk: Keys, limits: Keys, short: bool, seed: int
) -> None:
    """Going to cash while a larger book is feasible would leave every limit slack."""
    still = dataclasses.replace(shape, lots=False, spread=False, missing=0.0, late=False)
    engine = run(
        single(
            still,
            seed=seed,
            sizing={"method": "weights", "allow_short": short},
            limits=limits,
            risk={"min_history": 5, "var_window": 12, "var_confidence": 0.9, "covariance": {"window": 10}, **risk},
        )
    )
    events = engine.journal.events
    cuts = events[(events["event"] == Event.CUT) & (events["stage"] == Stage.SCALE)]
    for _, row, lines in certificates(engine):
        made = cuts[cuts["row"] == row]
        # Before a statistic is known no new risk is taken: that is no cut to a bound.
        if made.size and not np.isin(made["reason"], (Reason.WARMUP, Reason.FROZEN)).any():
            assert (lines["stage"] == BINDS).any(), (made, lines)


CAPPED = single(
    Shape(rows=40, slots=4, volatility=0.03),
    sizing={"method": "weights"},
    limits={"max_gross": 0.5},
    risk={"min_history": 5, "max_volatility": 0.1, "covariance": {"window": 10}, "var_window": 10},
)


def test_the_two_checks_find_what_they_are_for() -> None:
    """A certificate that says breach is found; a book in cash with every limit slack is found."""
    engine = run(CAPPED)
    events = engine.journal.events
    lines = np.flatnonzero((events["event"] == Event.LIMIT) & (events["stage"] == BINDS))
    assert lines.size
    assert not breaches(engine)
    events["stage"][lines[0]] = BREACH
    assert breaches(engine)


def test_limits_are_not_met_by_going_to_cash() -> None:
    free = run(dataclasses.replace(CAPPED, lanes=(changed(CAPPED.lanes[0], risk={"max_volatility": None}),)))
    tight = run(CAPPED)
    assert 0.0 < tight.journal.marks["gross"].sum() < free.journal.marks["gross"].sum()
    assert tight.journal.marks["gross"][20:].mean() / CAPITAL > TOLERANCE
