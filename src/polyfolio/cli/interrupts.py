"""Ctrl-C while a run is walked: the part at hand is finished, and what was walked until then is a result."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from polyfolio.backtests.failures import without
from polyfolio.backtests.result import Result
from polyfolio.engine.engine import Engine
from polyfolio.market.window import window
from polyfolio.rules.spec import Spec

FEWEST_ROWS = 2


class Stopped(KeyboardInterrupt):
    """The user ended a run between two of its rows.

    Attributes:
        engine: the lanes as they stood then.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        super().__init__(f"Interrupted after row {engine.row + 1:,} of {engine.tape.rows:,}.")

    def result(self, spec: Spec, run: str) -> Result | None:
        """The run as far as it came, on the rows it walked; None where these are too few for numbers."""
        engine, rows = self.engine, self.engine.row + 1
        if rows < FEWEST_ROWS:
            return None
        tape = window(engine.tape, 0, rows)
        left = without(spec, {lane.name for lane in spec.lanes} - set(engine.plan.names))
        engine.journal.run, engine.journal.times = run, tape.times
        return Result(left, engine.plan, tape, engine.journal, run, engine.book, engine)


@dataclass
class Patience:
    """Lets the walk come to the end of a part before an interrupt ends it; a second one ends it at once.

    Between parts the lanes are in order: what an interrupt leaves can be saved and read. Before and after the walk an
    interrupt acts at once.
    """

    told: Callable[[int, int, Engine], None] = lambda *_: None
    walking: bool = False
    asked: bool = False

    def part(self, done: int, rows: int, engine: Any) -> None:
        """Called after each part of the walk."""
        self.walking = done < rows
        if self.asked:
            raise Stopped(engine)
        self.told(done, rows, engine)

    def interrupt(self, *_: Any) -> None:
        """What the signal does."""
        if not self.walking or self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def held(told: Callable[[], None] = lambda: None) -> Iterator[None]:
    """An interrupt waits until the block has come to its end; a second one ends it at once.

    Args:
        told: called when the first one comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def interrupt(*_: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        told()

    usual = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if asked:
        raise KeyboardInterrupt


@contextmanager
def patient(told: Callable[[int, int, Engine], None] | None = None) -> Iterator[Patience]:
    """Patience while the block runs; elsewhere than in the main thread nobody can be interrupted."""
    patience = Patience(told) if told is not None else Patience()
    if threading.current_thread() is not threading.main_thread():
        yield patience
        return
    usual = signal.signal(signal.SIGINT, patience.interrupt)
    try:
        yield patience
    finally:
        signal.signal(signal.SIGINT, usual)
