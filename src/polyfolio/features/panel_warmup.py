"""The first row at which a panel has all its values."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.features.base import Feature
from polyfolio.features.own import present
from polyfolio.features.panel_recipe import Recipe, reads
from polyfolio.features.panel_regime import regime_of
from polyfolio.features.panel_scale import TRAILING
from polyfolio.rules.observation import ObservationSection


def first_row(recipe: Recipe, observation: ObservationSection, tape: Tape) -> int:
    """The row by which every feature has a value, a trailing normaliser its whole window, and the regime its rows.

    A feature's bars are counted in the slot that has them earliest. Rows after the one found never change it.
    """
    longest: dict[tuple[str, ...], int] = {}
    for feature in recipe.features:
        fields = reads(feature)
        longest[fields] = max(longest.get(fields, 0), feature.warmup)
    found = max((_row_of_bar(tape, *pair) for pair in longest.items()), default=0)
    found += _trailing(recipe, observation)
    return max(found, regime_of(observation.regime).warmup if observation.regime else 0)


def known_from(probabilities: Floats, observation: ObservationSection) -> int:
    """The first row with probabilities.

    Raises:
        DataError: there is none.
    """
    known = np.asarray(np.isfinite(probabilities).all(axis=1))
    if not known.any():
        regime = observation.regime.name if observation.regime else ""
        remedy = "Give a longer tape, or a regime of another symbol."
        raise DataError("environment.observation.regime", regime, f"known in one of {len(known)} rows", remedy)
    return int(np.argmax(known))


def refuse_short(recipe: Recipe, observation: ObservationSection, tape: Tape, first: int) -> None:
    """Refuse a tape on which no episode could begin: one needs a row to decide at and one after it."""
    if first < tape.rows - 1:
        return
    name, needed = slowest(recipe, observation)
    raise DataError(
        "tape.rows",
        tape.rows,
        f"at least {needed + 2} with a bar in them: the warm-up of {name} is {needed} rows",
        "Give a longer tape, or leave that out of environment.observation.",
    )


def slowest(recipe: Recipe, observation: ObservationSection) -> tuple[str, int]:
    """What needs the most rows before its first value, and how many, in a slot that has all its bars."""
    trailing = _trailing(recipe, observation)
    said = f" and normalise.window {trailing + 1}" if trailing else ""
    slow: list[Feature] = sorted(recipe.features, key=lambda feature: feature.warmup)[-1:]
    found = [(feature.columns()[0] + said, feature.warmup + trailing) for feature in slow]
    if observation.regime is not None:
        found.append((f"regime {observation.regime.name}", regime_of(observation.regime).warmup))
    return max(found, key=lambda pair: pair[1], default=("nothing", 0))


def _row_of_bar(tape: Tape, fields: tuple[str, ...], warmup: int) -> int:
    """The earliest row at which a slot has its bar number `warmup`, counted from 0; the number of rows for none."""
    counts = present(tape, fields).cumsum(axis=0, dtype=np.int64)
    reached = (counts > warmup).any(axis=1)
    return int(np.argmax(reached)) if reached.any() else tape.rows


def _trailing(recipe: Recipe, observation: ObservationSection) -> int:
    """Rows that a trailing normaliser looks back on."""
    normalise = observation.normalise
    return normalise.window - 1 if normalise.method in TRAILING and recipe.features else 0
