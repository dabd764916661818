"""`polyfolio benchmark`: portfolios beside each other and beside simple ones, on rows they did not learn from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from polyfolio.backtests.benchmark import Benchmarked
from polyfolio.backtests.benchmark import benchmark as judge
from polyfolio.cli import completing, pages, screen
from polyfolio.cli.backtest import folder_name
from polyfolio.cli.compiling import ensure
from polyfolio.cli.overrides import applied
from polyfolio.cli.own_code import importable
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.report import benchmark_words
from polyfolio.report.folders import probe
from polyfolio.rules import yamlfile
from polyfolio.rules.benchmark import BenchmarkDocument, load_benchmark

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def benchmark(
    file: Annotated[
        Path,
        typer.Argument(
            help="A configuration (YAML), with a section `benchmark` where its defaults are not wanted.",
            autocompletion=completing.configurations,
        ),
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; results/NAME-benchmark.")] = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write a page beside the numbers.")] = True,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON and nothing else.")] = False,
) -> None:
    """Judge every lane of a configuration beside simple portfolios, out of sample and after the same costs.

    The rows are split into rounds; who learns does so for each round anew on the rows before it. Differences come with
    p-values from resampled histories, corrected for how many were asked about.

    \b
    Examples:
      polyfolio benchmark three.yaml
      polyfolio benchmark rules.yaml --set benchmark.split.kind=parts --set benchmark.draws=500 --open
    """  # noqa: D301 - \b keeps the lines of the example apart
    importable()
    document = read(file, settings or [])
    folder = out if out is not None else Path("results") / f"{folder_name(document.name)}-benchmark"
    probe(folder)
    console = screen.console()
    if not as_json:
        ensure(console)
    found = judged(document, console, quiet=as_json)
    found.save(folder, page=page)
    if as_json:
        print(json.dumps(found.record, indent=2, allow_nan=False))
    else:
        tell(console, found, folder)
    if show:
        pages.open_in_browser(folder / "benchmark.html" if page else None, folder)
    refuse_failed(found)


def read(file: Path, settings: list[str]) -> BenchmarkDocument:
    """The file with the changes of the command line."""
    if not settings:
        return load_benchmark(file)
    data, _ = yamlfile.read(file)
    if not isinstance(data, dict):
        raise ConfigError(file.name, data, "a map of keys", "Start from the example of `polyfolio config schema`.")
    return load_benchmark(applied(data, settings), file.parent)


def judged(document: BenchmarkDocument, console: Any, *, quiet: bool) -> Benchmarked:
    """The finished benchmark, with its progress shown unless `quiet`."""
    if quiet:
        return judge(document)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Rounds", total=1)
        return judge(document, progress=lambda done, rounds: bar.update(task, completed=done, total=rounds))


def tell(console: Any, found: Benchmarked, folder: Path) -> None:
    """The table, the verdict, and where more is."""
    for line in benchmark_words.lines(found.record):
        console.print(line, soft_wrap=True, markup=False)
    there = ", ".join(sorted(path.name for path in folder.iterdir()))
    console.print(f"\nWritten to {folder}/: {there}.", soft_wrap=True, markup=False)


def refuse_failed(found: Benchmarked) -> None:
    """Raise what stopped a lane, once the others' numbers are saved."""
    error: PolyfolioError | None = next(iter(found.rounds.failed.values()), None)
    if error is not None:
        raise error
