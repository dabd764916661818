"""`polyfolio demo`: three portfolios on bundled prices, in one call."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from polyfolio.backtest.run import Result
from polyfolio.cli import screen
from polyfolio.cli.run import walked
from polyfolio.core.codes import Event, Reason
from polyfolio.core.journal import Journal
from polyfolio.report.folders import probe
from polyfolio.report.saved import save
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

SCALES = (Reason.MAX_VAR, Reason.MAX_VOLATILITY, Reason.FEEDBACK, Reason.CORRELATION, Reason.MAX_POSITION)
EXITS = (Reason.TRAILING_STOP, Reason.STOP_LOSS, Reason.TAKE_PROFIT)
ASKED = "momentum"


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the results; replaced as a whole.")] = Path("results/demo"),
    threads: Annotated[int, typer.Option(min=1, help="Slices of lanes walked at once.")] = 1,
) -> None:
    """Run equal weight, risk parity and momentum with the full risk program on hourly prices of six coins.

    Needs no network and no account. The results do not depend on the number of threads.

    \b
    Examples:
      polyfolio demo
      polyfolio why results/demo --lane momentum --slot BTC/USDT --at 2024-06-01T01:00
    """  # noqa: D301 - \b keeps the lines of the example apart
    probe(out)
    spec = demo_spec()
    terminal = screen.console()
    terminal.print("Three portfolios of six coins, hourly bars of 2024, decided daily, real costs.", style="bold")
    result = walked(spec, threads, terminal, quiet=False)
    save(result, out)
    screen.show(terminal, result)
    show_answers(terminal, result.journal)
    show_places(terminal, result, out)


def demo_spec() -> Spec:
    """The demo's configuration."""
    with as_file(files("polyfolio").joinpath("data", "demo", "demo.yaml")) as path:
        return load(path)


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


def show_places(terminal: Any, result: Result, out: Path) -> None:
    """Where to look next."""
    slot, row = next(iter(questions(result.journal)), (0, 0))
    moment = str(np.datetime64(int(result.tape.times[row]), "ns").astype("datetime64[m]"))
    lines = (
        f"\n{out}/  metrics.json, trades.csv, equity.csv, attribution.csv, and the journal (Parquet) with meta.json",
        f"polyfolio why {out} --lane {ASKED} --slot {result.tape.symbols[slot]} --at {moment}",
        "polyfolio config explain max_var        what a key means",
        "polyfolio run FILE                      the same with a configuration of your own",
    )
    for line in lines:
        terminal.print(line, markup=False, soft_wrap=True)
