"""`polyfolio demo`: two portfolios on bundled prices, with their benchmark and their pages, in one call."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from polyfolio.backtests.benchmark import Benchmarked, benchmark
from polyfolio.backtests.recorded import Recording, run_of
from polyfolio.backtests.run import tape_of
from polyfolio.cli import pages, screen
from polyfolio.cli.backtest import paged_or_told, performed, refuse_failed, shown
from polyfolio.cli.compiling import ensure
from polyfolio.core.codes import Event, Reason
from polyfolio.core.journal import Journal
from polyfolio.core.tape import Tape
from polyfolio.report import benchmark_words
from polyfolio.report.folders import probe
from polyfolio.report.results import Results
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.store.runs import Runs

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

SCALES = (Reason.MAX_VAR, Reason.MAX_VOLATILITY, Reason.FEEDBACK, Reason.CORRELATION, Reason.MAX_POSITION)
EXITS = (Reason.TRAILING_STOP, Reason.STOP_LOSS, Reason.TAKE_PROFIT)
ASKED = "momentum"
BENCHMARK = "benchmark"


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the results; replaced as a whole.")] = Path("results/demo"),
    threads: Annotated[int, typer.Option(min=1, help="Slices of lanes walked at once.")] = 1,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Run two portfolios of six coins on hourly prices, beside portfolios that anybody could have held.

    Momentum under the full risk program and mean reversion, decided daily, with real costs; then the benchmark, and
    pages of both. Needs no network and no account. The results do not depend on the number of threads.

    \b
    Examples:
      polyfolio demo
      polyfolio why results/demo --lane momentum --slot BTC/USDT --at 2024-06-01T01:00
    """  # noqa: D301 - \b keeps the lines of the example apart
    folder, paged = probe(out), pages.wanted(True if show else None)
    terminal, spec = screen.console(), demo_spec()
    terminal.print("Two portfolios of six coins, hourly bars of 2024, decided daily, real costs.", style="bold")
    ensure(terminal)
    tape = tape_of(spec)
    with Recording(Runs(), run_of(spec, tape, "demo")) as record:
        result = performed(terminal, spec, tape, folder, record, threads=threads, quiet=False)
        page = paged_or_told(terminal, result, folder, doubted=False, quiet=False) if paged else None
        judged = beside_others(terminal, tape, folder / BENCHMARK, paged=paged)
    screen.show(terminal, result)
    show_benchmark(terminal, judged)
    show_answers(terminal, result.journal)
    show_places(terminal, result, shown(folder), page)
    if show:
        pages.open_in_browser(page, folder)
    refuse_failed(result)


def demo_spec() -> Spec:
    """The demo's configuration."""
    with as_file(files("polyfolio").joinpath("data", "demo")) as folder:
        return load(folder / "demo.yaml")


def beside_others(terminal: Any, tape: Tape, folder: Path, *, paged: bool) -> Benchmarked:
    """The benchmark of the demo's portfolios, written into a folder below the run's."""
    with as_file(files("polyfolio").joinpath("data", "demo")) as place, terminal.status("Benchmark"):
        found = benchmark(place / "benchmark.yaml", tape)
    found.save(folder, page=paged)
    return found


def show_answers(terminal: Any, journal: Journal) -> None:
    """Two questions that the journal answers."""
    terminal.print("\nWhy?", style="bold")
    for slot, row in questions(journal):
        terminal.print(journal.why(ASKED, slot, row), width=screen.width(terminal), markup=False)


def questions(journal: Journal) -> list[tuple[int, int]]:
    """Slot and row of a purchase that a risk limit cut, and of an exit."""
    part = journal.lane(ASKED)
    events, fills = part.events, part.fills
    asked = []
    bought = events[(events["event"] == Event.ORDER) & (events["after"] > 0.0)]
    for reason in SCALES:
        cut = events[(events["event"] == Event.CUT) & (events["reason"] == reason)]
        both = [event for event in cut if ((bought["row"] == event["row"]) & (bought["slot"] == event["slot"])).any()]
        if both:
            asked.append((int(both[0]["slot"]), int(both[0]["row"])))
            break
    left = fills[np.isin(fills["reason"], [int(reason) for reason in EXITS])]
    return asked + [(int(fill["slot"]), int(fill["row"])) for fill in left[:1]]


def show_benchmark(terminal: Any, judged: Benchmarked) -> None:
    """The portfolios beside the simple ones, on the rows of the rounds."""
    terminal.print("\nBeside portfolios that anybody could have held:", style="bold")
    for line in benchmark_words.lines(judged.record):
        terminal.print(line, markup=False, soft_wrap=True)


def show_places(terminal: Any, result: Results, folder: Path, page: Path | None) -> None:
    """Where to look next; the page comes last."""
    slot, row = next(iter(questions(result.journal)), (0, 0))
    moment = str(np.datetime64(int(result.tape.times[row]), "ns").astype("datetime64[m]"))
    lines = [
        f"\n{folder}/  numbers, trades and journal; a folder per portfolio; {BENCHMARK}/",
        f"polyfolio why {folder} --lane {ASKED} --slot {result.tape.symbols[slot]} --at {moment}",
        f"polyfolio report {folder} --referee      doubts about these results",
        "polyfolio config explain max_var        what a key means",
        "polyfolio backtest FILE                 the same with a configuration of your own",
        f"Page: {shown(page)}" if page is not None else pages.NO_PAGES,
    ]
    for line in lines:
        terminal.print(line, markup=False, soft_wrap=True)
