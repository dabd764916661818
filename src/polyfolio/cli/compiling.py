"""Compiling ahead of time, with its progress shown."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyfolio.cli import exercises, warming
from polyfolio.engine import warm


def ensure(out: Any) -> None:
    """Compile what is not compiled yet, with its progress shown, so that a first run does not seem to hang."""
    if warming.noted() is None:
        out.print("Compiling the kernels (once per version):")
        compile_all(out)


def ensure_agents(out: Any) -> None:
    """The same, and what environments and sealed policies need besides."""
    ensure(out)
    with patient_collector(), told(out) as (started, finished), warm.watched(started, finished):
        warm.exercise_agents()


def compile_all(out: Any, everything: bool = False) -> Path:
    """Call every entry once; what is compiled is shown with its seconds.

    What a run does not need (environments, the object API, fills from elsewhere, comparisons with a benchmark)
    compiles when first called, unless asked for.
    """
    start = time.perf_counter()
    with patient_collector(), told(out) as (started, finished), warm.watched(started, finished):
        exercises.run(everything)
    folder: Path = warm.cache_folder()
    left = warm.cold()
    seconds = time.perf_counter() - start
    out.print(f"{len(warm.entries()) - len(left)} entries ready in {seconds:.1f} s; cache: {folder}", soft_wrap=True)
    if left:
        out.print(f"{len(left)} more compile when first called (polyfolio warm --all does it now).", soft_wrap=True)
    warming.write_note(folder)
    return folder


@contextmanager
def patient_collector() -> Iterator[None]:
    """A compiler's trees live long; looking for garbage among them at Python's pace took 7 % of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@contextmanager
def told(out: Any) -> Iterator[tuple[Any, Any]]:
    """Callbacks that print each entry with its seconds, and what is being compiled now."""
    with out.status("Reading the cache") as status:

        def started(name: str) -> None:
            status.update(f"Compiling {name}")

        def finished(name: str, seconds: float) -> None:
            out.print(f"  {name:<36} {seconds:6.1f} s")

        yield started, finished
