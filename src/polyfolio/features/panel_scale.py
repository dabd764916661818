"""Columns per slot on one scale: by what the training rows taught, or by the rows before."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.features.base import Feature
from polyfolio.features.compute import compute
from polyfolio.features.normalise import Normaliser, Robust, Rolling, Standard
from polyfolio.features.panel_recipe import Recipe
from polyfolio.features.panel_time import behind_warmup
from polyfolio.kernels.compile import entry
from polyfolio.rules.observation import NormaliseSection, ObservationSection

Grid = npt.NDArray[Any]  # [columns, rows, slots], float32

LEARNED: dict[str, type[Normaliser]] = {"standard": Standard, "robust": Robust}
TRAILING = ("rolling", "rank")
LEAST_TRAINED = 20  # training values of a slot below which it takes the other slots' statistics


def per_slot_values(features: tuple[Feature, ...], tape: Tape) -> Grid:
    """What features say, float32[columns, rows, slots]; NaN for none, and for what is no finite number.

    float32 from here on: 234 columns of 10 slots and 2,400 rows are 21 MB, and the panel made of them as much again.
    """
    if not features:
        return np.empty((0, tape.rows, tape.slots), np.float32)
    values = compute(features, tape, dtype="float32").values
    infinite = np.isinf(values)
    return np.where(infinite, np.float32(np.nan), values) if infinite.any() else values


def trained_scale(
    observation: ObservationSection, values: Grid, span: tuple[int, int], first: int, recipe: Recipe
) -> Normaliser:
    """The normaliser, learned per slot from the training rows from `first` on.

    A slot with hardly a training value takes the median of what the other slots taught, so that a symbol listed after
    the training rows is seen.

    Raises:
        DataError: no training row behind the warm-up, or a column without any value there.
    """
    rows = behind_warmup(span, first)
    made = LEARNED[observation.normalise.method]().fit(values, rows, columns=recipe.columns)
    count: Ints = (~np.isnan(values[:, rows])).sum(axis=1)
    for name in learned_arrays(made):
        for column, array in enumerate(getattr(made, name)):
            trained = count[column] >= LEAST_TRAINED
            trained = trained if trained.any() else count[column] > 0
            array[~trained] = np.median(array[trained])
    return made


def learned_arrays(made: Normaliser) -> tuple[str, ...]:
    """Names of what a normaliser learned per column and slot."""
    return tuple(name for name in made.needs if name != "shape_")


def scaled(normalise: NormaliseSection, values: Grid, scale: Normaliser | None, recipe: Recipe) -> Grid:
    """The values on one scale; NaN stays NaN."""
    if scale is not None:
        return scale.transform(values, columns=recipe.columns)
    if normalise.method == "rolling" and len(values):
        return Rolling(window=normalise.window).fit(values, slice(0, 1)).transform(values)
    if normalise.method == "rank":
        return trailing_ranks(values, normalise.window)
    return values


def trailing_ranks(values: Grid, window: int) -> Grid:
    """Where each value stands among its slot's values of the last `window` rows, itself included: -1..1.

    The share below less the share above; 0 in the middle. Half of the window must have values.
    """
    out = np.empty(values.shape, np.float32)
    for column, found in zip(values, out, strict=True):
        ranks = np.empty(column.shape[::-1])
        standing(np.ascontiguousarray(column.T, np.float64), window, max(2, window // 2), ranks)
        found[...] = ranks.T
    return out


@entry
def standing(values: Floats, window: int, least: int, out: Floats) -> None:
    """out[i, t] = (number below - number above) / number of values in the window that ends at t."""
    for i in range(values.shape[0]):
        row, sink = values[i], out[i]
        for t in range(row.size):
            x = row[t]
            below, above, equal = 0, 0, 0
            for k in range(max(0, t - window + 1), t + 1):
                below += row[k] < x
                above += row[k] > x
                equal += row[k] == x
            count = below + above + equal
            sink[t] = (below - above) / count if equal > 0 and count >= least else np.nan
