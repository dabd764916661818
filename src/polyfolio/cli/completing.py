"""What the shell offers after a tab: files, runs, names of what is registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from polyfolio.rules import registry
from polyfolio.store.runs import Runs

ENDINGS = (".yaml", ".yml")


def configurations(incomplete: str) -> Iterator[str]:
    """Configuration files, and folders on the way to them."""
    place = Path(incomplete)
    folder = place if incomplete.endswith("/") or not incomplete else place.parent
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        name = f"{path}/" if path.is_dir() else str(path)
        if name.startswith(incomplete) and not path.name.startswith(".") and name.endswith(("/", *ENDINGS)):
            yield name


def runs(incomplete: str) -> Iterator[tuple[str, str]]:
    """Executions by number and id, with their names."""
    for run in Runs().all():
        for word in (str(run.number), run.short):
            if word.startswith(incomplete):
                yield word, f"{run.name} {run.status} {run.started}"


def strategies(incomplete: str) -> list[str]:
    """Registered strategies."""
    return [name for name in registry.names("strategy") if name.startswith(incomplete)]
