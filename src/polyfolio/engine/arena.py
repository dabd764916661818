"""Arena: lanes that agents steer, each at a row of its own, over one tape.

The arena owns the buffers that a step writes: observations, rewards, steps. They are overwritten by the next step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from polyfolio.core.book import Book, open_book
from polyfolio.core.codes import Act, Space
from polyfolio.core.episodes import EPISODE, STEP
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.engine.engine import ALL_STAGES
from polyfolio.engine.inputs import check_identity, check_symbols
from polyfolio.engine.markets import EMPTY, Market, Place, beginnings, lay_down, refuse_unlike, written
from polyfolio.engine.memory import ledger, records
from polyfolio.engine.seen import Seen
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels import observe as places
from polyfolio.kernels.kept import bind
from polyfolio.kernels.rewards import RUNNING, WINDOW
from polyfolio.kernels.steer import draw_markets, first_invalid, steer_lanes
from polyfolio.rules.plan import Plan

DRAWN = -1  # instead of a row: the episode draws it
NOWHERE = np.zeros(0, np.int64)  # no rows to begin at: a step
# What a lane has beside its book: part of every state, and where kernels write.
KEPT = (
    "episodes",
    "steps",
    "market_of",
    "observations",
    "asked",
    "projected",
    "held",
    "cut",
    "rewards",
    "running",
    "returns",
)


class Arena:
    """Lanes that agents steer.

    Args:
        plan: one lane for each agent or copy.
        markets: where episodes play; all with the same symbols and number of rows.
        agents: AGENT[lanes].
        seen: what of a lane is observed.
        threads: slices of lanes stepped at once. Results do not depend on it.

    Attributes:
        book: the lanes' state.
        observations: float32[lanes, window * frame].
        rewards: float64[lanes].
        steps: STEP[lanes].
        episodes: EPISODE[lanes].
        market_of: int64[lanes], the market of each lane's episode.
        actions: float64[lanes, numbers]; a driver writes them before `step`.
        asked: float64[lanes, slots], what the actions asked for: weights, or -1 sell, 0 hold, 1 buy, 2 hold nothing.
        projected: float64[lanes, slots], the wants after the stages; what is held where frozen.
        held: float64[lanes, slots], weights held.
        cut: int64[lanes, slots], Reason of the last cut; kept where the plan's journal level is full.
    """

    def __init__(
        self, plan: Plan, markets: Sequence[Market], agents: np.ndarray, seen: Seen | None = None, *, threads: int = 1
    ) -> None:
        self.markets = tuple(markets)
        tape = self.markets[0].tape
        for market in self.markets:
            check_symbols(plan, market.tape)
            refuse_unlike(market, tape)
        calendar = tape.calendar
        own = plan.with_own_tiers()
        self.plan = own.with_tape(bars_per_year=calendar.bars_per_year, days_per_year=calendar.days_per_year)
        self.tape, self.agents, self.seen = tape, agents.copy(), seen or Seen()
        refuse_plan(plan, tape, self.seen, threads)
        lanes, slots = plan.lanes, tape.slots
        self.signals = np.full((lanes, 1, slots), np.nan)
        self.book: Book = open_book(lanes, slots, np.array(plan.slot_of))
        self._ledger = ledger(self.plan, self.book, tape.instruments, self.signals)
        self.episodes, self.steps = np.zeros(lanes, EPISODE), np.zeros(lanes, STEP)
        self.episodes["number"], self.episodes["seed"] = -1, np.arange(lanes)
        self.market_of = np.zeros(lanes, np.int64)
        self.actions = np.zeros((lanes, numbers_of(agents[0], slots)))
        by_slot = (lanes, slots)
        self.asked, self.projected, self.held = np.full(by_slot, np.nan), np.full(by_slot, np.nan), np.zeros(by_slot)
        self.cut, self.rewards = np.zeros(by_slot, np.int64), np.zeros(lanes)
        self.running, self.returns = np.zeros((lanes, RUNNING)), np.zeros((lanes, WINDOW))
        self.places = self.seen.places(slots, self.markets[0].panel.shape[1])
        width = int(self.places[places.FRAME]) * self.seen.window
        self.observations = np.zeros((lanes, width), np.float32)
        self._slices = [part for part in np.array_split(np.arange(lanes), min(threads, lanes)) if part.size]
        self._pool = ThreadPoolExecutor(len(self._slices)) if len(self._slices) > 1 else None
        self._heard: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in self._slices]
        base = self._shared_world()
        self._places = lay_down(self.markets, self.plan, self.seen.risk, (self._ledger, base), self._slices)
        first = self._places[0][0]
        self._steer = bind(steer_lanes, first.here, first.world, first.lanes, NOWHERE, ALL_STAGES)

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self.plan.lanes

    def seed(self, seeds: Sequence[int] | Ints, lanes: Ints | None = None) -> None:
        """Seeds of lanes; their episodes are counted from the beginning again."""
        chosen = np.arange(self.lanes) if lanes is None else lanes
        self.episodes["seed"][chosen] = seeds
        self.episodes["number"][chosen] = -1

    def reset(self, lanes: Ints | None = None, rows: Ints | None = None) -> None:
        """New episodes for some lanes (all), at these rows (drawn as the agents say where None or DRAWN)."""
        chosen = np.arange(self.lanes) if lanes is None else np.ascontiguousarray(lanes, np.int64)
        if chosen.size == 0:  # no rows to begin at would be a step
            return
        begun = np.full(chosen.size, DRAWN) if rows is None else np.ascontiguousarray(rows, np.int64)
        refuse_rows(begun, self.tape)
        if len(self.markets) == 1:
            place = self._places[0][0]
            self._steer(place.here, place.world, chosen, begun, ALL_STAGES)
            return
        drawn = np.empty(chosen.size, np.int64)
        draw_markets(self.episodes, chosen, len(self.markets), drawn)
        self.market_of[chosen] = drawn
        self._heard = [[] for _ in self._slices]
        for number in np.unique(drawn):
            mine = drawn == number
            place = self._places[number][0]
            self._steer(place.here, place.world, chosen[mine], begun[mine], ALL_STAGES)
        self._seat()

    def step(self) -> None:
        """One step of every lane that has not ended, with `actions`.

        Raises:
            DataError: an action is not finite, or not one of the choices; nothing has changed.
        """
        if len(self.markets) == 1 and self._pool is None:
            place = self._places[0][0]
            bad = self._steer(place.here, place.world, place.lanes, NOWHERE, ALL_STAGES)
        else:
            self._refuse_actions()
            bad = max(self._steps())
        if bad:
            refuse_action(self.agents, self.actions, bad - 1)

    def check(self) -> None:
        """Stop where the accounting identity of a lane leaves a residual."""
        check_identity(self.book.account["residual"], self.plan.names)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _steps(self) -> list[int]:
        if self._pool is None:
            return [self._step_part(0)]
        return list(self._pool.map(self._step_part, range(len(self._slices))))

    def _step_part(self, part: int) -> int:
        """A thread's lanes, market by market."""
        bad, heard = 0, []
        for parts in self._places:
            place = parts[part]
            if place.lanes.size:
                bad = max(bad, self._steer(place.here, place.world, place.lanes, NOWHERE, ALL_STAGES))
                if len(self.markets) > 1:
                    heard.append(written(place.log))
        self._heard[part] = heard
        return bad

    def events(self) -> np.ndarray:
        """EVENT rows of the last step, by lane; only where the plan's journal level is full."""
        return np.concatenate([events for events, _ in self._last()])

    def fills(self) -> np.ndarray:
        """FILL rows of the last step; only where the plan's journal level is full."""
        return np.concatenate([fills for _, fills in self._last()])

    def _last(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """What the last step wrote down. A thread's markets share its log, so theirs is taken as each has stepped."""
        if len(self.markets) == 1:
            return [written(place.log) for place in self._places[0]]
        return [parts for of_thread in self._heard for parts in of_thread] or [written(EMPTY)]

    def _playing(self) -> list[Place]:
        return [place for parts in self._places for place in parts]

    def state(self) -> dict[str, np.ndarray]:
        """Everything a later `set_state` needs to go on from here, byte for byte."""
        return {name: array.copy() for name, array in self._state().items()}

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to a state."""
        for name, array in self._state().items():
            if name not in state or state[name].shape != array.shape:
                raise DataError(
                    f"state[{name!r}]",
                    state[name].shape if name in state else None,
                    f"of shape {array.shape}",
                    "Restore a state of an arena with the same lanes, tape and observation.",
                )
        for name, array in self._state().items():
            array[...] = state[name]
        self._seat()

    def _state(self) -> dict[str, np.ndarray]:
        own = {name: getattr(self, name) for name in KEPT}
        drawn = {"rules": self._ledger.rules, "tiers": self._ledger.tiers}
        return {**own, **drawn, **{f"book.{name}": array for name, array in self.book.arrays().items()}}

    def _seat(self) -> None:
        """Each lane to the market of its episode."""
        for number, parts in enumerate(self._places):
            for part, place in zip(self._slices, parts, strict=True):
                place.lanes = part[self.market_of[part] == number]

    def _shared_world(self) -> dict[str, Any]:
        """What a world has whatever its market."""
        own = {name: getattr(self, name) for name in KEPT if name != "market_of"}
        told = {name: records(array) for name, array in own.items() if array.dtype.names}
        rest = {"actions": self.actions, "exposure": np.zeros(self.tape.slots), "seen": self.places}
        return {**own, **told, **rest, "agents": records(self.agents), **beginnings(self._ledger, self.book)}

    def _refuse_actions(self) -> None:
        """Before any thread or market has stepped."""
        for place in self._playing():
            bad = first_invalid(place.world, place.lanes)
            if bad:
                refuse_action(self.agents, self.actions, bad - 1)


def refuse_rows(rows: Ints, tape: Tape) -> None:
    """Refuse episodes that begin where no row follows."""
    wrong = (rows >= tape.rows - 1) | (rows < DRAWN)
    if wrong.any():
        raise DataError(
            "row",
            int(rows[wrong][0]),
            f"from 0 to {tape.rows - 2}, so that one row follows",
            "Begin the episode at an earlier row.",
        )


def refuse_action(agents: np.ndarray, actions: Floats, lane: int) -> None:
    """Refuse a lane's action."""
    box = agents[lane]["space"] == Space.BOX
    bound = "finite numbers" if box else "whole numbers of the action space"
    remedy = "Look at what the policy gives before the step."
    raise DataError(f"actions[{lane}]", actions[lane].tolist(), bound, remedy)


def refuse_plan(plan: Plan, tape: Tape, seen: Seen, threads: int) -> None:
    """Refuse lanes that agents cannot steer."""
    if plan.slot_of.size != tape.slots or (plan.slot_of != np.arange(tape.slots)).any():
        raise ConfigError("sleeves", plan.sleeves[:5], "null under an agent", "Give each symbol one position.")
    if (plan.group_of >= 0).any():
        raise ConfigError("groups", plan.group_names, "none under agents", "Agents have accounts of their own.")
    if plan.extensions:
        raise ConfigError("program", plan.extensions, "built-in stages under an agent", "Leave the stage out.")
    if threads < 1:
        raise ConfigError("threads", threads, "1 or more", "Give the number of slices stepped at once.")
    if threads > 1 and seen.others:
        raise ConfigError("threads", threads, "1 where agents see each other", "Leave out `others`.")


def numbers_of(agent: Any, slots: int) -> int:
    """Numbers in an action."""
    if agent["space"] == Space.DISCRETE:
        return 1
    return slots + int(bool(agent["cash"]) and agent["kind"] == Act.WEIGHTS)
