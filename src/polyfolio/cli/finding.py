"""The run that a line of the command line means: a number, an id, a name, `last`, or a folder of results."""

from __future__ import annotations

from pathlib import Path

from polyfolio.backtests.recorded import run_in
from polyfolio.cli.own_code import importable
from polyfolio.report.folders import MARK
from polyfolio.report.saved import open_run
from polyfolio.store.runs import Run, Runs


def run_named(asked: str) -> Run:
    """The run, from its folder where one is named, else from the registry.

    Raises:
        DataError: there is no such run, or several.
    """
    run = of_folder(Path(asked)) if (Path(asked) / MARK).is_file() else Runs().one(asked)
    importable(*([run.directory] if run.directory else []))
    return run


def of_folder(folder: Path) -> Run:
    """What stands in a folder: the registry's own record of it where there is one."""
    found = run_in(open_run(folder))
    for known in Runs().all():
        if known.folder == found.folder and known.digests.get("journal") == found.digests["journal"]:
            return known
    return found
