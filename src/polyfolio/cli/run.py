"""`polyfolio run`: a backtest of a configuration file."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from polyfolio.backtest.run import Result, backtest
from polyfolio.cli import screen
from polyfolio.cli.compiling import ensure
from polyfolio.cli.overrides import applied
from polyfolio.core.codes import Level
from polyfolio.errors import ConfigError
from polyfolio.report.folders import probe
from polyfolio.report.saved import save
from polyfolio.rules import yamlfile
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Kept(StrEnum):
    """Levels of the journal."""

    FULL = "full"
    SUMMARY = "summary"
    OFF = "off"


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A configuration file (YAML) with a section `tape`.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; results/NAME when left out.")] = None,
    journal: Annotated[Kept | None, typer.Option(help="What is kept, in place of the file's own `journal`.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Slices of lanes walked at once.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON and nothing else.")] = False,
) -> None:
    """Backtest every lane of a configuration file, print the table and write the results.

    \b
    Examples:
      polyfolio run three.yaml
      polyfolio run three.yaml --set defaults.risk.max_var=0.02 --set lanes.momentum.limits.max_position=0.2
      polyfolio run three.yaml --journal summary --json > numbers.json
    """  # noqa: D301 - \b keeps the lines of the example apart
    spec = read(file, settings or [], journal)
    folder = out if out is not None else Path("results") / folder_name(spec.name)
    if spec.journal == Level.OFF:
        raise ConfigError(
            "journal",
            "off",
            "summary or full, where numbers are to be shown",
            "Use --journal summary for numbers, --journal full for trades and reasons.",
        )
    probe(folder)
    screen_out = screen.console()
    result = walked(spec, threads, screen_out, quiet=as_json)
    save(result, folder)
    if as_json:
        print(json.dumps(result.record(), indent=2, allow_nan=False))
        return
    screen.show(screen_out, result)
    kept = spec.journal is Level.FULL
    more = f"polyfolio why {folder} --help answers questions about it." if kept else "--journal full keeps reasons too."
    screen_out.print(f"\nWritten to {folder}/. {more}", soft_wrap=True, markup=False)


def read(file: Path, settings: list[str], journal: Kept | None) -> Spec:
    """The file with the changes of the command line; a file without changes keeps its line numbers in messages."""
    changes = [*settings, *([f"journal={journal.value}"] if journal else [])]
    if not changes:
        return load(file)
    data, _ = yamlfile.read(file)
    if not isinstance(data, dict):
        raise ConfigError(file.name, data, "a map of keys", "Start from the example of `polyfolio config schema`.")
    return load(applied(data, changes))


def walked(spec: Spec, threads: int, out: Any, *, quiet: bool) -> Result:
    """The finished backtest, with its progress shown unless `quiet`."""
    if quiet:
        return backtest(spec, threads=threads)
    ensure(out)
    with screen.following(out, tuple(lane.name for lane in spec.lanes)) as update:
        return backtest(spec, threads=threads, progress=update)


def folder_name(name: str) -> str:
    """A run's name as the name of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "run"
