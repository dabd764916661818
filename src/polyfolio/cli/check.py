"""`polyfolio check leaks`: the leak proof for your own features, strategies and functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from polyfolio.cli.overrides import applied
from polyfolio.cli.own_code import importable
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.features.catalogue import feature_of
from polyfolio.market.demo import demo_tape
from polyfolio.market.source import format_of
from polyfolio.market.window import window
from polyfolio.rules import registry
from polyfolio.rules.load import load
from polyfolio.testing.leaks import find_leaks
from polyfolio.testing.subjects import made

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

KINDS = ("feature", "normaliser", "regime", "strategy")
LEAKS = 1  # exit code where something leaks
DEMO: dict[str, Any] = {"start": "2024-03-20", "end": "2024-04-14"}  # ENA is listed in between


@app.callback()
def check() -> None:
    """Proofs about what you wrote.

    \b
    Example:
      polyfolio check leaks my_features:CentredMean
    """  # noqa: D301 - \b keeps the lines of the example apart


@app.command()
def leaks(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:OBJECT|NAME|FILE.yaml", help="What is asked; modules here are found.")
    ],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An argument of a class; may be repeated.")
    ] = None,
    tape: Annotated[Path | None, typer.Option(help="Bars to try it on; the bundled hourly ones when left out.")] = None,
    rows: Annotated[int, typer.Option(min=50, help="Rows used of the tape, the latest.")] = 600,
    kind: Annotated[
        str | None, typer.Option(help="What it is, where it does not tell: split, or one kind of a name.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Rows at which each kind of future is tried.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Of the futures.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Change the future, the other slots and the rows outside training, and say what an answer may not depend on.

    Exit code 1 where something leaks.

    \b
    Examples:
      polyfolio check leaks my_features:CentredMean
      polyfolio check leaks momentum --set lookback=50
      polyfolio check leaks my_run.yaml --tape prices.parquet --rows 1000
    """  # noqa: D301 - \b keeps the lines of the example apart
    bars = tape_of(tape)
    bars = window(bars, max(bars.rows - rows, 0), bars.rows)
    report = find_leaks(
        found(target, kind, settings or []), bars, kind=kind if kind == "split" else None, trials=trials, seed=seed
    )
    print(json.dumps(report.record(), indent=2, allow_nan=False) if as_json else report.text())
    if report.leaks:
        raise typer.Exit(LEAKS)


def tape_of(path: Path | None) -> Tape:
    """The tape of a file, or the bundled one."""
    if path is None:
        return demo_tape(**DEMO)
    bars: Tape = registry.resolve("source", format_of(path), "--tape")(path)
    return bars


def found(target: str, kind: str | None, settings: list[str]) -> Any:
    """The object that a target names, made with the settings where it is a class."""
    if target.endswith((".yaml", ".yml")):
        return load(target)
    arguments = applied({}, settings)
    if ":" in target:
        importable()
        thing = registry.resolve("strategy", target, "target")
    else:
        kind = _kind_of(target, kind)
        if kind == "feature":
            return feature_of({target: arguments})  # an argument may be the name of another feature
        thing = registry.resolve(kind, target, "target")
    if isinstance(thing, type):
        return made(thing, arguments)
    if settings:
        raise ConfigError("--set", settings, "left out, where the target is no class", "Name the class.")
    return thing


def _kind_of(name: str, kind: str | None) -> str:
    """The kind under which a name is registered."""
    known = [word for word in KINDS if word in registry.KINDS and name in registry.names(word)]
    if kind is not None and kind in known:
        return kind
    if len(known) != 1:
        bound = f"one of {', '.join(known)}" if known else "MODULE:OBJECT, or a registered name"
        remedy = "Say which with --kind." if known else "Write the module and the object's name with a colon."
        raise ConfigError("--kind" if known else "target", kind if known else name, bound, remedy)
    return known[0]
