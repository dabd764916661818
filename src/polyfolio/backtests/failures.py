"""Signals of every lane, and what becomes of a lane whose strategy fails: it is left out, the others go on.

A lane without its signals has nothing to do in a run. What is left is the run of the configuration without that lane,
to the byte.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec
from polyfolio.strategies.run import Bound, located, place_of, signals_for, strategy_of


@dataclass(frozen=True, eq=False)
class Heard:
    """The lanes that have signals.

    Attributes:
        spec: the configuration of those lanes.
        plan: its compiled form.
        signals: float64[sources, rows, sleeves].
        failed: what stopped the strategies of the other lanes, by lane.
    """

    spec: Spec
    plan: Plan
    signals: Floats
    failed: Mapping[str, PolyfolioError] = field(default_factory=dict)


def hear(spec: Spec, plan: Plan, tape: Tape) -> Heard:
    """The signals of every lane, without the lanes whose strategy raises, says nothing or says it in a wrong shape.

    Raises:
        PolyfolioError: a strategy that nobody knows, or that refuses its arguments, its lane's rules or the tape; or no
            lane is left, with the first one's error.
    """
    try:
        heard = Heard(spec, plan, signals_for(plan, tape))
    except Exception as error:
        refuse(plan, tape)
        if plan.lanes == 1:
            raise_as_ours(plan, error)
        heard = apart(spec, plan, tape)
        if not heard.failed:  # together they fail and alone they do not: nothing here tells whose fault it is
            raise
    quiet = silent(spec, heard, tape)
    if not quiet:
        return heard
    sources = zip(heard.plan.names, heard.plan.rules["signal"].tolist(), strict=True)
    by_lane = {name: heard.signals[source] for name, source in sources}
    return kept(spec, by_lane, {**heard.failed, **quiet}, tape)


def refuse(plan: Plan, tape: Tape) -> None:
    """Raise what is wrong with the strategies before any of them is asked: that is the configuration's fault."""
    for number, source in enumerate(plan.sources):
        if source.strategy is None:
            continue
        field = place_of(plan, number)
        strategy = strategy_of(source.strategy.name, source.strategy.params, field)
        if not isinstance(strategy, Bound):
            continue
        with located(field, list(strategy.params())):
            for lane in np.flatnonzero(plan.rules["signal"] == number):
                strategy.accept(plan, int(lane), tape)


def apart(spec: Spec, plan: Plan, tape: Tape) -> Heard:
    """The same, each source on its own."""
    by_lane: dict[str, Floats] = {}
    failed: dict[str, PolyfolioError] = {}
    for number in range(len(plan.sources)):
        lanes = np.flatnonzero(plan.rules["signal"] == number).tolist()
        found = answer(spec, plan, lanes[0], tape)
        for lane in lanes:
            if isinstance(found, PolyfolioError):
                failed[plan.names[lane]] = at_lane(found, lane)
            else:
                by_lane[plan.names[lane]] = found
    return kept(spec, by_lane, failed, tape)


def answer(spec: Spec, plan: Plan, lane: int, tape: Tape) -> Floats | PolyfolioError:
    """The signals of one lane, float64[rows, sleeves], or what its strategy raises."""
    strategy = plan.sources[int(plan.rules["signal"][lane])].strategy
    alone = spec.lanes[lane].model_copy(update={"strategy": strategy, "signal": None})
    only = compile_spec(spec.model_copy(update={"lanes": (alone,), "groups": ()}), tape.universe)
    try:
        signals: Floats = signals_for(only, tape)[0]
    except PolyfolioError as error:
        return error
    except Exception as error:
        if isinstance(error, MemoryError):  # the fault of all lanes together
            raise
        return ours(only, error)
    return signals


def kept(spec: Spec, by_lane: Mapping[str, Floats], failed: Mapping[str, PolyfolioError], tape: Tape) -> Heard:
    """The configuration, plan and signals of the lanes that did not fail."""
    failed = {lane.name: failed[lane.name] for lane in spec.lanes if lane.name in failed}
    if len(failed) == len(spec.lanes):
        raise next(iter(failed.values()))
    left = without(spec, failed)
    plan = compile_spec(left, tape.universe)
    first = [plan.names[int(np.argmax(plan.rules["signal"] == number))] for number in range(len(plan.sources))]
    return Heard(left, plan, np.stack([by_lane[name] for name in first]), failed)


def trades(tape: Tape) -> bool:
    """Whether some name has a price in more than one row: where nothing trades no strategy has an opinion."""
    return bool((np.asarray(tape.tradable).sum(axis=0) > 1).any())


def silent(spec: Spec, heard: Heard, tape: Tape) -> dict[str, PolyfolioError]:
    """The lanes whose strategy has no opinion in any row, by lane; `spec` has all lanes, those that failed too."""
    failed: dict[str, PolyfolioError] = {}
    mute: Flags = np.asarray(np.isnan(heard.signals).all(axis=(1, 2)), dtype=np.uint8)
    names = [lane.name for lane in spec.lanes]
    for name, source in zip(heard.plan.names, heard.plan.rules["signal"], strict=True):
        if mute[source] and trades(tape):
            number = names.index(name)
            failed[name] = ConfigError(
                f"lanes[{number}].strategy: signals",
                "NaN in every row",
                "a number in some row",
                f"The tape has {tape.rows} rows: give it more of them, or the strategy a shorter warm-up.",
            )
    return failed


def without(spec: Spec, names: Iterable[str]) -> Spec:
    """The configuration without these lanes; a group that loses all its lanes goes too."""
    gone = set(names)
    groups = []
    for group in spec.groups:
        kept = tuple(lane for lane in group.lanes if lane not in gone)
        if kept:
            groups.append(group.model_copy(update={"lanes": kept}))
    lanes = tuple(lane for lane in spec.lanes if lane.name not in gone)
    return spec.model_copy(update={"lanes": lanes, "groups": tuple(groups)})


def raise_as_ours(plan: Plan, error: Exception) -> None:
    """Raise what a strategy raised, with the lane's key before it."""
    if isinstance(error, PolyfolioError):
        raise error
    raise ours(plan, error) from error


def ours(plan: Plan, error: Exception) -> ConfigError:
    """What a strategy raised, with its place in the configuration and in its own file."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    strategy = plan.strategies[0]
    name = strategy.name if strategy is not None else "?"
    return ConfigError(
        f"lanes[0].strategy ({name})",
        f"{type(error).__name__}: {error}",
        "signals for every row",
        f"Correct the strategy; it was raised in {frame.filename}, line {frame.lineno}.",
    )


def at_lane(error: PolyfolioError, number: int) -> PolyfolioError:
    """The error of a lane that was compiled alone, with the lane's own number."""
    if number == 0 or "lanes[0]" not in error.field:
        return error
    moved = type(error)(error.field.replace("lanes[0]", f"lanes[{number}]", 1), error.value, error.bound, error.remedy)
    moved.__cause__ = error.__cause__
    return moved
