"""`polyfolio runs`: what was run: listed, shown, held against another run, run again."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from polyfolio.backtests.again import Again, again
from polyfolio.backtests.recorded import standing
from polyfolio.cli import completing, screen
from polyfolio.cli.backtest import shown
from polyfolio.cli.compiling import ensure
from polyfolio.cli.data_screen import facts
from polyfolio.cli.finding import run_named
from polyfolio.cli.run_diff import difference, headline_rows, number_text, title_of, value_text
from polyfolio.errors import DataError
from polyfolio.store.runs import Run, Runs

SHOWN_ID = 8
WHOLE = ("run", "id", "status", "started (UTC)")

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

Named = Annotated[
    str,
    typer.Argument(
        help="Number, beginning of the id, name, `last`, or a folder of results.", autocompletion=completing.runs
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.callback()
def runs() -> None:
    """The registry of runs: what was run, on which data, with which code, and what it came to.

    A run is named by its number, the beginning of its id, its name, `last`, or its folder. The registry is
    results/runs.sqlite of the working folder; the environment variable POLYFOLIO_RUNS names another file.

    \b
    Examples:
      polyfolio runs list
      polyfolio runs diff 3 4
      polyfolio runs reproduce last
    """  # noqa: D301 - \b keeps the lines of the example apart


@app.command("list")
def list_command(
    name: Annotated[str | None, typer.Option(help="Runs of this name alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first.

    \b
    Examples:
      polyfolio runs list
      polyfolio runs list --name momentum --limit 5
    """  # noqa: D301 - \b keeps the lines of the example apart
    registry = Runs()
    found = registry.all(name, limit)
    if as_json:
        print(json.dumps([run.record() for run in found], indent=2, allow_nan=False))
        return
    if not found:
        what = f"No run named {name}" if name else "No run"
        print(f"{what} is recorded in {registry.file}. `polyfolio backtest FILE` records one.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("run", "id", "name", "status", "started (UTC)", "best lane", "results"):
        table.add_column(title, no_wrap=title in WHOLE, overflow="fold")  # the others share what is left of the width
    for run in found:
        results = {"there": str(shown_folder(run)), "none": "-"}.get(standing(run), standing(run))
        started = moment(run.started)[:-3]
        table.add_row(f"#{run.number}", run.run[:SHOWN_ID], run.name, run.status, started, best(run), results)
    screen.console().print(table)


@app.command("show")
def show_command(run: Named, as_json: AsJson = False) -> None:
    """Show what a run was, what it read and wrote, and what it came to.

    \b
    Examples:
      polyfolio runs show last
      polyfolio runs show 3 --json
    """  # noqa: D301 - \b keeps the lines of the example apart
    found = run_named(run)
    if as_json:
        print(json.dumps({**found.record(), "results": standing(found)}, indent=2, allow_nan=False))
        return
    out = screen.console()
    facts(out, {name: text for name, text in plain_facts(found).items() if text})
    if found.metrics:
        out.print()
        out.print(numbers(found))
    for title, role in (("Read", "data"), ("Wrote", "result")):
        links = [link for link in found.links if link.role == role]
        if links:
            out.print(f"\n{title}:")
            for link in links:
                out.print(f"  {link.digest[:12]}  {link.bytes:>12,} B  {link.path}", markup=False, soft_wrap=True)


@app.command("diff")
def diff_command(
    one: Named,
    other: Annotated[str, typer.Argument(help="The run it is held against.", autocompletion=completing.runs)],
    as_json: AsJson = False,
) -> None:
    """Compare two runs: keys of the configuration, data, code, versions, and the numbers of each lane.

    \b
    Examples:
      polyfolio runs diff 3 4
      polyfolio runs diff results/first results/second
    """  # noqa: D301 - \b keeps the lines of the example apart
    found = difference(run_named(one), run_named(other))
    if as_json:
        print(json.dumps(found, indent=2, allow_nan=False))
        return
    out = screen.console()
    for title, part in (("Configuration", "keys"), ("Digests", "digests"), ("Versions", "versions")):
        rows = found[part]
        out.print(f"{title}: the same" if not rows else f"{title}:", style="bold")
        for name, (left, right) in rows.items():
            out.print(f"  {name}: {value_text(left)} -> {value_text(right)}", markup=False, soft_wrap=True)
    rows = list(headline_rows(found["metrics"]))
    out.print("Numbers:" if rows else "Numbers: the same", style="bold")
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("  lane", "", one, other, "difference"):
            table.add_column(title, justify="left" if title in ("  lane", "") else "right", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        out.print(table)


@app.command("reproduce")
def reproduce_command(
    run: Named,
    threads: Annotated[int, typer.Option(min=1, help="Slices of lanes walked at once.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Run a run again and compare the digests; nothing is written.

    Ends with exit code 3 where the journal is not the one of then, byte for byte.

    \b
    Examples:
      polyfolio runs reproduce last
      polyfolio runs reproduce results/demo --json
    """  # noqa: D301 - \b keeps the lines of the example apart
    then = run_named(run)
    if "journal" not in then.digests:
        raise DataError("run", run, "a run that came to its end", f"It was {then.status}: choose another.")
    out = screen.console()
    if not as_json:
        ensure(out)
    found = again(then, threads=threads)
    if as_json:
        print(json.dumps(comparison(found), indent=2))
    else:
        tell(out, found)
    if not found.same:
        since = [name for name in found.changed if name != "journal"]
        remedy = f"Changed since: {', '.join(since)}." if since else "Nothing that is recorded changed: look at both."
        bound = f"{then.digests['journal'][:12]}, the journal of then"
        raise DataError("journal", found.digests["journal"][:12], bound, remedy)


def comparison(found: Again) -> dict[str, Any]:
    """A repetition as plain values."""
    then = {name: found.then.digests.get(name) for name in found.digests}
    return {"run": found.then.run, "same": found.same, "then": then, "now": found.digests, "changed": found.changed}


def tell(out: Any, found: Again) -> None:
    """What is the same and what is not."""
    for name, now in found.digests.items():
        before = found.then.digests.get(name)
        word = "not recorded then" if before is None else "the same" if before == now else f"was {before[:12]}"
        out.print(f"{name:<8} {now[:12]}  {word}", markup=False)
    if found.same:
        out.print("Reproduced: every event, fill and mark is the one of then.")


def plain_facts(run: Run) -> dict[str, str]:
    """A run in words, empty where there is nothing to say."""
    where = standing(run)
    folder = f"{shown_folder(run)}" + ("" if where == "there" else f" ({where})") if run.folder else "none"
    return {
        "run": f"#{run.number}" if run.number else "",
        "id": run.run,
        "name": run.name,
        "status": run.status,
        "started": run.started and f"{moment(run.started)} UTC by polyfolio {run.command}, took {took(run)}",
        "results": folder,
        "note": run.note,
        **{f"failed: {lane}": text for lane, text in run.failed.items()},
        "seed": str(run.seed),
        **run.digests,
        "versions": ", ".join(f"{name} {text}" for name, text in run.versions.items()),
    }


def numbers(run: Run) -> Table:
    """A few numbers of each lane."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("lane", no_wrap=True)
    for measure in next(iter(run.metrics.values())):
        table.add_column(title_of(measure), justify="right")
    for lane, values in run.metrics.items():
        table.add_row(lane, *(number_text(measure, value) for measure, value in values.items()))
    return table


def best(run: Run) -> str:
    """The lane that earned most, and what it earned."""
    known = {lane: values["total_return"] for lane, values in run.metrics.items() if values.get("total_return")}
    if not known:
        return "-"
    lane = max(known, key=lambda name: known[name])
    return f"{lane} {known[lane]:+.1%}".replace("%", " %")


def shown_folder(run: Run) -> Path:
    """Where the results are, as people write it."""
    return shown(Path(str(run.folder)))


def moment(stamp: str) -> str:
    """A time to the second without its zone, which is UTC."""
    return stamp[:19].replace("T", " ")


def took(run: Run) -> str:
    """How long a run ran."""
    if run.ended is None or not run.started:
        return "-"
    seconds = (datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started)).total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
