"""How `polyfolio data` looks on a terminal: what a folder holds, what a tape or a version is, and progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from polyfolio.core.tape import OPTIONAL, Tape
from polyfolio.market.dataset import MARK, Dataset
from polyfolio.market.stamps import show
from polyfolio.market.store import MANIFEST, manifest_of
from polyfolio.market.versions import Version

SHORT = 12  # signs of a digest that are printed
SHOWN = 12


@contextmanager
def following(out: Console, what: str) -> Iterator[Any]:
    """A bar that follows work in parts: called with parts done, all parts, and what is at work."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[part]}", style="dim"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task(what, total=1, part="")

        def update(done: int, count: int, part: str = "") -> None:
            bar.update(task, completed=done, total=count, part=part)

        yield update


def facts(out: Console, pairs: dict[str, str]) -> None:
    """Names and values below one another."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        out.print(f"{name:<{width}}  {value}", markup=False, soft_wrap=True)


def tape_facts(tape: Tape) -> dict[str, str]:
    """A tape in words."""
    known = (tape.tradable != 0).sum()
    optional = [name for name in OPTIONAL if getattr(tape, name) is not None]
    return {
        "rows": f"{tape.rows:,}",
        "symbols": f"{tape.slots}: {listed(tape.symbols)}",
        "first close": show(int(tape.times[0])),
        "last close": show(int(tape.times[-1])),
        "bars": f"{int(known):,}, {known / tape.tradable.size:.1%} of rows and symbols",
        "further fields": ", ".join(optional) or "none",
        "calendar": tape.calendar.source,
        "base currency": tape.universe.base_currency,
        "digest": tape.digest(),
    }


def version_facts(dataset: Dataset, version: Version) -> dict[str, str]:
    """A version in words."""
    first, last = version.span
    return {
        "dataset": str(dataset.folder),
        "version": f"{version.number} of {len(dataset.versions())}, id {version.id[:SHORT]}",
        "known": show(version.known),
        "source": version.source,
        "interval": version.interval,
        "symbols": f"{len(version.symbols)}: {listed(version.symbols)}",
        "bars": f"{version.bars:,}",
        "first close": show(first),
        "last close": show(last),
    }


def versions(out: Console, found: Sequence[Version]) -> None:
    """The versions of a dataset, the newest last."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("version", "id", "known", "symbols", "bars", "last close", "changes"):
        table.add_column(name, justify="right" if name in ("version", "symbols", "bars") else "left")
    for version in found:
        cells = (version.number, version.id[:SHORT], show(version.known), len(version.symbols), f"{version.bars:,}")
        table.add_row(*map(str, cells), show(version.span[1]), str(len(version.changes)))
    out.print(table)


def lines(out: Console, title: str, sentences: Sequence[str], shown: int = SHOWN) -> None:
    """Sentences under a title, the first of them where there are many."""
    if not sentences:
        return
    out.print(f"\n{title} ({len(sentences)})", style="bold")
    for sentence in sentences[:shown]:
        out.print(f"  {sentence}", markup=False, soft_wrap=True)
    if len(sentences) > shown:
        out.print(f"  and {len(sentences) - shown} more (--all shows them)", markup=False)


def listing(out: Console, folder: Path) -> int:
    """Datasets and stored tapes below a folder; how many there are."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("kind", "path", "symbols", "bars or rows", "first close", "last close", "digest or id"):
        table.add_column(name, justify="right" if name in ("symbols", "bars or rows") else "left", overflow="fold")
    count = 0
    for place in sorted([*folder.glob(f"**/{MARK}"), *folder.glob(f"**/{MANIFEST}")]):
        home = place.parent
        if any(part.startswith(".") for part in home.relative_to(folder).parts):
            continue
        if place.name == MARK:
            table.add_row(*_dataset_row(home))
        elif not any((above / MARK).is_file() for above in home.parents):
            table.add_row(*_tape_row(home))
        else:
            continue
        count += 1
    if count:
        out.print(table)
    return count


def _dataset_row(home: Path) -> tuple[str, ...]:
    found = Dataset(home).versions()
    if not found:
        return ("dataset", str(home), "0", "0", "", "", "nothing yet: a download stopped before its end")
    last = found[-1]
    first, end = last.span
    told = f"{last.id[:SHORT]} (version {last.number})"
    return ("dataset", str(home), str(len(last.symbols)), f"{last.bars:,}", show(first), show(end), told)


def _tape_row(home: Path) -> tuple[str, ...]:
    manifest = manifest_of(home)
    times = np.load(home / "times.npy", mmap_mode="r", allow_pickle=False)
    span = (show(int(times[0])), show(int(times[-1])))
    return ("tape", str(home), str(len(manifest["symbols"])), f"{times.size:,}", *span, manifest["digest"][:SHORT])


def listed(words: Sequence[str]) -> str:
    """The first words, with a sign that there are more."""
    return ", ".join(words[:SHOWN]) + (", ..." if len(words) > SHOWN else "")
