"""What a lane won or lost over some rows of its run, by name and by kind, as shares of its equity before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from polyfolio.backtests.trial import SAME, Trial, Variant, wealth_of
from polyfolio.core.codes import Level
from polyfolio.engine.engine import Engine
from polyfolio.report.attribution import Attribution

Span = tuple[int, int]


@dataclass(frozen=True)
class Slice:
    """From the close of one row to that of another.

    Attributes:
        change: return of the lane.
        by_asset: part of it that each name earned, costs and carry in it.
        by_kind: part of it by kind: price gains, dividends, interest and each kind of cost.
        rest: what belongs to no name: interest, money moved, rounding. by_asset and rest add up to change.
    """

    change: float
    by_asset: Mapping[str, float]
    by_kind: Mapping[str, float]
    rest: float


def slices(trial: Trial, spans: Sequence[Span], variant: Variant = SAME) -> tuple[Engine, list[Slice]]:
    """Walk the lane once and cut its run.

    Args:
        trial: the lane.
        spans: rows (start, end), start < end: what was earned after the close of `start` up to that of `end`.
        variant: what changes in its rules.

    Returns:
        The engine after its last row, and one slice per span.
    """
    engine = trial.engine([variant], Level.FULL)
    split: dict[int, Attribution] = {}
    for row in sorted({row for span in spans for row in span}):
        split[row] = trial.results(engine.run(until=row + 1)).attribution(0)
    path = wealth_of(engine.run())
    return engine, [sliced(split[start], split[end], trial.capital * path[start]) for start, end in spans]


def sliced(before: Attribution, after: Attribution, base: float) -> Slice:
    """The difference of two attributions over what the account was worth at the first."""
    names = dict(zip(after.symbols, differences(before.slots["profit"], after.slots["profit"], base), strict=True))
    kinds = {name: float((after.kinds[name] - before.kinds[name]) / base) for name in after.kinds}
    return Slice(
        float((after.change - before.change) / base),
        {name: value for name, value in names.items() if value != 0.0},
        {name: value for name, value in kinds.items() if value != 0.0},
        float((after.rest - before.rest) / base),
    )


def differences(before: np.ndarray, after: np.ndarray, base: float) -> list[float]:
    """Element by element, over the base."""
    return [float(value) for value in (after - before) / base]
