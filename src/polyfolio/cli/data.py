"""`polyfolio data`: bars fetched into datasets, tapes stored, converted, split and checked."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from polyfolio.cli import data_places, data_screen, screen
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.chain import Chain
from polyfolio.market.dataset import MARK, Dataset
from polyfolio.market.disk import write_file
from polyfolio.market.download import download as fetch
from polyfolio.market.duck_store import store_duckdb
from polyfolio.market.export import WRITTEN, bars_of_tape, long_frame, write_table
from polyfolio.market.folds import events_of, walk_forward
from polyfolio.market.partition import Part, parts_by_date, parts_by_fraction
from polyfolio.market.quality import check as quality
from polyfolio.market.quality import save as save_report
from polyfolio.market.source import NEEDS_NO_PATH
from polyfolio.market.stamps import show as stamp
from polyfolio.market.store import manifest_of, open_stored, store_tape, verify_files
from polyfolio.market.stored import folder_and_version

app = typer.Typer(no_args_is_help=True)

WRONG_DATA = 3  # the exit code of a data error

From = Annotated[
    str, typer.Argument(help="A file, folder or pattern, a stored tape, or a dataset, also dataset@version.")
]
Symbols = Annotated[
    list[str] | None, typer.Option("--symbol", help="A symbol to take; may be repeated. All if left out.")
]
Start = Annotated[str | None, typer.Option(help="First close, ISO 8601; a date is the whole day.")]
End = Annotated[str | None, typer.Option(help="Last close, ISO 8601; a date is the whole day.")]
Interval = Annotated[str | None, typer.Option(help="Length of a bar, such as 5min, 1h, 1d.")]
Calendar = Annotated[str | None, typer.Option(help="24/7, 24/5 or an exchange code such as XNYS.")]
Format = Annotated[
    str, typer.Option("--format", help="auto, csv, parquet, duckdb, stored, dataset, or a registered source.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A further option of reading, such as stamps=open; may be repeated."
    ),
]


class Where(StrEnum):
    """What `convert` writes."""

    AUTO = "auto"
    TABLE = "table"
    TAPE = "tape"
    DATASET = "dataset"


@app.callback()
def about() -> None:
    """Bars fetched, kept in versions, stored, converted, split and checked.

    \b
    Examples:
      polyfolio data download yahoo SPY --to data/us --start 2015-01-01
      polyfolio data check bars.parquet --calendar XNYS --report checks/bars
      polyfolio data show data/us
    """  # noqa: D301 - \b keeps the lines of the example apart


@app.command()
def download(
    source: Annotated[str, typer.Argument(help=data_places.WRITTEN + ".")],
    symbols: Annotated[list[str], typer.Argument(help="Symbols as the source spells them.")],
    to: Annotated[Path, typer.Option(help="Folder of the dataset.")],
    interval: Annotated[str, typer.Option(help="Length of a bar, such as 5min, 1h, 1d.")] = "1d",
    start: Annotated[str | None, typer.Option(help="First close; left out, each symbol goes on from its last.")] = None,
    end: Annotated[str | None, typer.Option(help="Last close; now if left out.")] = None,
    then: Annotated[list[str] | None, typer.Option(help="A source for symbols the first cannot give.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A further argument of the source; may be repeated."),
    ] = None,
) -> None:
    """Fetch bars into a dataset, as its next version. The same command again goes on where it stopped.

    \b
    Examples:
      polyfolio data download yahoo SPY QQQ --to data/us --start 2015-01-01
      polyfolio data download ccxt:binance BTC/USDT --to data/coins --interval 1h --start 2024-01-01
    """  # noqa: D301 - \b keeps the lines of the example apart
    out = screen.console()
    dataset = Dataset(to)
    bars = data_places.bar_source(source, data_places.settings_of(settings or []))
    if then:
        bars = Chain(bars, *(data_places.bar_source(name, {}) for name in then))
    with data_screen.following(out, "Fetching") as update:
        done = fetch(bars, symbols, start, end, interval, dataset, progress=update)
    version = done.version
    told = f"{done.fetched} chunks fetched, {done.resumed} kept from before."
    out.print(f"{told} {to} is at version {version.number} ({version.id[: data_screen.SHORT]}).", soft_wrap=True)
    data_screen.lines(out, "Changes", version.changes)
    data_screen.lines(out, "Findings", version.findings)
    if done.failed:
        data_screen.lines(out, "Left out", [f"{symbol}: {why}" for symbol, why in done.failed.items()])
        raise typer.Exit(WRONG_DATA)


@app.command("list")
def list_(folder: Annotated[Path, typer.Argument(help="Where to look, with all sub-folders.")] = Path("data")) -> None:
    """List the datasets and stored tapes below a folder."""
    if not folder.is_dir():
        raise DataError("folder", str(folder), "a folder that exists", "Name another one, or fetch bars into it.")
    out = screen.console()
    if not data_screen.listing(out, folder):
        out.print(f"{folder} holds no dataset and no stored tape.", soft_wrap=True)


@app.command()
def show(
    path: From,
    every: Annotated[bool, typer.Option("--all", help="Show every finding and change.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read everything and compare the checksums.")] = False,
    digest: Annotated[str | None, typer.Option(help="Say which version a tape with that digest was made of.")] = None,
    calendar: Calendar = None,
    settings: Set = None,
) -> None:
    """Show a dataset with its versions, a stored tape, or the tape a file makes.

    \b
    Examples:
      polyfolio data show data/coins
      polyfolio data show data/coins@2024-06-30
      polyfolio data show bars.parquet --calendar XNYS --set stamps=open
    """  # noqa: D301 - \b keeps the lines of the example apart
    out = screen.console()
    kind = data_places.kind_of(path)
    if kind == "dataset":
        folder, reference = folder_and_version(path)
        _show_dataset(out, Dataset(folder), reference, digest, every=every, verify=verify)
        return
    if kind == "stored":
        manifest = manifest_of(path)
        if verify:
            verify_files(Path(path), manifest)
        data_screen.facts(out, data_screen.tape_facts(open_stored(path)))
        made = json.dumps(manifest["made_from"], ensure_ascii=False)
        out.print(f"made from      {made}", markup=False, soft_wrap=True)
    else:
        options = _reading(calendar=calendar, settings=settings)
        data_screen.facts(out, data_screen.tape_facts(data_places.tape_at(path, kind, options)))
    if verify:
        out.print("Everything is as it was written." if kind == "stored" else "Read and checked.")


@app.command()
def convert(
    path: From,
    to: Annotated[Path, typer.Argument(help=f"A file ({', '.join(WRITTEN)}), else a folder for a stored tape.")],
    kind: Annotated[Where, typer.Option("--as", help="What to write; auto goes by the name.")] = Where.AUTO,
    symbols: Symbols = None,
    start: Start = None,
    end: End = None,
    interval: Interval = None,
    calendar: Calendar = None,
    form: Format = "auto",
    settings: Set = None,
) -> None:
    """Read market rows in one form and write them in another.

    A folder of Parquet files with `--format duckdb` becomes a stored tape without ever standing in memory as a whole.

    \b
    Examples:
      polyfolio data convert bars.csv tapes/bars --calendar XNYS --set stamps=open
      polyfolio data convert ticks/ tapes/ticks --format duckdb --interval 1min
      polyfolio data convert data/coins@3 coins.parquet
      polyfolio data convert vendor.csv data/mine --as dataset --interval 1d
    """  # noqa: D301 - \b keeps the lines of the example apart
    out = screen.console()
    options = _reading(symbols, start, end, interval, calendar, settings)
    written = _kind(to) if kind is Where.AUTO else kind
    found = data_places.kind_of(path) if form == "auto" else form
    if found == "stored" and interval is not None and written is not Where.DATASET:
        remedy = "Longer bars are made in code: polyfolio.market.resample.resample."
        raise ConfigError("--interval", interval, "left out for a stored tape, whose bars are made", remedy)
    if found == "duckdb" and written is Where.TAPE:
        with data_screen.following(out, "Storing") as update:
            store_duckdb(path, to, progress=update, **options)
        data_screen.facts(out, {"written": str(to)} | data_screen.tape_facts(open_stored(to)))
        return
    tape = data_places.tape_at(path, found, options)
    told = {"written": str(to)}
    if written is Where.TABLE:
        beside = write_table(tape, to)
        told |= {"instruments": str(beside)} if beside else {}
        told |= {"read with": f"--calendar {tape.calendar.name} --set stamps=close"}
    elif written is Where.TAPE:
        store_tape(tape, to, {"path": path, "options": {name: str(value) for name, value in options.items()}})
    else:
        told |= _into_dataset(tape, path, to, interval)
    data_screen.facts(out, told | data_screen.tape_facts(tape))


@app.command()
def split(
    path: From,
    to: Annotated[Path, typer.Option(help="Folder of the parts; new or empty.")],
    date: Annotated[list[str] | None, typer.Option(help="First day of the next part; may be repeated.")] = None,
    fraction: Annotated[list[float] | None, typer.Option(help="Share of a part; repeated, with the sum 1.")] = None,
    folds: Annotated[int | None, typer.Option(help="Walk forward: number of folds.")] = None,
    test: Annotated[int | None, typer.Option(help="Walk forward: rows of each test.")] = None,
    train: Annotated[int | None, typer.Option(help="Walk forward: rows to learn from; all before if left out.")] = None,
    horizon: Annotated[int, typer.Option(help="Rows a label looks ahead; that many are left out between parts.")] = 0,
    gap: Annotated[
        str | None, typer.Option(help="Walk forward: further time between training and test, as 5d.")
    ] = None,
    calendar: Calendar = None,
    settings: Set = None,
) -> None:
    """Split a tape by dates, by fractions or walk-forward, each part a stored tape.

    \b
    Examples:
      polyfolio data split tapes/us --to splits/us --date 2022-01-01 --date 2024-01-01
      polyfolio data split tapes/us --to splits/us --fraction 0.6 --fraction 0.2 --fraction 0.2 --horizon 5
      polyfolio data split tapes/us --to splits/us --folds 4 --test 250 --gap 5d
    """  # noqa: D301 - \b keeps the lines of the example apart
    ways = [name for name, given in (("--date", date), ("--fraction", fraction), ("--folds", folds)) if given]
    if len(ways) != 1:
        raise ConfigError("split", ways, "one of --date, --fraction and --folds", "Say one way to split.")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise DataError("folder", str(to), "new or empty", "Name another one: splits are not mixed.")
    tape = data_places.tape_at(path, "auto", _reading(calendar=calendar, settings=settings))
    if date:
        parts = parts_by_date(tape, date, gap=horizon)
    elif fraction:
        parts = parts_by_fraction(tape, fraction, gap=horizon)
    else:
        parts = _walk_forward(tape, folds or 0, test, train, horizon, gap)
    out = screen.console()
    with data_screen.following(out, "Storing") as update:
        for number, part in enumerate(parts):
            update(number, len(parts), part.name)
            made = {"path": path, "digest": tape.digest(), "rows": [part.start, part.end]}
            store_tape(part.of(tape), to / part.name, made)
    record = {"path": path, "digest": tape.digest(), "parts": [_row(tape, part) for part in parts]}
    write_file(to / "splits.json", json.dumps(record, indent=1).encode() + b"\n", "splits")
    for part in parts:
        row = _row(tape, part)
        out.print(f"{part.name:<12} {part.end - part.start:>8,} rows  {row['first']} to {row['last']}", markup=False)


@app.command()
def check(
    path: Annotated[str, typer.Argument(help="A file, folder or pattern, a stored tape, a dataset, or a source.")],
    symbols: Annotated[list[str] | None, typer.Argument(help="Symbols to fetch, where PATH is a source.")] = None,
    start: Start = None,
    end: End = None,
    interval: Interval = None,
    calendar: Calendar = None,
    membership: Annotated[Path | None, typer.Option(help="File of the spells of the universe.")] = None,
    reference: Annotated[Path | None, typer.Option(help="File of bars of all venues to compare with.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of times written without one.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for report.txt and report.html.")] = None,
    fix: Annotated[
        str | None, typer.Option(help="Name of a cleaned copy, .csv or .parquet, written with a log.")
    ] = None,
    settings: Set = None,
) -> None:
    """Check market rows and print what is wrong with them; exit code 3 where there is an error.

    \b
    Examples:
      polyfolio data check bars.parquet --calendar XNYS --report checks/bars
      polyfolio data check bars.csv --report checks/bars --fix clean.csv
      polyfolio data check yahoo SPY --start 2020-01-01 --interval 1d
    """  # noqa: D301 - \b keeps the lines of the example apart
    if fix is not None and report is None:
        raise ConfigError("--fix", fix, "given with --report", "Say with --report which folder the copy goes to.")
    what: Any = path
    if symbols:
        made = data_places.bar_source(path, data_places.settings_of(settings or []))
        if start is None or interval is None:
            raise ConfigError("--start, --interval", (start, interval), "given for a source", "Say what to fetch.")
        last = end or int(np.datetime64("now", "ns").astype(np.int64))
        what = list(made.fetch(symbols, start, last, interval).values())
    else:
        what, calendar = _checkable(path, calendar)
    told: dict[str, Any] = {"calendar": calendar, "interval": interval, "timezone": timezone, "membership": membership}
    found = quality(what, reference=reference, **told)
    screen.console().print(found.table(), markup=False, soft_wrap=True, end="")
    if report is not None:
        for name, file in save_report(found, report, copy=fix).items():
            screen.console().print(f"{name:<6} {file}", markup=False, soft_wrap=True)
    if not found.ok:
        raise typer.Exit(WRONG_DATA)


def _reading(
    symbols: list[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    interval: str | None = None,
    calendar: str | None = None,
    settings: list[str] | None = None,
) -> dict[str, Any]:
    """Options of `Reading`: those with a word of their own on the command line, and --set."""
    given = {"symbols": tuple(symbols or ()), "start": start, "end": end, "interval": interval, "calendar": calendar}
    return {name: value for name, value in given.items() if value} | data_places.settings_of(settings or [])


def _kind(to: Path) -> Where:
    """What a name means; one with an ending that nobody writes is no folder by mistake."""
    if to.name.endswith(WRITTEN):
        return Where.TABLE
    if to.suffix and not to.exists():
        bound = f"a file ending in {', '.join(WRITTEN)}, or a folder without an ending"
        raise ConfigError("TO", str(to), bound, "Correct the ending; --as tape takes it as a folder's name.")
    return Where.DATASET if (to / MARK).is_file() else Where.TAPE


def _into_dataset(tape: Tape, path: str, to: Path, interval: str | None) -> dict[str, str]:
    if interval is None:
        raise ConfigError("--interval", None, "given for a dataset", "Say the length of a bar, such as 1d.")
    version = Dataset(to).add(bars_of_tape(tape, interval, Path(path).name))
    return {"version": f"{version.number}, id {version.id[: data_screen.SHORT]}"}


def _walk_forward(
    tape: Tape, folds: int, test: int | None, train: int | None, horizon: int, gap: str | None
) -> tuple[Part, ...]:
    if test is None:
        raise ConfigError("--test", None, "given with --folds", "Say how many rows each test has.")
    parts = []
    for number, fold in enumerate(walk_forward(events_of(tape, horizon), folds=folds, test=test, train=train, gap=gap)):
        for name, rows in (("train", fold.train), ("test", fold.test)):
            if rows.size < 2:
                raise DataError(f"rows of {name} {number + 1}", int(rows.size), "2 or more", "Take fewer folds.")
            parts.append(Part(f"{name}-{number + 1}", int(rows[0]), int(rows[-1]) + 1))
    return tuple(parts)


def _row(tape: Tape, part: Part) -> dict[str, Any]:
    first, last = (stamp(int(tape.times[row])) for row in (part.start, part.end - 1))
    return {"name": part.name, "start": part.start, "end": part.end, "first": first, "last": last}


def _checkable(path: str, calendar: str | None) -> tuple[Any, str | None]:
    """What the check is given for a path, and the calendar: a stored tape brings its own."""
    kind = data_places.kind_of(path)
    if kind == "dataset":
        folder, reference = folder_and_version(path)
        return list(Dataset(folder).bars(reference).values()), calendar
    if kind in ("stored", *NEEDS_NO_PATH):
        tape = data_places.tape_at(path, kind, {})
        return long_frame(tape), calendar or tape.calendar.name
    if kind == "duckdb":
        raise ConfigError("path", path, "files, a folder of files or a pattern", "Check one sub-folder at a time.")
    return path, calendar


def _show_dataset(
    out: Any, dataset: Dataset, reference: str | None, digest: str | None, *, every: bool, verify: bool
) -> None:
    if digest is not None:
        made = dataset.find(digest)
        data_screen.facts(out, {name: str(value) for name, value in made.items()})
        out.print(f"\nThe same bars: {dataset.folder}@{made['version'][: data_screen.SHORT]}", soft_wrap=True)
        return
    version = dataset.version(reference)
    if verify:
        dataset.bars(str(version.number))
    shown = sys.maxsize if every else data_screen.SHOWN
    data_screen.facts(out, data_screen.version_facts(dataset, version))
    data_screen.lines(out, "Changes", version.changes, shown)
    data_screen.lines(out, "Findings", version.findings, shown)
    if reference is None:
        out.print()
        data_screen.versions(out, dataset.versions()[-shown:])
    if verify:
        out.print("Everything is as it was written.")
