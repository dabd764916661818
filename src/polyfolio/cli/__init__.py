"""The command line: `polyfolio VERB`. A verb's module is imported when the verb is called, so that --help is quick."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from polyfolio.errors import ConfigError, DataError, PolyfolioError, RetryError, StopTrading

EXIT_CODES: dict[type[PolyfolioError], int] = {ConfigError: 2, DataError: 3, RetryError: 4, StopTrading: 5}
INTERRUPTED = 130

VERBS = {
    "demo": "Two portfolios on bundled hourly prices: table, benchmark, pages. [dim]polyfolio demo[/dim]",
    "backtest": "A backtest of a configuration file. [dim]polyfolio backtest my.yaml --set seed=7[/dim]",
    "strategies": "Strategies by name: listed, shown, a new one begun. [dim]polyfolio strategies show momentum[/dim]",
    "compare": "Runs beside each other: differences with p-values. [dim]polyfolio compare results/demo[/dim]",
    "benchmark": "Portfolios beside simple ones, out of sample. [dim]polyfolio benchmark my.yaml[/dim]",
    "report": "Pages of a saved run, with doubts if asked. [dim]polyfolio report results/demo --referee --open[/dim]",
    "runs": "What was run: listed, shown, compared, run again. [dim]polyfolio runs diff 3 4[/dim]",
    "why": "Why a trade was made, cut, refused or missing. "
    "[dim]polyfolio why results/demo --lane momentum --slot BTC/USDT --at 2024-06-01T01:00[/dim]",
    "data": "Bars fetched, kept in versions, stored, converted, split, checked. "
    "[dim]polyfolio data download yahoo SPY --to data/us --start 2015-01-01[/dim]",
    "check": "Proofs about your own features and strategies: nothing leaks. "
    "[dim]polyfolio check leaks my_features:CentredMean[/dim]",
    "train": "A policy learned in the environment of a configuration, gone on with, searched. "
    "[dim]polyfolio train my.yaml[/dim]",
    "policy": "Sealed policies: export, join, show, verify. [dim]polyfolio policy export runs/first[/dim]",
    "evaluate": "Policies on rows they never saw, against simple portfolios. [dim]polyfolio evaluate runs/first[/dim]",
    "migrate": "An old configuration, of one ticker or of another document, written anew. "
    "[dim]polyfolio migrate old.yaml --ticker MSFT --out new.yaml[/dim]",
    "audit": "Any Gymnasium trading environment judged: seeds, fees, rewards, the future. "
    "[dim]polyfolio audit polyfolio/MultiTicker-v0[/dim]",
    "config": "Schema, check and meaning of configuration files. [dim]polyfolio config explain max_var[/dim]",
    "warm": "Compile everything once, so that no run waits for it. [dim]polyfolio warm[/dim]",
    "completion": "What lets a shell complete verbs, files and names. [dim]polyfolio completion bash[/dim]",
    "version": "Versions of polyfolio and of what its numbers depend on. [dim]polyfolio version[/dim]",
}

EXIT_CODE_HELP = (
    "Exit codes: 2 correct the configuration, 3 correct the data or the folder, 4 try again later, 5 stop trading "
    "and look, 130 interrupted."
)


class Verbs(TyperGroup):
    """Knows every verb by name and one line; the verb itself is loaded when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb's own command in place of its line."""
        name, command, rest = super().resolve_command(ctx, args)
        return (name, load(name), rest) if name in VERBS else (name, command, rest)


def part(name: str) -> Any:
    """A module of the command line, imported when it is needed."""
    return importlib.import_module(f"polyfolio.cli.{name}")


def load(verb: str) -> Any:
    """The command of a verb, from its module."""
    command: Any = typer.main.get_command(part(verb).app)
    command.name = verb
    return command


app = typer.Typer(
    cls=Verbs,
    name="polyfolio",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog=EXIT_CODE_HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def polyfolio(
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback; anywhere in the line.")] = False,
) -> None:
    """One engine for trading many instruments in many portfolios.

    Start with [bold]polyfolio demo[/bold]; [bold]polyfolio VERB --help[/bold] explains a verb.
    """


def _line() -> None:
    """Stands for a verb until it is called."""


for _name, _help in VERBS.items():
    app.command(_name, help=_help)(_line)


def main(arguments: list[str] | None = None) -> None:
    """The entry point: errors become one message on stderr and an exit code."""
    line = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in line
    try:
        app(args=[word for word in line if word != "--debug"], prog_name="polyfolio")
    except PolyfolioError as error:
        if debug:
            raise
        sys.exit(ended(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def ended(error: PolyfolioError) -> int:
    """Print what is wrong, what it must be and what to do; the exit code."""
    part("messages").show(error)
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)
