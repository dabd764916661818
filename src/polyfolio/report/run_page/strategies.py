"""Profit by strategy, for a lane that is made of several."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.report.by_strategy import Contributing, by_strategy
from polyfolio.report.page.parts import Section, Words
from polyfolio.report.run_page.lane import LaneView
from polyfolio.strategies.run import place_of, strategy_of

# The split is of a walk of its own: it must come to the run's profits to this share of the money at stake.
CLOSE = 1e-9


def strategies(view: LaneView, signals: Floats | None) -> Section | None:
    """The split of `by_strategy`; None for a lane of one strategy, or with signals from outside.

    A lane that began later, ended early or was moved money to is walked otherwise than it was run: where the two do
    not come to the same profits the section says so instead of numbers.
    """
    plan = view.results.plan
    number = int(plan.rules["signal"][view.index])
    source = plan.sources[number].strategy
    if source is None:
        return None
    made = strategy_of(source.name, source.params, place_of(plan, number))
    if not isinstance(made, Contributing):
        return None
    found = by_strategy(view.results, view.name, signals=signals)
    if len(found.names) < 2:
        return None
    walked, run = found.profit.sum(axis=0) + found.rest, view.attribution.slots["profit"]
    if np.allclose(walked, run, rtol=CLOSE, atol=CLOSE * float(view.on_capital(view.wealth).max())):
        return found.section()
    told = "The run cannot be walked once more from its beginning, because lanes or money were moved while it ran."
    return Section("by-strategy", "Profit by strategy", (Words("no-by-strategy", (told,)),))
