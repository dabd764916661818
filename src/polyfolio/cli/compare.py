"""`polyfolio compare`: runs beside each other on the same bars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from polyfolio.backtests.compare import compare as beside
from polyfolio.cli import pages, screen
from polyfolio.cli.own_code import importable
from polyfolio.report.comparison import Settings
from polyfolio.report.folders import probe

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Folders of results, runs of the registry, configurations, CSV files of equity; "
            "RUN:LANE takes one lane.",
        ),
    ],
    against: Annotated[
        list[str] | None, typer.Option(help="Name the others are held against; the first when left out; repeatable.")
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="Compare on the closings that all have, where they differ.")
    ] = False,
    draws: Annotated[int, typer.Option(min=100, help="Resampled histories.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 0,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Configurations tried to find these; those compared when left out.")
    ] = None,
    tests: Annotated[
        list[str] | None, typer.Option("--test", help="Test of all at once: spa, mcs; repeatable; both when left out.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of page and numbers; nothing is written without it.")] = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write a page beside the numbers.")] = True,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON and nothing else.")] = False,
) -> None:
    """Compare runs: figures, paired differences with p-values, tests of all at once, luck of the choice.

    \b
    Examples:
      polyfolio compare results/demo
      polyfolio compare results/first:momentum results/second:momentum --out results/both --open
      polyfolio compare results/mine theirs.csv --common
    """  # noqa: D301 - \b keeps the lines of the example apart
    importable()
    folder = out or (Path("results") / "comparison" if show else None)
    if folder is not None:
        probe(folder)
    settings = Settings(draws=draws, seed=seed, trials=trials, tests=None if tests is None else tuple(tests))
    found = beside(runs, against or (), common=common, settings=settings)
    if folder is not None:
        found.save(folder, page=page)
    if as_json:
        print(json.dumps(found.record, indent=2, allow_nan=False))
    else:
        console = screen.console()
        for line in repr(found).splitlines():
            console.print(line, soft_wrap=True, markup=False)
        if folder is not None:
            console.print(f"\nWritten to {folder}/.", soft_wrap=True, markup=False)
    if show and folder is not None:
        pages.open_in_browser(folder / "comparison.html" if page else None, folder)
