"""What verbs share on a terminal: the console, the progress of a run, a run's results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from polyfolio.report import terminal
from polyfolio.report.results import Results

WIDEST = 120
SHOWN_LANES = 3


def console() -> Console:
    """The terminal as it is; text that is piped elsewhere has no colours and no animation."""
    return Console(highlight=False)


def width(out: Console) -> int:
    """Columns to fill."""
    return min(out.width, WIDEST)


def braille(out: Console) -> bool:
    """Whether the terminal can show dots."""
    return out.encoding.lower().startswith("utf") and not out.legacy_windows


@contextmanager
def following(out: Console) -> Iterator[Any]:
    """A bar that follows a run: rows done, and the equity of the first lanes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[equity]}", style="dim"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("Walking", total=1, equity="")

        def update(done: int, rows: int, engine: Any) -> None:
            worth = engine.book.account["equity"]
            names = enumerate(engine.plan.names[:SHOWN_LANES])
            told = ", ".join(f"{name} {worth[number]:,.0f}" for number, name in names)
            bar.update(task, completed=done, total=rows, equity=told)

        yield update


def show(out: Console, results: Results) -> None:
    """Table, plot, accounting, attribution and conventions."""
    columns = width(out)
    out.print(terminal.table(results, columns), width=columns)
    out.print()
    out.print(terminal.plot(results, columns, braille(out)), width=columns)
    out.print()
    out.print(terminal.accounting(results, columns), width=columns)
    out.print()
    out.print(terminal.by_instrument(results, columns), width=columns)
    out.print()
    out.print(terminal.conventions(results), width=columns)
