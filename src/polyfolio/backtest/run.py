"""A backtest: configuration -> tape -> plan -> signals -> engine -> result."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyfolio.backtest.holdings import against
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.compile import source_digest
from polyfolio.market.source import open_tape
from polyfolio.report import terminal
from polyfolio.report.brinson import Brinson
from polyfolio.report.results import Results
from polyfolio.report.saved import save
from polyfolio.rules.identity import run_id
from polyfolio.rules.load import load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec
from polyfolio.strategies.run import signals_for

log = logging.getLogger("polyfolio")

Progress = Callable[[int, int, Engine], None]

# Parts a run is cut into where somebody watches it; results do not depend on it.
PARTS = 60


@dataclass(frozen=True, eq=False)
class Result(Results):
    """A finished backtest; `print(result)` shows its table.

    Attributes:
        engine: the engine after its last row.
    """

    engine: Engine

    def save(self, folder: str | Path) -> Path:
        """Write journal, metrics, trades and equity into a folder, whole or not at all."""
        return save(self, folder)

    def why(self, lane: int | str, slot: int | str, row: int) -> str:
        """Why a trade was made, cut, refused or missing."""
        return self.journal.why(lane, slot, row)

    def brinson(self, lane: int | str, benchmark: Mapping[str, float] | None = None, by: str = "symbol") -> Brinson:
        """Why a lane did better or worse than a benchmark portfolio: allocation, selection, interaction, trading.

        The run is walked once more, to see what was held at each close.

        Args:
            lane: name or number; it must not hold shorts.
            benchmark: weight by symbol, to which the benchmark goes back at every close, without costs; what is left
                of 1 is cash. None takes all of `account.benchmark`.
            by: what the groups are: "symbol", or a label of the tape such as "sector".

        Raises:
            ConfigError: no benchmark, a symbol or label that nobody knows.
            DataError: a short position, or a return that is not known.
        """
        return against(self, self.engine.signals, lane, benchmark, by)

    def __repr__(self) -> str:
        return terminal.text(self)


def backtest(
    source: Spec | str | os.PathLike[str] | Mapping[str, Any],
    tape: Tape | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    *,
    signals: Floats | None = None,
) -> Result:
    """Run every lane of a configuration over its tape.

    Args:
        source: a Spec, a YAML file, or a dict of its keys.
        tape: market rows; None reads what the section `tape` describes.
        threads: slices of lanes walked at once; results do not depend on it.
        progress: called as progress(rows done, rows, engine) now and then.
        signals: float64[sources, rows or 1, sleeves] in place of the strategies' own.

    Example:
        >>> result = backtest("three.yaml")
        >>> result.metrics("momentum")["sharpe"]
    """
    spec = source if isinstance(source, Spec) else load(source)
    if tape is not None and not isinstance(tape, Tape):
        raise DataError("tape", tape, "a Tape", "Open it with read_csv, read_parquet, tape_from_arrays or demo_tape.")
    if threads < 1:
        raise ConfigError("threads", threads, "a whole number of at least 1", "Two threads use two cores.")
    rows = tape if tape is not None else tape_of(spec)
    plan = compile_spec(spec, rows.universe)
    for note in plan.notes:
        log.warning(note)
    if signals is None:
        refuse_silent_lanes(plan)
        signals = signals_for(plan, rows)
    engine = Engine(plan, rows, signals, threads=threads)
    walk(engine, progress)
    journal = engine.journal
    journal.run, journal.times = run_id(spec, rows.digest(), source_digest()), rows.times
    return Result(spec, engine.plan, rows, journal, journal.run, engine.book, engine)


def tape_of(spec: Spec) -> Tape:
    """The tape that a configuration names."""
    if spec.tape is None:
        raise ConfigError(
            "tape",
            None,
            "a section that says where the market rows are",
            "Add `tape: {path: ...}`, or give a tape from code.",
        )
    return open_tape(spec.tape, spec.lanes[0].account.base_currency)


def refuse_silent_lanes(plan: Plan) -> None:
    """Refuse lanes whose signals nobody gives: they would never trade."""
    heard = [plan.sources[int(number)] for number in plan.rules["signal"]]
    for lane, source in zip(plan.names, heard, strict=True):
        if source.strategy is None:
            raise ConfigError(
                f"strategy of lane {lane}",
                None,
                "named, where signals are not given from outside",
                "Add `strategy: {name: ...}` to the lane, or pass signals.",
            )


def walk(engine: Engine, progress: Progress | None) -> None:
    """Every row, in parts where somebody watches."""
    if progress is None:
        engine.run()
        return
    rows = engine.tape.rows
    for part in range(1, PARTS + 1):
        engine.run(until=rows * part // PARTS)
        progress(engine.row + 1, rows, engine)
