"""An engine of more lanes that goes on where another stands: portfolios added while a run is under way."""

from __future__ import annotations

import numpy as np

from polyfolio.core.journal import COLUMNS
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError
from polyfolio.rules.plan import Plan


def with_lanes(engine: Engine, plan: Plan, signals: Floats) -> Engine:
    """The same run with further lanes at the end; those that are there go on, byte for byte.

    A new lane opens its account in the next row and owes nothing for the rows before.

    Args:
        engine: stands after a row.
        plan: compiled for the same tape; begins with the engine's lanes, in their order, under their rules.
        signals: of the new plan's sources.

    Raises:
        ConfigError: a lane is missing, stands elsewhere, or has other rules.
    """
    old = engine.plan
    if plan.names[: old.lanes] != old.names:
        raise ConfigError(
            "plan.names", plan.names, f"beginning with {old.names}", "Add new portfolios behind those that run."
        )
    made = Engine(plan, engine.tape, signals, threads=engine.threads, live=engine.live)
    refuse_other_rules(old, made.plan)
    for name, array in made.book.arrays().items():
        before = engine.book.arrays()[name]
        if name != "slot_of":
            array[: old.lanes] = before
    made.journal.append(**{name: getattr(engine.journal, name) for name in COLUMNS})
    made.capital.bucket[:] = engine.capital.bucket
    made.row = engine.row
    return made


def refuse_other_rules(old: Plan, new: Plan) -> None:
    """Refuse a plan under which a lane that runs would do something else."""
    free = ("tier_table", "covariance_model", "signal", "label_caps", "label_caps_end")  # places in tables
    for name in old.rules.dtype.names or ():
        one, other = old.rules[name], new.rules[name][: old.lanes]
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        if name not in free and not same.all():
            lane = int(np.argmin(same))
            raise ConfigError(
                f"lanes[{lane}].{name}",
                other[lane].item(),
                f"{one[lane].item()}, under which {old.names[lane]} runs",
                "A portfolio that runs keeps its rules; add another one.",
            )
