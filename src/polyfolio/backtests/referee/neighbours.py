"""Does it stand on a peak or on a plateau? The same strategy with one parameter a step away.

A step is the next value of a list in the strategy's space, or a fifth up and down in a range of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.backtests.trial import SAME, Trial, outcomes, plain
from polyfolio.errors import PolyfolioError
from polyfolio.rules.plan import compile_spec
from polyfolio.strategies.run import signals_for, strategy_of

STEP = 0.2
FROM_ZERO = 0.05  # of the range, where the value is 0


def neighbours(trial: Trial) -> dict[str, Any]:
    """The lane's own numbers beside those of each neighbour, and the neighbours that the strategy refuses."""
    named = trial.lane.strategy
    if named is None or trial.given:
        return empty("no_strategy")
    strategy = strategy_of(named.name, named.params)
    params = strategy.params()
    steps = [(name, value) for name in strategy.space for value in near(params.get(name), strategy.space[name])]
    if not steps:
        return empty("no_space")
    points, refused = [], []
    for name, value in steps:
        told = {"parameter": name, "own": params[name], "value": value}
        try:
            points.append(told | other(trial, name, value))
        except PolyfolioError as error:
            refused.append(told | {"why": str(error)})
    own = trial.outcomes([SAME])[0].record()
    return {"why": "" if points else "all_refused", "own": own, "points": points, "refused": refused}


def other(trial: Trial, name: str, value: Any) -> dict[str, Any]:
    """What the lane comes to with one parameter changed."""
    lane = trial.lane
    strategy = lane.strategy.model_copy(update={"params": {**lane.strategy.params, name: value}})  # type: ignore[union-attr]
    spec = trial.spec.model_copy(update={"lanes": (lane.model_copy(update={"strategy": strategy}),)})
    plan = compile_spec(spec, trial.tape.universe)
    changed = replace(trial, spec=spec, plan=plan, signals=signals_for(plan, trial.tape))
    return outcomes(changed.engine([SAME]).run())[0].record()


def near(own: Any, values: Any) -> Iterator[Any]:
    """The values a step below and above; none where the own one is no place in the space."""
    if isinstance(values, (list, tuple)):
        yield from beside(own, list(values))
        return
    if isinstance(own, bool) or not isinstance(own, (int, float)):
        return
    low, high, whole = values["low"], values["high"], bool(values.get("whole"))
    step = abs(own) * STEP or (high - low) * FROM_ZERO
    inside = low <= own <= high  # a setting beyond its space has neighbours there too
    for sign in (-1, 1):
        value = own + sign * (max(round(step), 1) if whole else step)
        value = min(max(value, low), high) if inside else value
        if value != own:
            yield int(value) if whole else float(value)


def beside(own: Any, values: list[Any]) -> Iterator[Any]:
    """The neighbours in a list: by size where all are numbers, else by place."""
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == len(values) and isinstance(own, (int, float)) and not isinstance(own, bool):
        below, above = [value for value in values if value < own], [value for value in values if value > own]
        yield from ([max(below)] if below else []) + ([min(above)] if above else [])
    elif own in values:
        at = values.index(own)
        yield from values[max(at - 1, 0) : at] + values[at + 1 : at + 2]


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """How many neighbours earned anything, how many did better, and the Sharpe ratio in the middle of them."""
    points = found["points"]
    ratios = [point["sharpe"] for point in points if point["sharpe"] is not None]
    own = found["own"]["sharpe"] if found["own"] else None
    counts: dict[str, Any] = plain(
        {
            "count": len(points),
            "earning": sum(point["total_return"] is not None and point["total_return"] > 0.0 for point in points),
            "better": sum(own is not None and ratio > own for ratio in ratios),
            "median_sharpe": float(np.median(ratios)) if ratios else None,
        }
    )
    return counts


def empty(why: str) -> dict[str, Any]:
    """No neighbours: `no_strategy` asked for signals, or `no_space` to step in."""
    return {"why": why, "own": None, "points": [], "refused": []}
