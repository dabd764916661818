"""Several lanes as rows of arrays, on one episode: what agents of their own see, do and are told."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.codes import Ended
from polyfolio.envs.core import COSTS, WORDS, Core
from polyfolio.envs.reasons import limits_of, reasons_of
from polyfolio.envs.vector import copied, refuse_rows, rows_of, seeds_of


class Lanes:
    """The lanes of an environment, begun together and stepped together.

    Args:
        core: the environment's parts.

    Attributes:
        names: of the lanes.
        regimes: labels of the observed regime; empty where none is observed.
        regime: that of the row at which the episode began; empty where none is observed.
    """

    def __init__(self, core: Core) -> None:
        self.core, self.names, self.regime = core, core.plan.names, ""
        shown = [block for block in core.layout.blocks if block.name == "regime"]
        self.regimes: tuple[str, ...] = shown[0].columns if shown else ()
        self._regime_at = shown[0].start + (core.layout.window - 1) * core.layout.width if shown else 0
        # Lanes draw what their seeds say: the same seed lets all of them play the same episode.
        core.arena.seed(np.zeros(len(self.names), np.int64))

    def begin(self, seed: int | None = None, row: int | None = None) -> Any:
        """A new episode of every lane; their observations as the layout has them, one row per lane."""
        arena = self.core.arena
        rows = rows_of(row, np.arange(arena.lanes), arena.lanes)
        if rows is not None:
            refuse_rows(rows, arena.agents)
        if seed is not None:
            arena.seed(seeds_of(seed, 1) * arena.lanes)
        arena.reset(None, rows)
        self.regime = self._label(0)
        return copied(self.core.observe())

    def advance(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
        """One step of every lane that has not ended; the others stay as they are.

        Args:
            actions: one row per lane.

        Returns:
            observations, rewards, terminated, truncated, one row per lane.
        """
        arena = self.core.arena
        over = arena.episodes["ended"] != int(Ended.NOT)
        arena.actions[:] = np.asarray(actions).reshape(arena.actions.shape)
        arena.actions[over] = 0.0  # they are not heard, so they need not be valid
        self.core.step()
        ended = arena.episodes["ended"]
        terminated = ended >= int(Ended.RUINED)
        truncated = (ended != int(Ended.NOT)) & ~terminated
        return copied(self.core.observe()), np.where(over, 0.0, arena.rewards), terminated, truncated

    def standing(self) -> dict[str, np.ndarray]:
        """Equity and time of each lane after its last step."""
        steps = self.core.arena.steps
        return {"equity": steps["equity"].copy(), "time": self.core.times(steps["row"])}

    def told(self, lane: int) -> dict[str, Any]:
        """What is said of a lane's last step."""
        core, arena = self.core, self.core.arena
        named = {"regime": self._label(lane)} if self.regimes else {}
        if core.info == "off":
            return named
        step = arena.steps[lane]
        said = {
            **named,
            "row": int(step["row"]),
            "time": core.times(arena.steps["row"])[lane],
            "equity": float(step["equity"]),
            "drawdown": float(step["drawdown"]),
            "turnover": float(step["turnover"]),
            "costs": {name: float(step[name]) for name in COSTS},
            "weights": arena.held[lane].copy(),
            "asked": arena.asked[lane].copy(),
            "projected": arena.projected[lane].copy(),
            "ended": WORDS[int(step["ended"])],
        }
        if core.info == "full":
            events = arena.events()
            own = events[events["lane"] == lane]
            said |= {"reasons": reasons_of(own, core.tape.symbols), "limits": limits_of(own)}
        return said

    def seen(self, lane: int) -> Any:
        """What a lane sees, its own memory."""
        shown = self.core.observe()
        if isinstance(shown, dict):
            return {name: part[lane].copy() for name, part in shown.items()}
        return shown[lane].copy()

    def _label(self, lane: int) -> str:
        """The most probable regime at a lane's row."""
        if not self.regimes:
            return ""
        shown = self.core.arena.observations[lane, self._regime_at : self._regime_at + len(self.regimes)]
        return self.regimes[int(np.argmax(shown))]
