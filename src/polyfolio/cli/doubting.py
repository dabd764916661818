"""The referee on the command line: asked of every lane, shown while it asks, kept beside the pages.

Apart from `pages`, which every backtest imports: what the referee needs takes a third of a second to import.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyfolio.backtests.referee import Referee, referee
from polyfolio.backtests.result import Result
from polyfolio.cli.data_screen import following
from polyfolio.report.page.parts import Section
from polyfolio.report.results_folder import folder_names
from polyfolio.testing.leaks import find_leaks

FINDINGS = "referee.json"


def doubted(terminal: Any, result: Result, folder: Path, *, quiet: bool) -> dict[str, Sequence[Section]]:
    """What the referee says of every lane as sections of its page; the whole record is kept in its folder."""
    found = {lane: judged(terminal, result, lane, quiet=quiet) for lane in result.lanes}
    for lane, name in folder_names(result).items():
        place = folder / name
        place.mkdir(exist_ok=True)
        text = json.dumps(found[lane].record, indent=2, allow_nan=False)
        (place / FINDINGS).write_text(text + "\n", encoding="utf-8")
    return {lane: one.sections() for lane, one in found.items()}


def judged(terminal: Any, result: Result, lane: str, *, quiet: bool) -> Referee:
    """What the referee says of a lane."""
    if quiet:
        return referee(result.spec, result.tape, lane, proof=find_leaks)
    with following(terminal, f"Doubting {lane}") as update:
        return referee(result.spec, result.tape, lane, proof=find_leaks, progress=update)
