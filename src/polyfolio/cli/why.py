"""`polyfolio why`: a question to a saved run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from polyfolio.core.types import Ints
from polyfolio.core.words import stamp
from polyfolio.errors import DataError
from polyfolio.report.saved import SavedRun, open_run

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@app.command()
def why(
    run: Annotated[Path, typer.Argument(help="A folder that `polyfolio demo` or `polyfolio backtest` wrote.")],
    slot: Annotated[str, typer.Option(help="Symbol.")],
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME|ROW",
            help="Time of a bar's close (UTC unless it says otherwise; "
            "between two bars, the earlier one) or a row number.",
        ),
    ],
    lane: Annotated[str | None, typer.Option(help="Lane; may be left out where there is one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the journal's rows behind the answer.")] = False,
) -> None:
    """Say why a trade was made, cut, refused or missing, through every stage.

    \b
    Examples:
      polyfolio why results/demo --lane momentum --slot BTC/USDT --at 2024-06-01T01:00
      polyfolio why results/demo --lane momentum --slot BTC/USDT --at 3648 --json
    """  # noqa: D301 - \b keeps the lines of the example apart
    saved = open_run(run)
    name = chosen_lane(saved, lane)
    row = row_at(at, saved.times)
    answer = saved.journal.why(name, slot, row)
    if as_json:
        print(json.dumps({"answer": answer, "rows": saved.journal.reasons(name, slot, row)}, indent=2))
    else:
        print(answer)


def chosen_lane(saved: SavedRun, lane: str | None) -> str:
    """The lane that is asked about."""
    lanes = saved.journal.lanes
    if lane is None and len(lanes) > 1:
        raise DataError("--lane", None, f"one of {', '.join(lanes)}", "Say which lane is meant.")
    return lanes[0] if lane is None else lane


def row_at(text: str, times: Ints) -> int:
    """The row of a time or a row number; between two rows the earlier one, which is what was known then."""
    if text.isdigit() and len(text) != len("20240101"):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        bound = "a time like 2024-03-01T13:00 (ISO 8601), or a row number"
        raise DataError("--at", text, bound, "Correct the time.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - EPOCH
    nanoseconds = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    row = int(np.searchsorted(times, nanoseconds, side="right")) - 1
    if row < 0:
        raise DataError("--at", text, f"from {stamp(times[0])} to {stamp(times[-1])}", "Choose a time of the run.")
    return row
