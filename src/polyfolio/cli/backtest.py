"""`polyfolio backtest`: a backtest of a configuration file."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from polyfolio.backtests.recorded import Recording, earlier, run_of
from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest as run
from polyfolio.backtests.run import refuse_wrong, tape_of
from polyfolio.cli import completing, messages, pages, screen
from polyfolio.cli.compiling import ensure
from polyfolio.cli.interrupts import Stopped, held, patient
from polyfolio.cli.overrides import applied
from polyfolio.cli.own_code import importable
from polyfolio.core.codes import Level
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.report.folders import probe
from polyfolio.rules import yamlfile
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.store.runs import Run, Runs

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Kept(StrEnum):
    """Levels of the journal."""

    FULL = "full"
    SUMMARY = "summary"
    OFF = "off"


@app.command()
def backtest(
    file: Annotated[
        Path,
        typer.Argument(
            help="A configuration file (YAML) with a section `tape`.", autocompletion=completing.configurations
        ),
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; results/NAME when left out.")] = None,
    journal: Annotated[Kept | None, typer.Option(help="What is kept, in place of the file's own `journal`.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Slices of lanes walked at once.")] = 1,
    report: Annotated[
        bool | None,
        typer.Option("--report/--no-report", help="Write pages beside the numbers; done where plotly is installed."),
    ] = None,
    referee: Annotated[
        bool | None,
        typer.Option("--referee/--no-referee", help="Doubt the results too; by the file's `reporting` when left out."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Run again what was run already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON and nothing else.")] = False,
) -> None:
    """Backtest every lane of a configuration file, print the table, write results and pages.

    A run with the configuration, data, code and seed of an earlier one is not repeated: it is said where that one is.
    Every run is recorded: [bold]polyfolio runs list[/bold]. Ctrl-C keeps what was walked until then.

    \b
    Examples:
      polyfolio backtest three.yaml
      polyfolio backtest three.yaml --open --referee
      polyfolio backtest three.yaml --set defaults.risk.max_var=0.02 --set lanes.momentum.limits.max_position=0.2
      polyfolio backtest three.yaml --journal summary --json > numbers.json
    """  # noqa: D301 - \b keeps the lines of the example apart
    terminal = screen.console()
    importable()
    spec = read(file, settings or [], journal)
    doubted = spec.reporting.referee if referee is None else referee
    paged = wants_pages(report, show=show, doubted=doubted)
    folder = probe(out if out is not None else Path("results") / folder_name(spec.name))
    tape = tape_of(spec)
    asked, runs = run_of(spec, tape, "backtest"), Runs()
    if not force and (known := earlier(runs, asked.run)) is not None:
        tell_known(terminal, known, folder if out is not None else None, show=show, as_json=as_json)
        return
    with Recording(runs, asked) as record:
        refuse_wrong(spec, tape)
        if not as_json:
            ensure(terminal)
        result = performed(terminal, spec, tape, folder, record, threads=threads, quiet=as_json)
        page = paged_or_told(terminal, result, folder, doubted=doubted, quiet=as_json) if paged else None
    tell(terminal, result, shown(folder), page, as_json=as_json)
    if report is None and not paged:
        messages.say(pages.NO_PAGES)
    if show:
        pages.open_in_browser(page, folder)
    refuse_failed(result)


def read(file: Path, settings: list[str], journal: Kept | None) -> Spec:
    """The file with the changes of the command line; a file without changes keeps its line numbers in messages."""
    changes = [*settings, *([f"journal={journal.value}"] if journal else [])]
    if changes:
        data, _ = yamlfile.read(file)
        if not isinstance(data, dict):
            raise ConfigError(file.name, data, "a map of keys", "Start from the example of `polyfolio config schema`.")
        spec = load(applied(data, changes))
    else:
        spec = load(file)
    if spec.journal == Level.OFF:
        raise ConfigError(
            "journal",
            "off",
            "summary or full, where numbers are to be shown",
            "Use --journal summary for numbers, --journal full for trades and reasons.",
        )
    return spec


def wants_pages(report: bool | None, *, show: bool, doubted: bool) -> bool:
    """Whether pages are written; found out before anything runs."""
    if report is False and show:
        raise ConfigError("--open", True, "left out with --no-report", "Leave one of the two out.")
    return pages.wanted(True if report is None and (show or doubted) else report)


def performed(
    terminal: Any, spec: Spec, tape: Tape, folder: Path, record: Recording, *, threads: int, quiet: bool
) -> Result:
    """The finished backtest, saved; an interrupted one is saved as far as it came, and the interrupt goes on."""
    try:
        result = walked(terminal, spec, tape, threads, quiet=quiet)
    except Stopped as stopped:
        part = stopped.result(spec, record.run.run)
        if part is not None:
            rows = {"rows": part.tape.rows, "of": tape.rows}
            record.saved(part, part.save(folder, interrupted=rows))
            messages.say(f"{stopped} What was walked until then is in {shown(folder)}/; the same line runs it whole.")
        raise
    except KeyboardInterrupt:
        messages.say("Interrupted before a row was walked: nothing is written.")
        raise
    kept(result, folder, record)
    return result


def kept(result: Result, folder: Path, record: Recording) -> None:
    """The numbers of a walked run in their folder; an interrupt waits for them."""
    try:
        with held(lambda: messages.say("The numbers are being written; Ctrl-C again leaves them.")):
            record.saved(result, result.save(folder))
    except KeyboardInterrupt:
        if record.folder is not None:
            say_complete(folder)
        raise


def say_complete(folder: Path) -> None:
    """What an interrupt leaves once the numbers are written."""
    messages.say(f"Interrupted. The numbers in {shown(folder)}/ are complete.")
    messages.say(f"polyfolio report {shown(folder)}      writes the pages")


def paged_or_told(terminal: Any, result: Result, folder: Path, *, doubted: bool, quiet: bool) -> Path | None:
    """The pages of a saved run; who interrupts them is told that the numbers are complete."""
    try:
        return pages.write(terminal, result, folder, doubted=doubted, quiet=quiet)
    except KeyboardInterrupt:
        say_complete(folder)
        raise


def walked(terminal: Any, spec: Spec, tape: Tape, threads: int, *, quiet: bool) -> Result:
    """The finished backtest, with its progress shown unless `quiet`."""
    if quiet:
        with patient() as patience:
            return run(spec, tape, threads, patience.part)
    with screen.following(terminal) as update, patient(update) as patience:
        return run(spec, tape, threads, patience.part)


def tell_known(terminal: Any, known: Run, out: Path | None, *, show: bool, as_json: bool) -> None:
    """Where the same run stands already."""
    folder = Path(str(known.folder))
    if as_json:
        print((folder / "metrics.json").read_text(encoding="utf-8"), end="")
    else:
        lines = [
            f"This run is there already: {shown(folder)}/ (run #{known.number} of {known.started}, id {known.short}).",
            "Configuration, data, code and seed are the same, so the numbers would be. --force runs it again.",
        ]
        if out is not None and folder != out:
            lines.append(f"To have it in {shown(out)}/ too, add --force.")
        lines.append(f"polyfolio runs show {known.number}      what it came to")
        for line in lines:
            terminal.print(line, markup=False, soft_wrap=True)
    if show:
        pages.open_in_browser(pages.page_in(folder), folder)


def tell(terminal: Any, result: Result, folder: Path, page: Path | None, *, as_json: bool) -> None:
    """The numbers, where the results are, and what to do with them; with `as_json` the numbers alone."""
    if as_json:
        print(json.dumps(result.record(), indent=2, allow_nan=False))
        return
    screen.show(terminal, result)
    kept = result.spec.journal is Level.FULL
    more = f"polyfolio why {folder} --help answers questions about it." if kept else "--journal full keeps reasons too."
    terminal.print(f"\nWritten to {folder}/. {more}", soft_wrap=True, markup=False)
    if page is not None:
        terminal.print(f"Page: {shown(page)}", soft_wrap=True, markup=False)


def refuse_failed(result: Result) -> None:
    """End with the error of the first lane that failed, after the others' results are written."""
    errors = list(result.failed.values())
    for error in errors[1:]:
        messages.show(error)
    if errors:
        raise errors[0]


def folder_name(name: str) -> str:
    """A run's name as the name of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "run"


def shown(path: Path) -> Path:
    """A path as people write it: relative where it stands below the working folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
