"""A sealed policy over a tape: its own world, its own book, row after row; what comes out are its signals."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.codes import Ended
from polyfolio.core.tape import NANOSECONDS_PER_DAY, OPTIONAL, PRICES, Tape
from polyfolio.core.types import Floats
from polyfolio.engine.arena import Arena
from polyfolio.engine.engine import Engine
from polyfolio.engine.markets import Market
from polyfolio.engine.seen import seen_of
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.panel import build_panel
from polyfolio.features.panel_recipe import recipe_of
from polyfolio.features.panel_warmup import slowest
from polyfolio.policy.match import refuse_other_market
from polyfolio.policy.sealed import SealedPolicy
from polyfolio.rules.agents import agent_records
from polyfolio.rules.environment import EnvironmentSection
from polyfolio.rules.observation import ObservationSection
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec

log = logging.getLogger("polyfolio")

# What happens in the row it stands in: the row put behind the tape has none of it.
EVENTS = ("dividends", "splits", "funding")
ALWAYS = "24/7"
FULLEST = 10  # days that say how many rows a day has


def play(policy: SealedPolicy, tape: Tape, begin_at: int = 0) -> Floats:
    """The signals of a policy, float64[rows, slots]: what its actions become, NaN before its panel's first row.

    The policy's lane is walked under the sealed rules from row 0 on, so that what it sees of its book is the book of a
    lane that follows these signals. Row t depends on rows up to t; the last row has a signal too. After the lane is
    ruined, or stopped for good, there is none.

    Raises:
        DataError: the tape is of another market, too short, or shown by other columns than the sealed ones.
        ConfigError: a policy that saw how long its episode lasts, or what other agents held.
    """
    signals = np.full((tape.rows, tape.slots), np.nan)
    for row, arena in decisions(policy, tape, begin_at):
        signals[row] = arena.signals[0, 0]
    return signals


def decisions(policy: SealedPolicy, tape: Tape, begin_at: int = 0) -> Iterator[tuple[int, Arena]]:
    """Each row that is decided at, with the arena after its step: it stands at the close of the next row then."""
    refuse_other_market(policy.manifest.world.market, tape, policy.source)
    arena, first = seated(policy, tape, begin_at)
    for row in range(first, tape.rows):
        if arena.episodes["ended"][0] != Ended.NOT:
            break
        arena.actions[0] = policy.act(arena.observations)[0]
        arena.step()
        yield row, arena


def seated(policy: SealedPolicy, tape: Tape, begin_at: int = 0) -> tuple[Arena, int]:
    """The arena of a policy's lane before its first decision, and the row of that."""
    spec = alone(policy.spec)
    section, longer = section_of(spec, policy.source), with_a_row_behind(tape)
    panel = build_panel(section, longer, state=policy.state)
    if panel.digest != policy.manifest.world.panel:
        # Columns, symbols and what was learned are compared by the panel itself; what is left is its code.
        log.warning(
            "%s was sealed with other features than these: what it sees may differ in last digits.", policy.source
        )
    plan = compile_spec(spec, tape.universe)
    agents = agent_records(spec, plan, longer, (max(panel.first, begin_at), tape.rows))
    first = int(agents["first"][0])
    arena = Arena(plan, [Market(longer, panel.values)], agents, seen_of(section))
    found, wanted = (arena.observations.shape[1], arena.actions.shape[1]), (policy.width, numbers_of(policy))
    if found != wanted:
        raise DataError(f"{policy.source}: numbers seen and said", wanted, str(found), "Train and seal it again.")
    begin(arena, plan, longer, first)
    return arena, first


def warmup(policy: SealedPolicy) -> int:
    """Rows a tape needs for its last one to be decided at, where its slots have all their bars."""
    section = section_of(policy.spec, policy.source)
    _, before = slowest(recipe_of(section, tuple(policy.state["fields"])), section)
    return max(before, section.window - 1) + 1


def alone(spec: Spec) -> Spec:
    """A configuration in which nothing but the policy's decisions is left: no draws, no reward that needs a year."""
    environment = spec.environment or EnvironmentSection()
    kept = EnvironmentSection(action=environment.action, observation=environment.observation)
    return spec.model_copy(update={"environment": kept, "lanes": (spec.lanes[0].model_copy(update={"reward": None}),)})


def section_of(spec: Spec, field: str) -> ObservationSection:
    """What the policy sees.

    Raises:
        ConfigError: something that a strategy does not have.
    """
    section = (spec.environment or EnvironmentSection()).observation
    for name, what in (("episode", "an end that is known beforehand"), ("others", "other agents")):
        if getattr(section, name):
            remedy = f"Train without environment.observation.{name}, or let it act in its environment."
            raise ConfigError(
                f"{field}: environment.observation.{name}", True, f"false: a strategy has no {what}", remedy
            )
    return section


def numbers_of(policy: SealedPolicy) -> int:
    """Numbers of one action as the arena takes it."""
    numbers = policy.manifest.world.numbers
    return len(numbers.choices or numbers.low)


def begin(arena: Arena, plan: Plan, tape: Tape, row: int) -> None:
    """The lane at a row as a run leaves it that has had no opinion before: idle cash has earned its interest."""
    arena.reset(rows=np.array([row]))
    if row == 0:
        return
    silent = Engine(plan, tape, np.full((len(plan.sources), 1, tape.slots), np.nan))
    silent.run(until=row).fill().mark()
    state = arena.state()
    state |= {f"book.{name}": array for name, array in silent.book.arrays().items()}
    worth = silent.book.account["equity"]
    state["episodes"]["capital"], state["episodes"]["equity"] = worth, worth
    state["steps"]["equity"], state["steps"]["equity_before"] = worth, worth
    arena.set_state(state)


def with_a_row_behind(tape: Tape) -> Tape:
    """The tape with its last row once more, so that the last row can be decided at; no decision sees what follows."""
    arrays: dict[str, Any] = {name: repeated(getattr(tape, name)) for name in (*PRICES, "volume", "tradable")}
    for name in OPTIONAL:
        array = getattr(tape, name)
        arrays[name] = None if array is None else repeated(array)
        if name in EVENTS and array is not None:
            arrays[name][-1] = np.nan
    step = int(np.median(np.diff(tape.times)))
    day = np.append(tape.calendar.day, next_day(tape, step))
    return replace(
        tape,
        times=np.append(tape.times, tape.times[-1] + step),
        calendar=replace(tape.calendar, day=day),
        **arrays,
    )


def next_day(tape: Tape, step: int) -> int:
    """Session day of the row behind the last: the next one where the last day is as full as the fullest of ten."""
    day = tape.calendar.day
    if tape.calendar.name == ALWAYS:
        return int((int(tape.times[-1]) + step - 1) // NANOSECONDS_PER_DAY)
    counts = np.unique(day, return_counts=True)[1]
    full = counts.size == 1 or counts[-1] >= counts[-1 - FULLEST : -1].max()
    return int(day[-1]) + int(full)


def repeated(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The rows of an array, and the last once more."""
    return np.concatenate([array, array[-1:]])
