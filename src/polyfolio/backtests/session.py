"""A run in stretches, whose portfolios come, go and hand each other capital; the others notice nothing of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from polyfolio.backtests.failures import Heard, answer, silent
from polyfolio.backtests.result import Result
from polyfolio.backtests.run import Source, finished, opened
from polyfolio.backtests.walking import walk_of
from polyfolio.core.codes import Level
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.engine.growth import with_lanes
from polyfolio.errors import ConfigError, DataError, PolyfolioError
from polyfolio.objects.events import EventBus
from polyfolio.rules import plan as plans
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.problems import build
from polyfolio.rules.spec import Lane, Spec
from polyfolio.strategies.run import heard, strategy_of


class Session:
    """A run that is walked row by row or in stretches.

    Args:
        source: a Spec, a YAML file, or a dict of its keys.
        tape: market rows; None reads what the section `tape` describes.
        signals: float64[sources, rows or 1, sleeves] in place of the strategies' own.
        bus: who listens to events of the run.

    Example:
        >>> session = Session("two.yaml").run(until=500)
        >>> session.add({"name": "late", "strategy": {"name": "equal_weight"}})
        >>> session.remove("momentum")
        >>> session.run().result()
    """

    def __init__(
        self, source: Source, tape: Tape | None = None, *, signals: Floats | None = None, bus: EventBus | None = None
    ) -> None:
        self._heard, rows = opened(source, tape, signals)
        self._walk = walk_of(Engine(self._heard.plan, rows, self._heard.signals), self._heard.spec, bus)
        self._steps: list[tuple[Any, ...]] = []

    @property
    def engine(self) -> Engine:
        """The engine after the last row walked; another one after `add`."""
        return self._walk.engine

    @property
    def spec(self) -> Spec:
        """The configuration, with the lanes that were added."""
        return self._heard.spec

    @property
    def row(self) -> int:
        """The last row walked, -1 before the first."""
        return self.engine.row

    @property
    def lanes(self) -> tuple[str, ...]:
        """Every lane, those that were removed included."""
        return self.engine.plan.names

    @property
    def unassigned(self) -> float:
        """Money that left a lane and has reached no other."""
        return float(self.engine.capital.bucket[0])

    def run(self, until: int | None = None) -> Self:
        """Walk every row before `until`; all that are left without it.

        Raises:
            DataError: the tape has no such row, or it was walked already.
        """
        rows = self.engine.tape.rows
        last = rows if until is None else until
        whole = hasattr(last, "__index__") and not isinstance(last, bool)
        if not whole or not self.row < last <= rows:
            raise DataError("until", until, f"from {self.row + 1} to {rows}", "Give the first row that is not walked.")
        self._walk.to(int(last))
        if last == rows:
            self._walk.end()
        return self

    def add(self, lane: Lane | Mapping[str, Any]) -> Self:
        """Add a lane; it opens its account in the next row.

        Its strategy may look at the rows before. It keeps what it is told: sections under `defaults` of the file are
        not among it.

        Raises:
            ConfigError: a name that is taken, a key that is wrong, a strategy that fails; nothing has changed.
        """
        new = lane if isinstance(lane, Lane) else build(Lane, lane)
        if new.name in self.lanes:
            raise ConfigError("name", new.name, "unique", f"The run has the lanes {', '.join(self.lanes[:12])}.")
        if self.row + 1 >= self.engine.tape.rows:
            raise DataError("row", self.row, "before the last one", "Add lanes while rows are left.")
        spec = self.spec.model_copy(update={"lanes": (*self.spec.lanes, new)})
        plan, signals = self._with_signals(spec, compile_spec(spec, self.engine.tape.universe))
        self._walk.follow(with_lanes(self.engine, plan, signals), spec)
        self._heard = replace(self._heard, spec=spec, plan=self.engine.plan, signals=signals)
        self._steps.append((self.row, "add", new.name))
        return self

    def remove(self, lane: str) -> Self:
        """Take a lane out: it sells what it holds in the next row it can, and decides no more.

        It stays in the results with the cash it has; `transfer` moves it elsewhere.
        """
        if not self.engine.retire(lane):
            raise ConfigError("lane", lane, "one that has not ended", "It decides no more already.")
        self._steps.append((self.row, "remove", lane))
        return self

    def transfer(self, giver: str | None, taker: str | None, amount: float) -> float:
        """Move cash between two lanes; it arrives at the start of the next row. None stands for what no lane has.

        Raises:
            DataError: the giver has less free cash, or no row is left in which the money would arrive.
        """
        if self.row + 1 >= self.engine.tape.rows:
            raise DataError("row", self.row, "before the last one", "Move money while rows are left.")
        moved = self.engine.transfer(giver, taker, amount)
        self._steps.append((self.row, "transfer", giver, taker, moved))
        return moved

    def result(self) -> Result:
        """What the rows walked so far have come to.

        Raises:
            DataError: no row was walked, or a lane has not begun.
        """
        walked = self.engine.journal.marks["lane"]
        for number, lane in enumerate(self.lanes):
            if not (walked == number).any() and self.engine.journal.level > Level.OFF:
                raise DataError(f"lane {lane}", "no row", "one row or more", "Walk a row first: `run(until=...)`.")
        made = finished(self._heard, self.engine)
        if not self._steps:
            return made
        made.journal.run = hashlib.sha256(json.dumps([made.run_id, self._steps]).encode()).hexdigest()
        return replace(made, run_id=made.journal.run)

    def _with_signals(self, spec: Spec, plan: Plan) -> tuple[Plan, Floats]:
        """The plan in which the last lane has a source of its own, and the signals of all sources."""
        signals, last = self.engine.signals, plan.lanes - 1
        old = self.engine.plan.sources
        lane = spec.lanes[last]
        if lane.strategy is None:
            if int(plan.rules["signal"][last]) >= len(old):
                raise ConfigError(
                    "strategy", None, "named, or `signal` the name of a source", "Add `strategy: {name: ...}`."
                )
            return plan, signals
        found = answer(spec, plan, last, self.engine.tape)
        if isinstance(found, PolyfolioError):
            raise found
        rules = plan.rules.copy()
        rules["signal"][last] = len(old)
        own = replace(plan, rules=rules, sources=(*old, plans.Source(lane.name, lane.strategy)))
        every = np.broadcast_to(signals, (len(old), self.engine.tape.rows, signals.shape[2]))
        whole = np.concatenate([every, found[None]])
        mute = silent(spec, Heard(spec, own, whole), self.engine.tape)
        if lane.name in mute:
            raise mute[lane.name]
        if strategy_of(lane.strategy.name, lane.strategy.params).once:
            whole[-1] = said_again(whole[-1], heard(own, len(old), self.engine.tape)[:, own.slot_of], self.row)
        return own, whole


def said_again(signals: Floats, listening: Any, row: int) -> Floats:
    """Opinions that were said once, up to a row, said again at the first row after it at which the lane listens."""
    out = signals.copy()
    for sleeve in range(signals.shape[1]):
        said = np.flatnonzero(~np.isnan(signals[: row + 1, sleeve]))
        later = row + 1 + np.flatnonzero(listening[row + 1 :, sleeve])
        if said.size and later.size and np.isnan(signals[row + 1 : later[0] + 1, sleeve]).all():
            out[later[0], sleeve] = signals[said[-1], sleeve]
    return out
