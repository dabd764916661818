"""`polyfolio report`: the pages of a run that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyfolio.backtests.again import again, same_or_refused
from polyfolio.backtests.recorded import standing, written
from polyfolio.cli import completing, pages, screen
from polyfolio.cli.backtest import shown
from polyfolio.cli.compiling import ensure
from polyfolio.cli.finding import run_named
from polyfolio.errors import DataError
from polyfolio.report.folders import probe
from polyfolio.report.saved import read_meta
from polyfolio.store.runs import Run, Runs

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def report(
    run: Annotated[
        str,
        typer.Argument(
            help="A folder of results, or a run: number, beginning of the id, name, `last`.",
            autocompletion=completing.runs,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Another folder for results and pages; its own when left out.")
    ] = None,
    referee: Annotated[bool, typer.Option("--referee", help="Doubt the results too; that takes further runs.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Slices of lanes walked at once.")] = 1,
) -> None:
    """Write the pages of a saved run.

    What a page shows needs the prices, so the tape is read again as the configuration names it and the run is walked
    again. Where that does not give the saved journal byte for byte, nothing is written and it is said what changed.

    \b
    Examples:
      polyfolio report results/demo --referee --open
      polyfolio report last --out elsewhere
    """  # noqa: D301 - \b keeps the lines of the example apart
    pages.wanted(True)
    then = run_named(run)
    refuse_unfinished(run, then)
    terminal = screen.console()
    ensure(terminal)
    result = same_or_refused(again(then, threads=threads))
    folder = result.save(probe(out)) if out is not None else Path(str(then.folder))
    page = pages.write(terminal, result, folder, doubted=referee, quiet=False)
    if then.number and out is None:
        Runs().add(then.number, written(folder))
    if page is None:
        terminal.print("`reporting` of the configuration wants no pages: nothing was written.")
        return
    terminal.print(f"Page: {shown(page)}", soft_wrap=True, markup=False)
    if show:
        pages.open_in_browser(page, folder)


def refuse_unfinished(asked: str, run: Run) -> None:
    """Refuse a run that did not come to its end, and one whose results are gone."""
    if "journal" not in run.digests:
        raise DataError("run", asked, f"a run with results, not {run.status}", "Run its configuration again.")
    where = standing(run)
    if where != "there":
        bound = "a run whose results stand in their folder"
        remedy = "Run its configuration again, or name its folder if it was moved."
        raise DataError("run", asked, f"{bound}; {run.folder}: {where}", remedy)
    cut = read_meta(Path(str(run.folder))).get("interrupted")
    if cut is not None:
        bound = f"a run that came to its end, not to row {cut['rows']} of {cut['of']}"
        raise DataError("run", asked, bound, "Run its configuration again.")
