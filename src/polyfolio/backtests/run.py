"""A backtest: configuration -> tape -> plan -> signals -> engine -> result."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from polyfolio.backtests.failures import Heard, hear, refuse
from polyfolio.backtests.result import Result
from polyfolio.backtests.walking import Progress, walk_of
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.compile import source_digest
from polyfolio.market.source import open_tape
from polyfolio.objects.events import EventBus
from polyfolio.rules.identity import run_id
from polyfolio.rules.load import load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec

log = logging.getLogger("polyfolio")

Source = Spec | str | os.PathLike[str] | Mapping[str, Any]


def backtest(
    source: Source,
    tape: Tape | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    *,
    signals: Floats | None = None,
    bus: EventBus | None = None,
) -> Result:
    """Run every lane of a configuration over its tape.

    Of several lanes, one whose strategy fails is left out; `result.failed` says why.

    Args:
        source: a Spec, a YAML file, or a dict of its keys.
        tape: market rows; None reads what the section `tape` describes.
        threads: slices of lanes walked at once; results do not depend on it.
        progress: called as progress(rows done, rows, engine) now and then.
        signals: float64[sources, rows or 1, sleeves] in place of the strategies' own.
        bus: who listens to events of the run.

    Example:
        >>> result = backtest("three.yaml")
        >>> result.metrics("momentum")["sharpe"]
    """
    if threads < 1:
        raise ConfigError("threads", threads, "a whole number of at least 1", "Two threads use two cores.")
    heard, rows = opened(source, tape, signals)
    engine = Engine(heard.plan, rows, heard.signals, threads=threads)
    walk = walk_of(engine, heard.spec, bus)
    walk.watched(progress)
    walk.end()
    return finished(heard, engine)


def opened(source: Source, tape: Tape | None, signals: Floats | None) -> tuple[Heard, Tape]:
    """The configuration, its plan and its signals, over its tape."""
    spec = source if isinstance(source, Spec) else load(source)
    if tape is not None and not isinstance(tape, Tape):
        raise DataError("tape", tape, "a Tape", "Open it with read_csv, read_parquet, tape_from_arrays or demo_tape.")
    rows = tape if tape is not None else tape_of(spec)
    plan = compile_spec(spec, rows.universe)
    for note in plan.notes:
        log.warning(note)
    if signals is not None:
        return Heard(spec, plan, signals), rows
    refuse_silent_lanes(plan)
    heard = hear(spec, plan, rows)
    for lane, error in heard.failed.items():
        log.warning("lane %s is left out: %s", lane, error)
    return heard, rows


def finished(heard: Heard, engine: Engine) -> Result:
    """What a walked engine has come to."""
    journal, rows = engine.journal, engine.tape
    journal.run, journal.times = run_id(heard.spec, rows.digest(), source_digest()), rows.times
    return Result(heard.spec, engine.plan, rows, journal, journal.run, engine.book, engine, heard.failed)


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


def refuse_wrong(spec: Spec, tape: Tape) -> None:
    """Refuse names and arguments that the run would refuse, before anything is compiled or asked."""
    plan = compile_spec(spec, tape.universe)
    refuse_silent_lanes(plan)
    refuse(plan, tape)


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
