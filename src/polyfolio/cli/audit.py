"""`polyfolio audit`: black-box checks of any Gymnasium trading environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from polyfolio.cli.overrides import applied
from polyfolio.cli.own_code import importable
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules import registry
from polyfolio.testing.audit import CHECKS, audit, subject_of
from polyfolio.testing.audit_subject import EnvSubject

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

FAILURES = 1  # exit code where a check fails


@app.command("audit")
def audit_command(
    target: Annotated[
        str | None,
        typer.Argument(metavar="ENV_ID|MODULE:OBJECT", help="A registered id, or a subject, maker or class by name."),
    ] = None,
    imports: Annotated[
        list[str] | None, typer.Option("--import", metavar="MODULE", help="Imported first: it registers the id.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An argument of the id's environment.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK", help="One check; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of resets, actions and prices.")] = 0,
    steps: Annotated[int, typer.Option(min=300, help="Of the walk whose steps are timed.")] = 2_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    page: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Print what is checked, and end.")] = False,
) -> None:
    """Judge a trading environment: seeds, spaces, fees, shorts, rewards, the future, time and memory.

    An id alone is asked what needs no knob. A maker with parameters named prices, fee, borrow and features is asked
    everything. Exit code 1 where a check fails.

    \b
    Examples:
      polyfolio audit CartPole-v1 --only seeds --only memory
      polyfolio audit TradingEnv --import gym_trading_env
      polyfolio audit my_environment:subject --html audit.html
    """  # noqa: D301 - \b keeps the lines of the example apart
    if listed:
        print(laws())
        return
    if target is None:
        raise ConfigError("ENV_ID", None, "a registered id or MODULE:OBJECT", "Name the environment.")
    report = audit(found(target, imports or [], settings or []), seed=seed, steps=steps, only=only)
    if page is not None:
        write(page, report.page())
    print(json.dumps(report.record(), indent=2, allow_nan=False) if as_json else report.text())
    if report.failures:
        raise typer.Exit(FAILURES)


def write(page: Path, text: str) -> None:
    """Write the page, and the folder it goes to.

    Raises:
        DataError: it cannot be written.
    """
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        bound = f"a file that can be written ({error.strerror})"
        raise DataError("--html", str(page), bound, "Choose another place.") from error


def laws() -> str:
    """A line per check."""
    return "\n".join(f"{name:<14}{check.law}" for name, check in CHECKS.items())


def found(target: str, imports: list[str], settings: list[str]) -> EnvSubject:
    """The subject that a target names; modules of this folder are found.

    Raises:
        ConfigError: a module, object or id that is not there.
    """
    importable()
    for name in imports:
        # A module that registers ids at import has no object to ask for but its name.
        registry.resolve("strategy", f"{name}:__name__", "--import")
    if ":" not in target or "/" in target:
        return subject_of(target, applied({}, settings))
    if settings:
        raise ConfigError("--set", settings, "left out, where the target is no id", "Set it inside the maker.")
    return subject_of(registry.resolve("strategy", target, "target"))
